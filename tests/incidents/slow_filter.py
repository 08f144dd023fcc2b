#!/usr/bin/env python3
"""A filter takes 10 s for each answer, and drops one connection in five."""
import time

import incident
import load
import tap
from incident import Side, destination, share, upstream
from relay import DROP

RATES = 1, 5, 20        # messages a second, side by side
WELL, ILL = 10, 120     # seconds
DROPPED = 0.2           # of all connections
SLOW = 10               # seconds
LATE = 0.2              # seconds: these are told, with the time they came
OVER = 75               # seconds: what began at the end, and more
# For relays that answer within a second. Of 120 messages, one a second, six
# may be late: those that are under way before the trouble is known. A step of
# the ramp takes as long as it takes to know what became of its mail.
BREAKER = 'slow_after = "2s"; ramp_step = "2s"; consecutive = 3;'


def slow_to_answer(relay, draw):
    """A minute a message. draw: its own, from one seed."""
    relay.become({"DELAY": SLOW, "BANNER":
                  lambda _line: DROP if draw() < DROPPED else None})


def domain(rate):
    return "r%d.test" % rate


def sides(stage):
    """Of each rate, (stock, ours); the hosts are the same."""
    relays = {(rate, way): [stage.lab.relay(), stage.lab.relay()]
              for rate in RATES for way in ("stock", "mailweir")}
    stock = stage.stock("stock", {
        domain(rate): relays[rate, "stock"] for rate in RATES})
    ours, = stage.mailweir(["h1"], incident.configuration(
        [upstream(name, relay, more="probe = true;") for rate in RATES
         for name, relay in zip(("f%d" % rate, "f%d-eu" % rate),
                                relays[rate, "mailweir"])],
        [destination("r%d" % rate, [domain(rate)],
                     ["f%d" % rate, "f%d-eu" % rate]) for rate in RATES],
        BREAKER))
    return {rate: (Side("stock", [stock], relays[rate, "stock"]),
                   Side("mailweir", [ours], relays[rate, "mailweir"]))
            for rate in RATES}


def must_be_prompt(stage, what, ours, stock):
    """As good as all mail is led around it."""
    stage.at_most(what, ours, 0.5, stock, "%.1f s")


def perform(stage, fall_ill, judge=must_be_prompt):
    """fall_ill(relay, draw); judge: of the p95 delay."""
    pairs = sides(stage)
    both = [side for pair in pairs.values() for side in pair]
    for rate, pair in pairs.items():
        for side in pair:
            side.offer([domain(rate)], rate, stage.draw("load"))
    time.sleep(WELL)
    begin = time.monotonic()
    for rate, pair in pairs.items():
        for side in pair:
            fall_ill(side.first, stage.draw("drop %d" % rate))
    incident.until(begin + ILL)
    healed = time.monotonic()
    for side in both:
        side.load.stop()
    load.drained([host for side in both for host in side.hosts], OVER)
    for side in both:
        side.first.seconds = 0
        side.first.become("healthy")
        side.finish()
    for rate, (stock, ours) in pairs.items():
        got, theirs = (side.delays(begin, healed) for side in (ours, stock))
        tap.diag("%d msg/s, late: %s" % (rate, " ".join(
            "%.1f:%.2f" % (at, delay) for at, delay in
            ours.timeline(begin, healed) if delay > LATE)))
        judge(stage, "%d msg/s: p95 delay" % rate, share(got, 0.95),
              share(theirs, 0.95))
        stage.at_most("%d msg/s: longest delay" % rate, max(got), 15,
                      max(theirs), "%.1f s")


def body(stage):
    perform(stage, slow_to_answer)


if __name__ == "__main__":
    incident.run(body, 400)
