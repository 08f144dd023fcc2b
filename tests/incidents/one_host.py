#!/usr/bin/env python3
"""One of three hosts cannot reach the filter: each connection is cut."""
import time

import incident
import tap
from incident import NEVER, Side, destination, share, upstream

RATE = 10               # messages a second and host
WELL, ILL, AFTER = 5, 45, 10    # seconds
ADDRESSES = ["127.0.0.%d" % n for n in (11, 12, 13)]
THIRD = ADDRESSES[2]


def bind(address):
    return "smtp_bind_address = %s\n" % address


def sides(stage):
    relays = [stage.lab.relay() for _ in range(4)]
    stocks = [stage.stock("stock%d" % n, {"contoso.test": relays[:2]},
                          main=bind(address))
              for n, address in enumerate(ADDRESSES, 1)]
    ours = stage.mailweir(["h1", "h2", "h3"], incident.configuration(
        [upstream("filter", relays[2]), upstream("filter-eu", relays[3])],
        [destination("contoso", ["contoso.test"], ["filter", "filter-eu"])]),
        each=[bind(address) for address in ADDRESSES])
    return Side("stock", stocks, relays[:2]), \
        Side("mailweir", ours, relays[2:])


def others(side, begin, end):
    """Messages of the two other hosts at that time."""
    third = side.hosts[2].port
    return [m for m in side.load.messages
            if m.port != third and begin <= m.sent_at < end]


def p95(side, messages):
    """Of their delays."""
    taken = {mail.id: mail.time for relay in side.relays
             for mail in relay.accepted}
    return share([taken.get(m.id, NEVER) - m.sent_at for m in messages], 0.95)


def astray(side, messages):
    """How many of them left the first filter, in per cent."""
    second = set(side.relays[1].ids())
    return 100 * sum(m.id in second for m in messages) / len(messages)


def body(stage):
    stock, ours = both = sides(stage)
    for side in both:
        side.offer(["contoso.test"], 3 * RATE, stage.draw("load"))
    time.sleep(WELL)
    begin = time.monotonic()
    for side in both:
        side.first.shunned[THIRD] = 0
    incident.until(begin + ILL)
    end = time.monotonic()
    cut = [side.first.shunned.pop(THIRD) for side in (ours, stock)]
    incident.until(end + AFTER)
    for side in both:
        side.finish()
    pairs = [(side, others(side, begin, end)) for side in (ours, stock)]
    stage.at_most("mail of the two others that left the filter",
                  astray(*pairs[0]), 1, astray(*pairs[1]), "%.1f %%")
    stage.at_most("connections of the third host that were cut", cut[0],
                  0.05 * cut[1], cut[1], why="5 % of stock's")
    stage.at_most("p95 delay of the two others", p95(*pairs[0]), 0.3,
                  p95(*pairs[1]), "%.2f s")
    tap.diag("events: %s" % stage.events("breaker"))


if __name__ == "__main__":
    incident.run(body)
