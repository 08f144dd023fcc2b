#!/usr/bin/env python3
"""docs/json.md names each field that a --json has, and no other. Speaks TAP."""
import json
import os
import re
import signal
import sys

sys.dont_write_bytecode = True
from test_ctl import CATCH_ALL, TOP, Bench, plant, tap       # noqa: E402
from test_replay import SICK, final, said, when              # noqa: E402

# Tables of their own: any name of these is written as one.
NAMED = {"outcomes": "CLASS", "counters": "COUNTER"}


def documented():
    """{verb: fields}"""
    with open(os.path.join(TOP, "docs/json.md"), encoding="ascii") as file:
        parts = re.split(r"^## mailweir (\w+)$", file.read(), flags=re.M)
    return {verb: set(re.findall(r"`([^`]+)`", " ".join(
        re.findall(r"^\| (`[^|]*) \|", text, re.M))))
            for verb, text in zip(parts[1::2], parts[2::2])}


def fields(value, path=""):
    """All paths to something, lists as []; not of the values of a table."""
    found = set()
    if isinstance(value, dict):
        named = NAMED.get(path.rsplit(".", 1)[-1])
        for key, inner in value.items():
            at = (path + "." if path else "") + (named or key)
            found |= fields(inner, at)
            if not isinstance(inner, (dict, list)):
                found.add(at)
            elif isinstance(inner, dict) and not named and key in (
                    "override", "hold", "backlog"):
                found.add(at)
    elif isinstance(value, list):
        found.add(path + "[]")
        for inner in value:
            found |= fields(inner, path + "[]")
    return found


def outputs(bench):
    """{verb: a list of what it printed}"""
    now = bench.now()
    plant(bench)
    bench.plant("mailweir:upstream:{own}:alone",
                mx2="open 0 %d %d lone-1" % (now + 28000, now + 60000))
    bench.ask("HSET", "mailweir:dest:{contoso}:queue", "mx1",
              "%d 50 3 %d" % (now, now - 90000))
    bench.run("force", "filter", "open", "--for", "1h", "--reason", "x")
    bench.run("hold", "contoso", "--for", "1h", "--reason", "x")
    held = bench.json("explain", "a@contoso.com")
    first = bench.json("status")
    bench.run("release", "contoso", "--rate", "3")
    log = os.path.join(bench.dir, "mail.log")
    with open(log, "w", encoding="ascii") as file:
        for n in range(60):
            file.write(said(when(SICK + n), n) + "\n" +
                       final(when(SICK + n), n, dsn="4.3.2",
                             status="deferred (busy)") + "\n")
    catch = bench.write("catch.conf", catch_all=CATCH_ALL)
    return {
        "status": [first, bench.json("status")],
        "explain": [held, bench.json("explain", "a@other.test",
                                     config=catch),
                    bench.json("explain", "a@other.test")],
        "events": [{key: value for key, value in json.loads(line).items()
                    if key in ("id", "time", "event")}
                   for line in bench.run("events", "--json")[1].splitlines()],
        "classify": [bench.json("classify", "2.0.0 ok")],
        "replay": [bench.json("replay", log)],
    }


def main():
    signal.alarm(60)
    bench = Bench()
    try:
        known, printed = documented(), outputs(bench)
    finally:
        bench.close()
    tap.same(sorted(known), sorted(printed), "each verb with --json")
    for verb, values in printed.items():
        found = set().union(*(fields(value) for value in values))
        tap.same(sorted(found - known[verb]), [],
                 "all of %s is documented" % verb)
        tap.same(sorted(known[verb] - found), [],
                 "and nothing else")
    print("1..%d" % tap.counted())
    return 1 if tap.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
