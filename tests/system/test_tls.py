#!/usr/bin/env python3
"""Each upstream's own TLS policy is what a connection to it gets. One that
cannot meet it gets no mail: the next route does, or the mail waits.
"""
import collections
import subprocess

import load
import loop
import tap
from lab import Lab
from smtp import send

CONFIGURATION = """
upstreams = {{ {upstreams} }};
destinations = {{ {destinations} }};
"""

# The upstream's tls, whether it offers STARTTLS and as whom, and what becomes
# of a message: "tls" or "clear" (to it), "next" (to the second route).
Row = collections.namedtuple("Row", "name tls offers takes")
ROWS = [
    Row("encrypt", "encrypt", "relay.test", "tls"),
    Row("stripped", "encrypt", None, "next"),
    Row("none", "none", "relay.test", "clear"),
    Row("may", "may", "relay.test", "tls"),
    Row("may-not", "may", None, "clear"),
    Row("unset", "", "relay.test", "tls"),      # main.cf's own level: may
    Row("unset-not", "", None, "clear"),
    Row("secure", "secure match=relay.test", "relay.test", "tls"),
    Row("impostor", "secure match=relay.test", "other.test", "next"),
    Row("expected", "secure match=other.test", "relay.test", "next"),
]


class Case:
    """A row with its destination and two relays."""

    def __init__(self, lab, row):
        self.row = row
        self.first = lab.relay(tls=lab.tls(row.offers) if row.offers else None)
        self.second = lab.relay(tls=lab.tls())
        self.to = "a@%s.test" % row.name

    def upstreams(self):
        tls = 'tls = "%s";' % self.row.tls if self.row.tls else ""
        return ('%s = { nexthop = "%s"; %s };\n'
                '%s-eu = { nexthop = "%s"; tls = "encrypt"; };\n' % (
                    self.row.name, self.first.nexthop, tls,
                    self.row.name, self.second.nexthop))

    def destination(self):
        return ('%s = { domains = [ "%s.test" ]; routes = ( { upstream = '
                '"%s"; }, { upstream = "%s-eu"; } ); };\n' % (
                    (self.row.name,) * 4))

    def took(self):
        """How the message went, or "" when it did not."""
        for relay, tls, clear in ((self.first, "tls", "clear"),
                                  (self.second, "next", "next in clear")):
            if relay.accepted:
                return tls if relay.accepted[0].tls else clear
        return ""


def body(lab):
    redis = lab.redis()
    cases = [Case(lab, row) for row in ROWS]
    lone = lab.relay()
    text = CONFIGURATION.format(
        upstreams="".join(c.upstreams() for c in cases) +
        'lone = { nexthop = "%s"; tls = "encrypt"; };' % lone.nexthop,
        destinations="".join(c.destination() for c in cases) +
        'lone = { domains = [ "lone.test" ]; '
        'routes = ( { upstream = "lone"; } ); };')
    host = lab.host("h1", redis, text, milter=False,
                    main="smtp_tls_security_level = may\n"
                    "smtp_tls_CAfile = " + lab.certificate())
    host.start()
    for case in cases:
        send(host.port, [case.to], case.row.name)
    swaks = subprocess.run(
        ["swaks", "--server", "127.0.0.1:%d" % host.port, "--from",
         "s@sender.test", "--to", "a@lone.test", "--silent", "2"],
        check=False, capture_output=True, text=True)
    tap.same(swaks.returncode, 0, "swaks has its message accepted")
    loop.wait_for(lambda: all(c.took() for c in cases) and
                  host.deliveries("a@lone.test"), 30)
    for case in cases:
        row = case.row
        tap.same(case.took(), row.takes, "tls = %r, STARTTLS %s" % (
            row.tls, "of " + row.offers if row.offers else "not offered"))
    clear = [c.row.name for c in cases if c.row.takes == "next" and
             c.first.transactions]
    tap.same(clear, [], "who cannot meet its policy hears of no message")
    waits = host.deliveries("a@lone.test")[0]
    tap.same((waits.status, lone.transactions), ("deferred", 0),
             "with no other route the mail waits")
    tap.ok(waits.dsn.startswith("4.7."), "and says that TLS is why", waits)
    lone.tls = lab.tls()
    tap.ok(loop.wait_for(lambda: lone.accepted, 20),
           "until TLS can be had", host.deliveries("a@lone.test"))
    tap.ok(lone.accepted and lone.accepted[0].tls, "never in clear")
    load.drained([host], 10)
    tap.ok(host.steady(), "the daemons ran through")


if __name__ == "__main__":
    tap.run(body, Lab, measures=False)
