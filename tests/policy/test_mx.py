#!/usr/bin/env python3
"""Groups by MX at mailweir-policyd's sockets: real daemon, real redis-server,
a real name server and one that says nothing. Needs root, for a network of its
own. Speaks TAP."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "dns"))
import nameserver       # noqa: E402
from test_policyd import Daemons, Lane, Smtpd, equal, main, until  # noqa: E402

CONFIG = """
mode = "{mode}";
host = "mx1";
store = {{ redis = "unix:{dir}/redis.sock"; timeout = "200ms"; }};
listen = {{ policy = "unix:{dir}/policy"; map = "unix:{dir}/map"; milter = "{milter}"; }};
rules_file = "{source}/conf/outcomes.rules";
lease = {{ ttl = "5s"; }};
gate = {{ wait = "1s"; }};
release = {{ command = "{dir}/postqueue with words"; }};
upstreams = {{
  forest = {{ nexthop = "[.forest.test]:25"; mx = true; connections = 1; tls = "encrypt"; }};
  world = {{ mx = true; connections = 5; }};
  lone = {{ nexthop = "[relay.lone.test]:25"; connections = 2; }};
}};
destinations = {{
  forest = {{ mx = [ ".forest.test" ]; cap = 2; routes = ( {{ upstream = "forest"; }} ); }};
  lone = {{ domains = [ "lone.test" ]; routes = ( {{ upstream = "lone"; }} ); }};
  everything = {{ catch_all = true; routes = ( {{ upstream = "world"; }} ); }};
}};
{extra}
"""
NAMES = ["a.test", "b.test", "c.test", "d.test"]
SERVFAIL = ("4.4.3 Host or domain name not found. Name service error for "
            "name=%s type=MX: Host not found, try again")
MISSING = ("5.4.4 Host or domain name not found. Name service error for "
           "name=%s type=A: Host not found")


class Site(Daemons):
    """Daemons with a name server; silent: with one that says nothing."""

    def __init__(self, silent=False, **settings):
        self.dns = nameserver.Scripted(nameserver.silence) if silent else \
            nameserver.Dnsmasq({name: [name[0] + ".forest.test"]
                                for name in NAMES})
        super().__init__(template=CONFIG, **settings)
        until(lambda: self.granted("world") > 0, "a grant")
        until(lambda: self.granted("forest") > 0, "a grant")

    def end(self):
        super().end()
        self.dns.stop()

    def total(self, upstream, name):
        return int(self.redis("HGET", "mailweir:upstream:{%s}" % upstream,
                              "outcome_" + name) or 0)


def the_first_transaction_is_on_the_right_account(d):
    peers = [Smtpd(d) for _ in range(4)]
    equal(peers[0].ask(port=1, recipient="x@A.test."), "DUNNO")
    equal(d.leases("forest"), 1)
    equal(peers[1].ask(port=2, recipient="x@b.test"), "DUNNO")
    equal(d.leases("forest"), 2)
    equal(peers[2].ask(port=3, recipient="x@a.test")[:9], "451 4.3.2")
    equal(peers[3].ask(port=4, recipient="x@stranger.test"), "DUNNO")
    equal(d.leases("everything"), 1)
    for peer in peers:
        peer.close()
    until(lambda: d.leases("forest") + d.leases("everything") == 0,
          "the leases' return")


def the_default_lane_finds_the_upstream(d):
    lane = Lane(d)
    equal(lane.ask("gate.everything", "c.test"), "OK encrypt")
    equal(lane.ask("gate.everything", ".test"), "NOTFOUND ")
    delivered = d.counter("forest", "delivered")
    equal(lane.ask("outcome.everything", "2.0.0 250 Ok"), "NOTFOUND ")
    until(lambda: d.counter("forest", "delivered") == delivered + 1,
          "the forest's counter")
    equal(lane.ask("gate.everything", "stranger.test"), "NOTFOUND ")
    equal(lane.ask("outcome.everything", "2.0.0 250 Ok"), "NOTFOUND ")
    until(lambda: d.counter("everything", "delivered") == 1,
          "everybody's counter")
    until(lambda: d.total("forest", "ok") == 1, "the forest's outcome")
    lane.close()


def a_full_one_leaves_room_in_the_lane(d):
    lanes = [Lane(d) for _ in range(22)]
    equal(lanes[0].ask("gate.everything", "c.test"), "OK encrypt")
    for lane in lanes[1:21]:
        lane.send("gate.everything", "d.test")
    for lane in lanes[1:21]:
        lane.socket.setblocking(True)
    until(lambda: int(d.redis("HGET", "mailweir:upstream:{forest}", "waiting")
                      or 0) >= 20, "those who wait")
    equal(lanes[21].ask("gate.everything", "c.test"), "TEMP no-slot")
    equal(lanes[21].ask("gate.everything", "stranger.test"), "NOTFOUND ")
    for lane in lanes:
        lane.close()


def a_lookup_that_failed_is_the_names_own(d):
    lane = Lane(d)
    equal(lane.ask("gate.everything", "stranger.test"), "NOTFOUND ")
    equal(lane.ask("outcome.everything", "2.0.0 250 Ok"), "NOTFOUND ")
    for _ in range(3):          # recipients of one message
        equal(lane.ask("outcome.everything", SERVFAIL % "c.test"),
              "NOTFOUND ")
    equal(lane.ask("outcome.everything", MISSING % "d.forest.test"),
          "NOTFOUND ")
    until(lambda: d.total("forest", "dns") == 1, "one failed lookup")
    until(lambda: d.total("forest", "ignore") == 1, "one missing name")
    equal(d.total("world", "dns"), 0)
    equal(lane.ask("outcome.everything", SERVFAIL % "stranger.test"),
          "NOTFOUND ")
    until(lambda: d.total("world", "dns") == 1, "the world's")
    equal(d.state("forest"), "closed")
    lane.close()


def a_next_hop_that_is_not_found_returns_no_mail(d):
    lane = Lane(d)
    equal(lane.ask("outcome.lone", MISSING % "relay.lone.test"),
          "OK 4.4.3 Mailweir: the next hop was not found")
    equal(lane.ask("gate.lone", "[relay.lone.test]:25"), "NOTFOUND ")
    equal(lane.ask("outcome.lone", MISSING % "relay.lone.test"),
          "OK 4.4.3 Mailweir: the next hop was not found")
    until(lambda: d.total("lone", "dns") == 2, "both")
    lane.close()


def nobody_waits_long_for_dns(d):
    peers = [Smtpd(d) for _ in range(3)]
    for port, peer in enumerate(peers):
        equal(peer.ask(port=port, recipient="x@a.test", instance="s"),
              "DUNNO")
    equal(d.leases("everything"), 3)
    lane = Lane(d)
    equal(lane.ask("gate.everything", "b.test"), "NOTFOUND ")
    equal(lane.ask("outcome.everything", "2.0.0 250 Ok"), "NOTFOUND ")


def who_leaves_while_waiting_hurts_nobody(d):
    before = d.child()
    for number in range(50):
        lane, peer = Lane(d), Smtpd(d)
        lane.send("gate.everything", "x%d.test" % number)
        peer.socket.sendall(b"request=smtpd_access_policy\nprotocol_state=RCPT"
                            b"\nrecipient=a@y%d.test\n\n" % number)
        lane.close()
        peer.close()
    peer = Smtpd(d)
    # Two at once, of which the first has to wait.
    for domain in (b"z1", b"z2"):
        peer.socket.sendall(b"request=smtpd_access_policy\nprotocol_state=RCPT"
                            b"\nrecipient=a@" + domain + b".test\n\n")
    got = b""
    while got.count(b"action=DUNNO\n\n") < 2:
        got += peer.socket.recv(4096)
    equal(d.child(), before)


GROUPS = [
    ({}, [the_first_transaction_is_on_the_right_account,
          the_default_lane_finds_the_upstream,
          a_full_one_leaves_room_in_the_lane,
          a_lookup_that_failed_is_the_names_own,
          a_next_hop_that_is_not_found_returns_no_mail]),
    ({"silent": True}, [nobody_waits_long_for_dns,
                        who_leaves_while_waiting_hurts_nobody]),
]


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root, for a network of its own")
        sys.exit(0)
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    nameserver.own_network()
    sys.exit(main(GROUPS, Site, at_once=1))
