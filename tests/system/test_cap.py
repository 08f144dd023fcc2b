#!/usr/bin/env python3
"""A destination's intake cap is the fleet's: with twenty senders on two hosts
that hold their messages open, five get in, and a place is free again as soon
as its holder is gone, however it went.
"""
import re
import threading
import time

import loop
import tap
from lab import Lab
from smtp import Smtp, send

CAP, CLIENTS = 5, 20
TTL = 5                     # seconds; the shortest that may be configured
AT_CAP = "451 4.3.2 contoso is at capacity, please try again later"

CONFIGURATION = """
lease = {{ ttl = "{ttl}s"; }};
upstreams = {{ filter = {{ nexthop = "{nexthop}"; }}; }};
destinations = {{ contoso = {{ domains = [ "contoso.test" ]; cap = {cap};
  routes = ( {{ upstream = "filter"; }} ); }}; }};
"""
LEASES = "mailweir:dest:{contoso}:leases"


class Sampler(threading.Thread):
    """ZCARD of the leases, again and again; most is the most there were."""

    def __init__(self, redis):
        super().__init__(daemon=True)
        self.client = redis.client()
        self.most = self.samples = 0
        self.going = True
        self.start()

    def run(self):
        while self.going:
            self.most = max(self.most, self.client("ZCARD", LEASES))
            self.samples += 1
            time.sleep(0.005)

    def stop(self):
        self.going = False
        self.join()


def knock(ports):
    """Twenty clients, in turn at the hosts: those that got in, each in the
    middle of DATA, and the replies of the others."""
    inside, refusals = [], []
    for number in range(CLIENTS):
        client = Smtp(ports[number % len(ports)])
        reply = client.begin("s%d@sender.test" % number, "a@contoso.test")
        if reply[0] == 250 and client.command("DATA")[0] == 354:
            client.send("X-Mw-Id: held%d\r\n" % number)
            inside.append(client)
        else:
            refusals.append(reply[1])
            client.close()
    return inside, refusals


def leases(client):
    return client("ZCARD", LEASES)


def knock_and_count(hosts, redis, what):
    """The cap holds; returns the clients inside."""
    sampler = Sampler(redis)
    inside, refusals = knock([h.port for h in hosts])
    sampler.stop()
    tap.same(len(inside), CAP, "%s: so many get in" % what)
    tap.at_most(sampler.most, CAP, "%s: leases at once, in %d samples" % (
        what, sampler.samples))
    texts = {re.sub(r"<\S+>: Recipient address rejected: ", "", text)
             for text in refusals}
    tap.same((len(refusals), texts), (CLIENTS - CAP, {AT_CAP}),
             "%s: the others are told in the right words" % what)
    return inside


def vanish(clients):
    for client in clients:
        client.close()


def gone(client, seconds):
    return loop.wait_for(lambda: leases(client) == 0, seconds)


def check_milter(lab, redis, client, text):
    hosts = [lab.host("h%d" % n, redis, text) for n in (1, 2)]
    for host in hosts:
        host.start()
    inside = knock_and_count(hosts, redis, "milter")
    time.sleep(TTL + 1)
    tap.same(leases(client), CAP, "leases are renewed while they are held")
    vanish(inside)
    tap.ok(gone(client, 1), "the clients gone, so are their leases",
           client("ZRANGE", LEASES, 0, -1))
    inside, _ = knock([h.port for h in hosts])
    reply = inside[0]
    reply.send("Subject: whole\r\n\r\nhello\r\n.\r\n")
    tap.same(reply.reply()[0], 250, "who got in is served to the end")
    tap.ok(loop.wait_for(lambda: leases(client) == CAP - 1, 1),
           "and gives its place back with it, still connected",
           client("ZRANGE", LEASES, 0, -1))
    for host in hosts:
        host.milter.kill()
        host.milter.wait()
    vanish(inside)
    tap.ok(gone(client, TTL + 2),
           "the milters killed, the leases end with their time",
           client("ZRANGE", LEASES, 0, -1))
    tap.same(send(hosts[0].port, ["b@contoso.test"])[0], 250,
             "without a milter mail is accepted")
    for host in hosts:
        host.stop()


def check_policy_only(lab, redis, client, text):
    """Without a milter policyd holds the leases by itself."""
    hosts = [lab.host("p%d" % n, redis, text, milter=False) for n in (1, 2)]
    for host in hosts:
        host.start()
    inside = knock_and_count(hosts, redis, "policy only")
    for number, holder in enumerate(inside):
        holder.send("X-Mw-Id: whole%d\r\n\r\nhello\r\n.\r\n" % number)
        holder.reply()
    tap.ok(gone(client, 1), "policy only: the messages in, no lease is left",
           client("ZRANGE", LEASES, 0, -1))
    inside, _ = knock([h.port for h in hosts])
    vanish(inside)
    tap.ok(gone(client, TTL + 2),
           "policy only: the clients gone, the leases end with their time",
           client("ZRANGE", LEASES, 0, -1))
    tap.ok(all(host.steady() for host in hosts), "the daemons ran through")


def check_one_client(lab, redis, client, text):
    """What `mailweir postfix` advises: Postfix holds each client to half of
    the cap, so that one alone does not keep others out."""
    host = lab.host("h5", redis, text)
    _, wiring, _ = host.mailweir("postfix")
    advice = re.search(r"^#(smtpd_client_connection_count_limit = 2)$",
                       wiring, re.M)
    tap.ok(advice, "half of the cap is advised", wiring)
    host.append("smtpd_client_event_limit_exceptions =\n" +
                (advice.group(1) if advice else "") + "\n")
    host.start()
    greedy = [Smtp(host.port, source="127.0.0.2") for _ in range(CLIENTS)]
    replies = [c.begin("s@sender.test", "a@contoso.test")
               for c in greedy if c.banner[0] == 220]
    tap.same([code for code, _ in replies], [250] * (CAP // 2),
             "one client alone gets so many")
    other = Smtp(host.port, source="127.0.0.3")
    tap.same(other.begin("o@sender.test", "b@contoso.test")[0], 250,
             "and another one has its place")
    tap.same(leases(client), CAP // 2 + 1, "each has its lease")
    vanish(greedy + [other])
    tap.ok(gone(client, TTL + 2), "and gives it back")
    tap.ok(host.steady(), "the daemons ran through")


def body(lab):
    redis = lab.redis()
    relay = lab.relay()
    text = CONFIGURATION.format(ttl=TTL, cap=CAP, nexthop=relay.nexthop)
    client = redis.client()
    check_milter(lab, redis, client, text)
    client("FLUSHALL")
    check_policy_only(lab, redis, client, text)
    client("FLUSHALL")
    check_one_client(lab, redis, client, text)


if __name__ == "__main__":
    tap.run(body, Lab, measures=False)
