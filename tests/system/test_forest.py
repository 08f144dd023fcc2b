#!/usr/bin/env python3
"""A resource forest takes ten connections, whoever makes them: three hosts
with many tenants behind it fill it, and draw no refusal. Stock Postfix with
the same load beside it (for a shorter time) is what it would be otherwise.
"""
import time

import load
import loop
import tap
from lab import Lab

LIMIT = 10              # connections
SERVICE = 0.2           # seconds a message
POSSIBLE = LIMIT / SERVICE
OFFERED = 70            # messages a second
WARM, TIME = 3, 30      # seconds: until it is full, and counted from then on
STOCK_TIME = 12
TENANTS = ["tenant%d.test" % n for n in range(12)]

CONFIGURATION = """
gate = {{ wait = "20s"; }};
upstreams = {{ forest = {{ nexthop = "{nexthop}"; connections = {limit}; }}; }};
destinations = {{ tenants = {{ domains = [ {domains} ];
  routes = ( {{ upstream = "forest"; }} ); }}; }};
"""


def accepted_within(relay, begin, end):
    return sum(begin <= mail.time < end for mail in list(relay.accepted))


def offer(relay, hosts, seconds):
    """Load, the number accepted in the counted time, and all messages."""
    traffic = load.Load([h.port for h in hosts], TENANTS, OFFERED,
                        WARM + seconds)
    begin = time.monotonic() + WARM
    messages = traffic.wait()
    end = begin + seconds
    return accepted_within(relay, begin, end), messages


def with_mailweir(lab, redis):
    forest = lab.relay(limit=LIMIT, seconds=SERVICE)
    text = CONFIGURATION.format(
        nexthop=forest.nexthop, limit=LIMIT,
        domains=", ".join('"%s"' % t for t in TENANTS))
    hosts = [lab.host("h%d" % n, redis, text) for n in (1, 2, 3)]
    for host in hosts:
        host.start()
    client = redis.client()
    loop.wait_for(lambda: client("HLEN", "mailweir:hosts") == 3, 10)
    count, messages = offer(forest, hosts, TIME)
    tap.at_most(forest.peak, LIMIT, "connections at once")
    tap.same(forest.replies["BANNER 421"], 0, "no connection is refused")
    tap.at_least(count, int(POSSIBLE * TIME * 0.95),
                 "of %d possible messages delivered while %d/s were offered" %
                 (POSSIBLE * TIME, OFFERED))
    forest.seconds = 0
    load.drained(hosts, 60)
    load.check(load.account(messages, [forest], hosts, lab.witness),
               "three hosts")
    tap.ok(all(host.steady() for host in hosts), "the daemons ran through")
    for host in hosts:
        host.stop()
    return count / TIME


def without(lab):
    """Three hosts of stock Postfix; no test point, but a figure."""
    forest = lab.relay(limit=LIMIT, seconds=SERVICE)
    hosts = []
    for n in (1, 2, 3):
        host = lab.postfix("stock%d" % n,
                           main="default_transport = smtp:" + forest.nexthop)
        host.start()
        hosts.append(host)
    count, _ = offer(forest, hosts, STOCK_TIME)
    for host in hosts:
        host.stop()
    return count / STOCK_TIME, forest.replies["BANNER 421"]


def body(lab):
    rate = with_mailweir(lab, lab.redis())
    stock_rate, refused = without(lab)
    tap.diag("of %d/s possible: %.1f/s, stock Postfix %.1f/s" % (
        POSSIBLE, rate, stock_rate))
    tap.ok(refused > 0, "stock Postfix is refused %d times in %d s" % (
        refused, STOCK_TIME))


if __name__ == "__main__":
    tap.run(body, Lab)
