#!/usr/bin/env python3
"""What an upstream may get beside its connections: so many new ones a second.

Real daemon, real redis-server, no Postfix. Speaks TAP."""

import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from test_policyd import OK, REFUSED, Lane, equal, main, until

RATE = 4

CONFIG = """
mode = "{mode}";
host = "mx1";
store = {{ redis = "unix:{dir}/redis.sock"; timeout = "200ms"; }};
listen = {{ policy = "unix:{dir}/policy"; map = "unix:{dir}/map"; milter = "{milter}"; }};
rules_file = "{source}/conf/outcomes.rules";
gate = {{ wait = "1s"; spill = "100ms"; }};
breaker = {{ consecutive = 3; open_for = "{open_for}"; trials = 1; }};
upstreams = {{
  lone = {{ nexthop = "[lone.test]:25"; connections = 100; rate = 4; }};
}};
destinations = {{
  lone = {{ domains = [ "lone.test" ]; routes = ( {{ upstream = "lone"; }} ); }};
}};
{extra}
"""


def a_rate_spaces_connections(d):
    until(lambda: d.granted("lone") >= 50, "slots for all")
    lanes = [Lane(d) for _ in range(30)]
    begin = time.monotonic()
    for lane in lanes:
        lane.send("gate.lone", "[lone.test]:25")
    answers = [lane.read() for lane in lanes]
    possible = RATE + RATE * (time.monotonic() - begin)
    granted = answers.count("NOTFOUND ")
    equal(answers.count("TEMP rate"), len(lanes) - granted)
    if not RATE < granted <= possible:
        raise AssertionError("%d of %.1f possible" % (granted, possible))
    equal(answers[:RATE], ["NOTFOUND "] * RATE)
    answer = lanes[answers.index("TEMP rate")].outcome(REFUSED, "lone")
    equal(answer, "OK 4.3.2 Mailweir: lone takes no more connections for now")
    for lane in lanes:
        lane.close()


def a_rate_is_not_kept_while_observing(d):
    lanes = [Lane(d) for _ in range(3 * RATE)]
    for lane in lanes:
        equal(lane.gate("lone", "lone"), "NOTFOUND ")
    for lane in lanes:
        equal(lane.outcome(OK, "lone"), "NOTFOUND ")
        lane.close()


GROUPS = [
    ({"template": CONFIG}, [a_rate_spaces_connections]),
    ({"template": CONFIG, "mode": "observe"},
     [a_rate_is_not_kept_while_observing]),
]


if __name__ == "__main__":
    sys.exit(main(GROUPS))
