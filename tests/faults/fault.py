"""Fault: one of the things that go wrong, and what must be true before it,
while it lasts, and after it.

    def stopped(ground):
        os.kill(ground.victim.loop_pid, signal.SIGSTOP)     # it begins
        yield
        ...                                                 # it ends

    Fault("loop-stopped", "policyd's loop is stopped", stopped)

Always: injected = delivered once + queued + refused with 4xx at intake; no
message returned; 4.3.2 or 4.4.3 in whatever we say; no more connections and
no more transactions inside than the caps allow; all works again by itself,
within the seconds that are asked for. may: what besides is seen of this one.

    "cut"       Postfix itself is gone: sessions end without a reply
    "shares"    Redis is away: a host that has more inside than its share of
                the cap keeps them, and the other one fills its own
    "crowds"    who is inside was forgotten, or nobody is there to count
    "opens"     an upstream is in trouble: its breaker opens
    "postfix"   Postfix has a 4xx of its own to give
"""
import collections
import json
import os
import re
import time

import ground as grounds
import load
import loop
import tap

Fault = collections.namedtuple("Fault",
                               "name about acts may hold cycles sees fleet",
                               defaults=((), None, False, None, False))
# hold: seconds that it lasts, or else as asked for; cycles: it comes again
# and again; sees: what policyd's log calls the state of Redis meanwhile;
# fleet: on a ground with sentinels.

WELL = 1                    # seconds of load before and after
RECOVERY = 60               # is waited for at most; how long it took is told
DRAIN = 60
USUAL = 2.5                 # seconds that the end of one takes

OURS = re.compile(r"at capacity|temporarily unavailable, please try|Mailweir")
GOOD = re.compile(r"\b4\.(3\.2|4\.3)\b")
WAITS = re.compile(r" dsn=(\S+), status=deferred \(Mailweir: ")
OPENED = re.compile(r"breaker: .*\bto=open\b")


def form(fault, cycles, seconds):
    """How often it comes, or how long it lasts."""
    return "%d times" % cycles if fault.cycles else "%g s" % (
        seconds if fault.hold is None else fault.hold)


def expected(fault, cycles, seconds):
    """Seconds, roughly, that all of it takes."""
    hold = seconds if fault.hold is None else fault.hold
    return 4 * WELL + (cycles if fault.cycles else 1) * (hold + USUAL)


class Scribe:
    """What the logs of a host say from now on."""

    def __init__(self, ground):
        self.ground = ground
        self.starts = {path: grounds.size_of(path) for path in self.paths()}

    def paths(self):
        return [host.log for host in self.ground.hosts] + [
            "%s/%s.policyd.log" % (self.ground.lab.logs, host.name)
            for host in self.ground.hosts]

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


def phases(messages, begin, end):
    """Before it, while it lasted or came again, and after: how many were taken
    and how many put off, by the time of the reply."""
    found = []
    for since, until in ((0, begin), (begin, end), (end, float("inf"))):
        codes = [m.code for m in messages
                 if since <= m.sent_at + m.seconds < until]
        found.append([codes.count(250), sum(400 <= c < 500 for c in codes)])
    return found


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
    """It begins, lasts, ends, and is over: seconds until it was, at most, and
    what was lacking then."""
    longest, lacked = 0, {}
    for _ in range(cycles if fault.cycles else 1):
        acts = fault.acts(ground)
        next(acts)
        time.sleep(seconds if fault.hold is None else fault.hold)
        next(acts, None)
        recovered = ground.recovers(RECOVERY)
        if recovered is None or recovered > longest:
            longest, lacked = recovered, dict(ground.lacking)
        if recovered is None:
            break
    return longest, lacked


def mail_flows(ground):
    """For a while, in which some was taken."""
    time.sleep(WELL)
    loop.wait_for(lambda: any(m.code == 250 for m in ground.load.messages),
                  RECOVERY)


def late(recovered, lacked, within):
    """That it was not over in time, in words."""
    if recovered is not None and recovered <= within:
        return []
    return ["not over within %g s: %s" % (min(within, RECOVERY), ", ".join(
        "%s (%d times)" % pair for pair in lacked.items()))]


def perform(fault, ground, cycles, seconds, within):
    """One fault, under load; its row, with all that was wrong."""
    ground.empty_logs()
    scribe = Scribe(ground)
    ground.begin()
    mail_flows(ground)
    begin = time.monotonic()
    recovered, lacked = suffer(fault, ground, cycles, seconds)
    end = time.monotonic()
    time.sleep(WELL)
    messages = ground.finish()
    for host in ground.hosts:
        host.command("postqueue", "-f")
    load.drained(ground.hosts, DRAIN)
    count = grounds.count(messages, ground, scribe.mail())
    found = wrong(fault, ground, count, messages, scribe) + \
        late(recovered, lacked, within)
    ground.supervise()
    before, during, after = phases(messages, begin, end)
    if not before[0] or not after[0]:
        found.append("no mail before it, or after it")
    return {
        "fault": fault.name, "form": form(fault, cycles, seconds),
        "before": before, "during": during, "after": after,
        "injected": count.injected, "delivered": count.delivered,
        "queued": count.queued, "refused": count.refused,
        "cut off": count.cut,
        "stall": round(longest_stall(messages, begin, end), 1),
        "wait": round(max(m.seconds for m in messages), 1),
        "recovered": recovered and round(recovered, 1),
        "load": round(os.getloadavg()[0], 1), "wrong": found}


def tell(fault, ground, cycles, seconds, within):
    """The test point of one, and its row for whoever makes a table."""
    row = perform(fault, ground, cycles, seconds, within)
    tap.ok(not row["wrong"], "{fault}, {form}: {injected} injected = "
           "{delivered} delivered + {queued} queued + {refused} refused + "
           "{cut off} cut off; stall {stall} s, wait {wait} s, recovered "
           "after {recovered} s".format(**row), *row["wrong"])
    tap.diag("connections at most: %s; inside: %d" % (
        [relay.peak for relay in ground.relays], ground.crowd.most))
    tap.diag("row " + json.dumps(row))
