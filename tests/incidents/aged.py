#!/usr/bin/env python3
"""A relay is well again after two hours, in which a thousand messages came
together in the queue.
"""
import os
import re
import time

import incident
import load
import loop
import tap
from incident import (NEVER, Side, destination, each_second, most_in,
                      upstream)
from postfix import Postfix

HELD = 1000
FILL = 50               # messages a second, until they are there
LIVE = 10               # messages a second, from then on
AGE = 720               # seconds: a tenth of two hours
BACKOFF = 400           # seconds: Postfix's longest, which it has reached
RELEASE = 15            # messages a second
# New connections a second; after a pause, those of one second come on top.
# Postfix's own queue runs would bring all at once that is due since the last.
RATE = 28
RAMP = 2.5              # seconds: five steps
SPAN = 5                # seconds over which a rate is taken
SLACK = 1.1


def sides(stage):
    relays = [stage.lab.relay() for _ in range(2)]
    stock = stage.stock("stock", {"contoso.test": relays[:1]})
    ours, = stage.mailweir(["h1"], incident.configuration(
        [upstream("filter", relays[1], more="probe = true; rate = %d;" % RATE)],
        [destination("contoso", ["contoso.test"], ["filter"])],
        more='hold = { incoming = "accept"; };'),
        release="rate = %d;" % RELEASE)
    return Side("stock", [stock], relays[:1]), \
        Side("mailweir", [ours], relays[1:])


def files(host, *queues):
    """The messages in these queues of Postfix."""
    return [os.path.join(folder, name) for queue in queues
            for folder, _, names in os.walk(os.path.join(host.spool, queue))
            for name in names]


def grow_old(host, draw):
    """As if all had come so long ago: the times in the messages, and when
    Postfix means to try again, at some time within its longest backoff."""
    for path in files(host, "deferred"):
        with open(path, "rb") as file:
            text = file.read()
        with open(path, "r+b") as file:
            file.write(re.sub(
                rb"(T.|create_time=)(\d{10})\b",
                lambda m: m[1] + b"%d" % (int(m[2]) - AGE), text))
        os.utime(path, (time.time() + draw() * BACKOFF,) * 2)


def fill(stage, side):
    """A thousand messages, all tried in vain, and old."""
    host = side.hosts[0]
    side.first.become("busy")
    messages = load.Load([host.port], ["contoso.test"], FILL,
                         HELD / FILL).wait()
    loop.wait_for(lambda: not files(host, "incoming", "active"), 30)
    tap.same(len(files(host, "deferred")), HELD,
             "%s: so many messages wait" % side.name)
    host.stop()
    time.sleep(1)
    grow_old(host, stage.draw("backoff"))
    Postfix.start(host)
    return messages


def due(host, since):
    """Seconds until Postfix tries the last of them again, by itself."""
    return max(os.stat(path).st_mtime
               for path in files(host, "deferred")) - since


def last(side, messages, since):
    """Seconds until a relay had the last of them."""
    taken = {mail.id: mail.time for mail in side.first.accepted}
    return max(taken.get(m.id, NEVER) for m in messages) - since


def body(stage):
    stock, ours = both = sides(stage)
    old = [fill(stage, side) for side in both]
    stock_due = due(stock.hosts[0], time.time())
    for side in both:
        side.offer(["contoso.test"], LIVE, stage.draw("load"))
        side.first.become("healthy")
    loop.wait_for(lambda: last(ours, old[1], 0) != NEVER, 180, 0.5)
    begin = min(mail.time for mail in ours.first.accepted)
    took = last(ours, old[1], begin)
    peak, their_peak = (most_in([mail.time for mail in side.first.accepted],
                                SPAN) / SPAN for side in (ours, stock))
    tap.diag("each second: " + each_second(
        [mail.time for mail in ours.first.accepted], begin,
        time.monotonic()))
    there = len({m.id for m in old[0]} & set(stock.first.ids()))
    tap.diag("stock has delivered %d of them by then" % there)
    for side, messages in zip(both, old):
        side.load.messages.extend(messages)
        side.finish()

    stage.at_most("the last of them delivered after", took,
                  SLACK * (RAMP + HELD / RELEASE), stock_due, "%.0f s",
                  why="ramp and release.rate")
    stage.at_most("peak", peak, RATE * (SPAN + 1) / SPAN, their_peak,
                  "%.1f msg/s", why="rate, and live mail is %d" % LIVE)


if __name__ == "__main__":
    incident.run(body, 400)
