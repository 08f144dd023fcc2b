#!/usr/bin/env python3
"""A forest's limit drops from twenty connections to five and comes back."""
import time

import incident
import tap
from incident import (NEVER, Side, destination, each_second, upstream,
                      within)

WIDE, NARROW = 20, 5    # connections
SERVICE = 0.4           # seconds a message
OFFERED = 60            # messages a second
WARM, NARROWED, BACK = 15, 30, 30   # seconds
LOOK = 3                # seconds that tell whether the limit is known
USED = 0.7              # of what the forest can do in them, as one cut leaves
ASTRAY = 0.1            # of as many connections that it refuses, at most
REFUSED = 0.02          # of all connections


def stock(stage, forest):
    return [stage.stock("stock%d" % n, {"tenant.test": [forest]})
            for n in (1, 2, 3)]


def ours(stage, forest):
    return stage.mailweir(["h1", "h2", "h3"], incident.configuration(
        [upstream("forest", forest, WIDE)],
        [destination("tenants", ["tenant.test"], ["forest"])]))


def known_after(forest, limit, begin, end):
    """Seconds until it is used well, and little of it refused, for good."""
    taken = [mail.time for mail in forest.accepted]
    possible = limit / SERVICE * LOOK
    known, at = NEVER, begin
    while at + LOOK <= end:
        if within(taken, at, at + LOOK) < USED * possible or \
                within(forest.refused_at, at, at + LOOK) > ASTRAY * possible:
            known = NEVER
        elif known == NEVER:
            known = at - begin
        at += 0.1
    return known


def offer(stage, name, hosts_of):
    """(seconds to know the narrow limit, and the wide one, refused,
    connections)"""
    forest = stage.lab.relay(limit=WIDE, seconds=SERVICE)
    hosts = hosts_of(stage, forest)
    side = Side(name, hosts, [forest])
    side.offer(["tenant.test"], OFFERED, stage.draw("load"))
    time.sleep(WARM)
    dropped = time.monotonic()
    forest.limit = NARROW
    incident.until(dropped + NARROWED)
    back = time.monotonic()
    forest.limit = WIDE
    incident.until(back + BACK)
    end = time.monotonic()
    result = (known_after(forest, NARROW, dropped, back),
              known_after(forest, WIDE, back, end),
              len(forest.refused_at), forest.connections)
    for what, times in ("taken", [m.time for m in forest.accepted]), \
            ("refused", forest.refused_at):
        tap.diag("%s: %s, narrow: %s, wide: %s" % (
            name, what, each_second(times, dropped, back),
            each_second(times, back, end)))
    side.load.stop()
    forest.limit = forest.seconds = 0
    side.finish(120)
    for host in hosts:
        host.stop()
    return result


def body(stage):
    down, up, refused, connections = offer(stage, "mailweir", ours)
    their_down, their_up, their_refused, _ = offer(stage, "stock", stock)
    stage.at_most("%d known after" % NARROW, down, 10, their_down, "%.1f s")
    stage.at_most("%d known again after" % WIDE, up, 10, their_up, "%.1f s")
    stage.at_most("refused with 421", refused, REFUSED * connections,
                  their_refused, why="2 % of its connections")


if __name__ == "__main__":
    incident.run(body, 400)
