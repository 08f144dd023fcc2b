#!/usr/bin/env python3
"""With feed.maillog, why deliveries moved on to another next hop is known from
what Postfix logs, whatever it was, and over a rotation of the log.
"""
import os

import load
import loop
import tap
from lab import Lab
from relay import FOREST
from smtp import send

RATE, SECONDS = 10, 6       # while the log is rotated
EACH = 5                    # messages for each reason
KNOWN = 0.9                 # of the attempts, at least, by the log

# No breaker opens: each message is to be tried at the first upstream.
CONFIGURATION = """
feed = {{ maillog = "{log}"; }};
breaker = {{ consecutive = 1000; min_outcomes = 10000; slow_after = "60s"; }};
upstreams = {{
  first = {{ nexthop = "{first}"; connections = 20; }};
  strict = {{ nexthop = "{strict}"; tls = "encrypt"; }};
  impostor = {{ nexthop = "{impostor}"; tls = "secure match=relay.test"; }};
  second = {{ nexthop = "{second}"; connections = 20; }};
}};
destinations = {{
  contoso = {{ domains = [ "contoso.test" ];
    routes = ( {{ upstream = "first"; }}, {{ upstream = "second"; }} ); }};
  strict = {{ domains = [ "strict.test" ];
    routes = ( {{ upstream = "strict"; }}, {{ upstream = "second"; }} ); }};
  impostor = {{ domains = [ "impostor.test" ];
    routes = ( {{ upstream = "impostor"; }}, {{ upstream = "second"; }} ); }};
}};
"""

ILL = "busy", "banner-421", "drop-ehlo", "refused"
TOO_MANY = {"BANNER": FOREST}


class Scene:
    def __init__(self, lab):
        self.first, self.second, self.strict = (lab.relay() for _ in range(3))
        self.impostor = lab.relay(tls=lab.tls("other.test"))
        self.relays = [self.first, self.second, self.strict, self.impostor]
        redis = lab.redis()
        self.log = lab.path("log", "h1.mail.log")
        self.host = lab.host("h1", redis, CONFIGURATION.format(
            log=self.log, first=self.first.nexthop,
            second=self.second.nexthop, strict=self.strict.nexthop,
            impostor=self.impostor.nexthop))
        tap.same(self.host.log, self.log, "the log is Postfix's own")
        self.client = redis.client()
        self.messages = []
        self.host.start()

    def outcomes(self, upstream):
        """What was counted of it, by class."""
        fields = self.client.hash("mailweir:upstream:{%s}" % upstream)
        return {name[8:]: int(n) for name, n in fields.items()
                if name.startswith("outcome_") and n != "0"}

    def send(self, to):
        name = "f%d" % len(self.messages)
        code, text = send(self.host.port, [to], name)
        self.messages.append(load.Message(name, to, self.host.port, 0, code,
                                          text, ""))

    def check(self, upstream, domain, wanted, name):
        """So many messages, and all of their attempts at the upstream are of
        the class wanted."""
        before = self.outcomes(upstream)
        for n in range(EACH):
            self.send("%s%d@%s" % (upstream, n, domain))
        after = dict(before)
        after[wanted] = after.get(wanted, 0) + EACH
        loop.wait_for(lambda: sum(self.outcomes(upstream).values()) ==
                      sum(after.values()), 20)
        tap.same(self.outcomes(upstream), after, name)


def check_rotation(scene):
    """Twice during the traffic, as logrotate does it."""
    before = scene.outcomes("first")
    began = scene.first.transactions
    scene.first.become("busy")
    traffic = load.Load([scene.host.port], ["contoso.test"], RATE, SECONDS)
    for n in range(2):
        loop.wait_for(lambda: len(traffic.messages) >= RATE * (n + 1), 30)
        os.rename(scene.log, scene.log + ".%d" % n)
        scene.host.reload()
    scene.messages += traffic.wait()
    attempts = RATE * SECONDS
    loop.wait_for(lambda: sum(scene.outcomes("first").values()) -
                  sum(before.values()) >= attempts, 20)
    grown = {name: n - before.get(name, 0)
             for name, n in scene.outcomes("first").items()}
    tap.diag(grown)
    tap.same(scene.first.transactions - began, attempts,
             "rotated: each message was tried at the first upstream")
    tap.same(sum(grown.values()), attempts, "each attempt counts once")
    tap.at_least(grown.get("trouble", 0), KNOWN * attempts,
                 "by what the log says of it")


def body(lab):
    scene = Scene(lab)
    for mode in ILL:
        scene.first.become(mode)
        scene.check("first", "contoso.test", "trouble", mode + ": trouble")
    scene.check("strict", "strict.test", "policy", "no TLS: policy")
    scene.check("impostor", "impostor.test", "policy",
                "another's certificate: policy")
    check_rotation(scene)
    scene.first.become(TOO_MANY)
    scene.check("first", "contoso.test", "slow", "too many: slow")
    load.drained([scene.host], 20)
    load.check(load.account(scene.messages, scene.relays, [scene.host],
                            lab.witness), "with a feed")
    tap.ok(scene.host.steady(), "the daemons ran through")


if __name__ == "__main__":
    tap.run(body, Lab, measures=False, soak=True)
