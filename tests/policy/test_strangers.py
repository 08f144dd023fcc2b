#!/usr/bin/env python3
"""What strangers can do to the daemons: make them remember, fall over, write
without end, say what they should not, or be unfair to others.

Real daemons, real redis-server, no Postfix. Speaks TAP; SEED is what random
input is made from."""

import glob
import multiprocessing
import os
import random
import re
import select
import socket
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from test_policyd import (BAD_FRAMES, BUILD, OK, SOURCE, Lane, Peer, Smtpd,
                          equal, main, until)

SEED = int(os.environ.get("SEED", "1"))
QUICK = os.environ.get("MW_TESTS") == "quick"
DOMAINS = 100000 if QUICK else 1000000  # of recipients, of no destination
CAUGHT = 20000              # of them, towards a catch-all
AT_ONCE = 200               # questions that are sent ahead
FRAMES = 2000 if QUICK else 10000       # malformed ones, all sockets together
PATIENT = 20                # others' p99 may be so many times what it was, ...
NOTICEABLE = 0.05           # ... or this, in seconds, whatever it was
POOL = 1                    # the milter's connection to Redis, store/pool
GROWTH = 2048               # KiB that a process may grow, for its buffers
LINES_AT_ONCE, LINES_A_SECOND = 20, 5       # base/log.h, of one event
NOBODY = 65534
KEY = re.compile(r"mailweir:(hosts|events|dest:\{(contoso|rest)\}(:leases)?|"
                 r"upstream:\{(filter|lone)\}(:slots|:window)?)")

CONFIG = """
mode = "{mode}";
host = "mx1";
store = {{ redis = "unix:{dir}/redis.sock"; timeout = "200ms"; }};
listen = {{ policy = "unix:{dir}/s/policy"; map = "unix:{dir}/s/map"; milter = "{milter}"; }};
rules_file = "{source}/conf/outcomes.rules";
release = {{ command = ""; }};
breaker = {{ open_for = "{open_for}"; }};
upstreams = {{
  filter = {{ nexthop = "[filter.test]:25"; connections = 4; }};
  lone = {{ nexthop = "[lone.test]:25"; connections = 4; }};
}};
destinations = {{
  contoso = {{ domains = [ "contoso.test" ]; cap = 2;
    routes = ( {{ upstream = "filter"; }} ); }};
  rest = {{ {rest}; cap = 100; routes = ( {{ upstream = "lone"; }} ); }};
}};
{extra}
"""


def make_sockets(d):
    """Their folder, as README.md tells an administrator to make it."""
    if "with_milter" in d.settings:
        d.write_config(milter="unix:%s/s/milter" % d.dir)
    os.chmod(d.dir, 0o755)
    os.mkdir(d.dir + "/s")
    if os.geteuid() == 0:
        os.chown(d.dir + "/s", 0, NOBODY)
    os.chmod(d.dir + "/s", 0o2750)


class Asker(Smtpd):
    def __init__(self, d):
        Peer.__init__(self, d, "s/policy")


class Deliverer(Lane):
    def __init__(self, d):
        Peer.__init__(self, d, "s/map")


def kib(pid):
    with open("/proc/%d/status" % pid) as status:
        return int(re.search(r"VmRSS:\s*(\d+) kB", status.read()).group(1))


def check_growth(pid, before, what):
    """A sanitizer keeps what was freed, and shows nothing of this kind."""
    grown = kib(pid) - before
    print("# %s: %d KiB more" % (what, grown))
    with open("/proc/%d/exe" % pid, "rb") as program:
        if re.search(b"__[at]san_init", program.read()):
            return
    if grown > GROWTH:
        raise AssertionError("it grew by %d KiB" % grown)


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def names_in_redis(d):
    """Every key, and every field of those that have some."""
    names = set()
    for key in d.redis("KEYS", "*").split():
        names.add(key)
        if d.redis("TYPE", key) == "hash" and not key.endswith(":window"):
            names |= {"%s %s" % (key, field)
                      for field in d.redis("HKEYS", key).split()}
    return names


def question(recipient, **fields):
    lines = {"request": "smtpd_access_policy", "protocol_state": "RCPT",
             "client_address": "192.0.2.1", "client_port": "1000",
             "server_port": "25", "instance": "1", "recipient": recipient}
    lines.update(fields)
    return b"".join(b"%s=%s\n" % (name.encode(), value if isinstance(
        value, bytes) else str(value).encode())
        for name, value in lines.items()) + b"\n"


def pour(peer, recipients):
    """Ask of many, AT_ONCE at a time; the kinds of answers."""
    kinds = set()
    recipients = iter(recipients)
    while True:
        batch = [question(r) for r, _ in zip(recipients, range(AT_ONCE))]
        if not batch:
            return kinds
        peer.socket.sendall(b"".join(batch))
        data = b""
        while data.count(b"\n\n") < len(batch):
            part = peer.socket.recv(1 << 16)
            if not part:
                raise EOFError
            data += part
        kinds |= set(data.split(b"\n\n"))


def random_domains(dice, count):
    for _ in range(count):
        yield "a@%012x.%s" % (dice.getrandbits(48), dice.choice(
            ("example", "test", "xn--bcher-kva.test", "[192.0.2.1]")))


def domains_of_strangers_leave_nothing_behind(d):
    dice = random.Random(SEED)
    peer, child = Asker(d), d.child()
    equal(pour(peer, random_domains(dice, DOMAINS // 10)),
          {b"action=DUNNO", b""})
    until(lambda: d.redis("HGET", "mailweir:hosts", "mx1"), "a heartbeat")
    before, size, keys = kib(child), d.redis("DBSIZE"), names_in_redis(d)
    equal(pour(peer, random_domains(dice, DOMAINS)), {b"action=DUNNO", b""})
    check_growth(child, before, "%d domains" % DOMAINS)
    equal((d.redis("DBSIZE"), sorted(names_in_redis(d) - keys)), (size, []))
    equal(d.child(), child)
    peer.close()


def a_catch_all_remembers_no_domain(d):
    """Its lease has a key: one transaction, one member, no domain."""
    dice = random.Random(SEED)
    peer, child = Asker(d), d.child()
    pour(peer, random_domains(dice, CAUGHT // 4))
    before, names = kib(child), names_in_redis(d)
    pour(peer, random_domains(dice, CAUGHT))
    check_growth(child, before, "%d domains" % CAUGHT)
    equal(names_in_redis(d) - names, set())
    equal(d.redis("ZRANGE", "mailweir:dest:{rest}:leases", "0", "-1"),
          "mx1/192.0.2.1:1000/25")
    peer.close()


def spoil(dice, frame):
    """A frame that was good until a stranger had it."""
    frame = bytearray(frame)
    for _ in range(dice.randrange(1, 4)):
        at_byte = dice.randrange(len(frame) + 1)
        how = dice.randrange(5)
        if how == 0:
            frame[at_byte:at_byte + dice.randrange(9)] = b""
        elif how == 1:
            frame[at_byte:at_byte] = dice.randbytes(dice.randrange(1, 40))
        elif how == 2:
            frame[at_byte:at_byte] = b"9" * dice.randrange(1, 30)
        elif how == 3:
            frame[at_byte:at_byte] = b"\0\r\n\x1b["
        elif frame:
            frame[at_byte % len(frame)] ^= 1 << dice.randrange(8)
    return bytes(frame)


def netstring(payload):
    return b"%d:%s," % (len(payload), payload)


def packet(command, data=b""):
    return struct.pack(">I", len(data) + 1) + command + data


def milter_visit():
    """Without macros: libmilter (8.17) reads past the end of a list of them
    whose last name has no value. Postfix, which alone gets to the socket,
    sends pairs."""
    return (packet(b"O", struct.pack(">III", 6, 0x1ff, 0x1fffff)) +
            packet(b"C", b"client.test\x004\x9c\x40192.0.2.1\0") +
            packet(b"M", b"<s@sender.test>\0") +
            packet(b"R", b"<a@contoso.test>\0") + packet(b"E"))


def samples(socket_name):
    """Good frames, and those that were bad once."""
    good = {
        "policy": [question("a@contoso.test"), question("a@else.test")],
        "map": [netstring(b"gate.contoso [filter.test]:25"),
                netstring(b"outcome.contoso " + OK.encode())],
        "milter": [milter_visit()],
    }[socket_name]
    bad = [frame for name, frame in BAD_FRAMES if name == socket_name]
    folder = {"policy": "policy_request", "map": "netstring",
              "milter": "none"}[socket_name]
    for path in sorted(glob.glob(
            os.path.join(SOURCE, "tests/fuzz/corpus", folder, "*"))):
        with open(path, "rb") as file:
            bad.append(file.read())
    return good, bad


def throw(path, frame):
    """On a connection of its own, as anybody can; then vanish."""
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(5)
    try:
        peer.connect(path)
        peer.sendall(frame)
        peer.shutdown(socket.SHUT_WR)
        select.select([peer], [], [], 0.005)
    except OSError:
        pass                    # hung up on us: fine
    peer.close()


def throw_many(folder, names, count, malformed):
    dice = random.Random(SEED)
    for number in range(count):
        name = names[number % len(names)]
        good, bad = samples(name) if number < len(names) else \
            throw_many.known[name]
        throw_many.known[name] = good, bad
        frame = dice.choice(good)
        if malformed:
            frame = spoil(dice, dice.choice(bad + good))
        if name == "milter":
            frame = frame.replace(b"D", b"d")   # nor by chance
        throw(os.path.join(folder, name), frame)


throw_many.known = {}


def p99_meanwhile(ask, target, *args):
    """While another process does target: how long one question in a hundred
    takes at the least, and how many there were."""
    other = multiprocessing.get_context("fork").Process(target=target,
                                                        args=args)
    times = []
    other.start()
    while other.is_alive() or len(times) < 200:
        began = time.monotonic()
        ask()
        times.append(time.monotonic() - began)
        time.sleep(0.001)
    other.join()
    equal(other.exitcode, 0)
    return sorted(times)[len(times) * 99 // 100], len(times)


def others_do_not_notice(ask, folder, names, count):
    """Malformed frames, against as many good ones, so that it is not the
    connections that are measured."""
    good, _ = p99_meanwhile(ask, throw_many, folder, names, count, False)
    bad, n = p99_meanwhile(ask, throw_many, folder, names, count, True)
    print("# p99 of %d questions: %.2f ms, beside good ones %.2f ms" % (
        n, bad * 1000, good * 1000))
    if bad > max(PATIENT * good, NOTICEABLE):
        raise AssertionError("p99 rose from %.4f s to %.4f s" % (good, bad))


def malformed_frames_hurt_nobody(d):
    lane, smtpd, child = Deliverer(d), Asker(d), d.child()

    def ask():
        equal(lane.ask("gate.nowhere", "x").split()[0], "PERM")
        equal(smtpd.ask(recipient="a@nowhere.test"), "DUNNO")
    ask()
    fds = descriptors(child)
    began, lines = time.monotonic(), log_lines(d, ": connection:")
    others_do_not_notice(ask, d.dir + "/s", ("policy", "map"),
                         FRAMES * 8 // 10)
    equal(d.child(), child)
    until(lambda: descriptors(child) == fds, "the connections' end")
    for key in d.redis("KEYS", "*").split():
        if not KEY.fullmatch(key):
            raise AssertionError(key)
    check_log(d, ": connection:", lines, time.monotonic() - began)
    lane.close()
    smtpd.close()


class Milter:
    """One session as smtpd tells a milter of it; all of it is answered."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.say(packet(b"O", struct.pack(">III", 6, 0x1ff, 0x1fffff)))
        self.say(packet(b"C", b"client.test\x004\x9c\x40192.0.2.1\0"))

    def say(self, data):
        self.socket.sendall(data)
        length = struct.unpack(">I", self.read(4))[0]
        return self.read(length)

    def read(self, n):
        data = b""
        while len(data) < n:
            part = self.socket.recv(n - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def message_for(self, recipient):
        equal(self.say(packet(b"M", b"<s@sender.test>\0")), b"c")
        answer = self.say(packet(b"R", b"<%s>\0" % recipient.encode()))
        self.socket.sendall(packet(b"A"))
        return answer

    def close(self):
        self.socket.close()


def listens(path):
    """The name is there a moment before anybody listens."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def start_milter(d):
    d.milter = subprocess.Popen(
        [os.path.join(BUILD, "mailweir-milter"), "-c", d.config],
        stderr=d.log, env=dict(
            os.environ, TSAN_OPTIONS="suppressions=" + os.path.join(
                SOURCE, "tests/milter/tsan.supp")))
    d.processes.append(d.milter)
    until(lambda: listens(d.dir + "/s/milter"), "the milter")


def the_milter_remembers_no_domain(d):
    start_milter(d)
    dice = random.Random(SEED)
    session = Milter(d.dir + "/s/milter")
    for recipient in random_domains(dice, CAUGHT // 4):
        equal(session.message_for(recipient), b"c")
    before, names = kib(d.milter.pid), names_in_redis(d)
    for recipient in random_domains(dice, CAUGHT):
        equal(session.message_for(recipient), b"c")
    check_growth(d.milter.pid, before, "%d domains" % CAUGHT)
    session.close()
    equal(names_in_redis(d) - names, set())


def malformed_milter_frames_hurt_nobody(d):
    session = Milter(d.dir + "/s/milter")
    fds = descriptors(d.milter.pid)

    def ask():
        equal(session.message_for("a@nowhere.test"), b"c")
    others_do_not_notice(ask, d.dir + "/s", ("milter",), FRAMES * 2 // 10)
    equal(d.milter.poll(), None)
    until(lambda: descriptors(d.milter.pid) <= fds + POOL,
          "the connections' end")
    session.close()


def log_lines(d, event):
    d.log.flush()
    with open(d.log.name) as log:
        return sum(event in line for line in log)


def lines_of_log(d):
    return log_lines(d, "")


def held_to_a_rate(written, seconds):
    most = LINES_AT_ONCE + LINES_A_SECOND * (seconds + 1)
    if written > most:
        raise AssertionError("%d lines, %d at most" % (written, most))


def check_log(d, event, before, seconds):
    written = log_lines(d, event) - before
    print("# %d lines of %s in %.1f s" % (written, event, seconds))
    held_to_a_rate(written, seconds)
    if written == 0:
        raise AssertionError("no line")


def one_client_cannot_fill_the_log(d):
    smtpds = [Asker(d) for _ in range(3)]
    for port, smtpd in enumerate(smtpds[:2]):
        equal(smtpd.ask(port=port + 1), "DUNNO")
    began, lines = time.monotonic(), log_lines(d, ": deferred:")
    for number in range(2000):
        equal(smtpds[2].ask(port=3, instance=str(number))[:9], "451 4.3.2")
    check_log(d, ": deferred:", lines, time.monotonic() - began)
    until(lambda: d.counter("contoso", "deferred_cap") == 2000, "the count")
    for smtpd in smtpds:
        smtpd.close()
    until(lambda: d.leases("contoso") == 0, "the leases' end")


REFUSALS = [
    "5.1.1 host x[192.0.2.9] said: 550 5.1.1 <nobody@contoso.test>: User "
    "unknown (in reply to RCPT TO command)",
    "4.2.2 host x[192.0.2.9] said: 452 4.2.2 <full@contoso.test>: Mailbox "
    "full (in reply to RCPT TO command)",
    "4.7.1 host x[192.0.2.9] said: 451 4.7.1 <a@contoso.test>: Greylisted, "
    "please try again (in reply to RCPT TO command)",
    "4.2.1 host x[192.0.2.9] said: 450 4.2.1 The user you are trying to "
    "contact is receiving mail too quickly (in reply to RCPT TO command)",
]


def in_use(d, upstream):
    """Slots, by this host's last report."""
    row = d.redis("HGET", "mailweir:upstream:{%s}:slots" % upstream, "mx1")
    return int(row.split()[1])


def one_mailbox_cannot_open_a_breaker(d):
    """Nor keep a slot, nor fill the log."""
    lane = Deliverer(d)
    until(lambda: d.granted("filter") > 0, "slots")
    began, lines = time.monotonic(), lines_of_log(d)
    for text in REFUSALS:
        for _ in range(50):
            equal(lane.gate("filter"), "NOTFOUND ")
            equal(lane.outcome(text), "NOTFOUND ")
    time.sleep(0.5)             # for what would open it
    equal(d.state("filter"), "closed")
    equal(lane.gate("filter"), "NOTFOUND ")
    lane.close()
    until(lambda: in_use(d, "filter") == 0, "all slots' end")
    held_to_a_rate(lines_of_log(d) - lines, time.monotonic() - began)


def one_domain_among_others_cannot_open_a_breaker(d):
    """A third of an upstream's traffic, all of it in trouble."""
    sick = ("4.3.2 host x[192.0.2.9] said: 451 4.3.2 Temporary server error "
            "(in reply to RCPT TO command)")
    lane = Deliverer(d)
    until(lambda: d.granted("lone") > 0, "slots")
    for number in range(300):
        equal(lane.gate("lone", "rest"), "NOTFOUND ")
        equal(lane.outcome(sick if number % 3 == 0 else OK, "rest"),
              "NOTFOUND ")
    time.sleep(0.5)
    equal(d.state("lone"), "closed")
    lane.close()


def one_domain_starves_no_other(d):
    """It fills its own cap, and each who comes then is told so; for others
    there is room as before."""
    smtpds = [Asker(d) for _ in range(4)]
    for port, smtpd in enumerate(smtpds[:2]):
        equal(smtpd.ask(port=port + 1), "DUNNO")
    began, lines = time.monotonic(), log_lines(d, ": deferred:")
    for number in range(500):
        equal(smtpds[2].ask(port=3, instance="c%d" % number)[:9],
              "451 4.3.2")
        equal(smtpds[3].ask(port=4, instance="r%d" % number,
                            recipient="a@rest.test"), "DUNNO")
    check_log(d, ": deferred:", lines, time.monotonic() - began)
    for smtpd in smtpds:
        smtpd.close()
    until(lambda: d.leases("contoso") + d.leases("rest") == 0,
          "the leases' end")


def nasty(dice):
    return b"".join(dice.choice(
        (b"\r", b"\x1b[31m", b"\x7f", b"\xc3\xa4", b"%s%n", b'"', b"\x01",
         b"a", b"<", b">", b" ")) for _ in range(dice.randrange(1, 30)))


def answers_are_one_line_of_printable_text(d):
    dice = random.Random(SEED)
    held = [Asker(d) for _ in range(2)]
    for port, smtpd in enumerate(held):
        equal(smtpd.ask(port=port + 1), "DUNNO")
    peer, lane = Asker(d), Deliverer(d)
    for number in range(500):
        peer.socket.sendall(question(
            nasty(dice) + b"@contoso.test", helo_name=nasty(dice),
            sender=nasty(dice), sasl_username=nasty(dice),
            client_name=nasty(dice), instance=nasty(dice), client_port="9"))
        data = b""
        while not data.endswith(b"\n\n"):
            data += peer.socket.recv(4096)
        if not re.fullmatch(rb"action=[ -~]+\n\n", data):
            raise AssertionError(data)
        key = nasty(dice) if number % 2 else b"[%s]:25" % nasty(dice)
        for payload in (b"gate.contoso " + key, b"outcome.contoso 4.3.2 host "
                        + nasty(dice) + b" said: " + key):
            lane.socket.sendall(netstring(payload))
            answer = lane.read()
            if not re.fullmatch("[ -~]+", answer):
                raise AssertionError(answer)
    d.log.flush()
    with open(d.log.name, "rb") as log:
        for line in log:
            if not re.fullmatch(rb"[ -~]+\n", line):
                raise AssertionError(line)
    for peer in held + [peer, lane]:
        peer.close()


def reachable(path, groups):
    """Can a process of another user, in these groups, connect there?"""
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups(groups)
            os.setgid(NOBODY - 1)
            os.setuid(NOBODY - 1)
            with socket.socket(socket.AF_UNIX) as peer:
                peer.connect(path)
            os._exit(0)
        except PermissionError:
            os._exit(1)
        except BaseException:   # pylint: disable=broad-except
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def sockets_refuse_the_wrong_user(d):
    names = ("policy", "map", "milter")
    if os.geteuid() != 0:
        print("# not root: the sockets' modes alone are looked at")
    for name in names:
        path = "%s/s/%s" % (d.dir, name)
        equal((name, os.stat(path).st_mode & 0o777), (name, 0o660))
        if os.geteuid() == 0:
            equal((name, reachable(path, [])), (name, 1))
            equal((name, reachable(path, [NOBODY])), (name, 0))
    if os.geteuid() == 0:       # the mode alone is enough
        os.chmod(d.dir + "/s", 0o2755)
        for name in names:
            equal((name, reachable("%s/s/%s" % (d.dir, name), [])), (name, 1))


GROUPS = [
    ({"template": CONFIG, "rest": 'domains = [ "rest.test" ]'},
     [domains_of_strangers_leave_nothing_behind, malformed_frames_hurt_nobody]),
    ({"template": CONFIG, "rest": "catch_all = true",
      "with_milter": True},
     [a_catch_all_remembers_no_domain, the_milter_remembers_no_domain,
      malformed_milter_frames_hurt_nobody, sockets_refuse_the_wrong_user]),
    ({"template": CONFIG, "rest": 'domains = [ "rest.test" ]'},
     [one_client_cannot_fill_the_log, one_domain_starves_no_other,
      answers_are_one_line_of_printable_text,
      one_mailbox_cannot_open_a_breaker,
      one_domain_among_others_cannot_open_a_breaker]),
]

if __name__ == "__main__":
    for settings, _ in GROUPS:
        settings["before"] = make_sockets
    sys.exit(main(GROUPS, at_once=1))
