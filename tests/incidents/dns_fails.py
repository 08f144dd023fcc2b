#!/usr/bin/env python3
"""DNS answers SERVFAIL to all for a while: for the filter's name, and for
the MX and hosts of a forest that takes mail by MX.
"""
import os
import sys
import time

import incident
import tap
from incident import NEVER, Side, upstream
from lab import Lab

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "dns"))
import nameserver   # pylint: disable=wrong-import-position

RATE = 6                # messages a second, to three domains in turn
WELL, FAILING, AFTER = 5, 20, 8   # seconds
PROMPT = 1              # seconds: who waits for longer still has trouble
TENANTS = "contoso", "fabrikam"     # by MX; "tailspin" is behind the filter
# Where each side's forest and filter are, on port 25.
PLACES = {"stock": ("127.0.0.21", "127.0.0.22"),
          "mailweir": ("127.0.0.31", "127.0.0.32")}
MAIN = """relayhost =
disable_dns_lookups = no
smtp_host_lookup = dns
"""


class Network(Lab):
    """A lab with a loopback of its own, and a name server."""

    def __init__(self, limit):
        nameserver.own_network()
        super().__init__(limit)
        mx, addresses = {}, {}
        for way, (forest, filter_) in PLACES.items():
            for tenant in TENANTS:
                host = "%s-test.mail.%s.test" % (tenant, way)
                mx["%s.%s.test" % (tenant, way)] = [host]
                addresses[host] = forest
            addresses["filter.%s.test" % way] = filter_
        self.dns = nameserver.Dnsmasq(mx, addresses, ttl=2)
        self.closing.append(self.dns.stop)


def domains(way):
    return ["%s.%s.test" % (name, way) for name in TENANTS + ("tailspin",)]


def sides(stage):
    relays = {way: [stage.lab.relay(25, at=place) for place in places]
              for way, places in PLACES.items()}
    stock = stage.stock("stock", {}, main=MAIN)
    stock.write("transport", "tailspin.stock.test smtp:[filter.stock.test]\n")
    ours = stage.mailweir(["h1", "h2"], incident.configuration(
        ['forest = { nexthop = "[.mail.mailweir.test]:25"; mx = true; };',
         'world = { mx = true; };',
         'filter = { nexthop = "[filter.mailweir.test]:25"; };'],
        ['forest = { mx = [ ".mail.mailweir.test" ]; '
         'routes = ( { upstream = "forest"; } ); };',
         'tailspin = { domains = [ "tailspin.mailweir.test" ]; '
         'routes = ( { upstream = "filter"; } ); };',
         'everything = { catch_all = true; '
         'routes = ( { upstream = "world"; } ); };']), each=[MAIN] * 2)
    return Side("stock", [stock], relays["stock"]), \
        Side("mailweir", ours, relays["mailweir"])


def recovered_after(side, back):
    """Seconds until the last message came that was put off or waited."""
    taken = {mail.id: mail.time for relay in side.relays
             for mail in relay.accepted}
    late = [m.sent_at for m in side.load.messages if m.sent_at >= back and
            taken.get(m.id, NEVER) - m.sent_at > PROMPT]
    return max(late) - back if late else 0


def otherwise(side, back):
    """What was said while DNS was away, to senders and in the log, that is
    not 4.4.3."""
    said = [m.text for m in side.load.messages
            if m.sent_at < back and 400 <= m.code < 500]
    said += [d.dsn + " " + d.text for h in side.hosts for d in h.deliveries()
             if d.status == "deferred"]
    return [text for text in said if "4.4.3" not in text[:10]]


def body(stage):
    stock, ours = both = sides(stage)
    for side in both:
        side.offer(domains(side.name), RATE, stage.draw("load"))
    time.sleep(WELL)
    stage.lab.dns.stop()
    scripted = nameserver.Scripted(nameserver.servfail)
    time.sleep(FAILING)
    scripted.stop()
    stage.lab.dns.start()
    back = time.monotonic()
    said = [otherwise(side, back) for side in both]
    incident.until(back + AFTER)
    for side in both:
        side.load.stop()
    times = [recovered_after(side, back) for side in both]
    for side in both:
        side.finish()
    moved = stage.counter("everything", "accepted")
    tap.diag("other words: %s" % said[1][:3])
    stage.at_most("messages in another group", moved, 0)
    stage.at_most("told anything but 4.4.3", len(said[1]), 0, len(said[0]))
    stage.at_most("recovered after", times[1], 5, times[0], "%.1f s")


if __name__ == "__main__":
    incident.run(body, quick=True, lab_class=Network)
