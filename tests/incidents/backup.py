#!/usr/bin/env python3
"""The primary is gone, and its backup can serve half of the mail: 10 messages
a second, over four connections; to more of them it answers 451.
"""
import time

import incident
import load
import tap
from incident import (NEVER, Side, destination, each_second, most_in,
                      upstream)

OFFERED = 20            # messages a second
TAKES, SERVICE = 4, 0.4     # connections, seconds a message
WELL, GONE, BACK = 10, 60, 30   # seconds: 2,000 messages
LIMIT = 60              # seconds to deliver all once the primary is back
PEAK = 1.5              # of what is normal, at the primary on its return
SPAN = 5                # seconds over which a rate is taken
# New connections a second to the primary. After a pause, those of one second
# come on top: in no five seconds are they more than PEAK.
RATE = OFFERED * PEAK * SPAN / (SPAN + 1)


def sides(stage):
    relays = [stage.lab.relay() for _ in range(4)]
    for backup in (relays[1], relays[3]):
        backup.seconds = SERVICE
        backup.become(backup.busy_above(TAKES))
    stock = stage.stock("stock", {"contoso.test": relays[:2]})
    # Accept all, so that nothing is left to the senders' own queues.
    ours, = stage.mailweir(["h1"], incident.configuration(
        [upstream("primary", relays[2],
                  more="probe = true; rate = %d;" % RATE),
         upstream("backup", relays[3], TAKES)],
        [destination("contoso", ["contoso.test"], ["primary", "backup"])],
        more='hold = { incoming = "accept"; };'))
    return Side("stock", [stock], relays[:2]), \
        Side("mailweir", [ours], relays[2:])


def delivered_after(side, back):
    """Seconds until the last message was delivered."""
    taken = [mail.time for relay in side.relays for mail in relay.accepted]
    accepted = sum(m.code == 250 for m in side.load.messages)
    return max(taken) - back if len(taken) >= accepted else NEVER


def refused(side):
    """Of what the backup was asked, in per cent."""
    backup = side.relays[1]
    return 100 * backup.replies["RCPT 451"] / max(1, len(backup.asked))


def peak(side, back):
    """Messages a second at the primary on its return."""
    return most_in([mail.time for mail in side.first.accepted
                    if mail.time >= back], SPAN) / SPAN


def waiting(side):
    """Messages that were accepted and have not been delivered."""
    taken = {i for relay in side.relays for i in relay.ids()}
    return sum(m.code == 250 and m.id not in taken
               for m in side.load.messages)


def body(stage):
    stock, ours = both = sides(stage)
    for side in both:
        side.offer(["contoso.test"], OFFERED, stage.draw("load"))
    time.sleep(WELL)
    begin = time.monotonic()
    for side in both:
        side.first.become("refused")
    incident.until(begin + GONE)
    for side in both:
        side.first.become("healthy")
    back = time.monotonic()
    incident.until(back + BACK)
    for side in both:
        side.load.stop()
    load.drained(ours.hosts, LIMIT - BACK + 30)
    left = [waiting(side) for side in both]
    peaks = [peak(side, back) for side in both]
    for side in both:
        side.relays[1].seconds = 0
        side.relays[1].become("healthy")
        side.finish()
    tap.diag("each second from its return: " + each_second(
        [mail.time for mail in ours.first.accepted], back, back + LIMIT))
    tap.diag("of %d messages undelivered when Mailweir is done: stock %d, "
             "Mailweir %d" % (len(stock.load.messages), *left))

    stage.at_most("refused by the backup, of what it is asked", refused(ours),
                  2, refused(stock), "%.1f %%")
    stage.at_most("connections of the backup at once", ours.relays[1].peak,
                  TAKES, stock.relays[1].peak)
    stage.at_most("all delivered after its return",
                  delivered_after(ours, back), LIMIT,
                  delivered_after(stock, back) if not left[0] else NEVER,
                  "%.1f s")
    stage.at_most("peak at the primary on its return", peaks[1],
                  PEAK * OFFERED, peaks[0], "%.1f msg/s",
                  why="1.5 x its normal")


if __name__ == "__main__":
    incident.run(body, 400)
