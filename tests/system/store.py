"""A private redis-server on a unix socket, or a primary with its replica and
sentinels; and a small client."""
import os
import socket
import subprocess

import loop


class RedisError(Exception):
    """Redis answered with an error."""


class Client:
    """One connection; a command is client("HGETALL", key)."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(5)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")

    def __call__(self, *words):
        out = [b"*%d\r\n" % len(words)]
        for word in words:
            word = str(word).encode()
            out.append(b"$%d\r\n%s\r\n" % (len(word), word))
        self.socket.sendall(b"".join(out))
        return self.read()

    def read(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("Redis closed the connection")
        kind, rest = line[:1], line[1:].rstrip().decode()
        if kind == b"+":
            return rest
        if kind == b"-":
            raise RedisError(rest)
        if kind == b":":
            return int(rest)
        if int(rest) < 0:
            return None
        if kind == b"$":
            return self.file.read(int(rest) + 2)[:-2].decode(
                "utf-8", "replace")
        return [self.read() for _ in range(int(rest))]

    def hash(self, key):
        flat = self("HGETALL", key)
        return dict(zip(flat[::2], flat[1::2]))

    def events(self):
        """All of mailweir:events, oldest first."""
        return [dict(zip(flat[::2], flat[1::2]))
                for _, flat in self("XRANGE", "mailweir:events", "-", "+")]

    def close(self):
        self.file.close()
        self.socket.close()


class Redis:
    """Saves nothing: a restart is an empty one. options: of redis-server."""

    def __init__(self, lab, name="redis", port=0, options=()):
        self.lab = lab
        self.options = options
        self.port = port
        self.dir = os.path.join(lab.dir, name)
        self.path = os.path.join(self.dir, "sock")
        self.address = "unix:" + self.path
        self.log = os.path.join(lab.logs, name + ".log")
        self.process = None
        os.mkdir(self.dir)

    def command(self):
        return ["redis-server", "--port", str(self.port), "--unixsocket",
                self.path, "--unixsocketperm", "777", "--dir", self.dir,
                "--save", "", "--appendonly", "no", "--daemonize", "no",
                "--repl-diskless-sync-delay", "0", "--logfile", self.log,
                *self.options]

    def start(self):
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.lab.guard(self.process.pid)
        if not loop.wait_for(self.answers, 10):
            raise RuntimeError("redis-server did not start")

    def answers(self):
        try:
            client = self.client()
            client("PING")
            client.close()
            return True
        except RedisError:
            return True         # it has not read all of its data yet
        except OSError:
            return False

    def client(self):
        return Client(self.path)

    def forget(self):
        """What was saved is not read again."""
        os.unlink(os.path.join(self.dir, "dump.rdb"))

    def kill(self):
        """At once, as a crash would."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    stop = kill


class Sentinel(Redis):
    """One of three; two must agree."""

    def __init__(self, lab, name, primary):
        super().__init__(lab, name, lab.port())
        self.config = os.path.join(self.dir, "sentinel.conf")
        with open(self.config, "w", encoding="ascii") as file:
            file.write("port %d\nbind 127.0.0.1\nunixsocket %s\ndir %s\n"
                       "logfile %s\nsentinel monitor mw 127.0.0.1 %d 2\n"
                       "sentinel down-after-milliseconds mw 500\n"
                       "sentinel failover-timeout mw 3000\n" % (
                           self.port, self.path, self.dir, self.log,
                           primary.port))

    def command(self):
        return ["redis-server", self.config, "--sentinel"]

    def knows_all(self):
        client = self.client()
        text = client("INFO", "sentinel")
        client.close()
        return "slaves=1,sentinels=3" in text

    def primary_port(self):
        client = self.client()
        port = int(client("SENTINEL", "get-master-addr-by-name", "mw")[1])
        client.close()
        return port


class Fleet:
    """In the place of one Redis: a primary, its replica, three sentinels."""

    def __init__(self, lab):
        self.servers = [Redis(lab, name, lab.port()) for name in "ab"]
        self.sentinels = [Sentinel(lab, "sentinel%d" % n, self.servers[0])
                          for n in range(3)]
        self.address = "sentinel:mw@" + ",".join(
            "127.0.0.1:%d" % s.port for s in self.sentinels)

    def start(self):
        first, second = self.servers
        first.start()
        second.start()
        client = second.client()
        client("REPLICAOF", "127.0.0.1", first.port)
        loop.wait_for(lambda: "master_link_status:up" in
                      client("INFO", "replication"), 20)
        client.close()
        for sentinel in self.sentinels:
            sentinel.start()
        if not loop.wait_for(lambda: all(s.knows_all()
                                         for s in self.sentinels), 20):
            raise RuntimeError("the sentinels do not know each other")

    def is_whole(self):
        """Has the primary its replica, and does each sentinel know?"""
        client = self.client()
        text = client("INFO", "replication")
        client.close()
        return "state=online" in text and \
            all(s.knows_all() for s in self.sentinels)

    def primary(self):
        """By the word of most sentinels."""
        ports = sorted(s.primary_port() for s in self.sentinels)
        return next(s for s in self.servers if s.port == ports[1])

    def client(self):
        return self.primary().client()

    def stop(self):
        for server in self.sentinels + self.servers:
            server.kill()
