#!/usr/bin/env python3
"""A filter answers 451 4.3.2 to all mail for 45 s; a second one is well."""
import time

import incident
import loop
import tap
from incident import NEVER, Side, destination, share, upstream

RATE = 20               # messages a second
WELL, ILL = 5, 45       # seconds
TRACE = 100             # messages: 5 s of them tell what share a relay gets


def sides(stage):
    relays = [stage.lab.relay() for _ in range(4)]
    stock = stage.stock("stock", {"contoso.test": relays[:2]})
    ours, = stage.mailweir(["h1"], incident.configuration(
        [upstream("filter", relays[2], more="probe = true;"),
         upstream("filter-eu", relays[3], more="probe = true;")],
        [destination("contoso", ["contoso.test"], ["filter", "filter-eu"])]))
    return Side("stock", [stock], relays[:2]), \
        Side("mailweir", [ours], relays[2:])


def full_share(side, begin):
    """Seconds until the first relay had all the mail again, but for one
    message in a hundred."""
    taken = sorted((mail.time, relay is side.first) for relay in side.relays
                   for mail in list(relay.accepted) if mail.time >= begin)
    for at in range(len(taken) - TRACE):
        if sum(first for _, first in taken[at:at + TRACE]) >= TRACE * 0.99:
            return taken[at][0] - begin
    return NEVER


def trips(stage):
    """How often it opened but by a failed trial."""
    return sum(e["upstream"] == "filter" and e["to"] == "open" and
               e["from"] != "half-open" for e in stage.events("breaker"))


def rejections(side):
    return side.first.replies["RCPT 451"]


def body(stage):
    stock, ours = both = sides(stage)
    for side in both:
        side.offer(["contoso.test"], RATE, stage.draw("load"))
    time.sleep(WELL)
    begin = time.monotonic()
    for side in both:
        side.first.become("busy")
    incident.until(begin + ILL)
    healed = time.monotonic()
    before = trips(stage)
    for side in both:
        side.first.become("healthy")
    loop.wait_for(lambda: full_share(ours, healed) != NEVER, 75, 0.5)
    time.sleep(5)
    for side in both:
        side.finish()

    stage.at_most("rejections by the sick filter", rejections(ours),
                  0.05 * rejections(stock), rejections(stock),
                  why="5 % of stock's")
    stage.at_most("p95 delay while it is sick",
                  share(ours.delays(begin, healed), 0.95), 0.3,
                  share(stock.delays(begin, healed), 0.95), "%.2f s")
    stage.at_most("full share back after", full_share(ours, healed), 60,
                  full_share(stock, healed), "%.1f s")
    stage.at_most("trips after that", trips(stage) - before, 0)
    tap.diag("events: %s" % stage.events("breaker"))


if __name__ == "__main__":
    incident.run(body)
