#!/usr/bin/env python3
"""`mailweir status` on terminals: narrow ones, with many destinations, long
names, colours and none. Speaks TAP."""
import re
import signal
import sys

sys.dont_write_bytecode = True
from terminal import Terminal                           # noqa: E402
from test_ctl import CONFIG, MAILWEIR, Bench, tap       # noqa: E402

COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
DESTINATIONS = 200
NAME = "customer-with-a-name-%010d"      # as long as a name may be
HOST = "host-with-a-long-name-%02d.some.where.in.a.domain.example.test"


def many(bench):
    """A fleet with 200 destinations and names as long as they may be."""
    lines = ["d%03d = { domains = [ \"d%d.test\" ]; cap = 10; "
             "routes = ( { upstream = \"filter\"; } ); };" % (n, n)
             for n in range(DESTINATIONS - 2)]
    lines += ["%s = { domains = [ \"n%d.test\" ]; cap = 10; "
              "routes = ( { upstream = \"filter\"; } ); };" % (NAME % n, n)
              for n in (1, 2)]
    head, tail = CONFIG.split("  %(catch_all)s")
    text = (head + "\n".join(lines) + tail) % {
        "mode": "enforce", "top": "@", "redis": bench.socket, "milter": ""}
    path = bench.write("many.conf")
    with open(path, encoding="ascii") as file:
        rules = re.search(r"rules_file.*", file.read())[0]
    text = re.sub(r"rules_file.*", rules, text)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


def plant(bench):
    now = bench.now()
    bench.plant("mailweir:upstream:{filter}", state="open", since=now - 5000,
                down_since=now - 96000, allowance=0, reason="streak",
                rule="busy", sample="4.3.2 \x1b[31mhost f.example.net said: "
                "451 4.3.2 Tempo", incident="filter-1", trips=1,
                next_step_at=now + 57000, version=3, in_use=2, waiting=7,
                outcome_trouble=12345678, outcome_ok=123456789012)
    bench.plant("mailweir:upstream:{filter-eu}", state="ramp",
                since=now - 1000, allowance=250, reason="ramp-step", trips=1,
                step=2, next_step_at=now + 60000, version=9)
    bench.plant("mailweir:dest:{%s}" % (NAME % 1), delivered=1234567890,
                rerouted=99999, deferred=100000, held=7)
    for n in range(3):
        bench.ask("HSET", "mailweir:hosts", HOST % n,
                  "%d 0.1.0 %016x enforce" % (now, n))


def show(bench, words=(), columns=80, config=None, **environment):
    """(raw bytes, lines)"""
    terminal = Terminal([MAILWEIR, "status", "-c", config or bench.config,
                         *words], columns, 500, environment)
    code = terminal.ends()
    tap.same(code, 0, "it ends well at %d columns" % columns)
    raw = terminal.raw
    terminal.close()
    plain = COLOUR.sub(b"", raw)
    tap.ok(b"\x1b" not in plain, "no sequence but colours", plain)
    return raw, plain.decode("ascii").split("\r\n")


def first_glance(bench):
    _, lines = show(bench)
    tap.ok(re.match(r"\d+ wrong, \d+ partly; mode enforce on mx1", lines[0]),
           "the first line says how it is", lines[0])
    tap.same([line.split()[:2] for line in lines[1:] if line[:5] == "WRONG"],
             [["WRONG", "filter"]],
             "what is wrong comes first")
    text = "\n".join(lines)
    tap.ok(re.search(r"^WRONG   filter is open: takes no mail, for 1m3\ds\n"
                     r"        why: nothing but bad answers \(streak\); busy: 4\.3\.2",
                     text, re.M), "what, since when, why", text)
    tap.ok(re.search(r"next: is tried again in 5\ds \(incident filter-1\)",
                     text), "what comes next", text)
    tap.ok("PARTLY  filter-eu is on its way back: gets 25 % of the mail"
           in text, "what works in part", text)


def columns_fit(bench, path):
    for columns in (20, 40, 80, 132):
        for words in ((), ("--all",)):
            _, lines = show(bench, words, columns, path)
            long = [line for line in lines if len(line) > columns]
            if columns >= 80:
                tap.same(long, [], "no line is wider than %d columns" %
                         columns)
            else:
                tap.ok(all(word in "\n".join(lines) for word in (
                    "filter", "WRONG", "open")), "all is there, still",
                       *lines)


def rows_align(bench, path):
    _, lines = show(bench, ["--all"], config=path)
    begin = next(i for i, line in enumerate(lines)
                 if line.startswith("DESTINATION"))
    end = lines.index("", begin)
    rows = [line for line in lines[begin:end] if not line.startswith("cust")]
    tap.same(len({len(row) for row in rows}), 1,
             "all rows of the table end in one column")
    tap.same(len([row for row in rows if re.match(r"d\d{3} ", row)]),
             DESTINATIONS - 2, "each of 200 has its row with --all")
    at = next(i for i, line in enumerate(lines) if line == NAME % 1)
    tap.same(lines[at + 1].split(), ["0/10", "0", "1.2G", "99999", "100k",
                                     "7"],
             "a name that takes the room has a line of its own")


def many_are_few(bench, path):
    _, lines = show(bench, config=path)
    text = "\n".join(lines)
    tap.at_most(len(lines), 80, "lines for 200 destinations")
    tap.ok(re.search(r"^and \d+ more destinations, nothing under way; "
                     r"--all shows them$", text, re.M), "the quiet ones are counted",
           text)
    shown = len(re.findall(r"^(?:d\d{3}|contoso|partner|mixed|few|cust\S+)\b",
                           text, re.M))
    said = int(re.search(r"^and (\d+) more", text, re.M)[1])
    tap.same(shown + said, DESTINATIONS + 4, "and none is forgotten")
    out = bench.run("status", config=path)[1]
    tap.ok("more destinations" not in out and "d197 " in out,
           "what is no terminal gets all of them")
    bench.ask("ZADD", "mailweir:dest:{d190}:leases", bench.now() + 60000, "a")
    _, lines = show(bench, config=path)
    tap.ok(any(line.startswith("d190 ") for line in lines),
           "who is busy is shown among 200")


def colours(bench):
    raw, lines = show(bench)
    tap.ok(COLOUR.search(raw), "colours on a terminal")
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}):
        plain, same = show(bench, **environment)
        tap.ok(b"\x1b" not in plain, "none with %s" % environment)
        tap.same(len(same), len(lines), "and the same text")
    tap.ok(COLOUR.search(show(bench, NO_COLOR="")[0]),
           "an empty NO_COLOR says nothing")
    tap.ok("\x1b" not in bench.run("status")[1], "none in a pipe")


def main():
    signal.alarm(100)
    bench = Bench()
    try:
        plant(bench)
        path = many(bench)
        first_glance(bench)
        columns_fit(bench, path)
        rows_align(bench, path)
        many_are_few(bench, path)
        colours(bench)
    finally:
        bench.close()
    print("1..%d" % tap.counted())
    return 1 if tap.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
