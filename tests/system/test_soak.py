#!/usr/bin/env python3
"""Mail at a rate that the machine sustains, for MW_SOAK_MINUTES (5 where
MW_TESTS=soak says nothing else), with a relay that fails now and then and
reloads: memory and descriptors stay what they are, the counts come out even,
and at the end nothing is left held.
"""
import os
import re
import subprocess
import time

import load
import loop
import tap
from lab import Lab

MINUTES = float(os.environ.get("MW_SOAK_MINUTES") or 5)
PROBE = 400                 # messages that show what the machine can do
PART = 0.5                  # of that is sustained
EVERY = 2                   # seconds between two looks
TURN, ILL = 60, 10          # each so many seconds, the relay is ill for these
WARM = 150                  # seconds until all buffers have their size
AN_HOUR = 0.01              # memory may grow by so much an hour
NOISE = 256                 # and by so many kB, pages being what they are

CONFIGURATION = """
breaker = {{ consecutive = 5; open_for = "3s"; trials = 2; ramp_step = "1s"; }};
gate = {{ spill = "250ms"; }};
upstreams = {{ filter = {{ nexthop = "{first}"; connections = 10; }};
  filter-eu = {{ nexthop = "{second}"; connections = 10; }}; }};
destinations = {{ contoso = {{ domains = [ "contoso.test" ]; cap = 50;
  routes = ( {{ upstream = "filter"; }}, {{ upstream = "filter-eu"; }} ); }}; }};
"""
# Idle processes of Postfix hang up soon, so that nothing of them is left open.
MAIN, IDLE = "max_idle = 5s\n", 10


class Watched:
    """Memory and descriptors of one process, look by look."""

    def __init__(self, name, pid):
        self.name = name
        self.pid = pid
        self.looks = []             # seconds, kB

    def kilobytes(self):
        with open("/proc/%d/status" % self.pid, encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def look(self, seconds):
        self.looks.append((seconds, self.kilobytes()))

    def slope(self):
        """kB a second by least squares, and over how many seconds: those
        that follow the warm-up."""
        begin = min(WARM, self.looks[-1][0] / 2)
        points = [p for p in self.looks if p[0] >= begin]
        mean_t = sum(t for t, _ in points) / len(points)
        mean_k = sum(k for _, k in points) / len(points)
        return sum((t - mean_t) * (k - mean_k) for t, k in points) / sum(
            (t - mean_t) ** 2 for t, _ in points), self.looks[-1][0] - begin

    def judge(self):
        first, last = self.looks[0][1], self.looks[-1][1]
        slope, seconds = self.slope()
        grown = slope * seconds
        tap.diag("%s: %d kB, then %d kB; %+.2f kB a minute, %+.2f %% an hour" %
                 (self.name, first, last, slope * 60,
                  100 * slope * 3600 / last))
        tap.ok(grown <= NOISE + AN_HOUR * last * seconds / 3600,
               "%s: its memory stays what it is" % self.name,
               "%+.0f kB" % grown, self.looks[::max(1, len(self.looks) // 20)])


def sustainable(host):
    """Messages a second, by how long a number of them takes to arrive."""
    begin = time.monotonic()
    subprocess.run(["smtp-source", "-s", "8", "-m", str(PROBE), "-f",
                    "s@sender.test", "-t", "probe@contoso.test",
                    "127.0.0.1:%d" % host.port], check=True, timeout=120)
    tap.ok(load.drained([host], 120), "what shows the rate arrives")
    return PART * PROBE / (time.monotonic() - begin)


def held(client):
    """Leases, and connections in use and waited for, of the whole fleet."""
    now = int(client("TIME")[0]) * 1000
    rows = [row for name in ("filter", "filter-eu") for row in client.hash(
        "mailweir:upstream:{%s}:slots" % name).values()]
    return (client("ZCOUNT", "mailweir:dest:{contoso}:leases", now, "+inf"),
            sum(int(n) for row in rows for n in row.split()[1:3]))


def soak(host, relay, watched, rate):
    traffic = load.Load([host.port], ["contoso.test"], rate,
                        MINUTES * 60 + 60)
    begin, ill, turns = time.monotonic(), False, 0
    while time.monotonic() < begin + MINUTES * 60:
        time.sleep(EVERY)
        seconds = time.monotonic() - begin
        for process in watched:
            process.look(seconds)
        if ill != (seconds % TURN > TURN - ILL):
            ill = not ill
            relay.become("busy" if ill else "healthy")
            turns += 1
            if not ill:
                host.reload_daemons()
        if seconds < WARM:      # the first ones find malloc's arenas small
            host.reload_daemons()
    relay.become("healthy")
    tap.diag("%.1f messages a second for %.1f minutes; the relay failed %d "
             "times" % (rate, MINUTES, turns // 2))
    return traffic.stop()


def check_end(host, client, accepted):
    tap.ok(loop.wait_for(lambda: held(client) == (0, 0), 60),
           "no lease and no slot is left held", held(client))
    for name in ("accepted", "delivered"):
        tap.ok(loop.wait_for(
            lambda: client.hash("mailweir:dest:{contoso}").get(name) ==
            str(accepted), 20), "%s: %d is what Redis counts, too" % (
                name, accepted), client.hash("mailweir:dest:{contoso}"))
    tap.ok(host.steady(), "the daemons ran through")


def body(lab):
    redis = lab.redis()
    first, second = lab.relay(), lab.relay()
    host = lab.host("h1", redis, CONFIGURATION.format(
        first=first.nexthop, second=second.nexthop), main=MAIN)
    host.start()
    client = redis.client()
    watched = [Watched("policyd", host.policyd.pid),
               Watched("its loop", host.loop_pid),
               Watched("milter", host.milter.pid)]
    rate = sustainable(host)
    time.sleep(IDLE)
    before = [process.descriptors() for process in watched]
    messages = soak(host, first, watched, rate)
    tap.ok(load.drained([host], 120), "the queue runs empty",
           host.queue()[:3])
    load.check(load.account(messages, [first, second], [host], lab.witness),
               "%.1f minutes" % MINUTES)
    check_end(host, client, PROBE + sum(m.code == 250 for m in messages))
    for process in watched:
        process.judge()
    tap.ok(loop.wait_for(lambda: all(
        process.descriptors() <= was
        for process, was in zip(watched, before)), 60),
        "no descriptor is left open", before,
        [process.descriptors() for process in watched])
    tap.diag("descriptors: %s, then %s" % (
        before, [process.descriptors() for process in watched]))


if __name__ == "__main__":
    if os.environ.get("MW_SOAK_MINUTES"):
        os.environ["MW_TESTS"] = "soak"
    tap.run(body, Lab, limit=int(MINUTES * 60) + 600, soak=True)
