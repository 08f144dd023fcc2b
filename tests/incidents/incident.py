"""Incident: one that has happened to mail in the open, on stock Postfix and on
Mailweir in one run, and the figures that Mailweir must reach.

    def body(stage):
        ...
        stage.at_most("rejections", ours, 0.05 * stock, stock)

    incident.run(body)

Both ways have hosts and relays of their own, the relays do the same at the same
time, drawn from the same seed, and the timers of both are a tenth of what they
are by default. What is counted and timed are the relays' and the load's own
records. See docs/incidents.md.
"""
import inspect
import json
import math
import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))

# pylint: disable=wrong-import-position
import load
import loop
import tap
from lab import Lab

# Not those of the dialogue (smtp_*_timeout): the relays take their full time.
POSTFIX = """queue_run_delay = 30s
minimal_backoff_time = 30s
maximal_backoff_time = 400s
transport_retry_time = 6s
"""
# Nor those of one delivery: gate.wait, gate.spill, breaker.slow_after.
MAILWEIR = """
breaker = {{ window = "12s"; open_for = "3s"; open_max = "30s"; {breaker} }};
slow = {{ every = "1s"; }};
probe = {{ every = "3s"; to = "probe@probe.test"; }};
upstreams = {{ {upstreams} }};
destinations = {{ {destinations} }};
"""
NEVER = math.inf
NONE = "–"


def seed():
    return int(os.environ.get("MW_SEED", "1"))


def upstream(name, relay, connections=20, more=""):
    return '%s = { nexthop = "%s"; connections = %d; %s };\n' % (
        name, relay.nexthop, connections, more)


def destination(name, domains, routes, more=""):
    """routes: upstreams' names, or whole groups."""
    return "%s = { domains = [ %s ]; routes = ( %s ); %s };\n" % (
        name, ", ".join('"%s"' % d for d in domains),
        ", ".join(r if "{" in r else '{ upstream = "%s"; }' % r
                  for r in routes), more)


def configuration(upstreams, destinations,
                  breaker='ramp_step = "500ms";', more=""):
    return MAILWEIR.format(upstreams="".join(upstreams), breaker=breaker,
                           destinations="".join(destinations)) + more


def share(values, part):
    """The value that so many (0 to 1) of the values do not exceed."""
    values = sorted(values)
    return values[math.ceil(part * len(values)) - 1] if values else 0


def most_in(times, seconds):
    """How many of these moments lie within so many seconds at most."""
    times, first, most = sorted(times), 0, 0
    for last, at in enumerate(times):
        while times[first] <= at - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def within(times, begin, end):
    return sum(begin <= at < end for at in times)


def each_second(times, begin, end):
    """How many there were, for the reader of a test that failed."""
    return " ".join(str(within(times, begin + n, begin + n + 1))
                    for n in range(int(end - begin)))


class Side:
    """A load on its way through hosts to relays: the first is the one that
    has trouble. name: "stock" or "mailweir"."""

    def __init__(self, name, hosts, relays):
        self.name = name
        self.hosts = hosts
        self.relays = relays
        self.first = relays[0]
        self.load = None

    def offer(self, domains, rate, draw):
        self.load = load.Load([h.port for h in self.hosts], domains, rate,
                              draw=draw)

    def delays(self, begin, end):
        """Of the messages sent then: seconds until a relay had each."""
        return [delay for _, delay in self.timeline(begin, end)]

    def timeline(self, begin, end):
        """(when it was sent, its delay) of each, in seconds from begin."""
        taken = {mail.id: mail.time for relay in self.relays
                 for mail in list(relay.accepted)}
        return sorted((m.sent_at - begin, taken.get(m.id, NEVER) - m.sent_at)
                      for m in list(self.load.messages)
                      if begin <= m.sent_at < end)

    def accepted(self, begin, end):
        """Messages that relays took then."""
        return within([mail.time for relay in self.relays
                       for mail in list(relay.accepted)], begin, end)

    def flush(self):
        for host in self.hosts:
            host.command("postqueue", "-f")

    def finish(self, seconds=60):
        """No more load; the relays are well. The count must come out even
        for us; for stock it is told."""
        messages = self.load.stop()
        if not load.drained(self.hosts, 2):
            self.flush()
        load.drained(self.hosts, seconds)
        account = load.account(messages, self.relays, self.hosts,
                               self.hosts[0].lab.witness)
        if self.name == "mailweir":
            load.check(account, "Mailweir")
            tap.ok(all(h.steady() for h in self.hosts),
                   "the daemons ran through")
        else:
            tap.diag("stock: %d sent = %d delivered + %d queued + %d put off; "
                     "%d lost, %d doubled, %d bounced" % (
                         account.sent, account.delivered, account.queued,
                         account.deferred, len(account.lost),
                         len(account.double), len(account.bounced)))
        return account


class Stage:
    """A lab, and the figures of one incident."""

    def __init__(self, lab, name):
        self.lab = lab
        self.name = name
        self.redis = None

    def draw(self, name=""):
        """Random numbers 0 to 1, the same for all who ask by one name."""
        return random.Random("%d %s" % (seed(), name)).random

    def stock(self, name, routes, main=""):
        """A Postfix without us, started. routes: domain -> relays, first
        choice first."""
        host = self.lab.postfix(name, main=POSTFIX + main +
                                "transport_maps = texthash:{config}/transport")
        host.write("transport", "".join("%s smtp:%s\n" % (
            domain, ", ".join(r.nexthop for r in relays))
            for domain, relays in routes.items()))
        host.start()
        return host

    def mailweir(self, names, text, each=None, **options):
        """Hosts with us, started, that share a Redis. each: lines of main.cf
        for each of them."""
        self.redis = self.redis or self.lab.redis()
        hosts = [self.lab.host(name, self.redis, text, main=POSTFIX + own,
                               **options)
                 for name, own in zip(names, each or [""] * len(names))]
        for host in hosts:
            host.start()
        client = self.redis.client()
        loop.wait_for(lambda: client("HLEN", "mailweir:hosts") == len(hosts),
                      10)
        client.close()
        return hosts

    def upstream(self, name):
        """What Redis holds of it."""
        client = self.redis.client()
        record = client.hash("mailweir:upstream:{%s}" % name)
        client.close()
        return record

    def events(self, kind=None):
        """All of one kind, or all."""
        client = self.redis.client()
        events = [e for e in client.events() if kind in (None, e["event"])]
        client.close()
        return events

    def counter(self, destination, name):
        """One of a destination's counters; destination "*": of all."""
        client = self.redis.client()
        count = sum(int(client("HGET", key, name) or 0) for key in
                    client("KEYS", "mailweir:dest:{%s}" % destination))
        client.close()
        return count

    # figures: what is measured, ours, the limit, stock's, and how to say them

    def at_most(self, what, ours, limit, stock=None, form="%d", why=""):
        self._judge(what, ours, stock, form, ours <= limit,
                    "<= " + form % limit, why)

    def at_least(self, what, ours, limit, stock=None, form="%d", why=""):
        self._judge(what, ours, stock, form, ours >= limit,
                    ">= " + form % limit, why)

    def told(self, what, ours, stock=None, form="%d", why=""):
        """One without a limit."""
        self._tell(what, ours, stock, form, "", why, None)

    def _judge(self, what, ours, stock, form, met, must, why):
        tap.ok(met, "%s: %s, must be %s; stock %s" % (
            what, said(ours, form), must, said(stock, form)))
        self._tell(what, ours, stock, form, must, why, met)

    def _tell(self, what, ours, stock, form, must, why, met):
        print("# figure " + json.dumps({
            "incident": self.name, "what": what, "stock": said(stock, form),
            "mailweir": said(ours, form), "met": met,
            "must": (must + (" (%s)" % why if why else "")).strip()}))
        sys.stdout.flush()


def said(value, form):
    """A figure in words."""
    if value is None:
        return NONE
    return "never" if value == NEVER else form % value


def until(moment):
    """Sleep until then."""
    time.sleep(max(0, moment - time.monotonic()))


def run(body, limit=300, quick=False, lab_class=Lab):
    """Run body(stage) in a lab of its own, for so many seconds at most. All
    but the quick ones, whose figures no other test can spoil, are left out
    unless MW_TESTS=soak."""
    if not quick and os.environ.get("MW_TESTS") != "soak":
        print("1..0 # SKIP takes minutes: tests/incidents/run, or "
              "MW_TESTS=soak")
        return
    name = os.path.basename(inspect.getfile(body)).rpartition(".")[0]
    tap.run(lambda lab: body(Stage(lab, name)), lab_class, limit,
            measures=not quick)
