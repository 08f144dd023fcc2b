#!/usr/bin/env python3
"""`mailweir watch` on terminals: what it shows of a fleet that the real policyd
tells of, its keys, its sizes, and what it does while Redis is away. Speaks
TAP."""
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
for room in ("policy", "system"):
    sys.path.insert(0, os.path.join(TOP, "tests", room))
import tap                                              # noqa: E402
from terminal import Terminal                           # noqa: E402
from test_policyd import (BUILD, BUSY, OK, Daemons,     # noqa: E402
                          Lane, Smtpd)

MAILWEIR = os.path.join(BUILD, "mailweir")
UP, DOWN = "\x1bOA", "\x1bOB"     # as after keypad(3)
KEYS = "q quit  enter look"
HOSTILE = "\x1b[2J\x1b]0;x\x07\x9b31m\u202e\xff"


class Watch(Terminal):
    def __init__(self, site, columns=80, rows=24, words=(), **environment):
        super().__init__([MAILWEIR, "watch", "-c", site.config, *words],
                         columns, rows, environment)

    def list(self):
        """The rows below the head."""
        return self.screen.lines()[2:]

    def line(self, begin):
        """The cells of the line that begins with this word."""
        for line in self.list():
            if line.split(" ")[0] == begin:
                return line.split()
        return []

    def until_line(self, begin, condition):
        return self.until(lambda _: condition(self.line(begin)))

    def quits(self, what="q ends it"):
        self.press("q")
        tap.same(self.ends(), 0, what)
        self.close()


def it_shows_the_fleet(site):
    watch = Watch(site)
    tap.ok(watch.shows("UPSTREAM", "DESTINATION", "filter", "second",
                       "contoso", "lone", "mx1 enforce, 1 hosts", KEYS),
           "upstreams, destinations, this host and the keys",
           watch.screen.text())
    tap.ok(watch.until_line("second", lambda c: c[1:2] == ["closed"] and
                            c[4:5] == ["0/2"]), "a state, and use against "
           "the cap", watch.screen.text())
    watch.quits()
    tap.ok(watch.raw.endswith(b"\x1b[?1049l\r\x1b[?1l\x1b>") or
           b"\x1b[?1049l" in watch.raw[-60:], "the terminal is given back",
           watch.raw[-80:])


def it_follows_the_mail(site):
    watch = Watch(site)
    watch.shows("filter")
    smtpds = [Smtpd(site) for _ in range(3)]
    for port, smtpd in enumerate(smtpds):
        smtpd.ask(port=port + 1)
    tap.ok(watch.until_line("contoso", lambda c: c[1:2] == ["cap"] and
                            "2/2" in c), "a destination at its cap",
           watch.screen.text())
    tap.ok(watch.until_line("contoso", lambda c: c[5:6] not in ([], ["0"])),
           "the rate of what was deferred at it", watch.screen.text())
    lane = Lane(site)
    for _ in range(20):
        lane.gate("second")
        lane.outcome(OK)
    tap.ok(watch.until_line("second", lambda c: c[6:7] not in ([], ["0"])),
           "the rate of good outcomes", watch.screen.text())
    for _ in range(3):
        lane.gate("filter")
        lane.outcome(BUSY)
    tap.ok(watch.until_line("filter", lambda c: c[1:2] == ["open"]),
           "a breaker opens", watch.screen.text())
    tap.ok(watch.shows("wrong", "filter is open: takes no mail",
                       "LAST EVENTS", "breaker upstream=filter"),
           "what is wrong, and the event", watch.screen.text())
    lines = watch.list()
    tap.ok(next(i for i, line in enumerate(lines) if line[:7] == "filter ") <
           next(i for i, line in enumerate(lines) if line[:7] == "second "),
           "trouble comes first")
    watch.press("\r")
    tap.ok(watch.shows("upstream filter: open", "ms-frontend: 4.3.2",
                       "has the mail of:", "contoso"), "one, looked into",
           watch.screen.text())
    watch.press("q")
    watch.press("w")
    tap.ok(watch.shows("wrong: filter is open", "next: is tried again in "),
           "all that is wrong", watch.screen.text())
    watch.press("\x1b")
    watch.press("e")
    tap.ok(watch.shows("breaker upstream=filter from=closed to=open"),
           "the events at full length", watch.screen.text())
    watch.press("q")
    tap.ok(watch.shows(KEYS), "and back", watch.screen.text())
    for peer in (*smtpds, lane):
        peer.close()
    watch.quits()


def it_sorts_and_filters(site):
    watch = Watch(site)
    watch.shows("by trouble")
    watch.press("s")
    tap.ok(watch.shows("by name"), "another order", watch.screen.text())
    tap.ok(watch.until(lambda _text: [
        name for name in (line.split(" ")[0] for line in watch.list())
        if name in ("bypass", "filter", "second")] ==
        ["bypass", "filter", "second"]), "by name it is", watch.list())
    watch.press("/SECO")
    tap.ok(watch.until(lambda text: "only SECO" in text and
                       not watch.line("filter") and watch.line("second")),
           "only what is asked for, as it is typed", watch.screen.text())
    watch.press("nothing\r")
    tap.ok(watch.shows("nothing of that name"), "nothing is said to be",
           watch.screen.text())
    watch.press("\x1b")
    tap.ok(watch.shows("\nfilter ", "\nsecond "), "escape shows all",
           watch.screen.text())
    watch.quits()


def word(site, key):
    flat = site.redis("HGETALL", "mailweir:override:" + key).split("\n")
    return dict(zip(flat[::2], flat[1::2]))


def select(watch, name):
    watch.press("/%s\r" % name)
    watch.shows("only " + name)


def it_acts(site):
    watch = Watch(site)
    watch.shows("filter")
    select(watch, "second")
    watch.press("f")
    tap.ok(watch.shows("force second: open, closed or auto"),
           "it asks for the state", watch.screen.text())
    watch.press("o")
    tap.ok(watch.shows("second: for how long (90s, 10m, 2h)"),
           "for how long", watch.screen.text())
    watch.press("soon\r")
    tap.ok(watch.shows("such as 90s"), "and does not take anything",
           watch.screen.text())
    watch.press("\x7f" * 4 + "2h\r")
    tap.ok(watch.shows("second: reason"), "and why", watch.screen.text())
    watch.press("\r")
    tap.ok(watch.shows("colleagues will ask"), "a reason is wanted",
           watch.screen.text())
    watch.press("its maintenance\r")
    tap.ok(watch.shows("second: forced open for 2h00m"), "what was done",
           watch.screen.text())
    said = word(site, "{second}")
    tap.same((said["state"], said["reason"]), ("open", "its maintenance"),
             "the fleet is told")
    by_verb = subprocess.run(
        [MAILWEIR, "force", "second", "open", "--for", "2h", "--reason",
         "its maintenance", "-c", site.config], capture_output=True,
        text=True, check=True).stdout
    again = word(site, "{second}")
    tap.same((by_verb, again["by"]), ("second: forced open for 2h00m\n",
                                      said["by"]), "as by the verb")
    tap.ok(watch.until_line("second", lambda c: c[1:2] == ["open"]),
           "the row follows", watch.screen.text())
    watch.press("fa")
    tap.ok(watch.shows("second: left to its breaker again"), "let go",
           watch.screen.text())
    tap.same(word(site, "{second}"), {}, "indeed")
    watch.press("h")
    tap.ok(watch.shows("an upstream: f forces it"), "no upstream is held",
           watch.screen.text())
    select(watch, "lone")
    watch.press(DOWN + "h10m\rtheir move\r")
    tap.ok(watch.shows("lone: on hold for 10m00s"), "a destination is",
           watch.screen.text())
    tap.same(word(site, "dest:{lone}")["reason"], "their move", "with reason")
    watch.press("rdone\r7\r")
    tap.ok(watch.shows("lone: released, at 7 a second"), "and released",
           watch.screen.text())
    said = word(site, "dest:{lone}")
    tap.same((said["state"], said["rate"], said["reason"]),
             ("release", "7", "done"), "at that rate")
    events = [e for e in site.events() if e["event"] == "override"]
    tap.same([(e.get("upstream", e.get("destination")), e["state"])
              for e in events],
             [("second", "open"), ("second", "open"), ("second", "auto"),
              ("lone", "hold"), ("lone", "release")], "all are events")
    watch.press("h99d\rtoo long\r")
    tap.ok(watch.shows("--for is 7d at the most"),
           "what the verb refuses is refused", watch.screen.text())
    site.redis("DEL", "mailweir:override:dest:{lone}")
    watch.quits()


def it_fits(site):
    watch = Watch(site)
    watch.shows(KEYS, "LAST EVENTS")
    for columns, rows in ((20, 5), (132, 50), (80, 1), (1, 1), (300, 3),
                          (40, 14), (80, 24)):
        watch.size(columns, rows)
        shown = ("filter", "UPSTREAM") if rows >= 4 and columns >= 20 else \
            ("q",) if rows > 1 or columns == 1 else ("quit",)
        tap.ok(watch.shows(*shown), "it fits in %dx%d" % (columns, rows),
               watch.screen.text())
    watch.size(20, 5)
    watch.shows("UPSTREAM")
    for _ in range(5):
        watch.press(DOWN)
    tap.ok(watch.shows("lone", "q quit"), "five rows scroll",
           watch.screen.text())
    watch.press("h")
    watch.press("2")
    tap.ok(watch.until(lambda _: watch.screen.lines()[-1].endswith(": 2_")),
           "an answer is seen while it is typed", watch.screen.text())
    watch.press("\x1b")
    watch.quits()
    watch = Watch(site, TERM="vt100")
    tap.ok(watch.shows("UPSTREAM", "filter"), "an old terminal will do")
    tap.ok(not re.search(rb"\x1b\[[0-9;]*3[0-7]m", watch.raw),
           "without colours")
    watch.quits()
    watch = Watch(site, NO_COLOR="1")
    watch.shows("UPSTREAM", "filter")
    tap.ok(not re.search(rb"\x1b\[[0-9;]*3[0-7]m", watch.raw),
           "NO_COLOR is heard")
    watch.quits()


def it_outlives_redis(site):
    watch = Watch(site)
    watch.shows("filter", "LAST EVENTS")
    site.redis_server.send_signal(signal.SIGSTOP)
    tap.ok(watch.shows("no Redis since", "the last view", "silent"),
           "a silent Redis: said, with the time", watch.screen.text())
    tap.ok(watch.shows("second", "contoso"), "the last view stays",
           watch.screen.text())
    tap.ok(watch.until(lambda text: re.search(
        r"no Redis since \d\d:\d\d:\d\d \(\d+s\), the last view; it is silent", text)), "and grows old",
           watch.screen.text())
    watch.press("/sec\r")
    tap.ok(watch.shows("only sec"), "keys go on", watch.screen.text())
    watch.press("\x1b")
    select(watch, "second")
    watch.press("fo1m\rx\r")
    tap.ok(watch.shows("not done, Redis is silent"), "an act says that it was not done",
           watch.screen.text())
    site.redis_server.send_signal(signal.SIGCONT)
    tap.ok(watch.until(lambda text: "no Redis" not in text),
           "it comes back by itself", watch.screen.text())
    site.redis_server.kill()
    site.redis_server.wait()
    tap.ok(watch.shows("no Redis since", "unreachable"), "a dead one",
           watch.screen.text())
    other = Watch(site)
    tap.ok(other.shows("asking Redis ...", "no Redis since"),
           "one that was never there", other.screen.text())
    os.unlink(site.dir + "/redis.sock")
    site.start_redis()
    tap.ok(watch.until(lambda text: "no Redis" not in text),
           "and a new one", watch.screen.text())
    tap.ok(other.shows("filter", "second"), "for whoever waited for it",
           other.screen.text())
    other.quits()
    site.redis_server.send_signal(signal.SIGSTOP)
    watch.shows("no Redis since")
    watch.quits("q ends it while Redis is silent")
    site.redis_server.send_signal(signal.SIGCONT)


def it_lets_nothing_through(site):
    """What strangers say comes through Redis, and may say anything; the
    screen of this test fails on any sequence that curses does not send."""
    for key in ("{filter}", "{second}"):
        site.redis("HSET", "mailweir:upstream:" + key, "state", "open",
                   "since", "1", "next_step_at", "1", "reason", HOSTILE,
                   "rule", HOSTILE, "sample", HOSTILE, "incident", HOSTILE,
                   "version", "999")
    site.redis("HSET", "mailweir:override:{bypass}", "state", "open",
               "until", "99999999999999", "by", HOSTILE, "reason", HOSTILE)
    site.redis("HSET", "mailweir:hosts", "evil" + HOSTILE,
               "99999999999999 %s %s %s" % (HOSTILE, HOSTILE, HOSTILE))
    site.redis("XADD", "mailweir:events", "*", "event", HOSTILE, HOSTILE,
               HOSTILE)
    watch = Watch(site)
    tap.ok(watch.shows("filter", "bypass", "?[2J"), "it is shown as text",
           watch.screen.text())
    for keys, text in (("\r", "has the mail of:"), ("qw", "wrong: "),
                       ("qe", "?[2J"), ("q" + DOWN + UP, KEYS)):
        watch.press(keys)
        watch.shows(text)
    tap.ok(b"\x1b[2J\x1b]" not in watch.raw and b"\x9b" not in watch.raw and
           b"\x1b]" not in watch.raw, "on each page")
    watch.quits()


def it_ends_well(site):
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        watch = Watch(site)
        watch.shows("UPSTREAM")
        os.kill(watch.pid, number)
        tap.same(watch.ends(), 0, "signal %d ends it" % number)
        tap.ok(b"\x1b[?1049l" in watch.raw[-60:], "and the terminal is well",
               watch.raw[-80:])
        watch.close()
    watch = Watch(site)
    watch.shows("UPSTREAM")
    os.close(watch.fd)
    for _ in range(200):
        pid, status = os.waitpid(watch.pid, os.WNOHANG)
        if pid:
            break
        signal.sigtimedwait([], 0.05)
    tap.ok(pid and os.WIFEXITED(status), "so does a terminal that is gone")
    done = subprocess.run([MAILWEIR, "watch", "-c", site.config],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    tap.same((done.returncode, done.stdout), (1, ""), "no terminal is 1")
    tap.ok("is no terminal" in done.stderr, "and said", done.stderr)
    watch = Watch(site, TERM="no-such-terminal")
    tap.same(watch.ends(), 1, "one of an unknown kind is 1")
    tap.ok(b"look at TERM" in watch.raw, "and said", watch.raw)
    watch.close()
    empty = tempfile.mkdtemp(prefix="mw-", dir="/tmp")
    watch = Terminal([MAILWEIR, "watch", "-c", empty + "/none.conf"])
    tap.same(watch.ends(), 1, "no configuration is 1")
    watch.close()
    shutil.rmtree(empty)


def main():
    signal.alarm(150)
    site = Daemons(open_for="120s")
    try:
        for test in (it_shows_the_fleet, it_follows_the_mail,
                     it_sorts_and_filters, it_acts, it_fits,
                     it_outlives_redis, it_lets_nothing_through,
                     it_ends_well):
            began = time.monotonic()
            test(site)
            tap.diag("%s: %.1f s" % (test.__name__,
                                     time.monotonic() - began))
    finally:
        site.end()
    print("1..%d" % tap.counted())
    return 1 if tap.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
