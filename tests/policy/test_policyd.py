#!/usr/bin/env python3
"""mailweir-policyd at its sockets: what Postfix would ask, and bad peers.

Real daemon, real redis-server, no Postfix. Speaks TAP."""

import concurrent.futures
import contextlib
import itertools
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
SOURCE = os.path.abspath(os.environ.get("top_srcdir", "."))
PATIENCE = 20       # seconds until something that should happen has not

CONFIG = """
mode = "{mode}";
host = "mx1";
store = {{ redis = "unix:{dir}/redis.sock"; timeout = "200ms"; }};
listen = {{ policy = "unix:{dir}/policy"; map = "unix:{dir}/map"; milter = "{milter}"; status = "{status}"; }};
rules_file = "{source}/conf/outcomes.rules";
release = {{ command = "{dir}/postqueue with words"; rate = 20; }};
lease = {{ ttl = "5s"; }};
gate = {{ wait = "1s"; spill = "100ms"; }};
breaker = {{ consecutive = 3; open_for = "{open_for}"; ramp_step = "200ms"; slow_after = "700ms"; trials = 1; }};
upstreams = {{
  filter = {{ nexthop = "[filter.test]:25"; connections = 2; tls = "encrypt"; }};
  second = {{ nexthop = "[second.test]:25"; connections = 2; }};
  bypass = {{ nexthop = "[mx.test]:25"; tls = "encrypt"; }};
  lone = {{ nexthop = "[lone.test]:25"; connections = 1; }};
}};
destinations = {{
  contoso = {{ domains = [ "contoso.test", ".contoso.test" ]; cap = 2;
    routes = ( {{ upstream = "filter"; }}, {{ upstream = "second"; }},
      {{ upstream = "bypass"; unfiltered = true; after = "1s"; }} ); }};
  lone = {{ domains = [ "lone.test" ]; routes = ( {{ upstream = "lone"; }} ); }};
}};
{extra}
"""

# Silence is known long before it is judged, and never opens a breaker.
PATIENT = CONFIG.replace('"700ms"', '"4s"').replace("consecutive = 3",
                                                    "consecutive = 99")

# Ten outcomes tell, and two of five are bad enough.
TOUCHY = CONFIG.replace("consecutive = 3", "consecutive = 99; min_outcomes = "
                        "10; shed_at = 30; open_at = 40")

# In postqueue's place: tells the queue that the test wrote, and remembers
# what it was asked for, and when.
POSTQUEUE = """#!/bin/sh
echo "$(date +%s.%N) $*" >>{dir}/calls
ls -l /proc/self/fd >>{dir}/descriptors
cat {dir}/says >&2
[ "$3" = -i ] || cat {dir}/queue
exec {dir}/end
"""


class Daemons:
    """A private redis-server and policyd, ended by pid whatever happens."""

    def __init__(self, before=None, template=CONFIG, **settings):
        self.template = template
        self.dir = tempfile.mkdtemp(prefix="mw-", dir="/tmp")
        self.settings = {"mode": "enforce", "milter": "", "status": "",
                         "open_for": "30s",
                         "extra": "", "dir": self.dir, "source": SOURCE}
        self.settings.update(settings)
        self.processes = []
        self.config = os.path.join(self.dir, "mailweir.conf")
        try:
            self.start(before)
        except BaseException:
            self.end()
            raise

    def start(self, before):
        self.log = open(os.path.join(self.dir, "log"), "w+")
        self.write_config()
        self.write_postqueue()
        self.start_redis()
        if before:
            before(self)
        self.start_policyd()
        until(lambda: self.redis("HGET", "mailweir:upstream:{lone}", "cap"),
              "the first report")
        if not before:          # it may have closed all there is
            until(lambda: self.granted("lone") > 0, "the first grant")

    def start_policyd(self):
        self.policyd = subprocess.Popen(
            [os.path.join(BUILD, "mailweir-policyd"), "-c", self.config],
            stderr=self.log, env=dict(os.environ, RUNTIME_DIRECTORY=self.dir))
        self.processes.append(self.policyd)

    def write_config(self, **settings):
        self.settings.update(settings)
        with open(self.config, "w") as out:
            out.write(self.template.format(**self.settings))

    def write(self, name, text, mode=0o644):
        with open(os.path.join(self.dir, name), "w") as out:
            out.write(text)
        os.chmod(os.path.join(self.dir, name), mode)

    def write_postqueue(self):
        self.write("postqueue", POSTQUEUE.format(dir=self.dir), 0o755)
        self.write("end", "#!/bin/sh\nexit 0\n", 0o755)
        for name in ("queue", "says", "calls"):
            self.write(name, "")

    def calls(self, letter):
        """(when, argument) of each call of postqueue with -LETTER."""
        with open(os.path.join(self.dir, "calls")) as calls:
            rows = [line.split() for line in calls]
        return [(float(row[0]), row[-1]) for row in rows
                if row[1:4] == ["with", "words", "-" + letter]]

    def released(self):
        return [name for _, name in self.calls("i")]

    def say(self, key, **fields):
        """An operator's word, for a minute."""
        key = "mailweir:override:" + key
        self.redis("DEL", key)
        if fields:
            fields["until"] = int((time.time() + 60) * 1000)
            self.redis("HSET", key, *[str(x) for pair in fields.items()
                                      for x in pair])
        self.redis("PUBLISH", "mailweir:changed",
                   key.partition("{")[2][:-1])

    def start_redis(self):
        self.redis_server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket",
             self.dir + "/redis.sock", "--save", "", "--dir", self.dir],
            stdout=subprocess.DEVNULL)
        self.processes.append(self.redis_server)
        until(lambda: self.redis("PING") == "PONG", "redis-server")

    def redis(self, *words):
        answer = subprocess.run(
            ["redis-cli", "-s", self.dir + "/redis.sock", *words],
            capture_output=True, text=True)
        return answer.stdout.strip() if answer.returncode == 0 else ""

    def events(self):
        """The fields of each; XRANGE says an id and then names and values."""
        lines = self.redis("XRANGE", "mailweir:events", "-", "+").split("\n")
        found = []
        while lines:
            if re.fullmatch(r"\d+-\d+", lines[0]):
                found.append({})
                lines.pop(0)
            else:
                name, value, *lines = lines
                found[-1][name] = value
        return found

    def row(self, upstream):
        return self.redis("HGET", "mailweir:upstream:{%s}:slots" % upstream,
                          "mx1")

    def granted(self, upstream):
        row = self.row(upstream)
        return int(row.split()[0]) if row else 0

    def state(self, upstream):
        return self.redis("HGET", "mailweir:upstream:{%s}" % upstream,
                          "state")

    def counter(self, destination, name):
        return int(self.redis("HGET", "mailweir:dest:{%s}" % destination,
                              name) or 0)

    def leases(self, destination):
        return int(self.redis("ZCARD", "mailweir:dest:{%s}:leases" %
                              destination) or 0)

    def child(self):
        path = "/proc/%d/task/%d/children" % (self.policyd.pid,
                                              self.policyd.pid)
        with open(path) as children:
            pids = children.read().split()
        return int(pids[0]) if pids else 0

    def logged(self, text):
        """How often."""
        self.log.flush()
        with open(self.log.name) as log:
            return log.read().count(text)

    def end(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                try:
                    process.wait(8)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)


class Peer:
    """One connection of a Postfix process."""

    def __init__(self, daemons, name):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(os.path.join(daemons.dir, name))

    def close(self):
        self.socket.close()

    def is_closed(self):
        try:
            return self.socket.recv(100) == b""
        except ConnectionError:
            return True


class Lane(Peer):
    def __init__(self, daemons, name="map"):
        super().__init__(daemons, name)

    def send(self, table, key):
        payload = ("%s %s" % (table, key)).encode()
        self.socket.sendall(b"%d:%s," % (len(payload), payload))

    def read(self):
        data = b""
        while not re.fullmatch(rb"\d+:.*,", data, re.S):
            part = self.socket.recv(4096)
            if not part:
                raise EOFError
            data += part
        return data[data.index(b":") + 1:-1].decode()

    def ask(self, table, key):
        self.send(table, key)
        return self.read()

    def gate(self, host, destination="contoso"):
        return self.ask("gate." + destination, "[%s.test]:25" % host)

    def outcome(self, text, destination="contoso"):
        return self.ask("outcome." + destination, text)


ELSEWHERE = """
import socket, sys
for line in sys.stdin:
    if line == "\\n":
        lane = socket.socket(socket.AF_UNIX)
        lane.connect(sys.argv[1])
    else:
        text = line.strip().encode()
        lane.sendall(b"%d:%s," % (len(text), text))
        print(lane.recv(4096).decode().partition(":")[2], flush=True)
"""


class Elsewhere:
    """A lane that is a process of its own."""

    def __init__(self, daemons):
        self.process = subprocess.Popen(
            [sys.executable, "-c", ELSEWHERE, daemons.dir + "/map"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        daemons.processes.append(self.process)
        self.connect()

    def connect(self):
        self.say("\n")

    def say(self, line):
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def ask(self, table, key):
        self.say("%s %s\n" % (table, key))
        return self.process.stdout.readline().rstrip(",\n")

    def kill(self):
        self.process.kill()
        self.process.wait()


class Smtpd(Peer):
    def __init__(self, daemons):
        super().__init__(daemons, "policy")

    def ask(self, *args, **kwargs):
        self.socket.sendall(self.request(*args, **kwargs))
        return self.read()

    @staticmethod
    def request(state="RCPT", port=1000, recipient="a@contoso.test",
                instance="1", address="192.0.2.1", sasl_username="",
                queue_id=""):
        lines = ["request=smtpd_access_policy", "protocol_state=" + state,
                 "client_address=" + address, "client_port=%d" % port,
                 "server_port=25", "recipient=" + recipient,
                 "instance=" + instance, "queue_id=" + queue_id,
                 "sasl_username=" + sasl_username, "policy_context=x", "stress=",
                 "unknown_attribute=y", "", ""]
        return "\n".join(lines).encode()

    def read(self, answers=1):
        data = b""
        while data.count(b"\n\n") < answers:
            part = self.socket.recv(4096)
            if not part:
                raise EOFError
            data += part
        return data.decode()[len("action="):].strip()


def until(condition, what, pause=0.02):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(pause)
    raise AssertionError("waited in vain for %s" % what)


def equal(got, wanted):
    if got != wanted:
        raise AssertionError("got %r, wanted %r" % (got, wanted))


OK = "2.0.0 250 2.0.0 Ok: queued"
REFUSED = "4.7.5 client TLS configuration problem"
BUSY = "4.3.2 host x[192.0.2.9] said: 451 4.3.2 Temporary server error. Please try again later"


def a_fresh_upstream_shows_its_state(d):
    for upstream in ("filter", "second", "bypass", "lone"):
        until(lambda: d.state(upstream) == "closed", "a state")
        fields = d.redis("HKEYS", "mailweir:upstream:{%s}" % upstream)
        for field in ("state", "since", "allowance", "cap", "in_use",
                      "waiting", "trips", "next_step_at", "version"):
            if field not in fields.split():
                raise AssertionError("no %s in %s" % (field, fields))


def grants_carry_the_tls_policy(d):
    lane = Lane(d)
    equal(lane.gate("filter"), "OK encrypt")
    equal(lane.outcome(OK), "NOTFOUND ")
    equal(lane.gate("second"), "NOTFOUND ")
    equal(lane.outcome(OK), "NOTFOUND ")


def an_unfiltered_route_is_refused(d):
    lane = Lane(d)
    equal(lane.gate("mx"), "TEMP bypass")
    answer = lane.outcome(REFUSED)
    if not answer.startswith("OK 4.3.2 Mailweir: bypass "):
        raise AssertionError(answer)


def unknown_next_hops_and_maps_are_refused(d):
    lane = Lane(d)
    equal(lane.gate("elsewhere").split()[0], "TEMP")
    equal(lane.ask("gate.nowhere", "x").split()[0], "PERM")
    equal(lane.ask("gate.contoso", ".test"), "NOTFOUND ")


def a_full_upstream_spills_to_the_next(d):
    lanes = [Lane(d) for _ in range(3)]
    equal(lanes[0].gate("filter"), "OK encrypt")
    equal(lanes[1].gate("filter"), "OK encrypt")
    equal(lanes[2].gate("filter"), "TEMP no-slot")
    equal(lanes[2].gate("second"), "NOTFOUND ")
    equal(lanes[2].outcome(OK), "NOTFOUND ")
    until(lambda: d.counter("contoso", "rerouted"), "the rerouted message")
    for lane in lanes:
        lane.close()


def who_waits_gets_the_next_slot(d):
    first, second = Lane(d), Lane(d)
    equal(first.gate("lone", "lone"), "NOTFOUND ")
    second.send("gate.lone", "[lone.test]:25")
    equal(first.outcome(OK, "lone"), "NOTFOUND ")
    equal(second.read(), "NOTFOUND ")
    second.close()
    equal(first.gate("lone", "lone"), "NOTFOUND ")
    first.close()


def a_long_wait_is_deferred_with_4_3_2(d):
    first, second = Lane(d), Lane(d)
    equal(first.gate("lone", "lone"), "NOTFOUND ")
    equal(second.gate("lone", "lone"), "TEMP no-slot")
    answer = second.outcome(REFUSED, "lone")
    if not answer.startswith("OK 4.3.2 Mailweir: lone "):
        raise AssertionError(answer)
    until(lambda: d.counter("lone", "held"), "the held message")
    first.close()
    second.close()


def a_dead_lane_gives_its_slot_back(d):
    lane = Lane(d)
    equal(lane.gate("lone", "lone"), "NOTFOUND ")
    lane.close()
    lane = Lane(d)
    equal(lane.gate("lone", "lone"), "NOTFOUND ")
    lane.close()


def trouble_opens_and_the_status_says_so(d):
    lane = Lane(d)
    for _ in range(3):
        equal(lane.gate("filter"), "OK encrypt")
        equal(lane.gate("second"), "NOTFOUND ")
        equal(lane.outcome(OK), "NOTFOUND ")
    until(lambda: d.state("filter") == "open", "the breaker to open")
    until(lambda: lane.gate("filter") == "TEMP open", "the gate to close")
    equal(lane.gate("second"), "NOTFOUND ")
    equal(lane.outcome(OK), "NOTFOUND ")
    incident = d.redis("HGET", "mailweir:upstream:{filter}", "incident")
    equal(lane.gate("filter"), "TEMP open")
    equal(lane.gate("mx"), "TEMP bypass")
    answer = lane.outcome(REFUSED)
    if "4.3.2 Mailweir: filter " not in answer or incident not in answer:
        raise AssertionError(answer)
    if incident not in d.redis("XREVRANGE", "mailweir:events", "+", "-"):
        raise AssertionError("no event of incident " + incident)
    if not d.logged(incident):
        raise AssertionError("no log line of incident " + incident)


def a_silent_upstream_is_judged_while_it_is_silent(d):
    lanes = [Lane(d) for _ in range(2)]
    third = Lane(d)
    for lane in lanes:
        equal(lane.gate("second"), "NOTFOUND ")
    until(lambda: d.redis("HGET", "mailweir:upstream:{second}",
                          "outcome_trouble") == "2", "two slow answers")
    for lane in lanes + [third]:
        lane.close()


def mail_with_another_way_shuns_silence(d):
    lanes = [Lane(d) for _ in range(3)]
    for lane in lanes[:2]:
        equal(lane.gate("filter"), "OK encrypt")
    equal(lanes[1].gate("second"), "NOTFOUND ")
    equal(lanes[1].outcome(OK), "NOTFOUND ")
    equal(lanes[1].gate("filter"), "OK encrypt")
    equal(lanes[1].gate("second"), "NOTFOUND ")
    equal(lanes[1].outcome(OK), "NOTFOUND ")
    time.sleep(2)                           # half of slow_after
    equal(lanes[2].gate("filter"), "TEMP silent")
    equal(lanes[2].gate("second"), "NOTFOUND ")
    equal(lanes[2].outcome(OK), "NOTFOUND ")
    equal(lanes[0].outcome(OK), "NOTFOUND ")
    equal(lanes[2].gate("filter"), "OK encrypt")
    equal(d.state("filter"), "closed")
    for lane in lanes:
        lane.close()


def what_made_it_worse_is_taken_back(d):
    lane = Lane(d)
    for n in range(20):
        said = lane.gate("filter")
        if said == "TEMP open":
            break
        equal(said, "OK encrypt")
        if n % 2:
            equal(lane.gate("second"), "NOTFOUND ")
        equal(lane.outcome(OK), "NOTFOUND ")
        time.sleep(0.05)
    until(lambda: lane.gate("filter") == "TEMP open", "the gate to close")
    for _ in range(10):                 # all of it is too much for the second
        lane.gate("filter")
        if lane.gate("second") == "NOTFOUND ":
            equal(lane.outcome(BUSY), "NOTFOUND ")
        elif "4.3.2" not in lane.outcome(REFUSED):
            raise AssertionError("not held")
    until(lambda: d.state("filter") == "shedding", "a step back")
    events = d.redis("XREVRANGE", "mailweir:events", "+", "-").splitlines()
    at = events.index("step-back")
    equal([events[at + 3]] + events[at + 5:at + 7], ["before", "after", "0"])
    equal(d.redis("HGET", "mailweir:upstream:{filter}", "reason"),
          "step-back")
    lane.close()


def a_burst_counts_once(d):
    lane = Lane(d)
    before = int(d.redis("HGET", "mailweir:upstream:{lone}",
                         "outcome_ok") or 0)
    equal(lane.gate("lone", "lone"), "NOTFOUND ")
    for _ in range(50):
        equal(lane.outcome(OK, "lone"), "NOTFOUND ")
    until(lambda: int(d.redis("HGET", "mailweir:upstream:{lone}",
                              "outcome_ok") or 0) > before, "the outcome")
    until(lambda: d.counter("lone", "delivered") >= 50, "the counter")
    equal(int(d.redis("HGET", "mailweir:upstream:{lone}", "outcome_ok")),
          before + 1)
    lane.close()


def the_cap_holds_and_is_given_back(d):
    smtpds = [Smtpd(d) for _ in range(3)]
    equal(smtpds[0].ask(port=1), "DUNNO")
    equal(smtpds[1].ask(port=2), "DUNNO")
    equal(smtpds[2].ask(port=3), "451 4.3.2 contoso is at capacity, "
          "please try again later")
    equal(smtpds[0].ask(port=1), "DUNNO")       # asked again: still the same
    equal(d.leases("contoso"), 2)
    equal(smtpds[0].ask("END-OF-MESSAGE", port=1, recipient=""), "DUNNO")
    until(lambda: d.leases("contoso") == 1, "the first lease's return")
    smtpds[1].close()
    until(lambda: d.leases("contoso") == 0, "the second lease's return")
    equal(smtpds[2].ask(port=3), "DUNNO")
    equal(smtpds[2].ask(port=3, instance="2", recipient="a@other.test"),
          "DUNNO")
    until(lambda: d.leases("contoso") == 0, "the end of a transaction")
    until(lambda: d.counter("contoso", "accepted") == 1, "accepted")
    until(lambda: d.counter("contoso", "deferred_cap") == 1, "deferred_cap")
    for smtpd in smtpds:
        smtpd.close()


def a_place_goes_to_the_next_session(d):
    """lone has no cap: there is room for all."""
    smtpd = Smtpd(d)
    d.redis("CONFIG", "SET", "slowlog-log-slower-than", "0")

    def transaction(n):
        for recipient in "a@lone.test", "b@lone.test":
            equal(smtpd.ask(port=n, instance=str(n), recipient=recipient),
                  "DUNNO")

    def asked():
        return re.findall(r"EVALSHA\s\S+\s1\s\S+\{lone\}:leases\s"
                          r"mx1/192.0.2.1:(\d)/25\s",
                          d.redis("SLOWLOG", "GET", "1000"))

    for n in (1, 2, 3):
        transaction(n)
    until(lambda: d.redis("ZRANGE", "mailweir:dest:{lone}:leases", "0", "-1")
          == "mx1/192.0.2.1:3/25", "the name of who has it now")
    equal(asked(), ["1"])
    smtpd.close()
    until(lambda: d.leases("lone") == 0, "its return")


def strangers_get_no_say(d):
    smtpd = Smtpd(d)
    equal(smtpd.ask(recipient="a@nowhere.test"), "DUNNO")
    equal(smtpd.ask(recipient=""), "DUNNO")
    equal(smtpd.ask(recipient="@"), "DUNNO")
    equal(smtpd.ask(address="x/y z", recipient="a@contoso.test"), "DUNNO")
    equal(smtpd.ask(state="MAIL"), "DUNNO")
    equal(d.leases("contoso"), 0)
    smtpd.close()


BAD_FRAMES = [
    ("map", b"hello"), ("map", b"-1:x,"), ("map", b"00:,"),
    ("map", b"99999999999999999999:"), ("map", b"4097:"), ("map", b"3:abcd"),
    ("map", b"6:a\0b cd,"), ("map", b"3:abc,"), ("map", b"1: ,"),
    ("policy", b"hello\n\n"), ("policy", b"request=other\n\n"),
    ("policy", b"request=smtpd_access_policy\nx\0y=z\n\n"),
    ("policy", b"a=" + b"x" * 20000), ("policy", b"=x\n\n"),
    ("policy", b"a=b\n" * 200), ("policy", b"\n"),
]


def bad_peers_are_closed_and_others_served(d):
    good = Lane(d)
    for name, frame in BAD_FRAMES:
        peer = Peer(d, name)
        with contextlib.suppress(ConnectionError):
            peer.socket.sendall(frame)
        if not peer.is_closed():
            raise AssertionError("not closed: %r" % frame[:40])
        equal(good.ask("gate.nowhere", "x").split()[0], "PERM")
    good.close()


def idle_and_half_asked_ones_hurt_nobody(d):
    idle = [Peer(d, name) for name in ("map", "policy") for _ in range(250)]
    for peer in idle[::2]:
        peer.socket.sendall(b"1")
    lane = Lane(d)
    equal(lane.gate("lone", "lone"), "NOTFOUND ")
    equal(lane.outcome(OK, "lone"), "NOTFOUND ")
    lane.close()
    smtpd = Smtpd(d)
    equal(smtpd.ask(recipient="a@lone.test"), "DUNNO")
    smtpd.close()
    for peer in idle:
        peer.close()


def byte_by_byte_is_served(d):
    lane = Lane(d)
    payload = b"gate.nowhere x"
    for byte in b"%d:%s," % (len(payload), payload):
        lane.socket.sendall(bytes([byte]))
    equal(lane.read().split()[0], "PERM")
    lane.close()


def what_is_sent_ahead_is_answered(d):
    """More than is read at once, while Redis is asked for the first."""
    smtpd = Smtpd(d)
    ahead = 200 * smtpd.request(recipient="a@elsewhere.test")
    smtpd.socket.sendall(smtpd.request(recipient="a@lone.test") + ahead)
    equal(smtpd.read(201).count("DUNNO"), 201)
    equal(smtpd.ask(recipient="a@elsewhere.test"), "DUNNO")
    smtpd.close()


def who_takes_no_answers_is_read_no_further(d):
    """What is answered to him would pile up otherwise."""
    question, answer = b"14:gate.nowhere x,", b"16:PERM no such map,"
    lane = Lane(d)
    sent = 0
    while select.select([], [lane.socket], [], 0.5)[1]:
        sent += lane.socket.send(question[sent % len(question):] +
                                 99 * question)
        if sent > 8 << 20:
            raise AssertionError("%d bytes were read" % sent)
    equal(Lane(d).ask("gate.nowhere", "x").split()[0], "PERM")
    asked = -(-sent // len(question))
    rest = question[sent % len(question):] if sent % len(question) else b""
    answers = b""
    while len(answers) < asked * len(answer):
        answers += lane.socket.recv(65536)
        if rest and select.select([], [lane.socket], [], 0)[1]:
            rest = rest[lane.socket.send(rest):]
    equal(answers == asked * answer, True)
    lane.close()


def a_dead_loop_is_restarted(d):
    child = d.child()
    os.kill(child, signal.SIGKILL)
    until(lambda: d.child() not in (0, child), "another loop")
    lane = Lane(d)
    equal(lane.ask("gate.nowhere", "x").split()[0], "PERM")
    lane.close()


def kill_loop(d):
    child = d.child()
    os.kill(child, signal.SIGKILL)
    until(lambda: d.child() not in (0, child), "another loop")


def restart(d):
    d.policyd.terminate()
    d.policyd.wait(PATIENCE)
    d.start_policyd()


def kill_parent(d):
    child = d.child()
    d.policyd.kill()
    d.policyd.wait()
    until(lambda: not os.path.exists("/proc/%d" % child), "the loop's end")
    d.start_policyd()


def is_served(d):
    """Does a lane get the only slot within gate.wait?"""
    with contextlib.closing(Lane(d)) as lane:
        return lane.gate("lone", "lone") == "NOTFOUND "


def listens(d):
    try:
        Lane(d).close()
        return True
    except OSError:
        return False


def connections_outlive(d, ends):
    busy = Elsewhere(d)
    equal(busy.ask("gate.lone", "[lone.test]:25"), "NOTFOUND ")
    ends(d)
    until(lambda: listens(d), "the socket")
    equal(is_served(d), False)
    busy.connect()
    equal(busy.ask("outcome.lone", OK), "NOTFOUND ")
    until(lambda: is_served(d), "the slot, when it has told how it fared")
    equal(busy.ask("gate.lone", "[lone.test]:25"), "NOTFOUND ")
    ends(d)
    until(lambda: listens(d), "the socket")
    equal(is_served(d), False)
    busy.kill()
    until(lambda: is_served(d), "the slot, when it is gone without a word")


def connections_outlive_a_loop(d):
    connections_outlive(d, kill_loop)


def connections_outlive_a_restart(d):
    connections_outlive(d, restart)


def connections_outlive_the_parent(d):
    connections_outlive(d, kill_parent)


def a_hanging_loop_is_replaced(d):
    child = d.child()
    os.kill(child, signal.SIGSTOP)
    lane = Lane(d)
    lane.send("gate.nowhere", "x")
    try:
        lane.read()
    except (EOFError, ConnectionError):
        lane = Lane(d)          # accepted by the old loop: Postfix asks again
        equal(lane.ask("gate.nowhere", "x").split()[0], "PERM")
    if d.child() == child:
        raise AssertionError("the old loop is still there")
    lane.close()


def a_late_loop_is_told(d):
    child = d.child()

    def told():
        os.kill(child, signal.SIGSTOP)
        time.sleep(0.7)         # its parent has patience for two seconds
        os.kill(child, signal.SIGCONT)
        time.sleep(0.1)
        return d.logged("warning: loop: event=late ms=")
    until(told, "a word about it")
    equal(d.child(), child)


def has_pending(pid, number):
    with open("/proc/%d/status" % pid) as status:
        masks = re.findall(r"(?:Sig|Shd)Pnd:\s*(\w+)", status.read())
    return any(int(mask, 16) >> number - 1 & 1 for mask in masks)


def a_loop_that_dies_at_its_end_is_told(d):
    child = d.child()
    os.kill(child, signal.SIGSTOP)
    d.policyd.terminate()
    try:
        until(lambda: has_pending(child, signal.SIGTERM), "the order to end")
        os.kill(child, signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError):
        pass        # on a slow machine its parent was first
    equal(d.policyd.wait(PATIENCE), 1)
    if not d.logged("signal=9"):
        raise AssertionError("not a word about it")


def a_loop_that_ends_well_is_no_news(d):
    d.policyd.terminate()
    equal(d.policyd.wait(PATIENCE), 0)
    if d.logged("ended"):
        raise AssertionError("told as if it had died")


def an_order_to_reload_ends_no_loop_that_starts(d):
    for _ in range(5):
        d.policyd.terminate()
        equal(d.policyd.wait(PATIENCE), 0)
        done = d.logged("result=done")
        d.start_policyd()
        until(d.child, "the loop", pause=0)
        d.policyd.send_signal(signal.SIGHUP)
        until(lambda: d.logged("result=done") > done, "the reload")
    if d.logged("event=ended"):
        raise AssertionError("a loop was ended")


def both_daemons_read_their_command_line_alike(d):
    for program in ("mailweir-policyd", "mailweir-milter"):
        for words, status in (["-V"], 0), (["-x"], 2), (["-c"], 2), \
                (["more"], 2), (["-c", d.dir + "/none"], 1):
            ended = subprocess.run([os.path.join(BUILD, program), *words],
                                   capture_output=True, text=True)
            equal((program, words, ended.returncode),
                  (program, words, status))
            if program not in ended.stdout + ended.stderr and status != 1:
                raise AssertionError("%s says nothing" % program)


def a_bad_file_keeps_the_old_configuration(d):
    d.write_config(extra="nonsense = 1;")
    d.policyd.send_signal(signal.SIGHUP)
    until(lambda: d.logged("nonsense"), "the complaint")
    lane = Lane(d)
    equal(lane.ask("gate.lone", "[elsewhere.test]:25").split()[0], "TEMP")
    d.write_config(mode="observe", extra="")
    d.policyd.send_signal(signal.SIGHUP)
    until(lambda: lane.ask("gate.lone", "[elsewhere.test]:25") ==
          "NOTFOUND ", "observe mode")
    d.write_config(mode="enforce")
    d.policyd.send_signal(signal.SIGHUP)
    until(lambda: lane.ask("gate.lone", "[elsewhere.test]:25") !=
          "NOTFOUND ", "enforce mode")
    lane.close()


def kill_redis(d):
    d.redis_server.kill()
    d.redis_server.wait()
    until(lambda: d.logged("redis: state=unreachable"), "a word about it")


def grants_outlive(d, ends):
    """Two are granted, and two there are: no more, no less."""
    ends(d)
    until(lambda: listens(d), "the socket")
    lanes = [Lane(d) for _ in range(3)]
    for lane in lanes[:2]:
        until(lambda: lane.gate("filter") == "OK encrypt", "a slot")
    for _ in range(3):
        equal(lanes[2].gate("filter").split()[0], "TEMP")
    for lane in lanes[:2]:
        equal(lane.outcome(OK), "NOTFOUND ")
    until(lambda: lanes[2].gate("filter") == "OK encrypt", "one of them")
    equal(lanes[2].outcome(OK), "NOTFOUND ")
    for lane in lanes:
        lane.close()


def is_told(d):
    """What policyd knows now is written down before its next report."""
    row = d.row("filter")
    until(lambda: d.row("filter") != row, "a report")


def without_redis_grants_outlive_a_loop(d):
    until(lambda: d.granted("filter") == 2, "the grants")
    is_told(d)
    kill_redis(d)
    grants_outlive(d, kill_loop)
    grants_outlive(d, kill_loop)


def without_redis_grants_outlive_a_restart(d):
    grants_outlive(d, restart)


def without_redis_grants_outlive_the_parent(d):
    grants_outlive(d, kill_parent)


def without_redis_connections_outlive_a_loop(d):
    connections_outlive_a_loop(d)


def another_host_and_a_hold(d):
    d.redis("HSET", "mailweir:hosts", "mx2",
            "%d 1 digest enforce" % (time.time() * 1000))
    d.say("dest:{lone}", state="hold", by="test", reason="test")


def without_redis_holds_and_shares_outlive_a_loop(d):
    lane = Lane(d)
    until(lambda: lane.gate("lone", "lone") == "TEMP forced", "the hold")
    lane.close()
    until(lambda: d.logged("host-seen"), "who is there")
    is_told(d)
    kill_redis(d)
    kill_loop(d)
    lane = Lane(d)
    equal(lane.gate("lone", "lone"), "TEMP forced")
    lane.close()
    smtpds = [Smtpd(d) for _ in range(2)]
    answers = [s.ask(port=i + 1) for i, s in enumerate(smtpds)]
    equal([a.split()[0] for a in answers], ["DUNNO", "451"])
    for smtpd in smtpds:
        smtpd.close()


def it_goes_on_without_redis(d):
    kill_redis(d)
    lane = Lane(d)
    equal(lane.gate("lone", "lone"), "NOTFOUND ")
    equal(lane.outcome(OK, "lone"), "NOTFOUND ")
    lane.close()
    before = d.counter("lone", "delivered")
    smtpds = [Smtpd(d) for _ in range(3)]
    answers = [s.ask(port=i + 1) for i, s in enumerate(smtpds)]
    equal([a.split()[0] for a in answers], ["DUNNO", "DUNNO", "451"])
    os.unlink(d.dir + "/redis.sock")
    d.start_redis()
    until(lambda: d.counter("lone", "delivered") > before,
          "what was counted meanwhile")
    until(lambda: d.granted("lone") == 1, "the grants")
    # Redis hears who is in before it is asked for more.
    equal(smtpds[2].ask(port=4).split()[0], "451")
    equal(d.leases("contoso"), 2)
    for smtpd in smtpds:
        smtpd.close()
    until(lambda: d.leases("contoso") == 0, "all to be given back")


class Milter(Smtpd):
    """What it says to policyd, that is."""

    def beat(self):
        self.socket.sendall(b"request=mailweir_milter\n\n")
        equal(self.read(), "DUNNO")


def a_session(d, port):
    """How many leases there are while it has a recipient, if but for this
    session there are none."""
    with contextlib.closing(Smtpd(d)) as smtpd:
        equal(smtpd.ask(port=port), "DUNNO")
        during = d.leases("contoso")
        equal(smtpd.ask("END-OF-MESSAGE", port=port), "DUNNO")
        until(lambda: d.leases("contoso") == 0, "all to be given back")
    return during


def a_milter_that_is_there_takes_the_leases(d):
    equal(a_session(d, 1), 1)
    milter, ports = Milter(d), itertools.count(100)
    with contextlib.closing(Smtpd(d)) as old:
        equal(old.ask(port=2, instance="2"), "DUNNO")
        old.ask("END-OF-MESSAGE", port=2, instance="2")
        until(lambda: d.leases("contoso") == 0, "the lease of the first message")
        until(lambda: milter.beat() or a_session(d, next(ports)) == 0,
              "the milter's turn")
        # Who was there before the milter may be without one to his end.
        equal(old.ask(port=2, instance="3"), "DUNNO")
        equal(d.leases("contoso"), 1)
    until(lambda: d.leases("contoso") == 0, "it to be given back")
    milter.beat()
    smtpds = [Smtpd(d) for _ in range(4)]
    for smtpd in smtpds:
        equal(smtpd.ask(port=next(ports)), "DUNNO")
    equal(d.leases("contoso"), 0)
    milter.close()
    until(lambda: a_session(d, next(ports)) == 1, "policyd's turn")
    answers = [smtpd.ask(port=next(ports)) for smtpd in smtpds]
    equal([a.split()[0] for a in answers], ["DUNNO", "DUNNO", "451", "451"])
    for smtpd in smtpds:
        smtpd.close()
    until(lambda: d.leases("contoso") == 0, "all to be given back")


def a_milter_that_is_silent_is_away(d):
    milter, ports = Milter(d), itertools.count(200)
    until(lambda: milter.beat() or a_session(d, next(ports)) == 0,
          "the milter's turn")
    until(lambda: a_session(d, next(ports)) == 1, "policyd's turn")
    milter.close()


def another_user_is_no_milter(d):
    """He would take the caps away."""
    if os.geteuid() != 0:
        return
    os.chmod(d.dir, 0o711)
    os.chmod(d.dir + "/policy", 0o666)
    code = "import os, socket, sys; os.setuid(65534); " \
        "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); " \
        "s.sendall(b'request=mailweir_milter\\n\\n'); " \
        "sys.exit(len(s.recv(100)))"
    equal(subprocess.run([sys.executable, "-c", code, d.dir + "/policy"],
                         check=False).returncode, 0)


def it_recovers_by_itself(d):
    lane = Lane(d)
    for _ in range(3):
        equal(lane.gate("filter"), "OK encrypt")
        equal(lane.gate("second"), "NOTFOUND ")
        equal(lane.outcome(OK), "NOTFOUND ")
    until(lambda: d.state("filter") == "open", "open")

    def deliver():
        if lane.gate("filter") != "OK encrypt":
            lane.gate("second")
        lane.outcome(OK)
        return d.state("filter") == "closed"
    until(deliver, "closed")
    events = d.redis("XRANGE", "mailweir:events", "-", "+")
    for state in ("open", "half-open", "ramp", "closed"):
        if state not in events:
            raise AssertionError("no event says " + state)


def observing_changes_nothing(d):
    lane = Lane(d)
    for _ in range(3):
        lane.gate("filter")
        lane.gate("second")
        lane.outcome(OK)
    until(lambda: d.state("filter") == "open", "open")
    time.sleep(0.3)
    equal(lane.gate("filter"), "OK encrypt")
    equal(lane.outcome(OK), "NOTFOUND ")
    until(lambda: d.counter("contoso", "would_refuse"), "would_refuse")
    smtpds = [Smtpd(d) for _ in range(3)]
    for i, smtpd in enumerate(smtpds):
        equal(smtpd.ask(port=i + 1), "DUNNO")
    until(lambda: d.counter("contoso", "would_defer"), "would_defer")
    equal(d.counter("contoso", "deferred"), 0)


OURS = "Mailweir: filter is not accepting mail, next try in 28s (incident 6f)"
SICK = ("host x[192.0.2.9] said: 451 4.3.2 Temporary server error (in reply "
        "to RCPT TO command)")
FULL = "host x[192.0.2.9] said: 452 4.2.2 mailbox full (in reply to RCPT TO)"


def waiting(name, age, to="a@contoso.test", why=OURS, queue="deferred"):
    """As postqueue -j says it."""
    return json.dumps({
        "queue_name": queue, "queue_id": name,
        "arrival_time": int(time.time()) - age, "message_size": 333,
        "forced_expire": False, "sender": "s@sender.test",
        "recipients": [{"address": address, "delay_reason": why}
                       for address in to.split()]}) + "\n"


def a_queue(d):
    """Held messages among others, and lines of all kinds."""
    d.write("queue", "".join([
        waiting("A3", 30), waiting("A1", 50), "{}\n[]\nnonsense\n\n",
        waiting("A2", 40, "a@contoso.test b@contoso.test c@other.test"),
        waiting("X1", 90, to="a@other.test"), waiting("X2", 90, why=FULL),
        waiting("X3", 90, queue="active"), waiting("X4", 90, queue="hold"),
        waiting("-X5", 90), waiting("X 6", 90), waiting("", 90),
        waiting("X7", 90, why=""), "x" * 200000 + "\n",
        waiting("X8", 90, " ".join("%d@contoso.test" % i
                                   for i in range(2000))),
        waiting("A4", 20, why=SICK), waiting("A5", 10, why="connect to "
                "x[192.0.2.9]:25: Connection refused"),
        '{"queue_name": 1, "queue_id": {}, "recipients": [3, {}]}\n',
        waiting("A6", 5, "a@lone.test")]))


def open_all(d):
    for upstream in ("filter", "second", "lone"):
        d.say("{%s}" % upstream, state="open", by="test", reason="test")
    a_queue(d)


def backlog(d, destination):
    """messages, expiring and oldest of this host, as the milter reads them."""
    row = d.redis("HGET", "mailweir:dest:{%s}:queue" % destination, "mx1")
    return row.split()[1:] if row else None


def what_was_held_goes_oldest_first(d):
    lane = Lane(d)
    until(lambda: lane.gate("filter") == "TEMP forced", "the gate to close")
    until(lambda: backlog(d, "contoso"), "a count of what waits")
    equal(backlog(d, "contoso")[:2], ["7", "0"])
    equal(backlog(d, "lone")[:2], ["1", "0"])
    equal((len(d.calls("j")), d.released()), (1, []))
    for upstream in ("filter", "second", "lone"):
        d.say("{%s}" % upstream)
    until(lambda: len(d.released()) == 6, "six messages")
    equal(d.released(), ["A1", "A2", "A3", "A4", "A5", "A6"])
    until(lambda: d.counter("contoso", "released") == 5, "their counter")
    until(lambda: d.counter("lone", "released") == 1, "of the other one")
    # 20 a second, jittered: 6 of them take a quarter of a second.
    times = [when for when, _ in d.calls("i")]
    if times[-1] - times[0] < 5 * 0.025:
        raise AssertionError("too fast: %r" % times)
    with open(d.dir + "/descriptors") as rows:
        open_ones = {row.split()[-3] for row in rows if "->" in row}
    if open_ones - {"0", "1", "2", "3"}:        # 3 is of ls
        raise AssertionError("it got descriptors: %r" % open_ones)


def nothing_goes_twice_and_nobody_looks_too_often(d):
    for _ in range(2):
        d.say("{lone}", state="open", by="test", reason="test")
        time.sleep(0.5)
        d.say("{lone}")
        time.sleep(0.5)
    if len(d.calls("j")) > 3:       # one of them to count
        raise AssertionError(d.calls("j"))
    equal(len(d.released()), 6)


def hold_all(d):
    for destination in ("contoso", "lone"):
        d.say("dest:{%s}" % destination, state="hold", by="test",
              reason="test")
    a_queue(d)


def a_hold_closes_gate_and_intake(d):
    lane, smtpd = Lane(d), Smtpd(d)
    until(lambda: lane.gate("filter") == "TEMP forced", "the hold")
    equal(lane.gate("second"), "TEMP forced")
    answer = lane.outcome(REFUSED)
    if not re.match(r"OK 4\.3\.2 Mailweir: contoso was paused by an operator,"
                    r" next try in \d+", answer):
        raise AssertionError(answer)
    equal(smtpd.ask(), "451 4.3.2 contoso is temporarily unavailable, "
          "please try again later")
    until(lambda: d.counter("contoso", "deferred_hold") == 1, "the counter")
    equal(d.released(), [])
    lane.close()
    smtpd.close()


def its_release_has_a_pace(d):
    d.say("dest:{contoso}", state="release", by="test", rate=2)
    lane = Lane(d)
    until(lambda: lane.gate("filter") == "OK encrypt", "the gate to open")
    until(lambda: len(d.released()) == 5, "five messages")
    equal(d.released(), ["A1", "A2", "A3", "A4", "A5"])
    times = [when for when, _ in d.calls("i")]
    if times[-1] - times[0] < 4 * 0.25:         # half of the mean each
        raise AssertionError("too fast: %r" % times)
    lane.close()


def hold_old_mail(d):
    """On hold, with mail in the queue that is 20 hours old and more; this
    Postfix keeps a message for a day."""
    d.write("postconf", "#!/bin/sh\n[ \"$*\" = 'with words -h "
            "maximal_queue_lifetime' ] && echo 1d\n", 0o755)
    d.say("dest:{contoso}", state="hold", by="test", reason="test")
    d.write("queue", "".join(
        [waiting("N%d" % i, 3600) for i in range(2)] +
        [waiting("E%d" % i, 72000 + i, "a@contoso.test b@contoso.test")
         for i in range(10)]))


def what_will_expire_is_told(d):
    until(lambda: backlog(d, "contoso"), "a count of what waits")
    equal(backlog(d, "contoso")[:2], ["12", "10"])
    age = time.time() - int(backlog(d, "contoso")[2]) / 1000
    if not 72009 <= age < 72100:
        raise AssertionError("the oldest is %d s old" % age)
    until(lambda: d.logged("messages=10 "), "a word in the log")
    events = [e for e in d.events() if e["event"] == "expiring"]
    equal([(e["destination"], e["messages"], e["sample"], e["host"])
           for e in events],
          [("contoso", "10", "E0 E1 E2 E3 E4 E5 E6 E7", "mx1")])


def submission_is_taken_until_the_queue_is_full(d):
    """hold.queue_limit is 14; without a milter, policyd counts by itself."""
    smtpd = Smtpd(d)
    for i in range(2):
        equal(smtpd.ask("RCPT", instance="i%d" % i, sasl_username="u"),
              "DUNNO")
        equal(smtpd.ask("END-OF-MESSAGE", instance="i%d" % i,
                        sasl_username="u"), "DUNNO")
    equal(smtpd.ask("RCPT", instance="i3", sasl_username="u"),
          "451 4.3.2 contoso is temporarily unavailable, please try again "
          "later")
    until(lambda: d.logged("reason=queue-full"), "the reason in the log")
    until(lambda: d.counter("contoso", "deferred_hold") == 1, "the counter")
    until(lambda: d.counter("contoso", "accepted") == 2, "and the other one")
    smtpd.close()


def lines_about_a_message_name_it(d):
    """By what Postfix calls it, as far as we are told, and by its trouble."""
    begun, refused, lane = Smtpd(d), Smtpd(d), Lane(d)
    equal(begun.ask(recipient="a@lone.test", instance="7.1"), "DUNNO")
    for _ in range(3):
        lane.gate("lone", "lone")
        lane.outcome(BUSY, "lone")
    until(lambda: lane.gate("lone", "lone") == "TEMP open", "the opening")
    lane.outcome(REFUSED, "lone")
    refused.ask(recipient="a@lone.test", instance="7.2", port=2)
    begun.ask("END-OF-MESSAGE", recipient="", instance="7.1",
              queue_id="4F1A2B")
    lane.gate("elsewhere", "lone")
    incident = d.redis("HGET", "mailweir:upstream:{lone}", "incident")
    for line in (
            "held: destination=lone upstream=lone reason=open smtp=%d "
            "incident=%s" % (os.getpid(), incident),
            "deferred: destination=lone upstream=lone reason=on-hold "
            "client=192.0.2.1 instance=7.2 incident=" + incident,
            "deferred: destination=lone upstream=lone reason=late "
            "client=192.0.2.1 instance=7.1 queue_id=4F1A2B incident=" +
            incident,
            "unknown-nexthop: destination=lone nexthop=[elsewhere.test]:25 "
            "smtp=%d" % os.getpid()):
        until(lambda line=line: d.logged(line + "\n"), line)
    for peer in (begun, refused, lane):
        peer.close()


def refuse_to_list(d):
    d.write("says", "postqueue: fatal: mail system is down\n")
    d.write("end", "#!/bin/sh\nexit 69\n", 0o755)


def a_failure_is_told_once(d):
    until(lambda: d.logged("mail system is down"), "a word about it")
    d.say("dest:{lone}", state="release", by="test")
    time.sleep(1)
    equal(d.released(), [])
    equal(len(d.calls("j")), 1)


def hang(d):
    a_queue(d)
    d.write("end", "#!/bin/sh\necho $$ >%s/pid\nexec sleep 1000\n" % d.dir,
            0o755)


def a_hanging_one_holds_nobody_up(d):
    def pid():
        try:
            with open(d.dir + "/pid") as file:
                return int(file.read() or 0)
        except OSError:
            return 0
    until(pid, "postqueue")
    until(lambda: d.granted("filter") > 0, "the first grant")
    lane = Lane(d)
    equal(lane.gate("filter"), "OK encrypt")
    equal(lane.outcome(OK), "NOTFOUND ")
    lane.close()
    d.policyd.terminate()
    d.policyd.wait(PATIENCE)
    until(lambda: not os.path.exists("/proc/%d" % pid()), "its end")


def observing_releases_nothing(d):
    time.sleep(1)
    equal(d.released(), [])


GROUPS = [
    ({}, [a_fresh_upstream_shows_its_state, grants_carry_the_tls_policy, an_unfiltered_route_is_refused,
          unknown_next_hops_and_maps_are_refused,
          a_full_upstream_spills_to_the_next, who_waits_gets_the_next_slot,
          a_long_wait_is_deferred_with_4_3_2,
          a_dead_lane_gives_its_slot_back, a_burst_counts_once,
          the_cap_holds_and_is_given_back,
          a_place_goes_to_the_next_session, strangers_get_no_say,
          bad_peers_are_closed_and_others_served,
          idle_and_half_asked_ones_hurt_nobody, byte_by_byte_is_served,
          what_is_sent_ahead_is_answered,
          who_takes_no_answers_is_read_no_further,
          a_late_loop_is_told,
          a_dead_loop_is_restarted, a_hanging_loop_is_replaced,
          connections_outlive_a_loop,
          a_bad_file_keeps_the_old_configuration,
          a_silent_upstream_is_judged_while_it_is_silent]),
    ({}, [connections_outlive_a_restart, connections_outlive_the_parent]),
    ({}, [trouble_opens_and_the_status_says_so]),
    ({}, [lines_about_a_message_name_it]),
    ({"open_for": "1s"}, [it_recovers_by_itself]),
    ({}, [it_goes_on_without_redis]),
    ({"milter": "unix:/nowhere/milter"},
     [a_milter_that_is_there_takes_the_leases,
      a_milter_that_is_silent_is_away, another_user_is_no_milter]),
    ({"mode": "observe", "before": a_queue},
     [observing_changes_nothing, observing_releases_nothing]),
    ({"template": TOUCHY}, [what_made_it_worse_is_taken_back]),
    ({"template": PATIENT}, [mail_with_another_way_shuns_silence]),
    ({"before": open_all}, [what_was_held_goes_oldest_first,
                            nothing_goes_twice_and_nobody_looks_too_often]),
    ({"before": hold_all}, [a_hold_closes_gate_and_intake,
                            its_release_has_a_pace]),
    ({"before": hold_old_mail, "extra": "hold = { queue_limit = 14; };"},
     [what_will_expire_is_told, submission_is_taken_until_the_queue_is_full]),
    ({"before": refuse_to_list}, [a_failure_is_told_once]),
    ({"before": hang}, [a_hanging_one_holds_nobody_up]),
    ({}, [a_loop_that_dies_at_its_end_is_told]),
    ({}, [both_daemons_read_their_command_line_alike,
          an_order_to_reload_ends_no_loop_that_starts,
          a_loop_that_ends_well_is_no_news]),
]


def run(daemons, test):
    """(passed, its line of TAP but for the number, notes); a test may return
    why it was skipped."""
    name = test.__name__.replace("_", " ")
    try:
        skipped = test(daemons)
        return True, name + (" # SKIP " + skipped if skipped else ""), []
    except Exception as error:
        daemons.log.flush()
        with open(daemons.log.name) as log:
            return False, name, ["%s: %s" % (type(error).__name__, error),
                                 *log.read().splitlines()[-20:]]


def run_group(settings, tests, make):
    daemons = make(**settings)
    try:
        return [run(daemons, test) for test in tests]
    finally:
        daemons.end()


def main(groups, make=Daemons, at_once=3):
    """Each group on daemons of its own: their settings, and the tests. They
    mostly wait, so some groups run at once; one at a time in the main thread,
    so that they may fork."""
    number = failed = 0
    print("1..%d" % sum(len(tests) for _, tests in groups), flush=True)
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        each = pool.map if at_once > 1 else map
        for group in each(lambda g: run_group(*g, make), groups):
            for passed, line, notes in group:
                number += 1
                failed += not passed
                print("%sok %d - %s" % ("" if passed else "not ", number,
                                        line), flush=True)
                for note in notes:
                    print("# " + note, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(GROUPS))
