#!/usr/bin/env python3
"""The primary Redis is killed while mail flows: the sentinels make its replica
the primary, and both daemons follow. Then all of them are gone.
"""
import re
import time

import load
import loop
import tap
from lab import Lab

RATE = 30                   # messages a second
CAP = 5
TTL = 5                     # seconds; the shortest that may be configured
LEASES = "mailweir:dest:{contoso}:leases"
REFUSED = re.compile(r"451 4\.3\.2 <\S+>: Recipient address rejected: "
                     "contoso is at capacity, please try again later$")

CONFIGURATION = """
lease = {{ ttl = "{ttl}s"; }};
upstreams = {{ filter = {{ nexthop = "{nexthop}"; }}; }};
destinations = {{ contoso = {{ domains = [ "contoso.test" ]; cap = {cap};
  routes = ( {{ upstream = "filter"; }} ); }}; }};
"""


def states(host, name):
    """What that daemon's log calls Redis, one after the other."""
    return re.findall(r" redis: state=(\w+)",
                      host.lab.log("%s.%s" % (host.name, name)))


def fine_again(host, before):
    return all(len(states(host, name)) > before[name] and
               states(host, name)[-1] == "fine" for name in before)


def check_mail(host, relay, messages, what):
    tap.ok(load.drained([host], 60), what + ": the queue runs empty",
           host.queue()[:3])
    load.check(load.account(messages, [relay], [host], host.lab.witness),
               what)
    tap.same([m.text for m in messages if m.code != 250 and
              not REFUSED.match(m.text)][:3], [],
             what + ": who is put off is told so in the right words")
    tap.at_most(sum(m.code != 250 for m in messages), len(messages) // 4,
                what + ": put off")


def no_lease(fleet):
    """Whatever was cut off in the middle has ended."""
    client = fleet.client()
    now = client("TIME")
    left = client("ZCOUNT", LEASES, int(now[0]) * 1000, "+inf")
    client.close()
    return left == 0


def check_fail_over(host, fleet, relay):
    names = ("policyd", "milter")
    before = {name: len(states(host, name)) for name in names}
    old = fleet.primary()
    traffic = load.Load([host.port], ["contoso.test"], RATE)
    time.sleep(1)
    old.kill()
    tap.ok(loop.wait_for(lambda: fleet.primary() is not old, 40),
           "the sentinels name another primary")
    tap.ok(loop.wait_for(lambda: fine_again(host, before), 40),
           "both daemons find it", [states(host, name) for name in names])
    taken = len(relay.accepted)
    loop.wait_for(lambda: len(relay.accepted) >= taken + 2 * RATE, 40)
    check_mail(host, relay, traffic.stop(), "fail-over")
    tap.ok(loop.wait_for(lambda: no_lease(fleet), 4 * TTL),
           "no place is left taken")
    client = fleet.client()
    tap.ok(loop.wait_for(
        lambda: int(client.hash("mailweir:dest:{contoso}").get(
            "delivered", 0)) >= 2 * RATE, 10),
        "what is counted is counted there",
        client.hash("mailweir:dest:{contoso}"))
    client.close()


def check_tool(host):
    """Returns the messages with which it was seen to be over."""
    code, out, err = host.mailweir("status")
    tap.ok(code == 0 and "contoso" in out, "mailweir status shows it", err)
    code, _, err = host.mailweir("force", "filter", "open", "--for", "1m",
                                 "--reason", "test")
    tap.same(code, 0, "mailweir force can write there")
    code, _, err = host.mailweir("force", "filter", "auto")
    tap.same(code, 0, "and take it back")
    messages = []
    tap.ok(loop.wait_for(lambda: messages.extend(
        load.burst([host.port], "contoso.test", 1, 0)) or
        messages[-1].code == 250, 20, 0.5), "which is heard of")
    return messages


def check_away(host, fleet, relay, before):
    traffic = load.Load([host.port], ["contoso.test"], RATE)
    time.sleep(1)
    fleet.stop()
    time.sleep(2)
    check_mail(host, relay, [m for m in before if m.code == 250] +
               traffic.stop(), "all of them gone")
    code, _, err = host.mailweir("status")
    tap.ok(code != 0 and "unreachable" in err and "at " + fleet.address in err,
           "mailweir status says who does not answer", code, err)


def body(lab):
    fleet = lab.fleet()
    relay = lab.relay()
    host = lab.host("h1", fleet, CONFIGURATION.format(
        nexthop=relay.nexthop, cap=CAP, ttl=TTL))
    host.start()
    check_fail_over(host, fleet, relay)
    before = check_tool(host)
    check_away(host, fleet, relay, before)
    tap.ok(host.steady(), "the daemons ran through")


if __name__ == "__main__":
    tap.run(body, Lab, measures=False)
