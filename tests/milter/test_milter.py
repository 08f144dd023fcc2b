#!/usr/bin/env python3
"""mailweir-milter at its socket: what Postfix would send, and bad peers.

Real milter, real redis-server, no Postfix. Speaks TAP."""

import concurrent.futures
import os
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
SOURCE = os.path.abspath(os.environ.get("top_srcdir", "."))
SUPPRESSIONS = os.path.join(SOURCE, "tests/milter/tsan.supp")
PATIENCE = 20       # seconds until something that should happen has not
TIMEOUT = 0.4       # store.timeout
TTL = 5             # lease.ttl
AT_ONCE = 4         # tests

CONFIG = """
mode = "{mode}";
host = "mx1";
store = {{ redis = "unix:{dir}/redis.sock"; timeout = "400ms"; }};
listen = {{ policy = ""; map = ""; milter = "unix:{dir}/milter"; }};
rules_file = "{source}/conf/outcomes.rules";
lease = {{ ttl = "5s"; }};
submission = {{ networks = [ "198.51.100.0/24" ]; }};
upstreams = {{
  filter = {{ nexthop = "[filter.test]:25"; }};
  lone = {{ nexthop = "[lone.test]:25"; }};
}};
destinations = {{
  contoso = {{ domains = [ "contoso.test" ]; cap = 2;
    routes = ( {{ upstream = "filter"; }} ); }};
  {name} = {{ catch_all = true; routes = ( {{ upstream = "lone"; }} ); }};
}};
"""

CAP = "451 4.3.2 contoso is at capacity, please try again later"
HOLD = "451 4.3.2 contoso is temporarily unavailable, please try again later"
CLOSING = "421 4.3.2 Service not available, closing transmission channel"

# libmilter/mfdef.h
NOCONNECT, NOHELO, NOMAIL, NOBODY, NOHDRS, NOEOH = 0x1, 0x2, 0x4, 0x10, 0x20, \
    0x40
NOUNKNOWN, NODATA, RCPT_REJ = 0x100, 0x200, 0x800


class Daemons:
    """A private redis-server and a milter, ended by pid whatever happens."""

    def __init__(self, **settings):
        self.dir = tempfile.mkdtemp(prefix="mw-", dir="/tmp")
        self.settings = {"mode": "enforce", "dir": self.dir,
                         "source": SOURCE, "name": "rest"}
        self.settings.update(settings)
        self.processes = []
        self.clients = []
        self.config = os.path.join(self.dir, "mailweir.conf")
        self.socket = os.path.join(self.dir, "milter")
        self.log = open(os.path.join(self.dir, "log"), "w+")
        self.write_config()

    def start(self):
        self.start_redis()
        self.start_milter()

    def run(self, *command, **kwargs):
        """A process that dies with us, come what may."""
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL",
                                    *command], **kwargs)
        self.processes.append(process)
        return process

    def write_config(self, **settings):
        self.settings.update(settings)
        with open(self.config, "w") as out:
            out.write(CONFIG.format(**self.settings))

    def start_redis(self):
        self.redis_server = self.run(
            "redis-server", "--port", "0", "--unixsocket",
            self.dir + "/redis.sock", "--save", "", "--dir", self.dir,
            stdout=subprocess.DEVNULL)
        until(lambda: self.redis("PING") == "PONG", "redis-server")

    def start_milter(self):
        seen = self.times_logged("started")
        self.milter = self.run(
            os.path.join(BUILD, "mailweir-milter"), "-c", self.config,
            stderr=self.log, env=dict(
                os.environ, TSAN_OPTIONS="suppressions=" + SUPPRESSIONS))
        until(lambda: self.times_logged("started") > seen, "the milter")

    def redis(self, *words):
        answer = subprocess.run(
            ["redis-cli", "-s", self.dir + "/redis.sock", *words],
            capture_output=True, text=True)
        return answer.stdout.strip() if answer.returncode == 0 else ""

    def counter(self, destination, name):
        return int(self.redis("HGET", "mailweir:dest:{%s}" % destination,
                              name) or 0)

    def counts(self, destination, name, value):
        """Does the counter come to this value?"""
        until(lambda: self.counter(destination, name) == value,
              "%s %s = %d" % (destination, name, value))

    def leases(self, destination="contoso"):
        return self.redis("ZRANGE", "mailweir:dest:{%s}:leases" %
                          destination, "0", "-1").split()

    def override(self, upstream, state):
        self.redis("HSET", "mailweir:override:{%s}" % upstream,
                   "state", state, "by", "test", "reason", "test", "until",
                   str(int((time.time() + 60) * 1000)))

    def release(self, upstream):
        self.redis("DEL", "mailweir:override:{%s}" % upstream)

    def times_logged(self, text):
        with open(self.log.name) as log:
            return log.read().count(text)

    def client(self, *args, **kwargs):
        client = Client(self.socket)
        self.clients.append(client)
        client.negotiate()
        client.connect(*args, **kwargs)
        return client

    def end(self):
        for client in self.clients:
            client.close()
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


class Client:
    """One SMTP session as Postfix's smtpd tells a milter of it."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.under_way = False      # a transaction

    def close(self):
        self.socket.close()

    def send(self, command, data=b""):
        self.socket.sendall(struct.pack(">I", len(data) + 1) + command + data)

    def read(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def answer(self):
        """"continue", or the reply that the client would get."""
        length, = struct.unpack(">I", self.read(4))
        packet = self.read(length)
        if packet == b"c":
            return "continue"
        if packet[:1] == b"y":
            return packet[1:].rstrip(b"\0").decode()
        return repr(packet)

    def ask(self, command, *texts):
        self.send(command, b"".join(t.encode() + b"\0" for t in texts))
        return self.answer()

    def macros(self, stage, **values):
        self.send(b"D", stage + b"".join(
            b"{%s}\0%s\0" % (name.encode(), value.encode())
            for name, value in values.items()))

    def negotiate(self):
        self.send(b"O", struct.pack(">III", 6, 0x1ff, 0x1fffff))
        length, = struct.unpack(">I", self.read(4))
        packet = self.read(length)
        assert packet[:1] == b"O", packet
        self.actions, self.steps = struct.unpack(">II", packet[5:13])
        self.wanted = packet[13:]

    def connect(self, address="192.0.2.1", port=40000, server_port="25"):
        """What Postfix says of the client when it tells of a recipient: it
        was asked to leave out the connection and the sender."""
        self.about = {"client_addr": address, "client_port": str(port),
                      "daemon_port": server_port}

    def mail(self, **macros):
        """Postfix lets nobody begin another transaction in one."""
        if self.under_way:
            self.abort()
        self.sender = macros
        return self

    def rcpt(self, address="a@contoso.test", rcpt_mailer="smtp"):
        self.under_way = True
        self.macros(b"R", rcpt_mailer=rcpt_mailer, **self.about,
                    **self.sender)
        return self.ask(b"R", "<%s>" % address)

    def end_of_message(self, **macros):
        self.under_way = False
        self.macros(b"E", **macros)
        return self.ask(b"E")

    def abort(self):
        self.under_way = False
        self.send(b"A")

    def quit(self):
        self.send(b"Q")
        self.close()


def until(condition, what, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.02)


def equal(is_, should):
    assert is_ == should, "%r is not %r" % (is_, should)


def took(action):
    start = time.monotonic()
    action()
    return time.monotonic() - start


# Each test gets daemons; TESTS at the end names them.

def negotiates_only_what_it_needs(d):
    c = d.client()
    equal(c.steps, NOCONNECT | NOHELO | NOMAIL | NODATA | NOUNKNOWN | NOHDRS |
          NOEOH | NOBODY | RCPT_REJ)
    for name in (b"{client_addr}", b"{client_port}", b"{daemon_port}",
                 b"{auth_authen}", b"{rcpt_mailer}"):
        assert name in c.wanted, name


def holds_a_lease_from_rcpt_to_end_of_message(d):
    c = d.client().mail()
    equal(d.leases(), [])
    equal(c.rcpt(), "continue")
    equal(c.rcpt("b@contoso.test"), "continue")
    equal(d.leases(), ["mx1/192.0.2.1:40000/25"])
    equal(c.end_of_message(), "continue")
    until(lambda: d.leases() == [], "the lease to be given back")
    d.counts("contoso", "accepted", 1)
    c.mail()
    equal(c.rcpt(), "continue")
    equal(c.end_of_message(), "continue")
    d.counts("contoso", "accepted", 2)
    equal(d.counter("rest", "accepted"), 0)


def without_macros_there_is_no_lease(d):
    c = d.client().mail()
    equal(c.ask(b"R", "<a@contoso.test>"), "continue")
    equal(d.leases(), [])
    equal(c.end_of_message(), "continue")
    d.counts("contoso", "accepted", 1)


def each_transaction_says_whose_it_is(d):
    c = d.client("2001:db8::1", 1234).mail()
    equal(c.rcpt(), "continue")
    equal(d.leases(), ["mx1/2001:db8::1:1234/25"])
    equal(c.end_of_message(), "continue")
    c.connect("192.0.2.9", 5)       # as XCLIENT makes it
    equal(c.mail().rcpt(), "continue")
    until(lambda: d.leases() == ["mx1/192.0.2.9:5/25"], "the other name")
    c.quit()
    until(lambda: d.leases() == [], "the lease to be given back")


def defers_a_recipient_at_the_cap(d):
    first = d.client(port=1).mail()
    second = d.client(port=2).mail()
    third = d.client(port=3).mail()
    equal(first.rcpt(), "continue")
    equal(second.rcpt(), "continue")
    equal(third.rcpt(), CAP)
    equal(third.rcpt("a@elsewhere.test"), "continue")
    equal(third.end_of_message(), "continue")
    equal(len(d.leases()), 2)
    d.counts("contoso", "deferred_cap", 1)
    equal(d.counter("contoso", "deferred"), 1)
    d.counts("rest", "accepted", 1)
    equal(first.end_of_message(), "continue")
    equal(third.mail().rcpt(), "continue")


def gives_back_whichever_way_it_ends(d):
    c = d.client().mail()
    for end in (c.abort, c.abort, c.quit):
        c.mail() if end is c.abort else None
        equal(c.rcpt(), "continue") if end is c.abort else None
        end()
        until(lambda: d.leases() == [], "the lease to be given back")
    for end in ("quit", "close"):
        c = d.client().mail()
        equal(c.rcpt(), "continue")
        equal(c.rcpt("a@elsewhere.test"), "continue")
        equal(len(d.leases("rest")), 1)
        getattr(c, end)()
        until(lambda: d.leases() == [] and d.leases("rest") == [],
              "the leases to be given back")
    d.counts("contoso", "accepted", 0)


def survives_peers_that_say_nothing_or_nonsense(d):
    Client(d.socket).close()
    for junk in (b"", b"\0", b"\0\0\0\1Q", b"\xff" * 64, b"GET / HTTP/1.0\r\n",
                 b"\0\0\0\1A\0\0\0\1E\0\0\0\1Q"):
        c = Client(d.socket)
        c.socket.sendall(junk)
        c.close()
    equal(d.client().mail().rcpt(), "continue")
    equal(d.milter.poll(), None)


def frees_what_policyd_took_for_a_rejected_recipient(d):
    d.redis("ZADD", "mailweir:dest:{contoso}:leases", "9999999999999",
            "mx1/192.0.2.1:40000/25")
    c = d.client().mail()
    equal(c.rcpt(rcpt_mailer="error"), "continue")
    equal(len(d.leases()), 1)
    c.abort()
    until(lambda: d.leases() == [], "the lease to be given back")
    d.counts("contoso", "deferred", 0)


def on_hold_defers_others_and_takes_submission(d):
    d.override("filter", "open")
    stranger = d.client(port=1)
    until(lambda: stranger.mail().rcpt() == HOLD, "hold")
    equal(stranger.rcpt("a@elsewhere.test"), "continue")
    equal(stranger.end_of_message(), "continue")
    assert d.counter("contoso", "accepted") == 0
    equal(d.client("198.51.100.7", 2).mail().rcpt(), "continue")
    equal(d.client(port=3).mail(auth_authen="alice").rcpt(), "continue")
    equal(d.client("127.0.0.1", 0).mail().rcpt(), "continue")
    equal(sorted(d.leases()), ["mx1/192.0.2.1:3/25", "mx1/198.51.100.7:2/25"])
    d.release("filter")
    until(lambda: stranger.mail().rcpt() != HOLD, "release")


def all_on_hold_closes_the_channel(d):
    d.override("filter", "open")
    d.override("lone", "open")
    c = d.client()
    until(lambda: c.mail().rcpt() == CLOSING, "hold")
    equal(d.client("198.51.100.7", 2).mail().rcpt(), "continue")


def defers_the_message_when_it_turned_bad_meanwhile(d):
    c = d.client().mail()
    equal(c.rcpt(), "continue")
    equal(c.rcpt("a@elsewhere.test"), "continue")
    d.override("filter", "open")
    watcher = d.client(port=2)
    until(lambda: watcher.mail().rcpt() == HOLD, "hold")
    equal(c.end_of_message(i="4F1A2B"), HOLD)
    equal(d.times_logged("deferred: destination=contoso upstream=filter "
                         "reason=late client=192.0.2.1 queue_id=4F1A2B\n"), 1)
    until(lambda: d.leases() + d.leases("rest") == [],
          "the leases to be given back")
    d.counts("contoso", "deferred_late", 1)
    equal(d.counter("contoso", "accepted"), 0)
    equal(d.counter("rest", "accepted"), 0)


def never_refuses_what_comes_from_no_smtp_client(d):
    for port in (1, 2):
        equal(d.client(port=port).mail().rcpt(), "continue")
    equal(d.client("127.0.0.1", 0).mail().rcpt(), "continue")
    equal(len(d.leases()), 2)


def observing_passes_everything(d):
    for port in (1, 2, 3):
        c = d.client(port=port).mail()
        equal(c.rcpt(), "continue")
    equal(len(d.leases()), 2)
    equal(c.end_of_message(), "continue")
    d.counts("contoso", "would_defer", 1)
    d.counts("contoso", "accepted", 1)
    equal(d.counter("contoso", "deferred"), 0)


def a_silent_redis_is_waited_for_once(d):
    equal(d.client(port=1).mail().rcpt(), "continue")
    d.redis_server.send_signal(signal.SIGSTOP)
    second, third = d.client(port=2).mail(), d.client(port=3).mail()
    first_wait = took(lambda: equal(second.rcpt(), "continue"))
    assert first_wait < TIMEOUT + 0.3, first_wait
    # the one that was held before counts against this host's share
    waits = [took(lambda: equal(third.rcpt(), CAP)) for _ in range(20)]
    assert max(waits) < TIMEOUT, waits      # nobody waits a second time
    equal(second.end_of_message(), "continue")
    d.redis_server.send_signal(signal.SIGCONT)
    until(lambda: d.leases() == ["mx1/192.0.2.1:1/25"], "redis to be told")
    d.counts("contoso", "accepted", 1)
    d.counts("contoso", "deferred_cap", 20)


def a_dead_redis_leaves_a_share_and_is_told_later(d):
    first = d.client(port=1).mail()
    equal(first.rcpt(), "continue")
    d.redis_server.kill()
    d.redis_server.wait()
    second, third = d.client(port=2).mail(), d.client(port=3).mail()
    equal(second.rcpt(), "continue")
    equal(third.rcpt(), CAP)
    equal(first.end_of_message(), "continue")
    equal(third.rcpt(), "continue")
    d.start_redis()
    until(lambda: sorted(d.leases()) == ["mx1/192.0.2.1:2/25",
                                         "mx1/192.0.2.1:3/25"],
          "leases to enter redis")
    d.counts("contoso", "accepted", 1)
    d.redis("FLUSHALL")
    until(lambda: len(d.leases()) == 2, "leases to be healed")


def several_hosts_share_the_cap_while_redis_is_away(d):
    d.redis("HSET", "mailweir:hosts", "mx2", d.redis("HGET", "mailweir:hosts",
                                                     "mx1"))
    time.sleep(5.5)
    d.redis_server.kill()
    d.redis_server.wait()
    equal(d.client(port=1).mail().rcpt(), "continue")
    equal(d.client(port=2).mail().rcpt(), CAP)


def a_reload_is_for_those_who_come_after(d):
    old = d.client(port=1).mail()
    equal(old.rcpt("a@elsewhere.test"), "continue")
    d.write_config(mode="observe", name="other")
    d.milter.send_signal(signal.SIGHUP)
    until(lambda: d.times_logged("in force") == 1, "the reload")
    new = d.client(port=2).mail()
    equal(new.rcpt("a@elsewhere.test"), "continue")
    equal(d.leases("rest"), ["mx1/192.0.2.1:1/25"])
    equal(d.leases("other"), ["mx1/192.0.2.1:2/25"])
    equal(old.end_of_message(), "continue")
    old.quit()
    d.counts("rest", "accepted", 1)
    until(lambda: d.leases("rest") == [], "the lease to be given back")
    equal(new.end_of_message(), "continue")
    d.counts("other", "accepted", 1)


def a_bad_file_changes_nothing(d):
    with open(d.config, "a") as out:
        out.write("nonsense = 1;\nmore = 2;\n")
    d.milter.send_signal(signal.SIGHUP)
    until(lambda: d.times_logged("the old one stays in force") == 1,
          "the complaint")
    assert d.times_logged("line=") >= 2
    equal(d.client().mail().rcpt(), "continue")
    equal(len(d.leases()), 1)
    for _ in range(20):
        d.milter.send_signal(signal.SIGHUP)
        time.sleep(0.01)
    equal(d.milter.poll(), None)
    equal(d.client(port=2).mail().rcpt(), "continue")


def a_thousand_hups_stop_nobody(d):
    """libmilter takes one for an order to stop if it gets hold of it."""
    with open(os.path.join(BUILD, "mailweir-milter"), "rb") as program:
        if b"__tsan_init" in program.read():
            return "ThreadSanitizer blocks signals while one is handled"
    for number in range(1000):
        d.milter.send_signal(signal.SIGHUP)
        if number % 4 == 0:
            time.sleep(0.0005)
    until(lambda: d.times_logged("in force") > 0, "the reload")
    equal(d.client().mail().rcpt(), "continue")
    equal(d.milter.poll(), None)
    return None


def term_leaves_no_lease_behind(d):
    c = d.client().mail()
    equal(c.rcpt(), "continue")
    equal(c.end_of_message(), "continue")
    equal(c.mail().rcpt(), "continue")
    d.milter.send_signal(signal.SIGTERM)
    equal(d.milter.wait(15), 0)
    equal(d.leases(), [])
    equal(d.counter("contoso", "accepted"), 1)


def a_killed_milters_leases_expire(d):
    equal(d.client().mail().rcpt(), "continue")
    equal(stat.S_IMODE(os.stat(d.socket).st_mode), 0o660)
    time.sleep(TTL / 2)
    d.milter.kill()
    d.milter.wait()
    d.start_milter()       # over the socket that was left behind
    until(lambda: (d.client(port=2).mail().rcpt(),
                   "mx1/192.0.2.1:40000/25" not in d.leases())[1],
          "the lease to expire", TTL + 2)


def a_lease_outlives_its_ttl_while_it_is_held(d):
    equal(d.client().mail().rcpt(), "continue")
    time.sleep(TTL + 1)
    equal(d.client(port=2).mail().rcpt(), "continue")
    equal(d.client(port=3).mail().rcpt(), CAP)


def speaks_with_miltertest(d):
    if shutil.which("miltertest") is None:
        return "miltertest is not installed"
    script = os.path.join(SOURCE, "tests/milter/stages.lua")
    done = subprocess.run(["miltertest", "-D", "socket=unix:" + d.socket,
                           "-s", script], capture_output=True, text=True,
                          timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    until(lambda: d.leases() == [], "the leases to be given back")
    d.counts("contoso", "accepted", 1)
    d.counts("contoso", "deferred_cap", 1)


TESTS = (
    (negotiates_only_what_it_needs, {}),
    (holds_a_lease_from_rcpt_to_end_of_message, {}),
    (without_macros_there_is_no_lease, {}),
    (each_transaction_says_whose_it_is, {}),
    (defers_a_recipient_at_the_cap, {}),
    (gives_back_whichever_way_it_ends, {}),
    (survives_peers_that_say_nothing_or_nonsense, {}),
    (frees_what_policyd_took_for_a_rejected_recipient, {}),
    (on_hold_defers_others_and_takes_submission, {}),
    (all_on_hold_closes_the_channel, {}),
    (defers_the_message_when_it_turned_bad_meanwhile, {}),
    (never_refuses_what_comes_from_no_smtp_client, {}),
    (observing_passes_everything, {"mode": "observe"}),
    (a_silent_redis_is_waited_for_once, {}),
    (a_dead_redis_leaves_a_share_and_is_told_later, {}),
    (several_hosts_share_the_cap_while_redis_is_away, {}),
    (a_reload_is_for_those_who_come_after, {}),
    (a_bad_file_changes_nothing, {}),
    (a_thousand_hups_stop_nobody, {}),
    (term_leaves_no_lease_behind, {}),
    (a_killed_milters_leases_expire, {}),
    (a_lease_outlives_its_ttl_while_it_is_held, {}),
    (speaks_with_miltertest, {}),
)


def run(test, settings):
    """(passed, lines of TAP but for the number)"""
    name = test.__name__.replace("_", " ")
    d = Daemons(**settings)
    try:
        d.start()
        skip = test(d)
        equal(d.times_logged("Assertion"), 0)
        equal(d.times_logged("Sanitizer"), 0)
        return True, [], name + (" # SKIP " + skip if skip else "")
    except Exception as error:
        with open(d.log.name) as log:
            notes = ["%s: %s" % (type(error).__name__, error), log.read()]
        return False, "\n".join(notes).splitlines(), name
    finally:
        d.end()


def main():
    if shutil.which("redis-server") is None:
        print("1..0 # SKIP redis-server is not installed")
        return 0
    names = sys.argv[1:]
    tests = [t for t in TESTS if not names or t[0].__name__ in names]
    print("1..%d" % len(tests))
    failed = 0
    # they mostly wait
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        results = pool.map(lambda t: run(*t), tests)
        for number, (passed, notes, name) in enumerate(results, 1):
            failed += not passed
            for note in notes:
                print("# " + note)
            print("%s %d - %s" % ("ok" if passed else "not ok", number, name))
            sys.stdout.flush()
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
