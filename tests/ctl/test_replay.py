#!/usr/bin/env python3
"""`mailweir replay` on logs made for it: two hosts send twenty messages a
second through a relay that is sick for 45 seconds. No Redis is there.
"""
import datetime
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
TOP = os.path.abspath(os.environ.get("top_srcdir", "."))
BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
sys.path.insert(0, os.path.join(TOP, "tests", "system"))
import tap                      # noqa: E402

MAILWEIR = os.path.join(BUILD, "mailweir")
SECONDS = 60                    # until all is ended by force

CONFIG = """
host = "mx1";
rules_file = "%(top)s/conf/outcomes.rules";
store = { redis = "unix:%(dir)s/no-redis"; };
upstreams = {
  filter    = { nexthop = "[filter.example.net]:25"; connections = 20; };
  filter-eu = { nexthop = "[eu.example.net]:2525"; connections = 10; };
  exchange  = { nexthop = "[192.0.2.9]:25"; connections = 20;
                tls = "encrypt"; };
  own       = { mx = true; connections = 20; };
};
destinations = {
  contoso = { domains = [ "contoso.com" ];
              routes = ( { upstream = "filter"; }%(alternate)s,
                         { upstream = "exchange"; unfiltered = true;
                           after = "10m"; } ); };
  partner = { domains = [ "partner.test" ];
              routes = ( { upstream = "own"; } ); };
};
"""
ALTERNATE = ', { upstream = "filter-eu"; }'

START = datetime.datetime(2025, 11, 21, 9, 0, tzinfo=datetime.timezone.utc)
SICK, HEALED, END = 60, 105, 600        # seconds
FILTER = "filter.example.net[192.0.2.1]"
EU = "eu.example.net[192.0.2.2]"
BUSY = ("451 4.3.2 Temporary server error. Please try again later ATTR5 "
        "(in reply to RCPT TO command)")


def when(second):
    """As rsyslog writes it, in a zone of its own."""
    zone = datetime.timezone(datetime.timedelta(hours=1))
    at = START + datetime.timedelta(seconds=second)
    return at.astimezone(zone).isoformat(timespec="microseconds")


def old_when(second):
    return (START + datetime.timedelta(seconds=second)).strftime(
        "%b %d %H:%M:%S")


def utc(second):
    at = START + datetime.timedelta(seconds=second)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (
        at.microsecond // 1000)


def said(stamp, number, peer=FILTER, answer=BUSY):
    """The lane goes on to its next hop."""
    return "%s mx%d postfix/smtp[%d]: %010X: host %s said: %s" % (
        stamp, number % 2 + 1, 100 + number % 20, number, peer, answer)


def final(stamp, number, relay=FILTER + ":25", recipient="a@contoso.com",
          dsn="2.0.0", status="sent (250 2.0.0 Ok)", process="postfix/smtp"):
    return ("%s mx%d %s[%d]: %010X: to=<%s>, relay=%s, delay=0.2, "
            "delays=0.1/0/0.01/0.02, dsn=%s, status=%s" % (
                stamp, number % 2 + 1, process, 100 + number % 20, number,
                recipient, relay, dsn, status))


def story(stamp=when):
    """Each attempt at the first relay, and what came of it."""
    lines = []
    for number in range(END * 20):
        second = number / 20
        if SICK <= second < HEALED:
            lines.append(said(stamp(second), number))
            lines.append(final(stamp(second), number, EU + ":2525"))
        else:
            lines.append(final(stamp(second), number))
    return lines


class Bench:
    """A folder with logs and configurations in it."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="mw-replay-", dir="/tmp")
        self.config = self.configure("mailweir.conf", ALTERNATE)

    def configure(self, name, alternate):
        return self.write(name, CONFIG % {
            "top": TOP, "dir": self.dir, "alternate": alternate})

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def log(self, name, lines):
        return self.write(name, "".join(line + "\n" for line in lines))

    def run(self, *words, config=None, zone="UTC", stdin=b""):
        """(exit code, standard output, standard error)"""
        done = subprocess.run(
            [MAILWEIR, "replay", *words, "-c", config or self.config],
            capture_output=True, timeout=30, check=False, input=stdin,
            env={**os.environ, "TZ": zone})
        return (done.returncode, done.stdout.decode("ascii"),
                done.stderr.decode())

    def json(self, *words, **how):
        code, out, err = self.run("--json", *words, **how)
        if code != 0:
            tap.ok(False, "replay --json ends well", code, err)
        return json.loads(out)

    def totals(self, name, lines):
        """Each upstream's attempts, and of which class, in a few lines."""
        seen = self.json(self.log(name, lines))
        return ({u["name"]: u["attempts"] for u in seen["upstreams"]
                 if u["attempts"]}, seen["elsewhere"])

    def close(self):
        shutil.rmtree(self.dir)


def upstream(seen, name):
    return next(u for u in seen["upstreams"] if u["name"] == name)


def outage(bench):
    seen = bench.json(bench.log("mail.log", story()))
    sick = upstream(seen, "filter")
    bad = (HEALED - SICK) * 20
    tap.same((seen["lines"], seen["hosts"], seen["elsewhere"]),
             (END * 20 + bad, 2, 0), "all lines are understood")
    tap.same((seen["first"], seen["last"]), (utc(0), utc(END - 0.05)),
             "from the first to the last attempt, in UTC")
    tap.same((sick["attempts"], sick["bad"], sick["outcomes"]["ok"],
              sick["outcomes"]["trouble"]),
             (END * 20, bad, END * 20 - bad, bad), "each attempt counts once")
    tap.same(sick["changes"][0], {
        "time": utc(SICK + 0.45), "from": "closed", "to": "open",
        "reason": "streak", "allowance": 0, "rule": "ms-frontend",
        "sample": ("4.3.2 host %s said: %s" % (FILTER, BUSY))[:57] + "..."},
        "the tenth bad one in a row opens it")
    tap.same(sick["changes"][1]["to"], "half-open", "then it is tried")
    tap.same((sick["state"], sick["changes"][-1]["to"]),
             ("closed", "closed"), "in the end it is closed")
    made = bad - sick["saved_bad"]
    tap.ok(10 <= made <= 14, "of 900 bad ones a dozen were made", made)
    tap.same((sick["rerouted"], sick["held"]), (sick["saved"], 0),
             "the alternate would have had them")
    tap.same(sick["openings"],
             sum(c["to"] == "open" for c in sick["changes"]), "openings")
    other = upstream(seen, "filter-eu")
    tap.same((other["attempts"], other["changes"]), (bad, []),
             "the second relay had a quiet day")
    alone = bench.configure("alone.conf", "")
    sick = upstream(bench.json(bench.dir + "/mail.log", config=alone),
                    "filter")
    tap.same((sick["held"], sick["rerouted"]), (sick["saved"], 0),
             "a way around the protection is no alternate")


def text(bench):
    code, out, err = bench.run(bench.dir + "/mail.log")
    rows = [line.split() for line in out.splitlines()
            if line.startswith("11-21 ")]
    tap.same((code, err, rows[0][1:5], rows[0][-1]),
             (0, "", ["09:01:00", "open", "0", "%"], "streak"),
             "as a timeline")
    tap.same((rows[-1][2], rows[-1][-1]), ("closed", "recovered"),
             "with an end")
    for wanted in (r"2 hosts, 2025-11-21T09:00:00.000Z to \S+ \(10m00s\)",
                   r"1 incident, \S+ in all: of 890 bad attempts \d+ would "
                   r"not have been made",
                   r"INCIDENT 1: filter, 2025-11-21T09:01:00.450Z to "
                   r"2025-11-21T09:0\d:\d\d.\d+Z, \S+",
                   r"cause: nothing but bad answers \(streak\); ms-frontend: "
                   r"4.3.2 host .*",
                   r"in the log: \d+ attempts, 890 of them bad",
                   r"with Mailweir: \d+ attempts, \d of them bad",
                   r"saved: \d+ attempts, 88\d of them bad; \d+ would have "
                   r"gone to another upstream, 0 would have waited"):
        tap.ok(re.search("^%s$" % wanted, out, re.M), "it reports: " + wanted,
               out)
    numbers = [[int(n) for n in row[-4:-1]] for row in rows[:-1]]
    incident = bench.json(bench.dir + "/mail.log")["incidents"][0]
    tap.same([sum(column) for column in zip(*numbers)],
             [incident[key] for key in ("attempts", "bad", "saved")],
             "the lines of the timeline add up to the incident")
    row = next((line.split() for line in out.splitlines()
                if line.startswith("filter   ")), [])
    seen = upstream(bench.json(bench.dir + "/mail.log"), "filter")
    tap.same(row[1:], [str(seen[key]) for key in (
        "attempts", "bad", "openings", "saved", "saved_bad", "rerouted",
        "held")], "the same totals as for scripts")
    tap.same(bench.run(bench.dir + "/mail.log"), (code, out, err),
             "the same log, the same run")


def incidents(bench):
    """What is not over, and what comes twice."""
    seen = bench.json(bench.dir + "/mail.log")
    tap.same(len(seen["incidents"]), 1, "one incident")
    one, sick = seen["incidents"][0], upstream(seen, "filter")
    tap.same((one["upstream"], one["begin"], one["end"], one["openings"],
              one["rule"]),
             ("filter", sick["changes"][0]["time"],
              sick["changes"][-1]["time"], sick["openings"], "ms-frontend"),
             "from the first change to the last one")
    tap.same((one["saved"], one["saved_bad"], one["rerouted"], one["held"]),
             (sick["saved"], sick["saved_bad"], sick["saved"], 0),
             "all that was saved was saved in it")
    early = [line for line in story()
             if line < when(HEALED - 10)]
    seen = bench.json(bench.log("early.log", early))
    tap.same((seen["incidents"][0]["end"],
              seen["incidents"][0]["lasts_ms"] // 1000), (None, 34),
             "one that is not over when the log ends")
    tap.ok("and not over when the log ends" in
           bench.run(bench.dir + "/early.log")[1], "in words, too")
    well = [final(when(n), n) for n in range(60)]
    out = bench.run(bench.log("well.log", well))[1]
    tap.ok("no incident: " in out and "INCIDENT" not in out, "none", out)
    twice = story() + [line.replace("T10:0", "T11:0")
                       for line in story()]
    seen = bench.json(bench.log("twice.log", twice))
    begins = [i["begin"] for i in seen["incidents"]]
    tap.ok(len(begins) == 2 and begins == sorted(begins),
           "two in their order", begins)


def several(bench):
    """The logs of two hosts, in any order, are one story."""
    one = bench.json(bench.dir + "/mail.log")
    lines = story()
    logs = [bench.log("mx%d.log" % host, [
        line for line in lines if " mx%d " % host in line])
            for host in (1, 2)]
    tap.same(bench.json(*logs), one, "each host's own log")
    tap.same(bench.json(*reversed(logs)), one, "in the other order")
    with open(logs[1], "rb") as file:
        tap.same(bench.json(logs[0], "-", stdin=file.read()), one,
                 "one of them on standard input")
    half = len(lines) // 2
    rotated = [bench.log("mail.log.1", lines[:half]),
               bench.log("mail.log.0", lines[half:])]
    tap.same(bench.json(*reversed(rotated)), one, "rotated logs")


def junk(bench):
    """What is no line of a delivery, or a half of one, changes nothing."""
    chance = random.Random(4320)
    lines = story()
    noise = [chance.randbytes(chance.randrange(1, 300)).replace(b"\n", b"")
             for _ in range(200)]
    noise += [line[:chance.randrange(90)].encode() for line in lines[:200]]
    noise += [b"", b"\0", b"\r", b"x" * 100000,
              (when(SICK - 1) + " mx1 postfix/smtp[100]: AAAAAAAAAA: to=<\""
               "a>, relay=%s:25, delay=0, delays=0/0/0/0, dsn=4.3.2, "
               "status=deferred (host %s said: %s\"@contoso.com>, relay=%s:25,"
               " delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (x)" % (
                   FILTER, FILTER, BUSY, FILTER)).encode(),
              (b"9998-01-01T00:00:00Z mx1 postfix/smtp[1]: AAAAAAAAAA: host "
               + FILTER.encode() + b" said: 451 4.3.2 x"),
              when(1).encode() + b" mx1 postfix/qmgr[1]: AAAAAAAAAA: removed"]
    mixed = [line.encode() for line in lines]
    for line in noise:
        mixed.insert(chance.randrange(len(mixed)), line)
    path = bench.write("junk.log", b"\n".join(mixed))
    seen, clean = bench.json(path), bench.json(bench.dir + "/mail.log")
    tap.same(seen.pop("lines") - clean.pop("lines"), len(noise),
             "each line is a line")
    tap.same(seen, clean, "junk among the lines does no harm")
    bad = [said(when(n), n, "filter.example.net[1]",
                "451 4.3.2 \x1b[2J\xff\x07")
           for n in range(10)]
    code, out, _ = bench.run(bench.log("escape.log", bad))
    tap.ok(code == 0 and "451 4.3.2 ?[2J???" in out and "\x1b" not in out,
           "a server's bytes do not reach the terminal", out)


def old_format(bench):
    """No year, no zone: the newest year before the file, this host's zone."""
    path = bench.log("old.log", story(old_when))
    stamp = (START + datetime.timedelta(days=100)).timestamp()
    os.utime(path, (stamp, stamp))
    for zone, hours in (("UTC", 0), ("XXX-2", -2), ("XXX5", 5)):
        seen = bench.json(path, zone=zone)
        sick = upstream(seen, "filter")
        tap.same((seen["first"], sick["changes"][0]["time"]),
                 (utc(3600 * hours), utc(3600 * hours + SICK)),
                 "old times, zone " + zone)


def attempts(bench):
    """What counts as an attempt, and at whom."""
    now = when(0)
    refused = "connect to %s:25: Connection refused" % FILTER
    tap.same(bench.totals("few.log", [
        final(now, 1, recipient="u%d@contoso.com" % n) for n in range(50)]),
        ({"filter": 1}, 0), "fifty recipients are one attempt")
    tap.same(bench.totals("few.log", [final(now, n) for n in (1, 2, 1, 21)]),
             ({"filter": 3}, 0), "three messages are three")
    tap.same(bench.totals("few.log", [
        final(now, 1), final(when(400), 1)]), ({"filter": 2}, 0),
        "two tries of one message are two")
    tap.same(bench.totals("few.log", [
        "%s mx2 postfix/smtp[101]: %s" % (now, refused),
        final(now, 1, "none", dsn="4.4.1",
              status="deferred (%s)" % refused)]), ({"filter": 1}, 0),
        "a refused connection is told twice, and is one")
    tap.same(bench.totals("few.log", [
        final(now, 1, "none", dsn="4.4.1",
              status="deferred (%s)" % refused)]), ({"filter": 1}, 0),
        "or once")
    tap.same(bench.totals("few.log", [
        final(now, 1, "none", dsn="4.3.2", process="postfix/error",
              status="deferred (delivery temporarily suspended: %s)" %
              refused)]), ({}, 0), "the queue manager's memory is none")
    tap.same(bench.totals("few.log", [
        final(now, 1, "other.example[192.0.2.7]:25"),
        final(now, 2, FILTER + ":26"),
        final(now, 3, recipient="a@nobody.test")]), ({}, 3),
        "other hosts, ports and destinations are elsewhere")
    tap.same(bench.totals("few.log", [
        final(now, 1, "other.example[192.0.2.9]:25"),
        final(now, 2, recipient="a@nobody.test",
              process="postfix/mw-contoso/smtp"),
        final(now, 3, "mx.partner.test[192.0.2.7]:25",
              recipient="a@partner.test"),
        said(now, 4, "any[192.0.2.9]")]),
        ({"exchange": 2, "filter": 1, "own": 1}, 0),
        "by address, by lane, by the recipient's own MX")
    seen = bench.json(bench.log("few.log", [
        said(now, 1), final(now, 1), final(now, 1, recipient="b@contoso.com"),
        final(now, 2, dsn="5.1.1", status="bounced (host %s said: 550 5.1.1 "
              "no such user (in reply to RCPT TO command))" % FILTER)]))
    counts = upstream(seen, "filter")
    tap.same([counts["attempts"]] + [
        counts["outcomes"][c] for c in ("trouble", "ok", "refused")],
        [2, 1, 1, 1], "some recipients put off, others taken: one attempt")


def exits(bench):
    empty = bench.write("empty.log", "")
    tap.same(bench.json(empty)["first"], None, "an empty log is a log")
    good = bench.dir + "/few.log"
    for what, code, words, how in (
            ("no log", 2, [], {}),
            ("an unknown option", 2, [good, "--last"], {}),
            ("an absent log", 1, [good, bench.dir + "/absent"], {}),
            ("a folder", 1, [bench.dir], {}),
            ("something else", 1, [good, MAILWEIR], {}),
            ("an absent configuration", 1, [good],
             {"config": bench.dir + "/absent"})):
        got = bench.run(*words, **how)
        tap.ok(got[0] == code and got[1] == "" and got[2] != "",
               "%s is %d" % (what, code), *got)


def main():
    signal.alarm(SECONDS)
    bench = Bench()
    try:
        for test in (outage, text, incidents, several, junk, old_format, attempts,
                     exits):
            test(bench)
    finally:
        bench.close()
    print("1..%d" % tap.counted())
    return 1 if tap.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
