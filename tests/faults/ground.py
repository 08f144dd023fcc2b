"""Ground: two hosts under load that share a Redis, where parts may fail one
after the other.

Where it may have a network of its own, Redis is in another one, at the other
end of a wire that can be taken down, and names are looked up in DNS.
"""
import asyncio
import collections
import itertools
import os
import re
import shutil
import subprocess
import sys
import time

import load
import loop
import nameserver
import smtp
from clock import Clock
from host import Host
from lab import Lab
from store import Redis, RedisError

HERE = os.path.dirname(os.path.abspath(__file__))
CONNECTIONS = 10            # of each upstream
CAP = 4                     # of fabrikam
CLIENTS = 7                 # who want to be inside of it at once
STAY, PAUSE = 0.4, 0.5      # seconds: inside, and before trying again
BUSY = 16                   # connections that the load keeps busy

DISK = "200m"
FAR, NEAR = "10.99.0.2", "10.99.0.1"
STORE_PORT = 16379
# As docs/store.md has it.
USER = ("mailweir on >{secret} ~mailweir:* &mailweir:* -@all +eval +evalsha "
        "+ping +select +subscribe +publish +time +hget +hset +hdel +hkeys "
        "+hgetall +del +pttl +pexpire +zadd +zrem +zscore +zcard +zcount "
        "+zremrangebyscore +xadd +xrange +xrevrange")

# Whoever is killed before it has served anybody could not start, Postfix
# believes, and its service rests: for a minute, as it comes.
THROTTLE = "service_throttle_time = 1s\n"

CONFIGURATION = """
lease = {{ ttl = "5s"; }};
gate = {{ wait = "10s"; spill = "250ms"; }};
breaker = {{ open_for = "1s"; open_max = "2s"; trials = 2;
  ramp_step = "200ms"; }};
upstreams = {{
  filter = {{ nexthop = "{first}"; connections = {connections}; }};
  filter-eu = {{ nexthop = "{second}"; connections = {connections}; }};
  guard = {{ nexthop = "{third}"; connections = {connections}; }};
}};
destinations = {{
  contoso = {{ domains = [ "contoso.test" ];
    routes = ( {{ upstream = "filter"; }}, {{ upstream = "filter-eu"; }} ); }};
  fabrikam = {{ domains = [ "fabrikam.test" ]; cap = {cap};
    routes = ( {{ upstream = "guard"; }} ); }};
  forest = {{ mx = [ ".forest.test" ];
    routes = ( {{ upstream = "guard"; }} ); }};
  everything = {{ catch_all = true;
    routes = ( {{ upstream = "guard"; }} ); }};
}};
"""
UPSTREAMS = ("filter", "filter-eu", "guard")    # in the order of the relays
MX = {"tailspin%d.test" % n: ["mx.forest.test"] for n in range(40)}
SENT = re.compile(r"/mw-contoso/smtp\[.* status=sent ")
_numbers = itertools.count(1)


def has_namespaces():
    """May it have networks of its own, and what it takes to wire them?"""
    return shutil.which("ip") is not None and subprocess.run(
        ["unshare", "--net", "--mount", "true"], capture_output=True,
        check=False).returncode == 0


class FaultLab(Lab):
    """Alone in its network, where that is possible; the logs are on a small
    disk there."""

    def __init__(self, limit):
        self.alone = has_namespaces()
        if self.alone:
            nameserver.own_network()
        super().__init__(limit)
        self.small_disk(self.logs)

    def small_disk(self, path):
        """Of its own, at that folder."""
        os.makedirs(path, exist_ok=True)
        if self.alone:
            subprocess.run(["mount", "-t", "tmpfs", "-o",
                            "mode=755,size=" + DISK, "tmpfs", path],
                           check=True)
            self.closing.append(lambda: subprocess.run(
                ["umount", "-l", path], check=True))


class FaultHost(Host):
    """Its daemons wear a clock, and have a runtime directory."""

    def __init__(self, clock, *args, **options):
        self.clock = clock
        super().__init__(*args, **options)

    def start_daemon(self, name, listens_at):
        runs = os.path.join(self.dir, "run")
        os.makedirs(runs, exist_ok=True)
        os.environ["RUNTIME_DIRECTORY"] = runs
        with self.clock.worn():
            return super().start_daemon(name, listens_at)


class Wire:
    """The way to Redis: a proxy, in a network of its own where there are
    such."""

    def __init__(self, lab, redis):
        self.lab = lab
        self.at = FAR if lab.alone else "127.0.0.1"
        self.port = STORE_PORT if lab.alone else lab.port()
        self.address = "tcp:%s:%d" % (self.at, self.port)
        self.client = redis.client
        self.process = None
        self._run(redis.path)

    def _run(self, path):
        command = [sys.executable, os.path.join(HERE, "proxy.py"), self.at,
                   str(self.port), path]
        if self.lab.alone:
            # The wire is there before the proxy listens at its end.
            command = ["unshare", "--net", "sh", "-c",
                       'read wired && exec "$@"', "sh"] + command
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.lab.guard(self.process.pid)
        self.lab.closing.append(self.close)
        if self.lab.alone:
            self._lay()
        self._heard()

    def _lay(self):
        far = str(self.process.pid)
        loop.wait_for(lambda: os.readlink("/proc/self/ns/net") !=
                      os.readlink("/proc/%s/ns/net" % far), 5, 0.01)
        inside = ["nsenter", "--net=/proc/%s/ns/net" % far]
        for command in (
                ["ip", "link", "add", "mw0", "type", "veth", "peer", "name",
                 "mw1", "netns", far],
                ["ip", "addr", "add", NEAR + "/24", "dev", "mw0"],
                ["ip", "link", "set", "mw0", "up"],
                inside + ["ip", "addr", "add", FAR + "/24", "dev", "mw1"],
                inside + ["ip", "link", "set", "mw1", "up"]):
            subprocess.run(command, check=True)
        self._say("wired")

    def _say(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def _heard(self):
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("the proxy did not start")

    def become(self, deed):
        """See DEEDS of proxy.py."""
        self._say(deed)
        self._heard()

    def take_down(self):
        self._far_end("down")

    def put_up(self):
        self._far_end("up")

    def _far_end(self, state):
        subprocess.run(
            ["nsenter", "--net=/proc/%d/ns/net" % self.process.pid, "ip",
             "link", "set", "mw1", state], check=True)

    def close(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


class Crowd:
    """More clients of a host than its cap lets in, each of which stays a
    while; most is how many were inside at once."""

    def __init__(self, ports):
        self.messages = []
        self.inside = self.most = 0
        self._going = True
        self._runs = [loop.start(self._one(port)) for port, _ in zip(
            itertools.cycle(ports), range(CLIENTS))]

    def stop(self):
        self._going = False
        for run in self._runs:
            run.result(90)
        return self.messages

    async def _one(self, port):
        while self._going:
            name = "c%d" % next(_numbers)
            message = await load.send(port, load.SENDERS[0], "%s@fabrikam.test"
                                      % name, name, self._stay)
            self.messages.append(message)
            if message.code != 250:
                await asyncio.sleep(PAUSE)

    async def _stay(self):
        """Its place is its own until the message has ended."""
        self.inside += 1
        self.most = max(self.most, self.inside)
        await asyncio.sleep(STAY)
        self.inside -= 1


class Ground:
    """See above. victim: the host whose parts fail."""

    def __init__(self, lab, rate, alone=False, fleet=False):
        self.lab = lab
        self.rate = rate
        self.secret = "secret-of-the-test"
        self.host_clock = Clock(lab, "host")
        self.redis_clock = Clock(lab, "redis")
        self._client = self.wire = None
        if fleet:
            self.redis = lab.fleet()
        else:
            self.redis = Redis(lab, options=(
                "--enable-protected-configs", "yes", "--user",
                *USER.format(secret=self.secret).split()))
            lab.closing.append(self.redis.stop)
            self.start_redis()
            self.wire = Wire(lab, self.redis)
        self.relays = [lab.relay(seconds=BUSY / rate) for _ in range(2)]
        self.relays.append(lab.relay())
        self.dns = nameserver.Dnsmasq(MX, ttl=1) if lab.alone else None
        names = ["s1", "s2"] if fleet else ["h1", "h2"]
        self.hosts = [self._host(name) for name in names[:2 - alone]]
        self.victim = self.hosts[0]
        for host in self.hosts:
            host.start()
        self.complaints = []        # of what a fault itself has seen
        self.load = self.crowd = None
        self.tries = []             # messages of works()
        self.lacking = collections.Counter()

    def configuration(self):
        first, second, third = self.relays
        return CONFIGURATION.format(
            first=first.nexthop, second=second.nexthop, third=third.nexthop,
            connections=CONNECTIONS, cap=CAP)

    def _host(self, name):
        secret = self.lab.write("secret", self.secret)
        os.chmod(secret, 0o600)
        self.lab.small_disk(self.lab.path(name))
        host = FaultHost(
            self.host_clock, self.lab, name, self.wire or self.redis,
            self.configuration(), store=self.wire and
            'username = "mailweir"; password_file = "%s";' % secret or "",
            main=THROTTLE)
        self.lab.closing.append(host.stop)
        return host

    def start_redis(self):
        with self.redis_clock.worn():
            self.redis.start()

    def leave(self):
        """Its hosts and their load are no more; another ground may be made."""
        for host in self.hosts:
            host.policyd.terminate()
            host.milter.terminate()
            host.stop()
        if self.dns:
            self.dns.stop()

    def ended(self):
        """The daemons that should run, and do not."""
        return ["%s.%s" % (host.name, name) for host in self.hosts
                for name, process in (("policyd", host.policyd),
                                      ("milter", host.milter))
                if process.poll() is not None]

    def supervise(self):
        """As a service manager does: what has ended is started."""
        host = self.victim
        if host.policyd.poll() is not None:
            host.start_policyd()
        if host.milter.poll() is not None:
            host.start_milter()

    def ports(self):
        return [host.port for host in self.hosts]

    def domains(self):
        if not self.dns:
            return ["contoso.test"]
        return [name for domain in sorted(MX)
                for name in ["contoso.test"] * 4 + [domain]]

    def empty_logs(self):
        """Or a hundred times of this and that fill their small disk."""
        for host in self.hosts:
            os.truncate(host.log, 0)

    def begin(self):
        """Mail sets in."""
        self.tries = []
        self.complaints = []
        for relay in self.relays:
            relay.peak = len(relay.sessions)
        self.load = load.Load(self.ports(), self.domains(), self.rate)
        self.crowd = Crowd(self.ports())

    def finish(self):
        """No more mail; all there was."""
        return self.load.stop() + self.crowd.stop() + self.tries

    # is all well?

    def marks(self):
        """What each host's next word to the store will change."""
        return {host.name: self.slots(host) for host in self.hosts}

    def ask(self, *words):
        """Redis, past the wire, by a user who may do everything; by another
        connection where the last one was lost with a Redis that is gone."""
        for last in (False, True):
            try:
                if self._client is None:
                    self._client = self.redis.client()
                return self._client(*words)
            except OSError:
                self.hang_up()
                if last:
                    raise
        return None

    def hang_up(self):
        if self._client is not None:
            self._client.close()
        self._client = None

    def slots(self, host):
        return self.ask("HGET", "mailweir:upstream:{filter}:slots",
                        host.name)

    def works(self, marks):
        """Does every host tell the store, take a message, with a lease that
        ends, and deliver? Not that message, perhaps: others may be in front of
        it. What is lacking is kept."""
        for host in self.hosts:
            try:
                lacking = self.lacks(host, marks[host.name])
            except (OSError, RedisError) as error:
                lacking = repr(error)
            if lacking:
                self.lacking[host.name + " " + lacking] += 1
                return False
        return True

    def lacks(self, host, mark):
        """What it does not do, or None."""
        if self.slots(host) in (None, mark):
            return "tells Redis nothing"
        name = "t%d" % next(_numbers)
        to = name + "@contoso.test"
        began = time.monotonic()
        stage, reply, leased, over = "CONNECT", (0, ""), None, None
        told = size_of(host.log)
        try:
            client = smtp.Smtp(host.port, timeout=5)
            member = "%s/127.0.0.1:%d/%d" % (
                host.name, client.socket.getsockname()[1], host.port)
            stage, reply = "RCPT", client.begin("t@sender.test", to)
            leased = self.lease(member)
            if reply[0] == 250:
                stage, reply = "EOD", client.data(name)
            client.close()
            over = loop.wait_for(lambda: not self.lease(member), 0.5, 0.01)
        except (OSError, ValueError):
            reply = (0, "")
        self.tries.append(load.Message(
            name, to, host.port, began, reply[0], reply[1], stage,
            time.monotonic() - began))
        if reply[0] != 250:
            return "takes nothing: " + reply[1]
        if leased is None or not over:
            return "takes no lease" if leased is None else "keeps a lease"
        if not loop.wait_for(lambda: delivers(host, told), 2, 0.02):
            return "delivers nothing"
        return None

    def lease(self, member):
        return self.ask("ZSCORE", "mailweir:dest:{contoso}:leases", member)

    def recovers(self, seconds):
        """Seconds until all works, or None."""
        began = time.monotonic()
        self.hang_up()              # another one may be the primary
        marks = self.marks()
        self.lacking.clear()
        return time.monotonic() - began \
            if loop.wait_for(lambda: self.works(marks), seconds) else None


def size_of(path):
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def delivers(host, since):
    """Was something delivered by its lane, from there on in its log?"""
    with open(host.log, encoding="utf-8", errors="replace") as file:
        file.seek(since)
        return SENT.search(file.read())


Count = collections.namedtuple(
    "Count", "injected delivered queued refused cut lost doubled returned "
    "unwanted denied")


def count(messages, ground, logs):
    """Where has everything gone? Names, not numbers, for what is wrong. logs:
    each host's mail log of this time."""
    # Before what was delivered, or what leaves it meanwhile would be nowhere.
    queue = {to.partition("@")[0] for host in ground.hosts
             for to in host.queued()}
    names = {m.id for m in messages}
    taken = {m.id for m in messages if m.code == 250}
    copies = collections.Counter(
        mail.id for relay in ground.relays for mail in relay.accepted
        if mail.id in names)
    queued = queue & names - set(copies)
    put_off = {m.id for m in messages if 400 <= m.code < 500}
    cut = {m.id for m in messages if m.code == 0}
    returned = [line for log in logs for line in log.splitlines()
                if "status=bounced" in line or "status=expired" in line]
    returned += [mail for relay in ground.relays + [ground.lab.witness]
                 for mail in relay.accepted if not mail.sender]
    return Count(
        injected=len(messages), delivered=len(copies), queued=len(queued),
        refused=len(put_off), cut=len(cut - set(copies) - queued),
        lost=sorted(taken - set(copies) - queued),
        doubled=sorted(name for name, n in copies.items() if n > 1),
        returned=returned,
        unwanted=sorted(put_off & (set(copies) | queued)),
        denied=sorted({m.text for m in messages if m.code >= 500}))
