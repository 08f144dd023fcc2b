#!/usr/bin/env python3
"""A resource forest allows ten connections, and nobody was told: three hosts
with twelve tenants offer it more mail than it can take.
"""
import time

import incident
import tap
from incident import Side, destination, each_second, upstream

LIMIT = 10              # connections
CONFIGURED = 40         # what we believe
SERVICE = 0.2           # seconds a message
OFFERED = 70            # messages a second
TIME = 60               # seconds
TENANTS = ["tenant%d.test" % n for n in range(12)]


def stock(stage, forest):
    return [stage.stock("stock%d" % n, {t: [forest] for t in TENANTS})
            for n in (1, 2, 3)]


def ours(stage, forest):
    return stage.mailweir(["h1", "h2", "h3"], incident.configuration(
        [upstream("forest", forest, CONFIGURED)],
        [destination("tenants", TENANTS, ["forest"])]))


def offer(stage, name, hosts_of):
    """(messages a second, refused, connections) while mail is offered."""
    forest = stage.lab.relay(limit=LIMIT, seconds=SERVICE)
    hosts = hosts_of(stage, forest)
    side = Side(name, hosts, [forest])
    begin = time.monotonic()
    side.offer(TENANTS, OFFERED, stage.draw("load"))
    incident.until(begin + TIME)
    side.load.stop()
    result = (side.accepted(begin, begin + TIME) / TIME,
              len(forest.refused_at), forest.connections)
    for what, times in ("taken", [m.time for m in forest.accepted]), \
            ("refused", forest.refused_at):
        tap.diag("%s, %s: %s" % (name, what, each_second(
            times, begin, begin + TIME)))
    forest.limit = forest.seconds = 0
    side.finish()
    for host in hosts:
        host.stop()
    return result


def body(stage):
    rate, refused, connections = offer(stage, "mailweir", ours)
    their_rate, their_refused, _ = offer(stage, "stock", stock)
    possible = LIMIT / SERVICE
    stage.at_least("of %d msg/s possible" % possible, rate, 47, their_rate,
                   "%.1f msg/s")
    stage.at_most("refused with 421", refused, 0.01 * connections,
                  their_refused, why="1 % of its connections")


if __name__ == "__main__":
    incident.run(body)
