#!/usr/bin/env python3
"""The default lane, to wherever the recipients' MX are. Two customer domains
have theirs in one forest, and share its caps; two others do not. Then DNS
fails: nobody moves to another group, senders are told 4.4.3, and all is well
again with DNS.

The lab has a network of its own, with a name server that Postfix and Mailweir
ask alike.
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "dns"))
import load     # pylint: disable=wrong-import-position
import loop     # pylint: disable=wrong-import-position
import nameserver   # pylint: disable=wrong-import-position
import tap      # pylint: disable=wrong-import-position
from lab import Lab     # pylint: disable=wrong-import-position
from smtp import Smtp   # pylint: disable=wrong-import-position

LIMIT = 3               # connections that the forest takes
SERVICE = 0.2           # seconds a message
RATE, TIME = 24, 10     # messages a second, half of them to the forest
CAP = 4                 # transactions towards it
FOREST, WORLD = "127.0.0.11", "127.0.0.12"
OURS = ["contoso.test", "fabrikam.test"]
OTHERS = ["stranger.test", "mixed.test"]
MX = {
    "contoso.test": ["contoso-test.mail.forest.test"],
    "fabrikam.test": ["fabrikam-test.mail.forest.test",
                      "fabrikam-2.mail.forest.test"],
    "stranger.test": ["mx.stranger.test"],
    "mixed.test": ["mx.stranger.test", "mixed-test.mail.forest.test"],
}
ADDRESSES = {
    "contoso-test.mail.forest.test": FOREST,
    "fabrikam-test.mail.forest.test": FOREST,
    "fabrikam-2.mail.forest.test": FOREST,
    "mixed-test.mail.forest.test": FOREST,
    "mx.stranger.test": WORLD,
}
CONFIGURATION = """
breaker = {{ min_outcomes = 6; window = "10s"; }};
upstreams = {{
  forest = {{ nexthop = "[.mail.forest.test]:25"; mx = true;
    connections = {limit}; }};
  world = {{ mx = true; connections = 10; }};
}};
destinations = {{
  forest = {{ mx = [ ".mail.forest.test" ]; cap = {cap};
    routes = ( {{ upstream = "forest"; }} ); }};
  everything = {{ catch_all = true; routes = ( {{ upstream = "world"; }} ); }};
}};
"""
MAIN = """
relayhost =
disable_dns_lookups = no
smtp_host_lookup = dns
"""


class MxLab(Lab):
    def __init__(self, limit):
        nameserver.own_network()
        super().__init__(limit)


class Scene:
    def __init__(self, lab):
        self.lab = lab
        self.dns = nameserver.Dnsmasq(MX, ADDRESSES, ttl=5)
        redis = lab.redis()
        self.client = redis.client()
        self.forest = lab.relay(25, at=FOREST, limit=LIMIT,
                                seconds=SERVICE)
        self.world = lab.relay(25, at=WORLD)
        text = CONFIGURATION.format(limit=LIMIT, cap=CAP)
        self.hosts = [lab.host("h%d" % n, redis, text, main=MAIN)
                      for n in (1, 2)]
        for host in self.hosts:
            host.start()
        loop.wait_for(lambda: self.client("HLEN", "mailweir:hosts") == 2, 10)
        self.messages = []

    def counter(self, destination, name):
        return int(self.client("HGET", "mailweir:dest:{%s}" % destination,
                               name) or 0)

    def state(self, upstream):
        return tuple(self.client("HGET", "mailweir:upstream:{%s}" % upstream,
                                 field) for field in ("state", "reason"))

    def send(self, domain, host=0):
        """One message; the reply that decided."""
        name = "x%d" % len(self.messages)
        to = "%s@%s" % (name, domain)
        client = Smtp(self.hosts[host].port)
        reply = client.begin("s@sender.test", to)
        if reply[0] == 250:
            reply = client.data(name)
        client.close()
        self.messages.append(load.Message(
            name, to, self.hosts[host].port, 0, reply[0], reply[1], ""))
        return reply

    def account(self, name):
        load.drained(self.hosts, 60)
        load.check(load.account(self.messages, [self.forest, self.world],
                                self.hosts, self.lab.witness), name)


def check_cap(scene, what):
    """Transactions towards both domains, on both hosts, are counted as one;
    the first one is on its destination's account from the start."""
    clients = []

    def begin(number, domain):
        client = Smtp(scene.hosts[number % 2].port)
        clients.append(client)
        return client.begin("s@sender.test", "a@" + domain)

    tap.same([begin(n, OURS[n // 2 % 2])[0] for n in range(CAP)],
             [250] * CAP, what + ": as many get in as the cap says")
    tap.same(scene.client("ZCARD", "mailweir:dest:{forest}:leases"), CAP,
             what + ": all on account of the forest")
    for domain in OURS:
        reply = begin(1, domain)
        tap.ok(reply[0] == 451 and reply[1].startswith("451 4.3.2") and
               reply[1].endswith("forest is at capacity, please try again "
                                 "later"),
               "%s: not one more to %s" % (what, domain), reply)
    tap.same([begin(0, domain)[0] for domain in OTHERS], [250, 250],
             what + ": others are none of its business")
    for client in clients:
        client.close()
    tap.ok(loop.wait_for(
        lambda: scene.client("ZCARD", "mailweir:dest:{forest}:leases") == 0,
        15), what + ": places are given back")


def check_lane(scene):
    """The gate of the default lane finds the forest, and its connections."""
    traffic = load.Load([h.port for h in scene.hosts], OURS[:1] + OTHERS +
                        OURS[1:], RATE, TIME)
    scene.messages += traffic.wait()
    scene.account("by MX")
    tap.at_most(scene.forest.peak, LIMIT, "connections to the forest at once")
    tap.same(scene.forest.replies["BANNER 421"], 0, "no connection is refused")
    tap.ok(len(scene.forest.accepted) >= RATE * TIME // 2 and
           len(scene.world.accepted) >= RATE * TIME // 2, "mail went to both",
           len(scene.forest.accepted), len(scene.world.accepted))
    tap.ok(loop.wait_for(
        lambda: (scene.counter("forest", "delivered"),
                 scene.counter("everything", "delivered")) ==
        (len(scene.forest.accepted), len(scene.world.accepted)), 10),
           "each is counted where it belongs",
           scene.client.hash("mailweir:dest:{forest}"),
           scene.client.hash("mailweir:dest:{everything}"),
           len(scene.forest.accepted), len(scene.world.accepted))


def check_explain(scene):
    def explain(domain):
        code, out, err = scene.hosts[0].mailweir("explain", "--json",
                                                 "a@" + domain)
        return json.loads(out) if code == 0 else {"error": err}

    by_mx = explain("fabrikam.test")
    tap.same((by_mx.get("destination"), by_mx.get("match"),
              by_mx.get("pattern"), by_mx.get("mx_known")),
             ("forest", "mx", ".mail.forest.test", True),
             "explain says by which MX")
    other = explain("mixed.test")
    tap.same((other.get("destination"), other.get("match")),
             ("everything", "catch-all"),
             "and that one MX elsewhere makes a domain nobody's")
    _, out, _ = scene.hosts[0].mailweir("explain", "a@contoso.test")
    tap.ok("by mx .mail.forest.test" in out and
           "contoso-test.mail.forest.test" in out, "so it does for people",
           out)


def check_outage(scene):
    scene.dns.stop()
    scripted = nameserver.Scripted(nameserver.servfail)
    # The hosts' first failures, in each host's own queue.
    for number in range(8):
        scene.send(OURS[number % 2], number % 2)
    tap.ok(loop.wait_for(lambda: "4.4.3" in scene.send("contoso.test")[1], 40,
                         0.5),
           "SERVFAIL on both hosts: senders are told 4.4.3",
           scene.messages[-1], scene.state("forest"))
    tap.ok(scene.messages[-1].text.startswith("451 4.4.3") and
           "forest is temporarily unavailable" in scene.messages[-1].text,
           "in the forest's name, so it is in its group still",
           scene.messages[-1])
    tap.ok(loop.wait_for(lambda: scene.state("forest")[1] == "dns", 20, 0.5),
           "and the state says why", scene.state("forest"))
    tap.same(scene.state("world")[0], "closed",
             "nothing is held against others")
    tap.ok(all(any(d.dsn == "4.4.3" for d in h.deliveries())
               for h in scene.hosts), "what waits in the queues says 4.4.3")
    forest = scene.counter("forest", "accepted")
    loop.wait_for(lambda: scene.send("contoso.test")[0] == 250, 20, 0.5)
    tap.ok(loop.wait_for(
        lambda: scene.counter("forest", "accepted") > forest, 10),
           "what is taken in meanwhile is on its account",
           scene.client.hash("mailweir:dest:{forest}"))
    scripted.stop()
    scene.dns.start()
    tap.ok(loop.wait_for(lambda: scene.state("forest")[0] == "closed", 15),
           "DNS back: the breaker closes", scene.state("forest"))
    # Each host reads that in a moment.
    tap.ok(loop.wait_for(lambda: scene.send("fabrikam.test")[0] == 250, 5,
                         0.5), "senders are heard", scene.messages[-1])
    scene.account("the outage of DNS")
    tap.same(scene.forest.replies["BANNER 421"], 0, "no connection is refused")


def body(lab):
    scene = Scene(lab)
    check_cap(scene, "the first of all")
    check_lane(scene)
    check_explain(scene)
    check_outage(scene)
    check_cap(scene, "as before")
    tap.ok(all(host.steady() for host in scene.hosts),
           "the daemons ran through")
    scene.dns.stop()


if __name__ == "__main__":
    tap.run(body, MxLab, measures=False)
