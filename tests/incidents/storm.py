#!/usr/bin/env python3
"""An outage turns into a storm of permanent refusals: a relay, the only one,
answers 451 to all mail, then 554 to all mail, and is well again.
"""
import time

import incident
from incident import Side, destination, upstream

RATE = 10               # messages a second
WELL, BUSY, STORM = 3, 5, 30    # seconds
REFUSAL = "554 5.3.0 Error: internal failure"


def sides(stage):
    relays = [stage.lab.relay() for _ in range(2)]
    stock = stage.stock("stock", {"contoso.test": relays[:1]})
    # Accept all: what is held is what could be returned.
    ours, = stage.mailweir(["h1"], incident.configuration(
        [upstream("filter", relays[1],
                  more='probe = true; shield = [ "5.3.0" ];')],
        [destination("contoso", ["contoso.test"], ["filter"])],
        more='hold = { incoming = "accept"; };'), release="rate = 100;")
    return Side("stock", [stock], relays[:1]), \
        Side("mailweir", [ours], relays[1:])


def body(stage):
    stock, ours = both = sides(stage)
    for side in both:
        side.offer(["contoso.test"], RATE, stage.draw("load"))
    time.sleep(WELL)
    for side in both:
        side.first.become("busy")
    time.sleep(BUSY)
    for side in both:
        side.first.become({"RCPT": REFUSAL})
    time.sleep(STORM)
    for side in both:
        side.first.become("healthy")
        side.load.stop()
    accounts = [side.finish(30) for side in both]
    stage.at_most("messages returned", len(accounts[1].bounced), 0,
                  len(accounts[0].bounced))
    stage.at_least("permanent refusals by the relay",
                   ours.first.replies["RCPT 554"], 1,
                   stock.first.replies["RCPT 554"])


if __name__ == "__main__":
    incident.run(body)
