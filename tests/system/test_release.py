#!/usr/bin/env python3
"""Mail that was held back goes out again by itself: with both relays ill, by
an operator's hold, and long before Postfix's own retries, which are minutes
away here.
"""
import re
import time

import load
import loop
import tap
from lab import Lab

CONFIGURATION = """
breaker = {{ consecutive = 3; open_for = "2s"; open_max = "4s"; trials = 1;
  ramp = [ 50, 100 ]; ramp_step = "1s"; }};
gate = {{ wait = "5s"; spill = "250ms"; }};
upstreams = {{
  filter = {{ nexthop = "{first}"; connections = 10; }};
  filter-eu = {{ nexthop = "{second}"; connections = 10; }};
  other = {{ nexthop = "{third}"; connections = 10; }};
}};
destinations = {{
  contoso = {{ domains = [ "contoso.test" ];
    routes = ( {{ upstream = "filter"; }}, {{ upstream = "filter-eu"; }} ); }};
  other = {{ domains = [ "other.test" ];
    routes = ( {{ upstream = "other"; }} ); }};
}};
"""
# Postfix alone would not try again while this test lasts.
PATIENT = """minimal_backoff_time = 300s
maximal_backoff_time = 600s
queue_run_delay = 300s
maximal_queue_lifetime = 1h
"""
MAIL = 200
SEND, RATE = 40, 20         # messages a second: sent, and let go
LOOK = 60                   # seconds between two looks into the queue
# Waits (4 s each at most, and a trial) and the ramp, twice the time that the
# rate needs, and two looks.
LIMIT = 2 * LOOK + 12 + 2 * MAIL // RATE


def state(redis, name):
    return redis("HGET", "mailweir:upstream:{%s}" % name, "state")


def counter(redis, name, field):
    return int(redis("HGET", "mailweir:dest:{%s}" % name, field) or 0)


def rest(host, domain):
    """Those that wait in the deferred queue."""
    return [m for m in host.queue() if m["queue_name"] == "deferred" and
            m["recipients"][0]["address"].endswith(domain)]


def at_rest(host, domain, count):
    return loop.wait_for(lambda: len(rest(host, domain)) == count, 30, 0.5)


def check_order(messages, relays, name):
    """Oldest first, but for what is under way at the same time: the mean
    distance between its place when sent and when taken is small."""
    taken = sorted((mail for relay in relays for mail in relay.accepted),
                   key=lambda mail: mail.time)
    place = {m.id: i for i, m in enumerate(messages)}
    gaps = [abs(i - place[mail.id]) for i, mail in enumerate(taken)
            if mail.id in place]
    # At random it would be a third of them; arrival times are whole seconds.
    tap.at_most(sum(gaps) / max(1, len(gaps)), SEND,
                "%s: the oldest go first, mean distance" % name)


def check_outage(host, redis, relays, submit):
    """Both relays ill: all is held. Well again: all goes, once."""
    for relay in relays:
        relay.become("busy")
    messages = load.Load([submit], ["contoso.test"], SEND,
                         MAIL / SEND).wait()
    tap.ok(at_rest(host, "contoso.test", MAIL), "all mail is in the queue")
    tap.at_least(counter(redis, "contoso", "held"), MAIL // 2,
                 "most of it held back")
    for relay in relays:
        relay.forget()
        relay.become("healthy")
    start = time.monotonic()
    tap.ok(load.drained([host], LIMIT), "all that was held has gone within "
           "%d s" % LIMIT, len(host.queue()))
    tap.diag("it took %.0f s" % (time.monotonic() - start))
    load.check(load.account(messages, relays, [host], host.lab.witness),
               "outage")
    check_order(messages, relays, "outage")
    tap.ok(loop.wait_for(lambda: counter(redis, "contoso", "released") >=
                         MAIL // 2, 3), "released is counted")


def activated(host, ids):
    """How often each message went into the active queue."""
    text = host.text()
    return [len(re.findall(r": %s: from=.*queue active" % i, text))
            for i in ids]


def check_hold(host, redis, relay, submit):
    """mailweir hold and release."""
    code, out, err = host.mailweir("hold", "other", "--for", "10m",
                                   "--reason", "their move")
    tap.same((code, out, err), (0, "other: on hold for 10m00s\n", ""), "hold")
    tap.ok(loop.wait_for(lambda: load.burst(
        [host.port], "other.test", 1, 0)[0].code == 451, 10),
        "servers are put off")
    refused = load.burst([host.port], "other.test", 1, 0)[0]
    tap.ok(refused.stage == "RCPT" and "451 4.3.2 " in refused.text and
           "other is temporarily unavailable" in refused.text,
           "by 451 4.3.2 at RCPT", refused)
    time.sleep(1)
    early = len(rest(host, "other.test"))   # before servers were put off
    relay.forget()
    messages = load.burst([submit], "other.test", 30, 0)
    tap.same([m.code for m in messages], [250] * 30, "submission is taken")
    tap.ok(at_rest(host, "other.test", early + 30), "and held")
    tap.same(len(relay.accepted), 0, "the gate refuses all")
    why = {m["recipients"][0]["delay_reason"]
           for m in rest(host, "other.test")}
    tap.ok(all(re.match(r"Mailweir: other was paused by an operator, next "
                        r"try in \d+", w) for w in why), "and says why", why)
    code, out, err = host.mailweir("release", "other", "--rate", "100")
    tap.same((code, out, err), (0, "other: released, at 100 a second on each "
                                "host\n", ""), "release")
    ids = [m["queue_id"] for m in rest(host, "other.test")]
    tap.ok(load.drained([host], LOOK + 20), "release brings it all back",
           len(host.queue()))
    tap.same(activated(host, ids), [2] * (early + 30), "each was let go once")
    load.check(load.account(messages, [relay], [host], host.lab.witness),
               "hold")
    tap.ok(loop.wait_for(lambda: counter(redis, "other", "released") ==
                         early + 30, 3), "released is counted")
    tap.same(load.burst([host.port], "other.test", 1, 0)[0].code, 250,
             "servers are served")


def queued(host, name, domain):
    return [m for m in host.queue() if m["queue_name"] == name and
            m["recipients"][0]["address"].endswith(domain)]


def check_shelter(host, relay, submit):
    """What would not outlive the hold is kept from growing too old."""
    load.drained([host], 20)
    relay.forget()
    host.mailweir("hold", "other", "--for", "10m", "--reason", "their move")
    messages, count = [], 0
    while not count:        # until the hold is known
        messages += load.burst([submit], "other.test", 5, 0)
        time.sleep(2)
        count = len(rest(host, "other.test"))
    before = len(queued(host, "active", "other.test"))
    tap.same(before, 0, "shelter: nothing is under way")
    code, out, err = host.mailweir("hold", "other", "--for", "10m",
                                   "--reason", "their move", "--shelter")
    tap.same((code, out, err), (0, "other: on hold for 10m00s\nother: 0 "
                                "sheltered on h1\n", ""),
             "what outlives the hold stays where it is")
    code, out, err = host.mailweir("hold", "other", "--for", "2h",
                                   "--reason", "their move", "--shelter")
    tap.same((code, out, err), (0, "other: on hold for 2h00m\nother: %d "
                                "sheltered on h1\n" % count, ""),
             "what does not is sheltered")
    tap.same(len(queued(host, "hold", "other.test")), count,
             "in Postfix's hold queue")
    tap.ok("%d sheltered on h1, until" % count in host.mailweir("status")[1],
           "and status says so")
    code, out, err = host.mailweir("release", "other", "--reason", "moved")
    tap.same((code, out, err),
             (0, "other: released\nother: %d come back out of the shelter on "
              "h1\n" % count, ""), "release brings it back")
    tap.ok(load.drained([host], LOOK + 20), "and all of it arrives",
           host.queue())
    load.check(load.account(messages, [relay], [host], host.lab.witness),
               "shelter")


def body(lab):
    redis = lab.redis()
    relays = [lab.relay(), lab.relay()]
    other = lab.relay()
    submit = lab.port()
    host = lab.host("h1", redis, CONFIGURATION.format(
        first=relays[0].nexthop, second=relays[1].nexthop,
        third=other.nexthop), main=PATIENT, release="rate = %d;" % RATE,
        master="127.0.0.1:%d inet n - n - - smtpd -o "
        "smtpd_recipient_restrictions= -o smtpd_milters=" % submit)
    host.start()
    client = redis.client()
    check_outage(host, client, relays, submit)
    check_hold(host, client, other, submit)
    check_shelter(host, other, submit)
    tap.ok(host.steady(), "the daemons ran through")


if __name__ == "__main__":
    tap.run(body, Lab, 290, soak=True)
