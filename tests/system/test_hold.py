#!/usr/bin/env python3
"""No upstream may take mail: senders are told so in the right words, what own
users submit waits in the queue, nothing takes the way around the protection,
and all of it moves on when a relay is well again. In observe mode none of this
is done, but counted.
"""
import time

import load
import loop
import tap
from lab import Lab
from smtp import Smtp

ON_HOLD = "contoso is temporarily unavailable, please try again later"
KNOWN = 2                   # seconds, until every daemon knows of a change
FILTERS = ("filter", "filter-eu")
SUBMITTER = "127.0.0.2"     # connects from here

CONFIGURATION = """
breaker = {{ consecutive = 3; open_for = "3s"; open_max = "4s"; trials = 1;
  ramp = [ 50, 100 ]; ramp_step = "500ms"; }};
submission = {{ networks = [ "{submitter}/32" ]; }};
upstreams = {{
  filter = {{ nexthop = "{first}"; }};
  filter-eu = {{ nexthop = "{second}"; }};
  exchange = {{ nexthop = "{bypass}"; tls = "encrypt"; }};
  other = {{ nexthop = "{other}"; }};
}};
destinations = {{
  contoso = {{ domains = [ "contoso.test" ];
    routes = ( {{ upstream = "filter"; }}, {{ upstream = "filter-eu"; }},
      {{ upstream = "exchange"; unfiltered = true; after = "1h"; }} ); }};
  other = {{ catch_all = true; routes = ( {{ upstream = "other"; }} ); }};
}};
"""


def submit(port, to, name, source="127.0.0.1"):
    """One message from an address; the reply that decided."""
    client = Smtp(port, source=source)
    reply = client.begin("s@sender.test", to)
    if reply[0] == 250:
        reply = client.data(name)
    client.close()
    return load.Message(name, to, port, 0, reply[0], reply[1], "")


class Scene:
    """A host with its relays."""

    def __init__(self, lab, redis, name, mode):
        self.first, self.second = lab.relay(), lab.relay()
        self.bypass = lab.relay(tls=lab.tls())
        self.other = lab.relay()
        self.relays = [self.first, self.second, self.bypass, self.other]
        self.host = lab.host(name, redis, CONFIGURATION.format(
            submitter=SUBMITTER, first=self.first.nexthop,
            second=self.second.nexthop, bypass=self.bypass.nexthop,
            other=self.other.nexthop), mode=mode)
        self.client = redis.client()
        self.messages = []
        self.host.start()

    def state(self, name):
        return self.client("HGET", "mailweir:upstream:{%s}" % name, "state")

    def send(self, to="a@contoso.test", source="127.0.0.1"):
        name = "h%d" % len(self.messages)
        self.messages.append(submit(self.host.port, to, name, source))
        return self.messages[-1]

    def fall_ill(self):
        """Both filters refuse; enough messages to open both breakers."""
        self.first.become("busy")
        self.second.become("busy")
        for _ in range(4):
            self.send(source=SUBMITTER)
        return loop.wait_for(lambda: self.state("filter") == "open" and
                             self.state("filter-eu") == "open", 10)

    def force_open(self, *names):
        """As an operator would, so that the hold lasts for the test."""
        for name in names:
            self.host.mailweir("force", name, "open", "--for", "1m",
                               "--reason", "test of the hold")

    def counters(self):
        return self.client.hash("mailweir:dest:{contoso}")

    def counted(self, name, least):
        return int(self.counters().get(name, 0)) >= least

    def let_go(self):
        for name in FILTERS + ("other",):
            self.host.mailweir("force", name, "auto")


def check_enforced(lab, redis):
    scene = Scene(lab, redis, "h1", "enforce")
    host = scene.host
    client = Smtp(host.port)
    client.begin("s@sender.test", "a@contoso.test")
    tap.ok(scene.fall_ill(), "both breakers open",
           scene.state("filter"), scene.state("filter-eu"))
    scene.force_open(*FILTERS)
    tap.ok(loop.wait_for(lambda: scene.send().code == 451, 5),
           "a destination without upstream is on hold", scene.messages[-1])
    tap.ok(scene.messages[-1].text.startswith("451 4.3.2 ") and
           scene.messages[-1].text.endswith(ON_HOLD),
           "and says so", scene.messages[-1].text)
    time.sleep(KNOWN)
    late = client.data("late")
    tap.ok(late[1].startswith("451 4.3.2 "),
           "a transaction from before is refused at its end", late)
    client.close()
    tap.same(scene.send("a@other.test").code, 250,
             "mail for others comes in")
    tap.same(scene.send(source=SUBMITTER).code, 250,
             "what own users submit is accepted")
    loop.wait_for(lambda: any("Mailweir:" in d.text
                              for d in host.deliveries()), 10)
    held = [d for d in host.deliveries() if "Mailweir:" in d.text]
    tap.ok(held and held[-1].dsn == "4.3.2" and held[-1].status == "deferred",
           "and waits, with our words in the log", held[-1:])
    tap.same(scene.bypass.connections, 0,
             "nothing takes the way around the protection")
    tap.ok(loop.wait_for(lambda: scene.counted("deferred_hold", 1) and
                         scene.counted("held", 1) and
                         scene.counted("deferred_late", 1), 5),
           "all three are counted", scene.counters())
    scene.force_open("other")
    tap.ok(loop.wait_for(lambda: scene.send("a@other.test").code == 421, 5)
           and "4.3.2" in scene.messages[-1].text,
           "with every destination on hold the session is ended",
           scene.messages[-1])
    scene.first.become("healthy")
    scene.second.become("healthy")
    scene.let_go()
    tap.ok(load.drained([host], 40), "a relay well again: all of it moves on",
           host.queue()[:2])
    load.check(load.account(scene.messages, scene.relays, [host],
                            lab.witness), "enforce")
    tap.same(scene.bypass.connections, 0, "through the protection")
    tap.ok(host.steady(), "the daemons ran through")
    host.stop()


def check_observed(lab, redis):
    """Nothing is refused, by the gate or at intake."""
    redis.client()("FLUSHALL")
    scene = Scene(lab, redis, "o1", "observe")
    host = scene.host
    scene.force_open(*FILTERS)
    time.sleep(KNOWN)
    for _ in range(5):
        scene.send()
    tap.same({m.code for m in scene.messages}, {250},
             "observe: nobody is put off")
    tap.ok(loop.wait_for(lambda: len(scene.first.accepted) == 5, 10),
           "observe: mail goes where Postfix would send it")

    tap.ok(loop.wait_for(lambda: scene.counted("would_defer", 5) and
                         scene.counted("would_refuse", 5), 5),
           "observe: what would have been done is counted", scene.counters())
    load.drained([host], 10)
    load.check(load.account(scene.messages, scene.relays, [host],
                            lab.witness), "observe")
    tap.ok(host.steady(), "the daemons ran through")


def body(lab):
    redis = lab.redis()
    check_enforced(lab, redis)
    check_observed(lab, redis)


if __name__ == "__main__":
    tap.run(body, Lab, measures=False)
