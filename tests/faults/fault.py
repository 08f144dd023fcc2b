"""Fault: one of the things that go wrong, and what must be true before it,
while it lasts, and after it.

    def stopped(ground):
        os.kill(ground.victim.loop_pid, signal.SIGSTOP)     # it begins
        yield
        ...                                                 # it ends

    Fault("loop-stopped", "policyd's loop is stopped", stopped)

Always: injected = delivered once + queued + refused with 4xx at intake; no
message returned; 4.3.2 or 4.4.3 in whatever we say; no more connections and
no more transactions inside than the caps allow; all works again by itself.
may: what besides is seen of this one.

    "cut"       Postfix itself is gone: sessions end without a reply
    "shares"    Redis is away: a host that has more inside than its share of
                the cap keeps them, and the other one fills its own
    "crowds"    who is inside was forgotten, or nobody is there to count
    "opens"     an upstream is in trouble: its breaker opens
    "postfix"   Postfix has a 4xx of its own to give
"""
import collections
import json
import re
import time

import ground as grounds
import load
import loop
import tap

Fault = collections.namedtuple("Fault",
                               "name about acts may hold cycles sees",
                               defaults=((), None, False, None))
# hold: seconds that it lasts, or else as asked for; cycles: it comes again
# and again; sees: what policyd's log calls the state of Redis meanwhile.

WELL = 0.5                  # seconds of load before and after
RECOVERY = 60               # at most; how long it took is told
DRAIN = 60

OURS = re.compile(r"at capacity|temporarily unavailable, please try|Mailweir")
GOOD = re.compile(r"\b4\.(3\.2|4\.3)\b")
WAITS = re.compile(r" dsn=(\S+), status=deferred \(Mailweir: ")
OPENED = re.compile(r"breaker: .*\bto=open\b")

HEAD = ("fault", "injected", "delivered", "queued", "refused", "cut off",
        "longest stall", "longest wait", "recovered after")


class Scribe:
    """What the logs of a host say from now on."""

    def __init__(self, ground):
        self.ground = ground
        self.starts = {path: self.size(path) for path in self.paths()}

    def paths(self):
        return [host.log for host in self.ground.hosts] + [
            "%s/%s.policyd.log" % (self.ground.lab.logs, host.name)
            for host in self.ground.hosts]

    @staticmethod
    def size(path):
        try:
            with open(path, "rb") as file:
                return file.seek(0, 2)
        except OSError:
            return 0

    def read(self, path):
        with open(path, encoding="utf-8", errors="replace") as file:
            file.seek(self.starts[path])
            return file.read()

    def mail(self):
        return [self.read(path) for path in self.paths()
                if path.endswith(".mail.log")]

    def policyd(self):
        return [self.read(path) for path in self.paths()
                if path.endswith(".policyd.log")]


def longest_stall(messages, begin, end):
    """Seconds in which a host that was asked answered nobody."""
    longest = 0
    for port in {m.port for m in messages}:
        times = sorted(m.sent_at + m.seconds for m in messages
                       if m.port == port and m.code)
        for last, this in zip(times, times[1:]):
            if this > begin and last < end:
                longest = max(longest, this - last)
    return longest


def replies(messages, may):
    """Those that should not have been."""
    for text in sorted({m.text for m in messages if 400 <= m.code < 500}):
        if OURS.search(text):
            if not GOOD.search(text):
                yield "we said: " + text
        elif "postfix" not in may:
            yield "somebody said: " + text


def held(logs):
    """Words of ours in the queue that should not have been."""
    return ["we said in the queue: " + dsn for log in logs
            for dsn in sorted(set(WAITS.findall(log))) if not
            GOOD.fullmatch(dsn)]


def most_inside(fault, ground):
    """How many clients there may be under the cap."""
    if "crowds" in fault.may:
        return grounds.CLIENTS
    share = grounds.CAP // len(ground.hosts)
    return grounds.CAP + share * ("shares" in fault.may)


def wrong(fault, ground, count, messages, scribe):
    """All that must not be, in words."""
    found = ["%s: %s" % (what, ", ".join(map(str, which[:5])))
             for what, which in (
                 ("lost", count.lost), ("delivered twice", count.doubled),
                 ("returned", count.returned), ("5xx", count.denied),
                 ("refused, and yet there", count.unwanted)) if which]
    if count.cut and "cut" not in fault.may:
        found.append("%d without a reply" % count.cut)
    if count.injected != count.delivered + count.queued + count.refused + \
            count.cut:
        found.append("it does not add up")
    found += ground.complaints
    found += ["%s has ended" % name for name in ground.ended()]
    found += replies(messages, fault.may)
    found += held(scribe.mail())
    for name, relay in zip(grounds.UPSTREAMS, ground.relays):
        if relay.peak > grounds.CONNECTIONS:
            found.append("%d connections of %s" % (relay.peak, name))
    if ground.crowd.most > most_inside(fault, ground):
        found.append("%d inside" % ground.crowd.most)
    if fault.sees and not any("redis: state=%s " % fault.sees in log
                              for log in scribe.policyd()):
        found.append("nobody saw that Redis is " + fault.sees)
    if "opens" not in fault.may and any(
            OPENED.search(log) for log in scribe.policyd()):
        found.append("a breaker opened")
    return found


def suffer(fault, ground, cycles, seconds):
    """It begins, lasts, ends, and is over: seconds until it was, at most."""
    longest = 0
    for _ in range(cycles if fault.cycles else 1):
        acts = fault.acts(ground)
        next(acts)
        time.sleep(seconds if fault.hold is None else fault.hold)
        next(acts, None)
        recovered = ground.recovers(RECOVERY)
        if recovered is None:
            return None
        longest = max(longest, recovered)
    return longest


def perform(fault, ground, cycles, seconds):
    """One fault, under load; its row, and what was wrong."""
    scribe = Scribe(ground)
    ground.begin()
    time.sleep(WELL)
    begin = time.monotonic()
    recovered = suffer(fault, ground, cycles, seconds)
    end = time.monotonic()
    time.sleep(WELL)
    messages = ground.finish()
    for host in ground.hosts:
        host.command("postqueue", "-f")
    load.drained(ground.hosts, DRAIN)
    count = grounds.count(messages, ground, scribe.mail())
    found = wrong(fault, ground, count, messages, scribe)
    ground.supervise()
    if recovered is None:
        found.append("not over within %d s" % RECOVERY)
    row = (fault.name, count.injected, count.delivered, count.queued,
           count.refused, count.cut,
           "%.1f s" % longest_stall(messages, begin, end),
           "%.1f s" % max(m.seconds for m in messages),
           "never" if recovered is None else "%.1f s" % recovered)
    return row, found


def tell(fault, ground, cycles, seconds):
    """The test point of one, and its row for whoever makes a table."""
    row, found = perform(fault, ground, cycles, seconds)
    tap.ok(not found, "%s: %s injected = %s delivered + %s queued + %s refused"
           " + %s cut off; stall %s, wait %s, recovered after %s" % row,
           *found)
    tap.diag("connections at most: %s; inside: %d" % (
        [relay.peak for relay in ground.relays], ground.crowd.most))
    tap.diag("row " + json.dumps([*row, found]))
    return not found


def settle(ground):
    """All that has been is over, before the next one comes."""
    return loop.wait_for(lambda: not any(h.queue() for h in ground.hosts), 30)
