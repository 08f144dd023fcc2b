#!/usr/bin/env python3
"""The filter is down for long: mail goes past it, in TLS, once its time has
come and a preflight was good, and comes in again. The tenant locks its
connector: nothing is returned, mail waits, and goes on when the lock is gone.
Without Redis no way past the filter opens.
"""
import signal
import time

import load
import loop
import tap
from lab import Lab
from smtp import Smtp

SUBMITTER = "127.0.0.2"     # connects from here
STRANGER = "127.0.0.1"
AFTER = 3                   # seconds
LOCK = ("550 5.7.51 TenantInboundAttribution; There is a partner connector "
        "configured that matched the message's recipient domain")
PREFLIGHT = "postmaster@contoso.test"

CONFIGURATION = """
breaker = {{ consecutive = 3; open_for = "1s"; open_max = "3s"; trials = 1;
  ramp = [ 50, 100 ]; ramp_step = "300ms"; }};
probe = {{ every = "1s"; }};
submission = {{ networks = [ "{submitter}/32" ]; }};
upstreams = {{
  filter = {{ nexthop = "{filter}"; }};
  exchange = {{ nexthop = "{exchange}"; tls = "encrypt"; }};
}};
destinations = {{
  contoso = {{ domains = [ "contoso.test" ];
    routes = ( {{ upstream = "filter"; }},
      {{ upstream = "exchange"; unfiltered = true; after = "{after}s"; }} ); }};
}};
"""


class Scene:
    """A host, a filter, and what stands behind it."""

    def __init__(self, lab, redis):
        self.filter = lab.relay()
        self.exchange = lab.relay(tls=lab.tls())
        self.relays = [self.filter, self.exchange]
        self.host = lab.host("h1", redis, CONFIGURATION.format(
            submitter=SUBMITTER, filter=self.filter.nexthop,
            exchange=self.exchange.nexthop, after=AFTER))
        self.redis = redis
        self.client = redis.client()
        self.messages = []
        self.host.start()

    def field(self, name, upstream="filter"):
        return self.client("HGET", "mailweir:upstream:{%s}" % upstream, name)

    def send(self, source):
        """The reply's code."""
        name = "b%d" % len(self.messages)
        to = name + "@contoso.test"
        client = Smtp(self.host.port, source=source)
        reply = client.begin("s@sender.test", to)
        if reply[0] == 250:
            reply = client.data(name)
        client.close()
        self.messages.append(load.Message(name, to, self.host.port, 0,
                                          reply[0], reply[1], ""))
        return reply[0]

    def submit(self, count):
        return {self.send(SUBMITTER) for _ in range(count)}

    def bypasses(self):
        return [e for e in self.client.events() if e["event"] == "bypass"]

    def is_open(self):
        found = self.bypasses()
        return bool(found) and found[-1]["state"] == "begins"

    def counter(self, name):
        return int(self.client("HGET", "mailweir:dest:{contoso}", name) or 0)

    def when(self, state):
        """The fleet's time of the last such event, ms."""
        rows = self.client("XREVRANGE", "mailweir:events", "+", "-")
        return next(int(name.partition("-")[0]) for name, flat in rows
                    if flat[1] == "bypass" and state in flat)

    def break_filter(self):
        self.filter.become("busy")
        self.submit(4)
        return loop.wait_for(lambda: self.field("down_since") != "0", 10)


def opens_in_time(scene):
    tap.ok(scene.break_filter(), "the filter's breaker opens")
    down = int(scene.field("down_since"))
    tap.ok(loop.wait_for(lambda: scene.send(STRANGER) == 451, 5),
           "other servers are put off", scene.messages[-1])
    tap.same((scene.exchange.connections, scene.bypasses()), (0, []),
             "nothing goes past it yet")
    tap.ok(loop.wait_for(scene.is_open, 20), "the way past it opens",
           scene.bypasses())
    tap.at_least(scene.when("begins") - down, AFTER * 1000,
                 "ms that the filter was down for, trials included")
    tap.ok(PREFLIGHT in scene.exchange.asked, "after a preflight",
           scene.exchange.asked)
    begun = scene.bypasses()[0]
    tap.ok(begun["incident"] and begun["reason"] == "primary-down",
           "with reason and incident", begun)


def takes_mail(scene):
    tap.ok(loop.wait_for(lambda: scene.send(STRANGER) == 250, 15),
           "mail comes in again", scene.messages[-1])
    tap.ok(load.drained([scene.host], 30), "all of it goes out",
           scene.host.queue()[:2])
    taken = list(scene.exchange.accepted)
    tap.ok(taken and not scene.filter.accepted, "past the filter",
           len(taken), len(scene.filter.accepted))
    tap.ok(all(mail.tls for mail in taken), "each message in TLS")
    tap.ok(loop.wait_for(lambda: scene.counter("rerouted") == len(taken), 5),
           "counted as rerouted", scene.counter("rerouted"), len(taken))


def is_locked(scene):
    loop.wait_for(scene.is_open, 10)
    scene.exchange.become({"RCPT": LOCK})
    before = len(scene.bypasses())
    tap.same(scene.submit(3), {250}, "own users' mail is accepted")
    tap.ok(loop.wait_for(lambda: any(
        e.get("reason") == "locked" for e in scene.bypasses()[before:]), 20),
           "the connector is locked: the way is closed", scene.bypasses())
    tap.ok(any(e["event"] == "shield" and e["rule"] == "connector-lock"
               for e in scene.client.events()), "with an event")
    tap.ok(scene.field("locked_until", "exchange"), "for the whole fleet")
    tap.ok(loop.wait_for(lambda: scene.send(STRANGER) == 451, 5),
           "other servers are put off again", scene.messages[-1])
    statuses = {d.status for d in scene.host.deliveries()}
    tap.same(statuses - {"sent", "deferred"}, set(), "nothing is returned")
    scene.exchange.become("healthy")
    tap.ok(load.drained([scene.host], 30), "unlocked: what waited goes out",
           scene.host.queue()[:2])


def closes(scene):
    scene.filter.become("healthy")
    tap.ok(loop.wait_for(lambda: scene.submit(1) == {250} and
                         scene.field("state") == "closed", 20, 0.3),
           "the filter is well again", scene.field("state"))
    tap.ok(loop.wait_for(lambda: not scene.is_open(), 5),
           "the way past it is closed", scene.bypasses()[-1])
    load.drained([scene.host], 20)


def needs_redis(scene):
    asked = len(scene.exchange.asked)
    began = len(scene.bypasses())
    scene.break_filter()
    scene.redis.process.send_signal(signal.SIGSTOP)
    scene.submit(2)
    time.sleep(AFTER + 2)           # its time would have come
    tap.same(len(scene.exchange.asked), asked,
             "Redis away: nothing is asked past the filter, nor sent")
    scene.redis.process.send_signal(signal.SIGCONT)
    tap.ok(load.drained([scene.host], 30), "Redis back: mail moves on",
           scene.host.queue()[:2])
    tap.ok(len(scene.bypasses()) > began, "once the way past the filter opens",
           scene.bypasses())


def body(lab):
    scene = Scene(lab, lab.redis())
    opens_in_time(scene)
    takes_mail(scene)
    is_locked(scene)
    closes(scene)
    needs_redis(scene)
    load.check(load.account(scene.messages, scene.relays, [scene.host],
                            lab.witness), "all")
    tap.ok(scene.host.steady(), "the daemons ran through")


if __name__ == "__main__":
    tap.run(body, Lab, measures=False)
