"""What is measured: the daemons as they are installed, on a Redis of their own,
and beside them servers of the same kind that do nothing.

A stage is a folder with a configuration and sockets; it ends with the lab
(tests/system/lab.py).
"""
import asyncio
import json
import os
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(SOURCE, "tests", "system"))

import loop  # noqa: E402 pylint: disable=wrong-import-position

CONFIG = """\
mode = "enforce";
host = "bench";
store = {{ redis = "{redis}"; timeout = "{timeout}"; }};
rules_file = "{source}/conf/outcomes.rules";
release = {{ command = ""; }};
listen = {{
  policy = "unix:{dir}/policy"; map = "unix:{dir}/map"; milter = "{milter}";
}};
upstreams = {{
  relay = {{ nexthop = "[relay.example]:25"; connections = 100000; }};
}};
destinations = {{
  customers = {{ domains_file = "{dir}/domains"; cap = {cap};
    routes = ( {{ upstream = "relay"; }} ); }};
}};
"""
CAP = 4000
OTHERS = 3010               # of which so many leave less than a quarter free
LEASES = "mailweir:dest:{customers}:leases"
TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")

# What a server is asked to see whether it answers.
HELLO = {
    "policy": b"request=smtpd_access_policy\nprotocol_state=END-OF-MESSAGE\n\n",
    "map": b"7:x.y key,",
    "milter": b"\0\0\0\rO\0\0\0\6\0\0\1\377\0\37\377\377",
}


def cpu_us(pids):
    """What processes have used of the processors until now, with their
    threads, those that have ended included."""
    total = 0
    for pid in pids:
        with open("/proc/%d/stat" % pid, encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total * TICK_US


def machine_us():
    """What all have used of all processors until now."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq = \
            map(int, file.readline().split()[1:8])
    return (user + nice + system + irq + softirq) * TICK_US


def memory_kib(pids):
    """Resident, what they share counted twice."""
    total = 0
    for pid in pids:
        with open("/proc/%d/status" % pid, encoding="ascii") as file:
            total += sum(int(line.split()[1]) for line in file
                         if line.startswith("VmRSS:"))
    return total


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid),
              encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


class Server:
    """A program that listens, and the processes that do its work."""

    def __init__(self, process, path, kind):
        self.process = process
        self.path = path
        self.kind = kind
        self.started_at = time.monotonic()

    def pids(self):
        """All of it: policyd is a parent and a child."""
        return [self.process.pid] + children(self.process.pid)

    def ask(self):
        """Connect and ask something: the connection once it was answered, None
        when it was not."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(20)
            connection.connect(self.path)
            connection.sendall(HELLO[self.kind])
            if connection.recv(1000):
                return connection
        except OSError:
            pass
        connection.close()
        return None

    def answers(self):
        connection = self.ask()
        if connection:
            connection.close()
        return connection is not None

    def wait(self, log):
        """Until it answers: so many ms after its start."""
        if not loop.wait_for(lambda: self.answers() or
                             self.process.poll() is not None, 30, 0.0005) or \
                self.process.poll() is not None:
            raise RuntimeError("it did not start:\n" + log())
        return (time.monotonic() - self.started_at) * 1000

    def stop(self):
        """libmilter takes seconds to end by itself, and owes nobody anything
        here."""
        if self.kind == "milter":
            self.process.kill()
        else:
            self.process.terminate()
        self.process.wait(30)


class SlowRedis:
    """Redis, but each answer comes later by delay seconds."""

    def __init__(self, redis, path, delay):
        self.redis = redis
        self.delay = delay
        self.address = "unix:" + path
        self.server = loop.run(asyncio.start_unix_server(self.serve, path))

    async def serve(self, reader, writer):
        try:
            back, forth = await asyncio.open_unix_connection(self.redis.path)
            await asyncio.gather(self.pass_on(reader, forth),
                                 self.delayed(back, writer))
        except OSError:
            writer.close()

    async def pass_on(self, reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def delayed(self, reader, writer):
        while data := await reader.read(65536):
            loop.get().call_later(self.delay, writer.write, data)
        loop.get().call_later(self.delay, writer.close)

    def close(self):
        loop.call(self.server.close)


class Stage:
    """domains: how many are configured; with_milter: whether it, and not
    policyd, gives leases back; address: another one than Redis's own."""

    made = 0

    def __init__(self, lab, build, redis, domains=1, with_milter=False,
                 address=None, timeout="1s"):
        Stage.made += 1
        self.lab = lab
        self.build = build
        self.redis = redis
        self.domains = domains
        self.dir = lab.path("stage%d" % Stage.made)
        self.config = os.path.join(self.dir, "conf")
        os.mkdir(self.dir)
        with open(os.path.join(self.dir, "domains"), "w",
                  encoding="ascii") as file:
            file.writelines("d%06d.example\n" % n for n in range(domains))
        with open(self.config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(
                redis=address or redis.address, source=SOURCE, dir=self.dir,
                timeout=timeout, cap=CAP, milter="unix:%s/milter" % self.dir
                if with_milter else ""))

    def spawn(self, name, kind, path, *command):
        server = Server(self.lab.spawn(name, *command), path, kind)
        server.ready_ms = server.wait(lambda: self.lab.log(name))
        return server

    def program(self, name):
        return os.path.join(self.build, name)

    def policyd(self, kind="policy", settled=True):
        """Mailweir's policy daemon, one of its sockets."""
        server = self.spawn("policyd", kind, os.path.join(self.dir, kind),
                            self.program("mailweir-policyd"), "-c",
                            self.config)
        if settled:
            self.settle()
        return server

    def settle(self):
        """On an empty Redis nothing is granted for a second."""
        client = self.redis.client()
        granted = loop.wait_for(
            lambda: (client("HGET", "mailweir:upstream:{relay}:slots",
                            "bench") or "0").split()[0] != "0", 15)
        client.close()
        if not granted:
            raise RuntimeError("no slots were granted")

    def crowd(self, there):
        """Other hosts have so much of the cap that no place is passed on; or
        they have it no more."""
        client = self.redis.client()
        names = ["other/%d" % n for n in range(OTHERS)]
        if there:
            until = (int(time.time()) + 3600) * 1000
            client("ZADD", LEASES, *(word for name in names
                                     for word in (until, name)))
            client("PEXPIRE", LEASES, 3600000)
        else:
            client("ZREM", LEASES, *names)
        client.close()

    def milter(self):
        return self.spawn("milter", "milter", os.path.join(self.dir, "milter"),
                          self.program("mailweir-milter"), "-c", self.config)

    def noop(self, kind, path=None):
        path = path or os.path.join(self.dir, "noop-" + kind)
        command = [self.program("bench/noop_milter"), path] \
            if kind == "milter" else \
            [self.program("bench/noop_server"), kind, path]
        return self.spawn("noop-" + kind, kind, path, *command)

    def load(self, server, kind, clients, seconds):
        """One run against a server: what the load says, and what the server
        and Redis used of the processors for each answer."""
        program = "bench/load_milter" if server.kind == "milter" \
            else "bench/load_requests"
        redis = [self.redis.process.pid] if self.redis.process else []
        before = cpu_us(server.pids()), cpu_us(redis)
        done = subprocess.run(
            [self.program(program), "-s", server.path, "-k", kind, "-n",
             str(clients), "-t", str(seconds), "-d", str(self.domains)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=seconds + 60)
        if done.returncode != 0:
            raise RuntimeError("%s, %d clients, %s (it has %s): %s%s" % (
                kind, clients, os.path.basename(server.path),
                "ended" if server.process.poll() is not None else "not ended",
                done.stdout, done.stderr))
        figures = json.loads(done.stdout)
        asked = max(1, figures["asked"])
        figures["cpu_us"] = (cpu_us(server.pids()) - before[0]) / asked
        figures["redis_us"] = (cpu_us(redis) - before[1]) / asked
        return figures
