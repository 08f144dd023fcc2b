#!/usr/bin/env python3
"""What mail asks of Redis, counted on the real thing: every script that
policyd and the milter run, by what it is for, while nothing happens and while
so many messages go through. A budget of requests, not of time: what a message
asks for is counted exactly; what goes on at its own pace is held to that pace
(docs/scale.md).
"""
import collections
import re
import time

import loop
import tap
from lab import Lab
from load import Load, account, check, drained

IDLE = 2                    # seconds
RATE, SECONDS = 75, 2
MESSAGES = RATE * SECONDS

CONFIGURATION = """
upstreams = {{ filter = {{ nexthop = "{nexthop}"; }}; }};
destinations = {{ contoso = {{ domains = [ "contoso.test" ]; cap = 1000;
  routes = ( {{ upstream = "filter"; }} ); }}; }};
"""

# Of one host, one upstream and one destination: at most so many a second,
# policyd's and the milter's together, and so many a message. (PACE_* in
# lib/engine/pace.c; a tick of policyd is 50 ms.)
Budget = collections.namedtuple("Budget", "idle busy message")
BUDGETS = {
    "take a lease":         Budget(0, 0, 0.3),  # or it was passed on
    "give it back":         Budget(0, 4, 0),    # the milter, many at once
    "renew leases":         Budget(0, 0.05, 0), # a round may come by
    "tell outcomes":        Budget(0, 5, 0),    # in batches: all goes well
    "read a record":        Budget(3, 3, 0),    # 1 policyd, 2 milter
    "report connections":   Budget(1, 10, 0),   # 5, or 10 when short of slots
    "commit a record":      Budget(0, 0, 0),    # nothing changes
    "read a destination":   Budget(0.7, 0.7, 0),
    "add to counters":      Budget(0, 2, 0),    # 1 policyd, 1 milter
    "tell a backlog":       Budget(0, 0, 0),
    "be alive":             Budget(0.4, 0.4, 0),
    "read the hosts":       Budget(0.4, 0.4, 0),
    "tell an event":        Budget(0, 0, 0),
    "read events":          Budget(0, 0, 0),
}
SLACK = 2                   # what was due at either end of the count


def of_leases(args):
    """Taken is the one before a number; those renewed are behind one, those
    given back behind two."""
    if "/" in args[0]:
        return "take a lease"
    return "renew leases" if "/" in args[1] else "give it back"


# How a script is known: by the kinds of its keys, and then by its arguments.
KINDS = {
    ("dest:leases",): of_leases,
    ("upstream", "override", "upstream:window", "upstream:alone"):
        lambda args: "tell outcomes" if len(args) > 10 else "read a record",
    ("upstream", "upstream:slots"): lambda _: "report connections",
    ("upstream", "upstream:window"): lambda _: "commit a record",
    ("dest", "dest:leases", "override:dest", "dest:queue"):
        lambda _: "read a destination",
    ("dest",): lambda _: "add to counters",
    ("dest:queue",): lambda _: "tell a backlog",
    ("hosts",): lambda args: "be alive" if args else "read the hosts",
    ("events",): lambda args: "tell an event" if len(args) > 2
        else "read events",
}


def what_for(words):
    """Of EVALSHA SCRIPT N KEY... ARGUMENT..."""
    count = int(words[2])
    kinds = tuple(re.sub(r"^mailweir:|:?\{[^}]*\}", "", key)
                  for key in words[3:3 + count])
    name = KINDS.get(kinds, lambda _: repr(words))
    return name(words[3 + count:])


class Count:
    """All that Redis was told by EVALSHA, from here to end()."""

    def __init__(self, client):
        self.client = client
        self.began = time.monotonic()
        client("CONFIG", "SET", "slowlog-max-len", 100000)
        client("CONFIG", "SET", "slowlog-log-slower-than", 0)
        client("CONFIG", "RESETSTAT")
        client("SLOWLOG", "RESET")

    def end(self):
        self.client("CONFIG", "SET", "slowlog-log-slower-than", -1)
        self.seconds = time.monotonic() - self.began
        said = [entry[3] for entry in self.client("SLOWLOG", "GET", 100000)]
        self.scripts = collections.Counter(
            what_for(words) for words in said if words[0] == "EVALSHA")
        stats = self.client("INFO", "commandstats")
        self.calls = {name: int(calls) for name, calls in re.findall(
            r"cmdstat_([a-z|]+):calls=(\d+)", stats)}
        return self


def hold_to(what, seen, messages):
    busy = messages > 0
    tap.same(sorted(set(seen.scripts) - set(BUDGETS)), [],
             what + ": every script is known")
    for name, budget in BUDGETS.items():
        pace = budget.busy if busy else budget.idle
        most = budget.message * messages
        if pace:
            most += int(pace * seen.seconds) + SLACK
        tap.at_most(seen.scripts[name], most, "%s: %s" % (what, name))
    tap.same(seen.calls.get("publish", 0), 0, what + ": nothing is published")


def body(lab):
    redis = lab.redis()
    relay = lab.relay()
    host = lab.host("h1", redis,
                    CONFIGURATION.format(nexthop=relay.nexthop))
    host.start()
    client = redis.client()
    first = Load([host.port], ["contoso.test"], RATE, 1).wait()
    drained([host], 20)
    loop.wait_for(lambda: client("ZCARD", "mailweir:dest:{contoso}:leases")
                  == 0, 5)
    time.sleep(1.5)         # what was counted has been told

    count = Count(client)
    time.sleep(IDLE)
    hold_to("idle", count.end(), 0)

    count = Count(client)
    messages = Load([host.port], ["contoso.test"], RATE, SECONDS).wait()
    drained([host], 20)
    count.end()
    tap.same(len(messages), MESSAGES, "messages sent")
    hold_to("mail", count, MESSAGES)
    scripts = sum(count.scripts.values())
    tap.diag("%d scripts and %d commands for %d messages in %.1f s" % (
        scripts, sum(count.calls.values()), MESSAGES, count.seconds))
    tap.at_least(count.scripts["tell outcomes"], 1, "outcomes were told")
    check(account(first + messages, lab.relays, [host], lab.witness),
          "all of the mail")
    tap.ok(host.steady(), "the daemons ran through")


if __name__ == "__main__":
    tap.run(body, Lab, measures=False)
