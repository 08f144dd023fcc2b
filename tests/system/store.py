"""A private redis-server on a unix socket, and a small client."""
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
    """Saves nothing: a restart is an empty one."""

    def __init__(self, lab):
        self.lab = lab
        self.dir = os.path.join(lab.dir, "redis")
        self.path = os.path.join(self.dir, "sock")
        self.address = "unix:" + self.path
        self.log = os.path.join(lab.logs, "redis.log")
        self.process = None
        os.mkdir(self.dir)

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.path,
             "--unixsocketperm", "777", "--dir", self.dir, "--save", "",
             "--appendonly", "no", "--daemonize", "no",
             "--logfile", self.log],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.lab.guard(self.process.pid)
        if not loop.wait_for(self.answers, 10):
            raise RuntimeError("redis-server did not start")

    def answers(self):
        try:
            client = self.client()
            client("PING")
            client.close()
            return True
        except OSError:
            return False

    def client(self):
        return Client(self.path)

    def kill(self):
        """At once, as a crash would."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    stop = kill
