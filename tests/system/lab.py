"""Lab: a folder with a Redis, Postfix hosts, relays and Mailweir's daemons,
which all end with it. Nothing outside the folder is touched.

    lab = Lab(limit)              # seconds until all is ended by force
    relay = lab.relay()
    host = lab.host("h1", CONFIGURATION.format(...))
    lab.start()
"""
import os
import random
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile

import loop
import tap
from host import Host
from postfix import Postfix
from relay import Relay
from store import Fleet, Redis

HERE = os.path.dirname(os.path.abspath(__file__))
TAIL = 15                       # lines of each log, when a test failed


class Lab:
    """See above. Everything made through it is ended by close()."""

    def __init__(self, limit=170):
        self.dir = tempfile.mkdtemp(prefix="mw-", dir="/tmp")
        os.chmod(self.dir, 0o755)
        self.logs = os.path.join(self.dir, "log")
        os.mkdir(self.logs)
        self._guard = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "guard.py"), str(limit),
             self.dir], stdin=subprocess.PIPE)
        self.guard(os.getpid())
        self._ports = set()
        self.relays = []
        self.ending = []        # processes that were told to end
        self.closing = []       # what close() ends, last made first
        self.witness = self.relay()     # takes what no lane does: bounces

    def guard(self, pid):
        """This process must not outlive the test."""
        self._guard.stdin.write(b"%d\n" % pid)
        self._guard.stdin.flush()

    def port(self):
        """A loopback port that nobody uses, outside of the range that
        outgoing connections are given."""
        while True:
            port = random.randrange(20000, 32000)
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            if port not in self._ports:
                self._ports.add(port)
                return port

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text):
        """A file in the lab's folder; returns its path."""
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def relay(self, port=0, **options):
        relay = Relay(port or self.port(), **options)
        self.relays.append(relay)
        self.closing.append(relay.close)
        return relay

    def certificate(self, name="relay.test"):
        """A certificate that a host of that name made for itself; its
        path."""
        path = self.path(name + ".crt")
        if not os.path.exists(path):
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                 "-keyout", self.path(name + ".key"), "-out", path,
                 "-subj", "/CN=" + name, "-addext",
                 "subjectAltName=DNS:" + name],
                check=True, capture_output=True)
        return path

    def tls(self, name="relay.test"):
        """What a relay of that name offers STARTTLS with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate(name),
                                self.path(name + ".key"))
        return context

    def redis(self):
        redis = Redis(self)
        redis.start()
        self.closing.append(redis.stop)
        return redis

    def fleet(self):
        """As redis(), with sentinels."""
        fleet = Fleet(self)
        self.closing.append(fleet.stop)
        fleet.start()
        return fleet

    def postfix(self, name, main="", master=""):
        """An instance that is not started yet."""
        instance = Postfix(self, name, main, master)
        self.closing.append(instance.stop)
        return instance

    def host(self, name, redis, text, **options):
        """A Postfix with Mailweir on it, not started yet."""
        host = Host(self, name, redis, text, **options)
        self.closing.append(host.stop)
        return host

    def spawn(self, name, *command):
        """A program with its output in the log NAME.log."""
        with open(os.path.join(self.logs, name + ".log"), "ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, cwd=self.logs)
        self.guard(process.pid)
        self.closing.append(lambda: _end(process))
        return process

    def log(self, name):
        try:
            with open(os.path.join(self.logs, name + ".log"),
                      encoding="utf-8", errors="replace") as log:
                return log.read()
        except OSError:
            return ""

    def tails(self):
        """The last lines of all logs."""
        for name in sorted(os.listdir(self.logs)):
            if not name.endswith(".log"):
                continue        # a core
            with open(os.path.join(self.logs, name), encoding="utf-8",
                      errors="replace") as log:
                lines = log.read().splitlines()[-TAIL:]
            yield "--- " + name
            yield from lines

    def keep_logs(self):
        """Of a failed test, where there is a build to keep them in."""
        build = os.environ.get("top_builddir")
        if not build:
            return
        folder, script = os.path.split(os.path.abspath(sys.argv[0]))
        kept = os.path.join(build, "tests", os.path.basename(folder),
                            script.rpartition(".")[0] + ".logs")
        shutil.rmtree(kept, ignore_errors=True)
        if tap.failed():
            shutil.copytree(self.logs, kept)

    def close(self):
        self.keep_logs()
        for end in reversed(self.closing):
            try:
                end()
            except (OSError, RuntimeError, subprocess.SubprocessError) as e:
                tap.diag("at the end: %s" % e)
        self.closing = []
        loop.wait_for(lambda: not any(os.path.exists("/proc/%d" % pid)
                                      for pid in self.ending), 10)
        self._guard.stdin.write(b"bye\n")
        self._guard.stdin.close()
        self._guard.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def _end(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
