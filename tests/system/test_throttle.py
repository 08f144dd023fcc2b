#!/usr/bin/env python3
"""Nobody told us the forest's limit: forty connections are configured, ten are
taken. Three hosts find it out, draw next to no refusals, and follow it when
it changes. Takes two minutes, so it is run with MW_TESTS=soak only.
"""
import threading
import time

import load
import loop
import tap
from lab import Lab

CONFIGURED, LIMIT = 40, 10
SERVICE = 0.2           # seconds a message
POSSIBLE = LIMIT / SERVICE
OFFERED = 70            # messages a second
TIME = 60
REFUSED = 0.01          # of all connections, the first ones too
FOUND = 8               # of these seconds, until the limit must be known
ENOUGH = 46             # messages a second from then on
# Then it is another limit: which, and in how many seconds that must be known.
# (While it is narrow, each step that is refused doubles the wait for the next.)
CHANGES = (20, 10), (5, 8), (20, 10)
STEP = 3                # slow.raise then
HOLD = 2                # seconds that a limit is looked at from then on

CONFIGURATION = """
gate = {{ wait = "20s"; }};
slow = {{ every = "1s"; raise = {step}; }};
upstreams = {{ forest = {{ nexthop = "{nexthop}"; connections = {cap}; }}; }};
destinations = {{ tenants = {{ domains = [ "tenant.test" ];
  routes = ( {{ upstream = "forest"; }} ); }}; }};
"""
RECORD = "mailweir:upstream:{forest}"


class Caps(threading.Thread):
    """The fleet's cap, again and again: (time, connections)."""

    def __init__(self, redis):
        super().__init__(daemon=True)
        self.client = redis.client()
        self.seen = []
        self.going = True
        self.start()

    def run(self):
        while self.going:
            cap = int(self.client("HGET", RECORD, "cap_limit") or 0)
            self.seen.append((time.monotonic(), cap or CONFIGURED))
            time.sleep(0.05)

    def stop(self):
        self.going = False
        self.join()

    def since(self, begin):
        return [cap for at, cap in self.seen if at >= begin]

    def known_after(self, begin, limit, step):
        """Seconds until the cap has come near the limit, for good."""
        strayed = [at for at, cap in self.seen if at >= begin and
                   not 0.7 * limit <= cap <= limit + step]
        return strayed[-1] - begin if strayed else 0


def shape(caps):
    """40 10 11 10 ...: what it went through."""
    return " ".join(str(cap) for n, cap in enumerate(caps)
                    if n == 0 or caps[n - 1] != cap)


def refused(forest):
    return forest.replies["BANNER 421"]


def find(forest, caps):
    """From forty to ten."""
    begin = time.monotonic()
    time.sleep(TIME)
    end = time.monotonic()
    count = sum(begin + FOUND <= mail.time < end
                for mail in list(forest.accepted))
    rate = count / (end - begin - FOUND)
    tap.diag("cap: " + shape(caps.since(begin)))
    tap.at_most(round(caps.known_after(begin, LIMIT, 1), 1), FOUND,
                "seconds until the limit is known")
    tap.at_least(round(rate, 1), ENOUGH,
                 "messages a second from then on, of %d possible" % POSSIBLE)
    tap.at_most(refused(forest), int(forest.connections * REFUSED),
                "connections refused of %d" % forest.connections)


def follow(forest, caps, limit, within):
    forest.limit = limit
    begin = time.monotonic()
    before = refused(forest)
    time.sleep(within + HOLD)
    tap.at_most(round(caps.known_after(begin, limit, STEP), 1), within,
                "seconds until a limit of %d is known (%s; %d refused)" % (
                    limit, shape(caps.since(begin)),
                    refused(forest) - before))


def told(client):
    """Are the changes told as events, no more of them than may be?"""
    events = [e for e in client.events() if e["event"] == "throttle"]
    tap.ok(events and events[0]["from"] == str(CONFIGURED) and
           all(e["upstream"] == "forest" and e["from"] != e["to"]
               for e in events), "each change is an event", events[:2])
    tap.ok(any(e["event"] == "outcome" and e["class"] == "slow" and
               e["rule"] == "forest-cap" for e in client.events()),
           "and one says what the forest said")
    tap.ok(not any(e["event"] == "breaker" for e in client.events()),
           "the breaker has no part in it")


def body(lab):
    redis = lab.redis()
    forest = lab.relay(limit=LIMIT, seconds=SERVICE)
    text = CONFIGURATION.format(nexthop=forest.nexthop, cap=CONFIGURED,
                                step=1)
    hosts = [lab.host("h%d" % n, redis, text) for n in (1, 2, 3)]
    for host in hosts:
        host.start()
    client = redis.client()
    loop.wait_for(lambda: client("HLEN", "mailweir:hosts") == 3, 10)
    caps = Caps(redis)
    traffic = load.Load([h.port for h in hosts], ["tenant.test"], OFFERED)
    find(forest, caps)

    for host in hosts:
        host.configure(CONFIGURATION.format(
            nexthop=forest.nexthop, cap=CONFIGURED, step=STEP))
        host.reload_daemons()
    forest.seconds = 2 * SERVICE
    client("DEL", RECORD)       # a new upstream: what was found is forgotten
    for limit, within in CHANGES:
        follow(forest, caps, limit, within)
    caps.stop()
    told(client)

    messages = traffic.stop()
    forest.limit = forest.seconds = 0
    for host in hosts:
        host.command("postqueue", "-f")
    load.drained(hosts, 20)
    load.check(load.account(messages, [forest], hosts, lab.witness),
               "three hosts")
    tap.ok(all(host.steady() for host in hosts), "the daemons ran through")


if __name__ == "__main__":
    tap.run(body, Lab, soak=True)
