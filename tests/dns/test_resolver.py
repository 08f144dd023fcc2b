#!/usr/bin/env python3
"""The resolver, with a real name server, with one that misbehaves, and with
none. Needs root, for a network of its own. Speaks TAP."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "system"))
import loop     # pylint: disable=wrong-import-position
import nameserver     # pylint: disable=wrong-import-position
import tap      # pylint: disable=wrong-import-position
from nameserver import Dnsmasq, Scripted, answer, mx_record

BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
PATIENCE = 20       # seconds until something that should happen has not
RETRY = 5           # seconds within which a failed question is asked again


class Asker:
    """tests/dns/ask: the resolver, a command at a time."""

    def __init__(self, entries=1000, stale_ms=3600000):
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "tests/dns/ask"), str(entries),
             str(stale_ms)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        tap.same(self.process.wait(PATIENCE), 0, "the resolver ended well")
        self.process.stdout.close()

    def say(self, *words):
        self.process.stdin.write(" ".join(str(w) for w in words) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def look(self, name):
        return self.say("look", name)

    def wait(self, name, ms=10000):
        return self.say("wait", name, ms)

    def becomes(self, name, wanted, seconds=PATIENCE):
        return loop.wait_for(lambda: self.look(name) == wanted, seconds)


def check_answers():
    many = ["mx%02d.a-name-that-takes-its-place.provider.test" % i
            for i in range(60)]
    server = Dnsmasq({
        "one.test": ["one-test.mail.provider.test"],
        "two.test": ["a.mail.provider.test", "b.mail.provider.test"],
        "mixed.test": ["a.mail.provider.test", "mx.elsewhere.test"],
        "many.test": many,
        "target.test": ["mx.mail.provider.test"],
        "xn--bcher-kva.test": ["b.mail.provider.test"],
    }, {"plain.test": "127.0.0.1"}, more=(
        "--cname=alias.test,target.test", "--dns-rr=null.test,15,000000",
        "--host-record=target.test,127.0.0.1"))
    with Asker() as asker:
        tap.same(asker.look("one.test"), "pending",
                 "nobody waits for what is not known")
        tap.same(asker.wait("one.test"), "known one-test.mail.provider.test",
                 "one MX")
        tap.same(asker.look("ONE.Test."), "known one-test.mail.provider.test",
                 "a name is the same in capitals and with a dot")
        tap.ok(asker.wait("two.test") in (
            "known a.mail.provider.test", "known b.mail.provider.test"),
               "two MX of one provider", asker.look("two.test"))
        tap.ok(asker.wait("mixed.test") in (
            "known provider.test", "known elsewhere.test"),
               "two MX of two providers are below the suffix of neither",
               asker.look("mixed.test"))
        tap.ok(asker.wait("many.test").endswith(many[0][4:]),
               "more than goes into a datagram comes by TCP",
               asker.look("many.test"))
        tap.same(asker.wait("bücher.test"), "known b.mail.provider.test",
                 "a name in Unicode is asked for as A-labels")
        tap.same(asker.wait("plain.test"), "known plain.test",
                 "without MX a domain is its own host")
        tap.same(asker.wait("null.test"), "known -", "a null MX is nobody's")
        tap.same(asker.wait("missing.test"), "known -",
                 "nor has a domain that is not there a host")
        tap.same(asker.wait("x.example"), "unknown", "REFUSED says nothing")
    server.stop()
    server = Scripted(lambda query: answer(
        query, n=2, records=b"\xc0\x0c" + bytes([0, 5, 0, 1, 0, 0, 0, 60, 0,
                                                 11]) +
        b"\6target\2xy\0" + mx_record("mx.mail.provider.test")))
    with Asker() as asker:
        tap.same(asker.wait("alias.test"), "known mx.mail.provider.test",
                 "an alias has the MX of what it stands for")
    server.stop()


BAD = (
    ("SERVFAIL", nameserver.servfail),
    ("silence", nameserver.silence),
    ("a name server that refuses", lambda q: answer(q, code=5)),
    ("an answer that is cut short", lambda q: answer(q, flags=0x200)),
    ("half an answer", lambda q: answer(
        q, n=2, records=mx_record("mx.evil.test"))),
    ("no DNS at all", lambda q: q[:2] + b"what?"),
    ("an answer to another question", lambda q: bytes(
        [q[0] ^ 1]) + answer(q, n=1, records=mx_record("mx.evil.test"))[1:]),
)


def check_failures():
    """Whatever it is, it is no answer; and soon after a good one is."""
    for name, reply in BAD:
        server = Scripted(reply)
        with Asker() as asker:
            tap.same(asker.wait("a.test"), "unknown", name + " says nothing")
            tap.same(asker.look("a.test"), "unknown",
                     name + ": it is not asked again at once")
            server.stop()
            server = Dnsmasq({"a.test": ["mx.mail.provider.test"]})
            tap.ok(asker.becomes("a.test", "known mx.mail.provider.test"),
                   name + ": an answer is found once there is one")
        server.stop()
    with Asker() as asker:
        tap.same(asker.wait("a.test"), "unknown", "no name server at all")


def check_stale():
    """A TTL of nothing is ten seconds; an answer lasts longer than that, and
    longer than DNS."""
    server = Dnsmasq({"a.test": ["mx.mail.provider.test"]}, ttl=0)
    with Asker() as asker, Asker(stale_ms=0) as strict:
        asker.wait("a.test")
        strict.wait("a.test")
        server.stop()
        scripted = Scripted(nameserver.servfail)
        tap.ok(loop.wait_for(lambda: asker.look("a.test") and
                             scripted.asked.get("a.test", 0) >= 2, PATIENCE),
               "an old answer is asked for anew", scripted.asked)
        tap.same(asker.look("a.test"), "known mx.mail.provider.test",
                 "SERVFAIL leaves a domain where it was")
        tap.same(strict.wait("a.test"), "unknown",
                 "without stale_for it does not")
        scripted.reply = nameserver.silence
        tap.same(asker.look("a.test"), "known mx.mail.provider.test",
                 "so does silence")
        scripted.stop()
        server = Dnsmasq({"a.test": ["mx.elsewhere.test"]}, ttl=0)
        tap.ok(asker.becomes("a.test", "known mx.elsewhere.test"),
               "DNS back: the new answer is taken")
    server.stop()


def check_flood():
    """A name server that is slow, and a stranger with many names."""
    server = Scripted(nameserver.silence)
    with Asker() as asker:
        began = time.monotonic()
        pending = int(asker.say("flood", 1000000))
        tap.at_most(time.monotonic() - began, PATIENCE,
                    "nobody waits through a million names")
        tap.at_most(pending, 48, "names asked for at once")
        tap.at_least(pending, 40, "and no fewer")
        time.sleep(1)
        tap.at_most(len(server.asked), 48, "names the name server hears of")
        server.reply = lambda query: answer(
            query, n=1, records=mx_record("mx.mail.provider.test"))
        tap.ok(asker.becomes("good.test", "known mx.mail.provider.test"),
               "the flood over, a good name has its turn")
    server.stop()
    server = Scripted(lambda query: answer(
        query, n=1, records=mx_record("mx.mail.provider.test", 0)))
    with Asker(entries=100) as asker:
        for i in range(50):
            asker.wait("used%d.test" % i)
            asker.look("used%d.test" % i)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            asker.say("flood", 1000)
        heard = sum(name[0] == "r" for name in server.asked)
        tap.at_least(heard, 200, "random names that were asked for")
        tap.at_most(heard, 100 * 15, "and no more than a hundred a second")
        tap.same([asker.say("peek", "used%d.test" % i) for i in range(50)],
                 ["known mx.mail.provider.test"] * 50,
                 "what is in use stays")
    server.stop()


def main():
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root, for a network of its own")
        return
    nameserver.own_network()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    check_answers()
    check_failures()
    check_stale()
    check_flood()
    print("1..%d" % tap.counted())
    sys.exit(1 if tap.failed() else 0)


main()
