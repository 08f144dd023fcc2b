#!/usr/bin/env python3
"""The filter is gone, and the way past it is locked: it takes the filter's
mail only, and returns all other for good (550 5.7.51).
"""
import time

import incident
import tap
from incident import Side, destination, upstream

RATE = 5                # messages a second and destination
WELL, GONE = 3, 20      # seconds
AFTER = "5s"            # until the way past the filter may be taken
LOCK = ("550 5.7.51 TenantInboundAttribution; There is a partner connector "
        "configured that matched the message's recipient domain")
# Where each of them says so: who only asks sees it, or just who sends.
STAGES = {"contoso": "RCPT", "fabrikam": "EOD"}
FILTER, DIRECT = 0, {"contoso": 1, "fabrikam": 2}


def relays_of(stage):
    relays = [stage.lab.relay()] + [
        stage.lab.relay(tls=stage.lab.tls()) for _ in STAGES]
    for name, reply_to in STAGES.items():
        relays[DIRECT[name]].become({reply_to: LOCK})
    return relays


def domains():
    return [name + ".test" for name in STAGES]


def sides(stage):
    theirs, own = relays_of(stage), relays_of(stage)
    stock = stage.stock("stock", {
        name + ".test": [theirs[FILTER], theirs[DIRECT[name]]]
        for name in STAGES}, main="smtp_tls_security_level = may\n")
    past = '{ upstream = "%s-direct"; unfiltered = true; after = "' + AFTER + \
        '"; }'
    ours, = stage.mailweir(["h1"], incident.configuration(
        [upstream("filter", own[FILTER], more="probe = true;")] +
        [upstream(name + "-direct", own[DIRECT[name]],
                  more='tls = "encrypt";') for name in STAGES],
        [destination(name, [name + ".test"], ["filter", past % name])
         for name in STAGES], more='hold = { incoming = "accept"; };'),
        release="rate = 100;")
    return Side("stock", [stock], theirs), Side("mailweir", [ours], own)


def told(stage, upstream_name):
    """Does an event tell of the lock, or of what it said?"""
    return any("5.7.51" in str(e) or "lock" in str(e)
               for e in stage.events() if e.get("upstream") == upstream_name)


def body(stage):
    stock, ours = both = sides(stage)
    for side in both:
        side.offer(domains(), RATE * len(STAGES), stage.draw("load"))
    time.sleep(WELL)
    for side in both:
        side.first.become("refused")
    time.sleep(GONE)
    held = stage.counter("*", "held")
    for side in both:
        side.load.stop()
        side.first.become("healthy")
    accounts = [side.finish(60) for side in both]
    stage.at_most("messages returned", len(accounts[1].bounced), 0,
                  len(accounts[0].bounced))
    stage.at_least("messages held", held, 1)
    for name in STAGES:
        tap.ok(told(stage, name + "-direct"),
               "an event tells of %s's lock" % name, stage.events())


if __name__ == "__main__":
    incident.run(body, quick=True)
