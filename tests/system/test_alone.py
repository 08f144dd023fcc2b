#!/usr/bin/env python3
"""Three hosts send to a relay, and the way of one of them to it breaks. That
host leads its own mail around, tries again by itself and comes back; the other
two do not notice, and nobody waits.
"""
import json
import time

import load
import loop
import tap
from lab import Lab

CONFIGURATION = """
breaker = {{ consecutive = 5; open_for = "4s"; open_max = "4s"; trials = 2;
  ramp_step = "500ms"; }};
upstreams = {{
  filter = {{ nexthop = "{first}"; connections = 30; }};
  filter-eu = {{ nexthop = "{second}"; connections = 30; }};
}};
destinations = {{ tenants = {{ domains = [ "tenant.test" ];
  routes = ( {{ upstream = "filter"; }}, {{ upstream = "filter-eu"; }} ); }}; }};
"""
WELL, ILL = 3, 10           # seconds
RATE = 8                    # messages a second, each host
ADDRESS = "127.0.0.1%d"     # of a host, as the relay sees it
TOUCHED = 20                # of its attempts: a streak, and a few trials
KEY = "mailweir:upstream:{filter}"


def hosts_of(lab, redis, relays):
    text = CONFIGURATION.format(first=relays[0].nexthop,
                                second=relays[1].nexthop)
    hosts = [lab.host("h%d" % n, redis, text, milter=False,
                      main="smtp_bind_address = " + ADDRESS % n)
             for n in (1, 2, 3)]
    for host in hosts:
        host.start()
    return hosts


def events_of(client, scope):
    return [e for e in client.events()
            if e["event"] == "breaker" and e.get("scope") == scope]


def asked(host, verb, *words):
    return json.loads(host.mailweir(verb, *words, "--json")[1])


def check_telling(hosts):
    """While it lasts, every host tells whose trouble it is."""
    filter_ = next(u for u in asked(hosts[1], "status")["upstreams"]
                   if u["name"] == "filter")
    tap.same((filter_["state"], [a["host"] for a in filter_["alone"]]),
             ("closed", ["h1"]), "status on another host names it")
    scopes = [asked(host, "explain", "a@tenant.test")["routes"][0]["scope"]
              for host in hosts]
    tap.same(scopes, ["host", "fleet", "fleet"],
             "explain on the host itself goes by it, and elsewhere not")


def check_events(client):
    own = events_of(client, "host")
    tap.ok(own and own[0]["to"] == "open" and own[-1]["to"] == "closed" and
           {(e["host"], e["upstream"]) for e in own} == {("h1", "filter")} and
           own[0].get("incident"), "its events name it, and an incident", own)
    tap.same(events_of(client, None), [], "no breaker of the fleet moved")


def check_mail(host, messages, relays, ill):
    first, second = relays
    through_second = set(second.ids()) & {m.id for m in messages}
    deferred = [d for d in host.deliveries() if d.status == "deferred"]
    tap.same(len(deferred), 0, host.name + ": no delivery was put off")
    load.check(load.account(messages, relays, [host], host.lab.witness),
               host.name)
    if ill:
        tap.at_least(len(through_second), RATE * ILL // 2,
                     host.name + ": led around")
        tap.at_most(first.shunned[ADDRESS % 1], TOUCHED,
                    host.name + ": connections that its relay cut")
    else:
        tap.same(len(through_second), 0, host.name + ": nothing was rerouted")


def body(lab):
    redis = lab.redis()
    relays = [lab.relay(), lab.relay()]
    hosts = hosts_of(lab, redis, relays)
    client = redis.client()
    loads = [load.Load([host.port], ["tenant.test"], RATE) for host in hosts]
    time.sleep(WELL)
    relays[0].shunned = {ADDRESS % 1: 0}
    tap.ok(loop.wait_for(lambda: client("HGET", KEY + ":alone", "h1"), 10),
           "the host opens its own breaker")
    check_telling(hosts)
    time.sleep(ILL)
    shunned, relays[0].shunned = relays[0].shunned, {}
    tap.ok(loop.wait_for(lambda: not client("HLEN", KEY + ":alone"), 20),
           "it comes back by itself")
    sent = [traffic.stop() for traffic in loads]
    load.drained(hosts, 20)
    relays[0].shunned = shunned
    check_events(client)
    for host, messages in zip(hosts, sent):
        check_mail(host, messages, relays, host is hosts[0])
    tap.ok(all(host.steady() for host in hosts), "the daemons ran through")


if __name__ == "__main__":
    tap.run(body, Lab, measures=False, soak=True)
