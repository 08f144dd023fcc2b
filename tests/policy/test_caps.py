#!/usr/bin/env python3
"""What an upstream may get beside its connections: so many new ones a second,
and as an alternate no more than its share; and what it may not do in trouble.

Real daemon, real redis-server, no Postfix. Speaks TAP."""

import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from test_policyd import BUSY, OK, REFUSED, Lane, equal, main, until

CONFUSED = ("5.4.1 host x[192.0.2.9] said: 550 5.4.1 no "
            "(in reply to RCPT TO command)")

RATE = 4

CONFIG = """
mode = "{mode}";
host = "mx1";
store = {{ redis = "unix:{dir}/redis.sock"; timeout = "200ms"; }};
listen = {{ policy = "unix:{dir}/policy"; map = "unix:{dir}/map"; milter = "{milter}"; }};
rules_file = "{source}/conf/outcomes.rules";
release = {{ command = ""; }};
gate = {{ wait = "1s"; spill = "100ms"; }};
breaker = {{ consecutive = 3; open_for = "{open_for}"; trials = 1; }};
upstreams = {{
  filter = {{ nexthop = "[filter.test]:25"; connections = 2; shield = [ "5.4.1" ]; }};
  backup = {{ nexthop = [ "[backup.test]:25", "[other.test]:25" ]; share = 20; }};
  lone = {{ nexthop = "[lone.test]:25"; connections = 100; rate = 4; }};
}};
destinations = {{
  contoso = {{ domains = [ "contoso.test" ];
    routes = ( {{ upstream = "filter"; }}, {{ upstream = "backup"; }} ); }};
  lone = {{ domains = [ "lone.test" ]; routes = ( {{ upstream = "lone"; }} ); }};
}};
{extra}
"""


def a_rate_spaces_connections(d):
    until(lambda: d.granted("lone") >= 50, "slots for all")
    lanes = [Lane(d) for _ in range(30)]
    begin = time.monotonic()
    for lane in lanes:
        lane.send("gate.lone", "[lone.test]:25")
    answers = [lane.read() for lane in lanes]
    possible = RATE + RATE * (time.monotonic() - begin)
    granted = answers.count("NOTFOUND ")
    equal(answers.count("TEMP rate"), len(lanes) - granted)
    if not RATE < granted <= possible:
        raise AssertionError("%d of %.1f possible" % (granted, possible))
    equal(answers[:RATE], ["NOTFOUND "] * RATE)
    answer = lanes[answers.index("TEMP rate")].outcome(REFUSED, "lone")
    equal(answer, "OK 4.3.2 Mailweir: lone takes no more connections for now")
    for lane in lanes:
        lane.close()


def a_rate_is_not_kept_while_observing(d):
    lanes = [Lane(d) for _ in range(3 * RATE)]
    for lane in lanes:
        equal(lane.gate("lone", "lone"), "NOTFOUND ")
    for lane in lanes:
        equal(lane.outcome(OK, "lone"), "NOTFOUND ")
        lane.close()


def trip(d):
    """Without a delivery through the backup."""
    lane = Lane(d)
    for _ in range(3):
        equal(lane.gate("filter"), "NOTFOUND ")
        equal(lane.outcome(BUSY), "NOTFOUND ")
    lane.close()
    until(lambda: d.state("filter") != "closed", "the breaker to open")


def break_filter(d):
    """For longer than the test takes."""
    trip(d)
    lane = Lane(d)
    until(lambda: lane.gate("filter") == "TEMP open", "the gate to close")
    lane.close()


def deliver_by_backup(d):
    """One delivery, the filter being away; what the backup's gate said."""
    lane = Lane(d)
    equal(lane.gate("filter"), "TEMP open")
    answer = lane.gate("backup")
    if answer == "NOTFOUND ":
        equal(lane.outcome(OK), "NOTFOUND ")
    else:
        held = lane.outcome(REFUSED)
        if not held.startswith("OK 4.3.2 Mailweir: filter "):
            raise AssertionError(held)
    lane.close()
    return answer


def a_backup_takes_its_share(d):
    break_filter(d)
    answers = [deliver_by_backup(d) for _ in range(50)]
    through = answers.count("NOTFOUND ")
    equal(answers.count("TEMP share"), 50 - through)
    # Each fifth, and one; what went before has saved it one more, about.
    if not 10 <= through <= 12:
        raise AssertionError("%d of 50 went through it" % through)
    until(lambda: d.counter("contoso", "held") == 50 - through, "held")


def deliver_by_both(lane):
    equal(lane.gate("filter"), "TEMP open")
    equal(lane.gate("backup"), "NOTFOUND ")
    equal(lane.gate("other"), "NOTFOUND ")
    equal(lane.outcome(OK), "NOTFOUND ")


def a_second_next_hop_costs_nothing(d):
    until(lambda: deliver_by_backup(d) == "NOTFOUND ", "the next fifth")
    lane = Lane(d)
    for _ in range(9):          # saves two, with the next one
        equal(lane.gate("filter"), "TEMP open")
        lane.outcome(REFUSED)
    deliver_by_both(lane)
    equal(deliver_by_backup(d), "NOTFOUND ")
    for _ in range(3):
        equal(deliver_by_backup(d), "TEMP share")
    deliver_by_both(lane)
    lane.close()


def a_full_primary_keeps_who_may_not_spill(d):
    lanes = [Lane(d) for _ in range(4)]
    for lane in lanes[:2]:
        equal(lane.gate("filter"), "NOTFOUND ")
    equal(lanes[2].gate("filter"), "TEMP no-slot")
    equal(lanes[2].gate("backup"), "NOTFOUND ")
    lanes[3].send("gate.contoso", "[filter.test]:25")
    time.sleep(0.3)             # longer than gate.spill
    equal(lanes[0].outcome(OK), "NOTFOUND ")
    equal(lanes[3].read(), "NOTFOUND ")
    for lane in lanes:
        lane.close()


def a_share_is_not_kept_while_observing(d):
    for _ in range(5):
        lane = Lane(d)
        equal(lane.gate("backup"), "NOTFOUND ")
        equal(lane.outcome(OK), "NOTFOUND ")
        lane.close()
    until(lambda: d.counter("contoso", "would_refuse") == 4, "would_refuse")


def shield_events(d):
    return d.redis("XRANGE", "mailweir:events", "-", "+").split().count(
        "shield") // 2          # the event's name, and its rule


def a_shield_keeps_what_is_listed_while_in_trouble(d):
    lane = Lane(d)
    equal(lane.gate("filter"), "NOTFOUND ")
    equal(lane.outcome(CONFUSED), "NOTFOUND ")
    equal(lane.gate("filter"), "NOTFOUND ")
    break_filter(d)
    incident = d.redis("HGET", "mailweir:upstream:{filter}", "incident")
    for _ in range(3):
        equal(lane.outcome(CONFUSED), "OK 4.3.2 Mailweir: filter answered "
              "5.4.1 while in trouble, kept in the queue (incident %s)" %
              incident)
    equal(lane.outcome(CONFUSED.replace("5.4.1", "5.1.1")), "NOTFOUND ")
    equal(lane.outcome(CONFUSED.replace("host", "Mailweir: host")),
          "NOTFOUND ")
    until(lambda: d.counter("contoso", "held") == 3, "held")
    until(lambda: d.logged("held: destination=contoso upstream=filter "
                           "reason=shield smtp=%d incident=%s" %
                           (os.getpid(), incident)), "the log")
    until(lambda: shield_events(d) == 1, "the event")
    lane.close()


def a_refusal_that_is_not_believed_closes_no_breaker(d):
    trip(d)
    lane = Lane(d)
    for _ in range(5):
        until(lambda: lane.gate("filter") == "NOTFOUND ", "a trial")
        answer = lane.outcome(CONFUSED)
        if not answer.startswith("OK 4.3.2 Mailweir: filter answered 5.4.1"):
            raise AssertionError(answer)
    until(lambda: d.redis("HGET", "mailweir:upstream:{filter}",
                          "outcome_ignore") == "5", "the outcomes")
    # Nor does it go on hammering: three that say nothing, and it waits again.
    if d.state("filter") not in ("open", "half-open"):
        raise AssertionError(d.state("filter"))
    until(lambda: d.logged("to=open reason=trial-failed"), "another wait")
    until(lambda: lane.gate("filter") == "NOTFOUND ", "a trial")
    equal(lane.outcome(OK), "NOTFOUND ")
    until(lambda: d.state("filter") in ("ramp", "closed"), "the ramp")
    lane.close()


def nothing_is_shielded_while_observing(d):
    trip(d)
    lane = Lane(d)
    time.sleep(0.3)
    equal(lane.gate("filter"), "NOTFOUND ")
    equal(lane.outcome(CONFUSED), "NOTFOUND ")
    lane.close()


GROUPS = [
    ({"template": CONFIG}, [a_shield_keeps_what_is_listed_while_in_trouble]),
    ({"template": CONFIG, "open_for": "1s"},
     [a_refusal_that_is_not_believed_closes_no_breaker]),
    ({"template": CONFIG}, [a_full_primary_keeps_who_may_not_spill]),
    ({"template": CONFIG}, [a_backup_takes_its_share,
                            a_second_next_hop_costs_nothing]),
    ({"template": CONFIG}, [a_rate_spaces_connections]),
    ({"template": CONFIG, "mode": "observe"},
     [a_rate_is_not_kept_while_observing,
      a_share_is_not_kept_while_observing,
      nothing_is_shielded_while_observing]),
]


if __name__ == "__main__":
    sys.exit(main(GROUPS))
