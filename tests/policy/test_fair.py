#!/usr/bin/env python3
"""Slots of one upstream, live: three policyds and a real Redis. Lanes use the
slots as fast as they get them; whatever hosts come, want, hang and go, the
sum of what is in use never passes the cap. Speaks TAP."""
import os
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from test_policyd import (BUILD, OK, PATIENCE, Daemons, Lane, equal, main,
                          until)

CAP = 6
HOLD = 0.1          # seconds that a connection lasts
LANES = 8           # of each busy host: more than the cap
CONFIG = """
mode = "{mode}";
host = "{name}";
store = {{ redis = "unix:{dir}/redis.sock"; timeout = "500ms"; }};
listen = {{ policy = ""; map = "unix:{dir}/{map}"; milter = ""; }};
rules_file = "{source}/conf/outcomes.rules";
release = {{ command = ""; }};
gate = {{ wait = "60s"; }};
upstreams = {{
  lone = {{ nexthop = "[lone.test]:25"; connections = 6; }};
}};
destinations = {{
  lone = {{ domains = [ "lone.test" ]; routes = ( {{ upstream = "lone"; }} ); }};
}};
{extra}
"""


class Count:
    """What is in use now: from the grant to just before it is given back, so
    never more than the daemons believe."""

    def __init__(self):
        self.lock = threading.Lock()
        self.now = self.most = 0

    def add(self, n):
        with self.lock:
            self.now += n
            self.most = max(self.most, self.now)


class Host:
    """A policyd of its own, with lanes that never rest."""

    def __init__(self, fleet, name):
        self.fleet = fleet
        self.name = name
        self.map = name + ".map"
        self.mine = Count()
        self.stopping = False
        self.lanes = []
        if name == "mx1":
            self.policyd = fleet.policyd
            return
        own = dict(fleet.settings)
        fleet.config = os.path.join(fleet.dir, name + ".conf")
        fleet.write_config(name=name, map=self.map)
        fleet.settings = own
        self.policyd = subprocess.Popen(
            [os.path.join(BUILD, "mailweir-policyd"), "-c", fleet.config],
            stderr=fleet.log)
        fleet.processes.append(self.policyd)
        until(lambda: name in fleet.redis("HKEYS", "mailweir:hosts"), name)

    def begin(self, lanes=LANES):
        for _ in range(lanes):
            thread = threading.Thread(target=self.deliver, daemon=True)
            self.lanes.append(thread)
            thread.start()

    def one(self, lane):
        if lane.gate("lone", "lone") != "NOTFOUND ":
            return
        for count in (self.mine, self.fleet.all):
            count.add(1)
        time.sleep(HOLD)
        for count in (self.mine, self.fleet.all):
            count.add(-1)
        lane.outcome(OK, "lone")

    def deliver(self):
        while not self.stopping:
            try:
                lane = Lane(self.fleet, self.map)
                while not self.stopping:
                    self.one(lane)
                lane.close()
            except (OSError, EOFError):
                time.sleep(HOLD)        # its policyd hangs, or is gone

    def end(self):
        self.stopping = True
        for lane in self.lanes:
            lane.join(2 * PATIENCE)

    def mean(self, seconds=2):
        """Connections in use, on average."""
        samples = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            samples.append(self.mine.now)
            time.sleep(0.02)
        return sum(samples) / len(samples)


class Fleet(Daemons):
    def __init__(self, **settings):
        self.all = Count()
        super().__init__(template=CONFIG, name="mx1", map="mx1.map",
                         **settings)


def near(got, wanted, what):
    """A connection is given back 10 ms after its end, and asked for anew."""
    if not wanted * 0.6 <= got <= wanted + 0.1:
        raise AssertionError("%s: %.1f, wanted %d" % (what, got, wanted))


def shares_follow_demand_and_the_cap_holds(fleet):
    first, second, third = (Host(fleet, "mx%d" % i) for i in (1, 2, 3))
    first.begin()
    until(lambda: first.mine.now == CAP, "the whole cap")
    near(first.mean(), CAP, "a busy host alone")

    second.begin()
    start = time.monotonic()
    until(lambda: second.mine.now >= CAP // 2, "a newcomer's share")
    print("# a newcomer has its share after %.1f s" %
          (time.monotonic() - start))
    near(first.mean(), CAP // 2, "one of two")
    near(second.mean(), CAP // 2, "the other one")

    third.begin(1)              # wants one, and no more than that
    until(lambda: third.mine.now == 1, "the modest one's connection")
    near(third.mean(), 1, "the modest one")

    # A host hangs, with what it holds; its lanes wait for an answer.
    os.kill(second.policyd.pid, signal.SIGSTOP)
    with open("/proc/%d/task/%d/children" % ((second.policyd.pid,) * 2)) as f:
        loop = int(f.read().split()[0])
    os.kill(loop, signal.SIGSTOP)
    start = time.monotonic()
    until(lambda: first.mine.now == CAP - 1, "what the hanging one had")
    print("# a hanging host's slots are with the others after %.1f s" %
          (time.monotonic() - start))
    os.kill(loop, signal.SIGCONT)
    os.kill(second.policyd.pid, signal.SIGCONT)
    until(lambda: second.mine.now >= 2, "the host that came back")

    second.policyd.kill()       # its loop ends as well
    until(lambda: first.mine.now == CAP - 1, "what the dead one had")
    third.end()
    until(lambda: first.mine.now == CAP, "all of it, alone again")
    first.end()
    second.end()
    print("# at most %d of %d in use at once" % (fleet.all.most, CAP))
    equal(fleet.all.most, CAP)


if __name__ == "__main__":
    sys.exit(main([({}, [shares_follow_demand_and_the_cap_holds])], Fleet))
