"""The story that packaging/quickstart tells, once Mailweir is built: a relay
falls ill under mail and recovers.

    top_srcdir=TREE top_builddir=BUILD python3 quickstart.py [--keep]
"""
import os
import re
import signal
import subprocess
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "tests", "system"))

# pylint: disable=wrong-import-position
import load     # noqa: E402
import loop     # noqa: E402
from lab import Lab     # noqa: E402

CAP = 10                # incoming transactions towards contoso at a time
CONNECTIONS = 10        # to each relay at a time
SENDERS, PAUSE = 30, 4  # of the burst, and the seconds that each takes
RATE = 10               # messages a second
LIMIT = 170             # seconds after which all is ended, come what may
KEPT = 24 * 3600        # the same with --keep
ENDS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)

# The times are short, so that a recovery takes seconds in place of minutes.
CONFIGURATION = """\
upstreams = {{
  filter    = {{ nexthop = "{first}"; connections = {connections}; }};
  filter-eu = {{ nexthop = "{second}"; connections = {connections}; }};
}};
destinations = {{
  contoso = {{ domains = [ "contoso.com" ]; cap = {cap};
    routes = ( {{ upstream = "filter"; }}, {{ upstream = "filter-eu"; }} ); }};
}};
breaker = {{ open_for = "6s"; open_max = "10s"; trials = 2; ramp_step = "1s"; }};
"""

DEST = "mailweir:dest:{contoso}"
UPSTREAM = "mailweir:upstream:{filter}"
AT_CAP = re.compile(r"451 4\.3\.2 .*contoso is at capacity, please try again")
COUNTED = 1.5           # seconds until all counters stand in Redis
FIRST = ("state", "allowance", "reason", "incident")    # to be shown first
CELL, LINE = 26, 78     # columns


class Unexpected(Exception):
    """The story went another way."""


def say(text=""):
    print(text, flush=True)


def act(number, title):
    say("\nAct %d. %s\n" % (number, title))


def in_columns(pairs):
    """Short ones side by side, long ones on lines of their own."""
    lines = [""]
    for pair in pairs:
        cell = "%s %s" % pair
        width = -(-(len(cell) + 2) // CELL) * CELL
        if len(lines[-1]) + width > LINE:
            lines.append("")
        lines[-1] += cell.ljust(width)
    return [line.rstrip() for line in lines]


class Watch(threading.Thread):
    """The most transactions that were under way at once."""

    def __init__(self, redis):
        super().__init__(daemon=True)
        self.client = redis.client()
        self.most = 0
        self.going = True
        self.start()

    def run(self):
        try:
            while self.going:
                self.most = max(self.most,
                                self.client("ZCARD", DEST + ":leases"))
                time.sleep(0.01)
        except OSError:         # Redis went; who waits for it will tell
            pass

    def stop(self):
        self.going = False
        self.join()
        self.client.close()


class Story:
    """Its parts, and all messages that were sent."""

    def __init__(self, lab):
        self.lab = lab
        self.redis = lab.redis()
        self.first, self.second = lab.relay(), lab.relay()
        self.text = CONFIGURATION.format(
            first=self.first.nexthop, second=self.second.nexthop,
            connections=CONNECTIONS, cap=CAP)
        self.host = lab.host("quickstart", self.redis, self.text)
        self.client = self.redis.client()
        self.messages = []
        self.refused = []           # those of the burst that were put off
        self.load = self.taken = self.watch = None

    # what the acts have in common

    def show(self, key):
        """What redis-cli says, in fewer lines and without what is zero."""
        command = ["redis-cli", "-s", self.redis.path, "HGETALL", key]
        say("\n  $ %s '%s'" % (" ".join(command[:-1]), key))
        flat = subprocess.run(command, check=True, capture_output=True,
                              text=True).stdout.split("\n")
        fields = dict(zip(flat[::2], flat[1::2]))
        names = [name for name in FIRST if name in fields]
        names += [name for name in fields if name not in FIRST]
        for line in in_columns([(name, fields[name]) for name in names
                                if fields[name] not in ("", "0")]):
            say("    " + line)

    def show_both(self):
        time.sleep(COUNTED)
        self.show(UPSTREAM)
        self.show(DEST)

    def begin_mail(self):
        self.taken = [len(r.accepted) for r in (self.first, self.second)]
        self.load = load.Load([self.host.port], ["contoso.com"], RATE)

    def end_mail(self):
        """No more of it; wait until it is delivered, and say by whom."""
        self.messages += self.load.stop()
        load.drained([self.host], 30)
        first, second = (len(r.accepted) - taken for r, taken in zip(
            (self.first, self.second), self.taken))
        say("  filter took %d messages, filter-eu took %d." % (first, second))

    def await_state(self, state, seconds):
        if not loop.wait_for(lambda: self.client(
                "HGET", UPSTREAM, "state") == state, seconds, 0.02):
            raise Unexpected("the breaker did not become %s within %d s" %
                             (state, seconds))

    # the acts

    def open_curtain(self):
        self.host.start()
        self.watch = Watch(self.redis)
        say("""
What you see is real, private to this run, and on 127.0.0.1 only:

  senders --> Postfix :%d --+--> relay "filter" :%d
                               +--> relay "filter-eu" :%d, when it has to be

With Postfix run mailweir-policyd, mailweir-milter and a Redis of their own.
Postfix is wired by what `mailweir postfix` prints for this configuration:
""" % (self.host.port, self.first.port, self.second.port))
        for line in self.text.splitlines():
            say("    " + line)

    def healthy(self):
        act(1, "All is well")
        say("  %d messages a second arrive for contoso.com." % RATE)
        self.begin_mail()
        time.sleep(6)
        self.end_mail()
        say("  Redis counts them (what is 0 or empty is left out here):")
        self.show_both()

    def ill(self):
        act(2, "The first relay falls ill")
        say("  Mail goes on. The relay now answers every recipient with\n"
            "    451 4.3.2 Temporary server error")
        self.begin_mail()
        time.sleep(1)
        asked, began = len(self.first.asked), time.monotonic()
        self.first.become("busy")
        self.await_state("open", 15)
        say("  After %.1f s and %d such answers its breaker is open: but for "
            "a few trials,\n  no mail is sent there any more." % (
                time.monotonic() - began, len(self.first.asked) - asked))
        time.sleep(0.3)
        self.show(UPSTREAM)
        say()
        time.sleep(7)
        self.end_mail()
        say("  What the first relay had put off went to the second within the "
            "same\n  delivery. %s had to wait in the queue." % (
                self.repeated() or "None"))
        time.sleep(COUNTED)
        self.show(DEST)

    def crowd(self):
        act(3, "Too many at once")
        say("  %d senders come together, and each needs %d s for its message. "
            "The cap\n  is %d such transactions at a time, on all hosts of a "
            "fleet together." % (SENDERS, PAUSE, CAP))
        messages = load.burst([self.host.port], "contoso.com", SENDERS, PAUSE)
        self.messages += messages
        self.refused = [m for m in messages if m.code != 250]
        say("  %d were let in. %d were told to come again later:" % (
            len(messages) - len(self.refused), len(self.refused)))
        for message in self.refused[:1]:
            say("    " + message.text)
        load.drained([self.host], 30)
        time.sleep(COUNTED)
        self.show(DEST)

    def heals(self):
        act(4, "The first relay is well again")
        say("  Nobody tells Mailweir. It tries a few messages there, then a "
            "growing share\n  of the mail:")
        self.begin_mail()
        self.first.become("healthy")
        began, last = time.monotonic(), None
        while last != "closed":
            shown = self.shown_state()
            if shown != last:
                say("    %4.1f s  %s" % (time.monotonic() - began, shown))
                last = shown
            if time.monotonic() - began > 60:
                raise Unexpected("the breaker did not close within 60 s")
            time.sleep(0.05)
        time.sleep(3)
        self.end_mail()
        self.show_both()

    def shown_state(self):
        state, allowance = self.client("HMGET", UPSTREAM, "state",
                                       "allowance")
        return "ramp, %d %%" % (int(allowance) // 10) if state == "ramp" \
            else state

    def fall_curtain(self):
        """The account; True when everything is as it has to be."""
        self.watch.stop()
        say("\nThe end. What Mailweir wrote down:\n")
        say("  $ mailweir events -c %s | sed 's/ sample=.*//'" %
            self.host.file)
        for line in self.host.mailweir("events")[1].splitlines():
            say("    " + line.partition(" sample=")[0])
        account = load.account(self.messages, [self.first, self.second],
                               [self.host], self.lab.witness)
        wrong = self.wrong_mail(account) + self.wrong_caps() + \
            self.wrong_breaker()
        if wrong:
            show_logs(self.lab)
        say()
        for what in wrong:
            say("wrong: " + what)
        say("%d sent, %d delivered, %d deferred at intake, %d lost, "
            "%d bounced" % (account.sent, account.delivered, account.deferred,
                            len(set(account.lost) - set(account.bounced)),
                            len(account.bounced)))
        return not wrong

    # what has to be true at the end; each returns what is not, in words

    def repeated(self):
        return sum(d.status == "deferred" for d in self.host.deliveries())

    def wrong_mail(self, account):
        counted = int(self.client("HGET", DEST, "delivered") or 0)
        return true_ones(
            (account.lost, "lost: %s" % some(account.lost)),
            (account.queued, "still in the queue: %d" % account.queued),
            (account.double, "delivered twice: %s" % some(account.double)),
            (account.bounced, "bounced: %s" % some(account.bounced)),
            (account.unwanted, "put off, and yet delivered: %s" %
             some(account.unwanted)),
            (account.sent != account.accepted + account.deferred,
             "%d were not answered, or with 5xx" % account.rejected),
            (counted != account.delivered, "Redis counts %d delivered" %
             counted),
            (self.repeated(), "deliveries that had to be repeated: %d" %
             self.repeated()))

    def wrong_caps(self):
        deferred = [m for m in self.messages if m.code != 250]
        peak = max(self.first.peak, self.second.peak)
        return true_ones(
            (not self.refused, "the burst was not put off"),
            (deferred != self.refused, "others than the burst were put off"),
            (not all(AT_CAP.match(m.text) for m in deferred),
             "put off in other words: %s" % some({m.text for m in deferred})),
            (not 0 < self.watch.most <= CAP, "%d transactions at once" %
             self.watch.most),
            (peak > CONNECTIONS, "%d connections to a relay at once" % peak))

    def wrong_breaker(self):
        states = [e["to"] for e in self.client.events()
                  if e["event"] == "breaker" and e["upstream"] == "filter"]
        return true_ones(
            ("open" not in states or states[-1] != "closed",
             "the breaker went through %s" % states),
            (not self.second.accepted, "the second relay took nothing"),
            (not self.host.steady(), "a daemon had to be started again"))


def some(names):
    """A few of them, and how many there are."""
    return "%d, such as %s" % (len(names), ", ".join(sorted(names)[:3]))


def true_ones(*cases):
    return [what for wrong, what in cases if wrong]


def show_logs(lab):
    say("\nThe last lines of all logs:")
    for line in lab.tails():
        say(line)


def look_around(story):
    say("""
Everything stays until you press Ctrl-C. In another terminal, for example:

  top=%s; conf=%s
  $top/mailweir status -c $conf
  $top/mailweir explain -c $conf anna@contoso.com
  redis-cli -s %s KEYS '*'
  postqueue -c %s -p
  tail %s/*""" % (os.environ["top_builddir"], story.host.file,
                  story.redis.path, story.host.config,
                  os.path.dirname(story.host.log)))
    signal.pause()


def tell(lab, keep):
    story = Story(lab)
    story.open_curtain()
    story.healthy()
    story.ill()
    story.crowd()
    story.heals()
    good = story.fall_curtain()
    if keep:
        look_around(story)
    return 0 if good else 1


def ignore_ends():
    for number in ENDS:
        signal.signal(number, signal.SIG_IGN)


def on_end(number, _frame):
    ignore_ends()
    raise SystemExit(128 + number)


def main():
    keep = "--keep" in sys.argv[1:]
    for number in ENDS:
        signal.signal(number, on_end)
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    lab = Lab(KEPT if keep else LIMIT)
    try:
        code = tell(lab, keep)
    except SystemExit as ended:
        code = ended.code
    except Exception as error:  # pylint: disable=broad-except
        show_logs(lab)
        if not isinstance(error, Unexpected):
            traceback.print_exc(file=sys.stdout)
        say("\nquickstart: %s" % error)
        code = 1
    ignore_ends()
    lab.close()
    sys.stdout.flush()
    os._exit(code)              # whatever the thread of the relays does


main()
