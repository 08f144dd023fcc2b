#!/usr/bin/env python3
"""The command mailweir as administrators and scripts meet it: exit codes,
text and JSON of each verb, against a private Redis with planted state.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
TOP = os.path.abspath(os.environ.get("top_srcdir", "."))
BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
sys.path.insert(0, os.path.join(TOP, "tests", "system"))
import tap                      # noqa: E402
from store import Client        # noqa: E402

MAILWEIR = os.path.join(BUILD, "mailweir")
SECONDS = 60                    # until all is ended by force

CONFIG = """
mode = "%(mode)s";
host = "mx1";
rules_file = "%(top)s/conf/outcomes.rules";
store = { redis = "unix:%(redis)s"; };
listen = { milter = "%(milter)s"; };
upstreams = {
  filter    = { nexthop = "[filter.example.net]:25"; connections = 20; };
  filter-eu = { nexthop = [ "[a.eu.example.net]:25", "[b.eu.example.net]:25" ];
                connections = 10; breaker = { slow_after = "6500ms"; }; };
  exchange  = { nexthop = "[x.example.net]:25"; connections = 20;
                tls = "encrypt"; };
  own       = { mx = true; connections = 600; };
  forest    = { nexthop = "[.forest.test]:25"; mx = true; connections = 8; };
  world     = { mx = true; connections = 25; };
  small     = { nexthop = "[s.example.net]:25"; connections = 1;
                breaker = { slow_after = "60s"; }; };
};
destinations = {
  contoso = {
    domains = [ "contoso.com", ".contoso.com" ];
    cap = 3;
    routes = ( { upstream = "filter"; }, { upstream = "filter-eu"; },
               { upstream = "exchange"; unfiltered = true; after = "10m"; } );
  };
  partner = { domains = [ "partner.test" ];
              routes = ( { upstream = "own"; } ); };
  mixed   = { domains = [ "mixed.test" ];
              routes = ( { upstream = "small"; }, { upstream = "own"; } ); };
  few     = { domains = [ ".few.test" ];
              routes = ( { upstream = "small"; } ); };
  %(catch_all)s
};
"""
CATCH_ALL = ('rest = { catch_all = true; '
             'routes = ( { upstream = "filter"; } ); };')
BY_MX = """
  forest = { mx = [ ".forest.test" ]; routes = ( { upstream = "forest"; } ); };
  rest = { catch_all = true; routes = ( { upstream = "world"; } ); };
"""


class Bench:
    """A folder, a Redis in it, and configurations that point to it."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="mw-ctl-", dir="/tmp")
        self.socket = os.path.join(self.dir, "redis")
        self.redis = subprocess.Popen(
            ["timeout", str(SECONDS), "redis-server", "--port", "0",
             "--unixsocket", self.socket, "--save", "", "--dir", self.dir],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.ask = self.connect()
        self.config = self.write("mailweir.conf")

    def connect(self):
        for _ in range(100):
            try:
                return Client(self.socket)
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("redis-server did not start")

    def write(self, name, **changes):
        values = {"mode": "enforce", "top": TOP, "redis": self.socket,
                  "milter": "", "catch_all": "", **changes}
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(CONFIG % values)
        return path

    def plant(self, key, **fields):
        self.ask("DEL", key)
        self.ask("HSET", key, *[x for pair in fields.items() for x in pair])

    def now(self):
        seconds, micros = self.ask("TIME")
        return int(seconds) * 1000 + int(micros) // 1000

    def run(self, *words, config=None, environment=None):
        """(exit code, standard output, standard error)"""
        done = subprocess.run(
            [MAILWEIR, *words, "-c", config or self.config],
            capture_output=True, text=True, timeout=20, check=False,
            env={**os.environ, **(environment or {})})
        return done.returncode, done.stdout, done.stderr

    def json(self, *words, config=None):
        return json.loads(self.run(*words, "--json", config=config)[1])

    def close(self):
        self.redis.send_signal(signal.SIGTERM)
        self.redis.wait()
        shutil.rmtree(self.dir)


def named(things, name):
    return next(t for t in things if t["name"] == name)


def row(text, first):
    """The cells of the line that begins with this cell."""
    for line in text.splitlines():
        if line.split("  ")[0] == first:
            return re.split(r"  +", line)
    return []


def usage(bench):
    for words in [[], ["frobnicate"], ["status", "now"], ["explain"],
                  ["explain", "a@b.test", "c@d.test"], ["classify"],
                  ["status", "-f"], ["check", "--json"], ["events", "-n"],
                  ["events", "-n", "0"], ["events", "-n", "x"],
                  ["status", "--colour"], ["force", "filter", "open"],
                  ["force", "filter", "open", "--for", "10m"],
                  ["force", "filter", "open", "--reason", "why"],
                  ["force", "filter", "ajar", "--for", "10m", "--reason", "x"],
                  ["force", "filter", "open", "--for", "10", "--reason", "x"],
                  ["force", "filter", "open", "--for", "0s", "--reason", "x"],
                  ["force", "filter", "hold", "--for", "1m", "--reason", "x"],
                  ["hold", "contoso"], ["hold", "contoso", "--for", "1m"],
                  ["hold", "contoso", "--reason", "x"], ["release"],
                  ["release", "contoso", "--rate", "0"],
                  ["release", "contoso", "--for", "1m"]]:
        code, out, err = bench.run(*words)
        tap.ok(code == 2 and out == "" and err != "",
               "bad usage is 2: mailweir " + " ".join(words), code, out, err)
        code, out, err = bench.run(*words, config="/nowhere/at.all")
        tap.ok(code == 2 and out == "" and "nowhere" not in err,
               "whatever the file says", code, out, err)
    code, out, _ = bench.run("help")
    tap.ok(code == 0 and all("\n  " + verb in out for verb in (
        "check", "status", "explain", "classify", "events", "force", "hold",
        "release", "replay", "postfix", "version", "help")),
           "help names every verb", out)
    tap.same(bench.run("status", "--help")[:2], (0, out),
             "--help is help, with any verb")
    code, out, _ = bench.run("version")
    tap.ok(code == 0 and re.fullmatch(r"mailweir \d+\.\d+\.\d+\n", out),
           "version", out)


def check(bench):
    code, out, _ = bench.run("check")
    tap.ok(code == 0 and "good" in out, "a good file is good", out)
    bad = bench.write("bad.conf", mode="sometimes")
    code, out, _ = bench.run("check", config=bad)
    tap.ok(code == 1 and out.startswith(bad + ":2: "),
           "a bad one is named by FILE:LINE", out)
    for verb in (["status"], ["explain", "a@contoso.com"], ["events"],
                 ["postfix"], ["classify", "2.0.0 x"],
                 ["force", "filter", "auto"]):
        code, out, err = bench.run(*verb, config=bad)
        tap.ok(code == 1 and out == "" and bad + ":2: " in err,
               "and %s says so" % verb[0], code, out, err)
    code, out, _ = bench.run("check", config=bench.dir + "/none.conf")
    tap.ok(code == 1 and "none.conf" in out, "so is a missing one", out)


def classify(bench):
    code, out, _ = bench.run("classify", "2.0.0 250 2.0.0 Ok: queued as 1")
    tap.ok(code == 0 and re.fullmatch(r"ok \S+\n", out), "a delivery", out)
    text = "4.4.1 connect to 127.0.0.1[127.0.0.1]:25: Connection refused"
    code, out, _ = bench.run("classify", text)
    tap.ok(code == 0 and re.fullmatch(r"trouble \S+\n", out), "trouble", out)
    got = bench.json("classify", text)
    tap.same([got["class"], got["rule"]], out.split(), "and its JSON")
    tap.same(bench.run("classify", "no status at all")[:2],
             (1, "unknown -\n"), "what no rule knows is 1")
    tap.same(bench.json("classify", "\x1b[2J"),
             {"class": "unknown", "rule": None}, "hostile text")


def status_empty(bench):
    code, out, _ = bench.run("status")
    tap.ok(code == 0 and "no host has been heard of" in out,
           "status of an empty Redis", out)
    tap.same(row(out, "filter"),
             ["filter", "closed", "100 %", "0/20", "0", "0", "0"],
             "everything closed")
    got = bench.json("status")
    tap.same(sorted(got), ["destinations", "digest", "health", "host", "hosts",
                           "hosts_agree", "mode", "now_ms", "reload_due", "upstreams"],
             "the keys of its JSON")
    tap.same(sorted(got["upstreams"][0]),
             ["allowance", "alone", "breaker", "cap", "connections",
              "down_since_ms", "in_use", "incident", "locked_until_ms",
              "name", "next_step_ms", "outcomes", "override",
              "preflight_ms", "reason", "rule", "sample", "since_ms", "state",
              "trips",
              "waiting"], "and of an upstream's")
    tap.same(bench.ask("KEYS", "*"), [], "looking leaves nothing behind")


def plant(bench):
    now = bench.now()
    bench.plant("mailweir:upstream:{filter}", state="open", since=now - 5000,
                allowance=0, reason="streak", rule="busy",
                sample="4.3.2 \x1b[31mred", incident="filter-1", trips=1,
                next_step_at=now + 28000, version=3, in_use=2, waiting=7,
                outcome_trouble=41)
    bench.plant("mailweir:upstream:{filter-eu}", state="ramp",
                since=now - 1000, allowance=250, reason="ramp-step", trips=1,
                step=2, next_step_at=now + 60000, version=9, cap_limit=5)
    bench.plant("mailweir:dest:{contoso}", accepted=12, deferred=3,
                deferred_cap=3, delivered=9)
    bench.ask("ZADD", "mailweir:dest:{contoso}:leases", now + 60000, "a",
              now + 60000, "b", now - 1, "over")
    digest = bench.json("status")["digest"]
    bench.plant("mailweir:hosts", **{
        "mx1": "%d 0.1.0 %s enforce" % (now, digest),
        "mx2": "%d 0.1.0 %s observe" % (now - 2000, "0123456789abcdef"),
        "mx3": "%d 0.0.9 %s enforce" % (now - 40000, "ffffffffffffffff")})


def status_planted(bench):
    code, out, _ = bench.run("status")
    tap.same(code, 0, "status of a fleet in trouble")
    tap.same(row(out, "filter"),
             ["filter", "open", "0 %", "2/20", "7", "0", "41"],
             "an open upstream")
    tap.ok(re.search(r"\nWRONG   filter is open: takes no mail, for \d+s\n"
                     r" +why: nothing but bad answers \(streak\); busy: "
                     r"4.3.2 \?\[31mred\n +next: is tried again in 2[78]s "
                     r"\(incident filter-1\)\n", out),
           "what is wrong, since when, why, what is next; printable", out)
    tap.ok("\x1b" not in out, "no escape reaches the terminal")
    tap.same(row(out, "filter-eu")[1:4], ["ramp", "25 %", "0/5"],
             "a ramp, and a cap that was lowered")
    tap.same(row(out, "contoso"),
             ["contoso", "2/3", "0", "9", "0", "3", "0"],
             "leases that are not over, and counters")
    named_hosts = re.search(r"\nPARTLY  hosts disagree about the "
                            r"configuration\n +why: (.*)", out)[1]
    tap.ok("mx1=" in named_hosts and "mx2=0123456789abcdef" in named_hosts
           and "mx3" not in named_hosts, "who, the lost one apart",
           named_hosts)
    tap.ok(re.search(r"\nNOTE    hosts run in different modes\n +why: "
                     r"mx1=enforce mx2=observe\n", out), "modes differ", out)
    tap.ok(row(out, "mx3")[-1].startswith("lost, 4"), "a lost host", out)
    tap.ok("reload" not in out, "this host runs what the file says")
    other = bench.write("other.conf", catch_all=CATCH_ALL)
    tap.ok("mx1 runs on another configuration than its file" in
           bench.run("status", config=other)[1], "and when it does not")


def status_json(bench):
    got = bench.json("status")
    filter_ = named(got["upstreams"], "filter")
    tap.ok(27000 <= filter_.pop("next_step_ms") <= 28000, "next_step_ms")
    tap.same(filter_["outcomes"]["trouble"], 41, "outcomes")
    wanted = {"state": "open", "breaker": "open", "allowance": 0, "in_use": 2,
              "waiting": 7, "cap": 20, "connections": 20, "reason": "streak",
              "rule": "busy", "incident": "filter-1", "trips": 1,
              "sample": "4.3.2 ?[31mred", "override": None}
    tap.same({k: filter_[k] for k in wanted}, wanted, "an upstream in JSON")
    contoso = named(got["destinations"], "contoso")
    tap.same([contoso["leases"], contoso["cap"],
              contoso["counters"]["accepted"]], [2, 3, 12],
             "a destination in JSON")
    tap.same([got["hosts_agree"], got["reload_due"],
              named(got["hosts"], "mx3")["lost"],
              named(got["hosts"], "mx2")["lost"]],
             [False, False, True, False], "hosts in JSON")


def alone(bench):
    """What one host alone sees is its own, and shown to all."""
    key = "mailweir:upstream:{own}:alone"
    row_of = "open 0 %d %d lone-1" % (bench.now() + 28000,
                                      bench.now() + 60000)
    bench.plant(key, mx2=row_of, mx3="open 0 1 1 old")
    out = bench.run("status")[1]
    tap.ok(re.search(r"\nPARTLY  own is open on mx2 alone\n.*\n +next: next "
                     r"step in 2[78]s \(incident lone-1\)\n", out) and "mx3 alone" not in out,
           "status tells who alone sees trouble", out)
    own = named(bench.json("status")["upstreams"], "own")
    tap.same([own["state"], len(own["alone"]), own["alone"][0]["host"],
              own["alone"][0]["state"], own["alone"][0]["allowance"],
              own["alone"][0]["incident"]],
             ["closed", 1, "mx2", "open", 0, "lone-1"], "and in JSON")
    got = bench.json("explain", "a@partner.test")
    tap.same([got["now"], got["routes"][0]["scope"]], ["own", "fleet"],
             "another host's trouble is none of ours")
    bench.plant(key, mx1=row_of)
    got = bench.json("explain", "a@partner.test")
    tap.same([got["now"], got["routes"][0]["state"],
              got["routes"][0]["reason"], got["routes"][0]["scope"]],
             [None, "open", "open", "host"], "our own is")
    out = bench.run("explain", "a@partner.test")[1]
    tap.ok("on this host alone (incident lone-1)" in out, "and says so", out)
    bench.ask("DEL", key)


def full(bench):
    """Nothing is wrong with it, and no connection of it is free."""
    key = "mailweir:upstream:{small}"
    bench.plant(key, state="closed", in_use=1, waiting=2)
    out = bench.run("explain", "a@x.few.test")[1]
    tap.same(row(out, "small")[4],
             "full: waits 20s for a connection, then no: no-slot",
             "a full upstream makes it wait")
    tap.ok("\n    is full: 1 of 1 connections in use, 2 wait for one\n" in out,
           "and says of what", out)
    got = bench.json("explain", "a@x.few.test")
    tap.same([got["now"], got["routes"][0]["full"]], ["small", True],
             "in JSON, too")
    bench.ask("DEL", key)


def all_on_hold(bench, config):
    """As the daemons say it when they can take no mail of any kind."""
    names = ("contoso", "partner", "mixed", "few", "rest")
    for name in names:
        bench.plant("mailweir:override:dest:{%s}" % name, state="hold",
                    until=bench.now() + 60000, by="eve", reason="all")
    got = bench.json("explain", "a@other.test", config=config)
    tap.same(got["incoming"]["reply"], "421 4.3.2 Service not available, "
             "closing transmission channel", "with all on hold it is 421")
    out = bench.run("explain", "a@other.test", config=config)[1]
    tap.ok(re.search(r"\nwhat waits says: 4.3.2 Mailweir: rest was paused by "
                     r"an operator, next try in \d+s\nis held in the queue "
                     r"now\n$", out), "and what waits in the queue", out)
    for name in names:
        bench.ask("DEL", "mailweir:override:dest:{%s}" % name)


def explain(bench):
    code, out, _ = bench.run("explain", "alice@contoso.com")
    tap.ok(code == 0 and "belongs to contoso, by domain contoso.com" in out,
           "explain names the destination and the pattern", out)
    tap.ok(row(out, "filter")[4].startswith("no: open, next try in 2"),
           "an open upstream says why and until when", out)
    tap.ok(re.search(r"\n    to \[filter.example.net\]:25\n    is open: takes "
                     r"no mail, for \d+s; why: nothing but bad answers "
                     r"\(streak\); busy: 4.3.2 \?\[31mred\n    next: is tried "
                     r"again in 2\ds \(incident filter-1\)\n", out),
           "where it would go, and its condition", out)
    tap.ok("\n    to [x.example.net]:25 (TLS: encrypt)\n" in out,
           "the TLS policy that the gate answers", out)
    tap.same(row(out, "filter-eu")[4], "yes, that share of it", "a ramp")
    tap.ok(row(out, "exchange (unfiltered)")[4].startswith(
        "no: bypass (alternate-up)"), "no bypass beside a filter", out)
    tap.ok(out.endswith("\ngoes to filter-eu now\n"), "where it goes", out)
    got = bench.json("explain", "alice@sub.contoso.com")
    tap.same([got[k] for k in ("destination", "match", "pattern", "mode",
                               "leases", "cap", "now")],
             ["contoso", "suffix", ".contoso.com", "enforce", 2, 3,
              "filter-eu"], "the same in JSON")
    tap.same([(r["upstream"], r["goes"], r["reason"], r["bypass"])
              for r in got["routes"]],
             [("filter", False, "open", None),
              ("filter-eu", True, "fine", None),
              ("exchange", False, "bypass", "alternate-up")], "and its routes")
    wanted = {"why": "streak", "rule": "busy", "incident": "filter-1",
              "in_use": 2, "cap": 20, "waiting": 7, "full": False,
              "nexthops": ["[filter.example.net]:25"], "mx": False,
              "tls": None}
    tap.same({k: got["routes"][0][k] for k in wanted}, wanted,
             "an upstream's condition in JSON")
    tap.ok(re.fullmatch(r"4.3.2 Mailweir: filter is not accepting mail, next "
                        r"try in 2\ds \(incident filter-1\)",
                        got["routes"][0]["status"]),
           "what its refusal would make of a status", got["routes"][0])
    tap.same(bench.run("explain", "a@other.test")[0], 1,
             "no destination is 1")
    tap.same(bench.json("explain", "a@other.test")["destination"], None,
             "and null")
    tap.same(bench.run("explain", "alice")[:2], (1, ""), "no address is 1")
    alone(bench)
    full(bench)
    catch = bench.write("catch.conf", catch_all=CATCH_ALL)
    got = bench.json("explain", "a@other.test", config=catch)
    tap.same([got["destination"], got["match"], got["now"],
              got["incoming"]["accepted"], got["incoming"]["reason"],
              got["submission"]["accepted"]],
             ["rest", "catch-all", None, False, "on-hold", True],
             "on hold: others wait, submission does not")
    tap.ok(got["incoming"]["reply"].startswith("451 4.3.2 rest "),
           "with the reply they get", got["incoming"])
    all_on_hold(bench, catch)
    bench.ask("ZADD", "mailweir:dest:{contoso}:leases",
              bench.now() + 60000, "c")
    tap.same(bench.json("explain", "a@contoso.com")["incoming"]["reason"],
             "at-cap", "all places taken")
    observe = bench.write("observe.conf", mode="observe")
    got = bench.json("explain", "a@contoso.com", config=observe)
    tap.same([got["incoming"]["accepted"], got["now"],
              got["routes"][0]["would_refuse"]], [True, "filter", True],
             "observe mode takes it all, and says what it would do")
    out = bench.run("explain", "a@contoso.com", config=observe)[1]
    tap.ok("in enforce mode no: open" in out, "in words too", out)


def force(bench):
    def put(*words, **more):
        return bench.run("force", *words, **more)
    tap.same(put("nobody", "open", "--for", "1m", "--reason", "x")[0], 1,
             "force of no upstream is 1")
    tap.same(put("filter", "open", "--for", "8d", "--reason", "x")[0], 1,
             "for more than a week")
    tap.same(put("filter", "open", "--for", "1m", "--reason", "x" * 61)[0], 1,
             "for too long a reason")
    tap.same(put("filter", "open", "--for", "1m", "--reason", "a\nb")[0], 1,
             "for a reason that is not printable")
    tap.same(bench.ask("EXISTS", "mailweir:override:{filter}"), 0,
             "nothing was done")
    code, out, err = put("filter", "closed", "--for", "2h", "--reason",
                         "vendor says fixed", environment={"SUDO_USER": "eve"})
    tap.same((code, out, err), (0, "filter: forced closed for 2h00m\n", ""),
             "an upstream is forced")
    held = bench.ask.hash("mailweir:override:{filter}")
    author = "eve" if os.getuid() == 0 else held["by"]
    tap.same([held["state"], held["by"], held["reason"]],
             ["closed", author, "vendor says fixed"], "as Redis shows it")
    tap.ok(7100000 < bench.ask("PTTL", "mailweir:override:{filter}")
           <= 7200000, "it ends by itself")
    out = bench.run("status")[1]
    tap.ok(row(out, "filter")[1:3] == ["closed", "100 %"] and re.search(
        r"filter is forced closed: .*\n +why: by %s: vendor says "
        r"fixed\n" % author, out), "status says who, how long and why", out)
    got = named(bench.json("status")["upstreams"], "filter")
    tap.same([got["state"], got["breaker"], got["override"]["state"],
              got["override"]["by"]], ["closed", "open", "closed", author],
             "the breaker's own state is kept")
    got = bench.json("explain", "a@contoso.com")
    tap.same([got["now"], got["routes"][0]["forced"]], ["filter", "closed"],
             "explain goes by it")
    tap.same(put("filter-eu", "open", "--for", "1m", "--reason", "no")[0], 0,
             "another is forced open")
    tap.same(bench.json("explain", "a@contoso.com")["routes"][1]["reason"],
             "forced", "and takes no mail")
    for upstream in ("filter", "filter-eu"):
        tap.same(put(upstream, "auto")[:2],
                 (0, upstream + ": left to its breaker again\n"), "let go")
    tap.same(bench.ask("EXISTS", "mailweir:override:{filter}"), 0, "gone")


def hold(bench):
    tap.same(bench.run("hold", "filter", "--for", "1m", "--reason", "x")[0],
             1, "hold of no destination is 1")
    tap.same(bench.run("hold", "contoso", "--for", "8d", "--reason", "x")[0],
             1, "for more than a week")
    tap.same(bench.run("release", "filter")[0], 1,
             "release of no destination is 1")
    tap.same(bench.ask("EXISTS", "mailweir:override:dest:{contoso}"), 0,
             "nothing was done")
    code, out, err = bench.run("hold", "contoso", "--for", "2h", "--reason",
                               "their move", environment={"SUDO_USER": "eve"})
    tap.same((code, out, err), (0, "contoso: on hold for 2h00m\n", ""),
             "a destination is held")
    held = bench.ask.hash("mailweir:override:dest:{contoso}")
    author = "eve" if os.getuid() == 0 else held["by"]
    tap.ok(abs(int(held.pop("until")) - bench.now() - 7200000) < 20000,
           "until then", held)
    tap.same(held, {"state": "hold", "by": author, "reason": "their move"},
             "as Redis shows it")
    tap.ok(7100000 < bench.ask("PTTL", "mailweir:override:dest:{contoso}")
           <= 7200000, "it ends by itself")
    out = bench.run("status")[1]
    tap.ok(re.search(r"\nWRONG   contoso is on hold\n +why: by %s: their move\n"
                     r" +next: ends by itself in (2h00m|1h59m)\n" % author, out), "status says so", out)
    got = named(bench.json("status")["destinations"], "contoso")["override"]
    tap.same([got["state"], got["by"], got["reason"]],
             ["hold", author, "their move"], "in JSON, too")
    tap.same(named(bench.json("status")["destinations"], "few")["override"],
             None, "and null for others")
    out = bench.run("explain", "a@contoso.com")[1]
    tap.ok("\non hold by %s for another " % author in out and
           out.endswith("\nis held in the queue now\n"), "explain says so",
           out)
    got = bench.json("explain", "a@contoso.com")
    tap.same([got["hold"]["state"], got["now"], got["incoming"]["reason"],
              {r["reason"] for r in got["routes"]} - {"bypass"}],
             ["hold", None, "on-hold", {"forced"}], "in JSON, too")
    code, out, err = bench.run("release", "contoso", "--rate", "5")
    tap.same((code, out, err), (0, "contoso: released, at 5 a second on each "
                                "host\n", ""), "it is released")
    held = bench.ask.hash("mailweir:override:dest:{contoso}")
    tap.same([held["state"], held["rate"]], ["release", "5"],
             "as Redis shows it")
    tap.ok(re.search(r"\n    released at 5 a second by \S+ for another ",
                     bench.run("status")[1]), "and status")
    tap.same(bench.json("explain", "a@contoso.com")["hold"], None,
             "explain knows of no hold")
    tap.same(bench.run("release", "contoso")[1], "contoso: released\n",
             "at the usual rate")
    tap.same("rate" in bench.ask.hash("mailweir:override:dest:{contoso}"),
             False, "without one of its own")
    lines = bench.run("events", "-n", "3")[1].splitlines()
    tap.ok(re.search(r' override destination=contoso state=hold until=\S+ '
                     r'by=\S+ reason="their move" host=mx1$', lines[0]) and
           " state=release " in lines[1] and " rate=5 " in lines[1],
           "both are events", lines)
    bench.ask("DEL", "mailweir:override:dest:{contoso}")


def events(bench):
    code, out, _ = bench.run("events")
    lines = out.splitlines()
    tap.ok(code == 0 and len(lines) == 4, "forces are events", out)
    tap.ok(re.match(r'\d{4}-\d\d-\d\dT\S+Z override upstream=filter '
                    r'state=closed until=\S+Z by=\S+ '
                    r'reason="vendor says fixed" host=mx1$', lines[0]),
           "one line each, oldest first", lines)
    tap.ok("state=auto" in lines[3], "the newest last", lines)
    got = [json.loads(line) for line in
           bench.run("events", "--json")[1].splitlines()]
    tap.same([(e["event"], e["upstream"], e["state"]) for e in got],
             [("override", "filter", "closed"),
              ("override", "filter-eu", "open"),
              ("override", "filter", "auto"),
              ("override", "filter-eu", "auto")], "as JSON, an object a line")
    for i in range(30):
        bench.ask("XADD", "mailweir:events", "*", "event", "test",
                  "sample", "\x1b[2J %d" % i)
    out = bench.run("events")[1]
    tap.ok(len(out.splitlines()) == 20 and "\x1b" not in out and
           out.endswith(' test sample="?[2J 29"\n'),
           "20 by default, printable", out)
    tap.same(len(bench.run("events", "-n", "3")[1].splitlines()), 3, "-n 3")


def follow(bench):
    watch = subprocess.Popen([MAILWEIR, "events", "-f", "-n", "1", "--json",
                              "-c", bench.config], stdout=subprocess.PIPE,
                             text=True)
    tap.same(json.loads(watch.stdout.readline())["sample"], "?[2J 29",
             "events -f begins with what was")
    bench.ask("XADD", "mailweir:events", "*", "event", "new1")
    bench.ask("XADD", "mailweir:events", "*", "event", "new2")
    tap.same([json.loads(watch.stdout.readline())["event"]
              for _ in range(2)], ["new1", "new2"],
             "and goes on, leaving none out")
    watch.terminate()
    watch.wait()


def write_old(path, text):
    """As if it were old: Postfix waits until a file has rested."""
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.utime(path, (time.time() - 60,) * 2)


def parts(text):
    """The three parts of `mailweir postfix`, cut at their names."""
    found = re.fullmatch(r"# main.cf\n(.*)# master.cf\n(.*)# transport\n(.*)",
                         text, re.S)
    return found.groups() if found else ("", "", "")


def postfix(bench):
    code, out, _ = bench.run("postfix", config=bench.write(
        "postfix.conf", catch_all=CATCH_ALL,
        milter="unix:/var/spool/postfix/mailweir/milter"))
    main, master, transport = parts(out)
    tap.ok(code == 0 and main and master and transport, "three parts", out)
    for line in (
            "smtpd_relay_before_recipient_restrictions = yes",
            "    check_policy_service { unix:mailweir/policy, timeout=2s, "
            "try_limit=1, default_action=DUNNO }",
            "    { unix:mailweir/milter, default_action=accept, "
            "connect_timeout=5s, command_timeout=5s }",
            "#smtpd_client_connection_count_limit = 1",
            "transport_maps = texthash:${config_directory}/mailweir-transport",
            "default_transport = mw-rest:[filter.example.net]:25",
            "relay_transport = mw-rest:[filter.example.net]:25",
            "mw-contoso_destination_concurrency_limit = 100",
            "mw-contoso_initial_destination_concurrency = 100",
            "mw-contoso_destination_concurrency_failed_cohort_limit = 0",
            "mw-contoso_destination_recipient_limit = 50",
            "mw-few_destination_concurrency_limit = 10",
            "mw-partner_destination_concurrency_limit = 1000"):
        tap.ok(line in main.splitlines(), "main.cf: " + line, main)
    for line in (
            "mw-contoso unix - - n - 100 smtp",
            "    -o smtp_tls_policy_maps=socketmap:unix:mailweir/map:"
            "gate.contoso",
            "    -o smtp_delivery_status_filter=socketmap:unix:mailweir/map:"
            "outcome.contoso",
            "    -o smtp_connection_cache_on_demand=no"):
        tap.ok(line in master.splitlines(), "master.cf: " + line, master)
    tap.same([line for line in transport.splitlines() if line[:1] != "#"], [
        domain + "  " + lane for domain, lane in (
            ("contoso.com", "mw-contoso:[filter.example.net]:25, "
             "[a.eu.example.net]:25, [b.eu.example.net]:25, "
             "[x.example.net]:25"),
            (".contoso.com", "mw-contoso:[filter.example.net]:25, "
             "[a.eu.example.net]:25, [b.eu.example.net]:25, "
             "[x.example.net]:25"),
            ("partner.test", "mw-partner:"),
            ("mixed.test", "mw-mixed:[s.example.net]:25, mixed.test"),
            (".few.test", "mw-few:[s.example.net]:25"))],
        "the transport table")
    accepted_by_postfix(bench, main, master, transport)
    plain = parts(bench.run("postfix")[1])[0]
    tap.ok("smtpd_milters" not in plain and "default_transport" not in plain,
           "without milter and catch-all, neither line", plain)
    inet = bench.write("inet.conf", milter="inet:127.0.0.1:10030")
    tap.ok("{ inet:127.0.0.1:10030, " in bench.run("postfix", config=inet)[1],
           "a socket on TCP as it stands")
    by_mx = parts(bench.run("postfix", config=bench.write(
        "mx.conf", catch_all=BY_MX))[1])
    tap.ok("default_transport = mw-rest:" in by_mx[0].splitlines() and
           "mw-rest unix - - n - 78 smtp" in by_mx[1].splitlines(),
           "a lane to all MX has processes for who is known by MX", *by_mx)
    tap.ok("# forest is known by its MX: mail for its domains leaves through "
           "mw-rest," in by_mx[2].splitlines(),
           "and these need no line in the table", by_mx[2])
    far = bench.write("far.conf", milter="unix:/run/mailweir/milter")
    tap.ok("{ unix:/run/mailweir/milter, " in
           bench.run("postfix", config=far)[1],
           "a socket outside of the queue directory as it stands")


def patience(bench):
    """How long a lane waits for replies."""
    master = parts(bench.run("postfix", config=bench.write(
        "patience.conf", catch_all=CATCH_ALL.replace(
            '"filter"; }', '"filter"; }, { upstream = "small"; }')))[1])[1]
    lanes = {lane.split()[0]: re.findall(r"-o smtp_(\w+)_timeout=(\w+)", lane)
             for lane in re.split(r"\n(?=\S)", master)}
    before_data = ["connect", "helo", "starttls", "xforward", "mail", "rcpt",
                   "data_init", "rset"]
    tap.same(lanes.pop("mw-contoso"), [(limit, "7s") for limit in before_data],
             "a lane with another filter has little patience before DATA")
    tap.same(lanes.pop("mw-rest"), [(limit, "60s") for limit in before_data
                                    if limit not in ("connect", "rset")],
             "and never more than Postfix has by itself")
    tap.ok(len(lanes) == 3 and not any(lanes.values()),
           "a lane without one is as patient as ever", lanes)


def accepted_by_postfix(bench, main, master, transport):
    """Does the real Postfix take each part, without a word?"""
    os.environ["PATH"] += ":/usr/sbin"
    if shutil.which("postconf") is None:
        print("# no postconf: not tried with Postfix")
        return
    where = os.path.join(bench.dir, "pf")
    os.mkdir(where)
    base = "compatibility_level = 3.6\nmydestination =\nalias_maps =\n"
    for name, text in (("main.cf", base + main), ("master.cf", master),
                       ("mailweir-transport", transport)):
        write_old(os.path.join(where, name), text)
    for what in ("-n", "-M", "-P"):
        done = subprocess.run(["postconf", "-c", where, what],
                              capture_output=True, text=True, check=False)
        tap.ok(done.returncode == 0 and done.stderr == "",
               "postconf %s has no complaint" % what, done.stderr)
    done = subprocess.run(
        ["postmap", "-c", where, "-q", "contoso.com",
         "texthash:%s/mailweir-transport" % where],
        capture_output=True, text=True, check=False)
    tap.ok(done.returncode == 0 and done.stderr == "" and
           done.stdout.startswith("mw-contoso:[filter.example.net]:25, [a."),
           "postmap finds the lane", done.stdout, done.stderr)


def is_away(bench, why, config, *words):
    began = time.monotonic()
    code, out, err = bench.run(*words, config=config)
    took = time.monotonic() - began
    tap.ok(code == 3 and out == "" and "Redis" in err and took < 5,
           "Redis %s: %s is 3, in time" % (why, " ".join(words)),
           code, out, err, took)


def live(bench):
    """Where there is no Postfix; test_wiring.py is about those that are."""
    for option in "--check", "--diff", "--undo":
        code, out, err = bench.run("postfix", option, "--config-dir",
                                   bench.dir + "/nowhere")
        tap.ok(code == 1 and out == "" and "postconf" in err,
               "%s: no Postfix there" % option, code, out, err)


def away(bench):
    gone = bench.write("gone.conf", redis=bench.dir + "/gone")
    for words in (["status"], ["status", "--json"], ["events"],
                  ["explain", "a@contoso.com"], ["events", "-f"],
                  ["force", "filter", "auto"], ["release", "contoso"]):
        is_away(bench, "absent", gone, *words)
    for words in (["check"], ["postfix"], ["classify", "2.0.0 250 Ok"]):
        tap.same(bench.run(*words, config=gone)[0], 0,
                 "Redis absent: %s does without" % words[0])
    bench.ask("CLIENT", "PAUSE", "20000")
    is_away(bench, "silent", bench.config, "status")


def main():
    if shutil.which("redis-server") is None:
        print("1..0 # SKIP redis-server is not installed")
        return 0
    signal.alarm(SECONDS)
    bench = Bench()
    try:
        for test in (usage, check, classify, status_empty, plant,
                     status_planted, status_json, explain, force, events,
                     follow, hold, postfix, patience, live, away):
            test(bench)
    finally:
        bench.close()
    print("1..%d" % tap.counted())
    return 1 if tap.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
