#!/usr/bin/env python3
"""A primary is gone, and its backup can do half of the work: it gets no more
connections than it takes, and what does not fit waits in the queue. Another
relay loses its mind in an outage and refuses everybody for good: behind its
shield no mail is returned.
"""
import time

import load
import loop
import tap
from lab import Lab

OFFERED = 20            # messages a second
TAKES = 4               # connections the backup serves; more of them get 451
SERVICE = 0.4           # seconds a message: 10 messages a second
GONE = 20               # seconds
CONFUSED_RATE = 5       # messages a second
REFUSED = 0.02          # of what the backup is asked, at most
WORKED = 0.75           # of what the backup can do, at least
REFUSAL = "554 5.3.0 Error: internal failure"

CONFIGURATION = """
breaker = {{ consecutive = 5; open_for = "2s"; open_max = "4s"; trials = 2;
  ramp_step = "500ms"; }};
gate = {{ wait = "20s"; }};
hold = {{ incoming = "accept"; }};
upstreams = {{
  primary = {{ nexthop = "{primary}"; connections = 10; }};
  backup = {{ nexthop = "{backup}"; connections = {takes}; }};
  confused = {{ nexthop = "{confused}"; connections = 4;
    shield = [ "5.4.1", "5.3.0" ]; }};
}};
destinations = {{
  contoso = {{ domains = [ "contoso.test" ];
    routes = ( {{ upstream = "primary"; }}, {{ upstream = "backup"; }} ); }};
  fabrikam = {{ domains = [ "fabrikam.test" ];
    routes = ( {{ upstream = "confused"; }} ); }};
}};
"""


def state(client, upstream):
    return client("HGET", "mailweir:upstream:{%s}" % upstream, "state")


def held(client, destination):
    return int(client("HGET", "mailweir:dest:{%s}" % destination, "held") or 0)


def lose_its_mind(client, confused):
    """Ill first, or nobody would know that it is; then it refuses all."""
    confused.become("busy")
    tap.ok(loop.wait_for(lambda: state(client, "confused") == "open", 10,
                         0.02), "the other relay's breaker opens")
    time.sleep(0.5)         # what was under way is over
    confused.become({"RCPT": REFUSAL})


def check_backup(backup):
    asked = len(backup.asked)
    refused = backup.replies["RCPT 451"]
    tap.at_most(backup.peak, TAKES, "connections of the backup at once")
    tap.at_most(refused, int(asked * REFUSED), "of %d messages those that "
                "the backup refused" % asked)
    tap.at_least(len(backup.accepted), int(GONE / SERVICE * TAKES * WORKED),
                 "of %d possible messages those that it took" %
                 (GONE / SERVICE * TAKES))


def check_shield(host, client, confused):
    storm = confused.replies["RCPT 554"]
    kept = [d for d in host.deliveries()
            if "answered 5.3.0 while in trouble" in d.text]
    tap.at_least(storm, 10, "permanent refusals by the other relay")
    tap.same({(d.dsn, d.status) for d in kept}, {("4.3.2", "deferred")},
             "each of them is kept in the queue")
    tap.at_least(len(kept), storm - 1, "so many refusals, so many kept")
    tap.ok(loop.wait_for(lambda: held(client, "fabrikam") >= len(kept), 5),
           "counted as held", held(client, "fabrikam"))
    tap.ok(any(event["event"] == "shield" for event in client.events()),
           "an event tells of it")
    tap.ok(state(client, "confused") in ("open", "half-open"),
           "its breaker does not close on them", state(client, "confused"))


def body(lab):
    redis = lab.redis()
    primary, backup, confused = lab.relay(), lab.relay(), lab.relay()
    host = lab.host("h1", redis, CONFIGURATION.format(
        primary=primary.nexthop, backup=backup.nexthop, takes=TAKES,
        confused=confused.nexthop))
    host.start()
    client = redis.client()
    backup.seconds = SERVICE
    backup.become(backup.busy_above(TAKES))
    contoso = load.Load([host.port], ["contoso.test"], OFFERED)
    fabrikam = load.Load([host.port], ["fabrikam.test"], CONFUSED_RATE)
    time.sleep(2)
    primary.become("refused")
    loop.wait_for(lambda: state(client, "primary") == "open", 10, 0.02)
    begin = time.monotonic()
    lose_its_mind(client, confused)
    time.sleep(max(0, begin + GONE - time.monotonic()))
    check_backup(backup)
    check_shield(host, client, confused)
    primary.become("healthy")
    confused.become("healthy")
    backup.seconds = 0
    messages = contoso.stop() + fabrikam.stop()
    load.drained([host], 40)
    account = load.account(messages, [primary, backup, confused], [host],
                           lab.witness)
    load.check(account, "in the end")
    tap.same(account.bounced, [], "no message was returned")
    tap.same(account.queued, 0, "none is left in the queue")
    tap.ok(host.steady(), "the daemons ran through")


if __name__ == "__main__":
    tap.run(body, Lab, 110, soak=True)
