"""The story that packaging/quickstart shows, once Mailweir is built."""
import os
import shlex
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "tests", "system"))

import load  # noqa: E402 pylint: disable=wrong-import-position
import loop  # noqa: E402 pylint: disable=wrong-import-position
from lab import Lab  # noqa: E402 pylint: disable=wrong-import-position

RATE = 15               # messages a second
CAP, BURST = 10, 25     # transactions at once: allowed, tried
KEEP_S = 8 * 3600

# Much quicker than one would want it in production, so that it can be seen.
CONFIGURATION = """\
breaker = {{ consecutive = 5; open_for = "4s"; open_max = "6s"; trials = 2;
  ramp_step = "1s"; }};
upstreams = {{
  filter    = {{ nexthop = "{first}"; connections = 10; }};
  filter-eu = {{ nexthop = "{second}"; connections = 10; }};
}};
destinations = {{
  contoso = {{ domains = [ "contoso.test" ]; cap = {cap};
    routes = ( {{ upstream = "filter"; }}, {{ upstream = "filter-eu"; }} ); }};
}};
"""


def say(text):
    print("\n== " + text, flush=True)


class Story:
    """The host, its two relays and the mail."""

    def __init__(self, lab):
        self.lab = lab
        self.redis = lab.redis()
        self.first, self.second = lab.relay(), lab.relay()
        self.host = lab.host("mx1", self.redis, CONFIGURATION.format(
            first=self.first.nexthop, second=self.second.nexthop, cap=CAP))
        self.client = self.redis.client()
        self.messages = []
        self.traffic = None
        self.host.start()

    def cli(self, *command):
        """Show a command and what it prints."""
        print("\n$ " + " ".join(shlex.quote(c) for c in command), flush=True)
        subprocess.run(command, check=False, stdin=subprocess.DEVNULL)

    def redis_cli(self, *command):
        self.cli("redis-cli", "-s", self.redis.path, "--no-raw", *command)

    def show(self):
        self.redis_cli("HGETALL", "mailweir:dest:{contoso}")
        self.redis_cli("HGETALL", "mailweir:upstream:{filter}")

    def relays(self, since):
        """What the two relays took since then."""
        first, second = (sum(m.time >= since for m in list(r.accepted))
                         for r in (self.first, self.second))
        print("the first relay took %d messages, the second %d" % (
            first, second))

    def state(self):
        return self.client("HGET", "mailweir:upstream:{filter}", "state")

    def wait_for_state(self, *states):
        return loop.wait_for(lambda: self.state() in states, 45, 0.1)

    def healthy(self):
        say("All is well: %d messages a second to contoso.test" % RATE)
        began = time.monotonic()
        self.traffic = load.Load([self.host.port], ["contoso.test"], RATE)
        time.sleep(4)
        self.relays(began)
        time.sleep(1)               # counters are sent once a second
        self.show()

    def ill(self):
        say("The first relay answers every recipient with `451 4.3.2 "
            "Temporary server error`")
        began = time.monotonic()
        refused = len(self.first.asked)
        self.first.become("busy")
        opened = self.wait_for_state("open")
        print("after %d messages its breaker is %s" % (
            len(self.first.asked) - refused, self.state()))
        time.sleep(6)
        self.relays(began)
        waiting = len(self.host.queue())
        print("the second took their place within the same delivery; "
              "%d messages wait in the queue" % waiting)
        self.show()
        return opened

    def burst(self):
        say("A burst: %d senders at once, where %d are allowed" % (BURST, CAP))
        messages = load.burst([self.host.port], "contoso.test", BURST, 2)
        refused = sorted({m.text for m in messages if m.code != 250})
        self.messages += messages
        print("%d were taken in; the others were told:" %
              sum(m.code == 250 for m in messages))
        for text in refused[:1]:
            print("    " + text)
        time.sleep(1)
        self.redis_cli("HGET", "mailweir:dest:{contoso}", "deferred_cap")
        return all(m.text.startswith("451 4.3.2") for m in messages
                   if m.code != 250)

    def heals(self):
        say("The first relay is well again: a trial, then more and more of "
            "the mail")
        self.first.become("healthy")
        last = None
        end = time.monotonic() + 45
        while last != "closed" and time.monotonic() < end:
            state, allowance = self.client("HMGET",
                                           "mailweir:upstream:{filter}",
                                           "state", "allowance")
            now = state if state != "ramp" else "ramp at %d %%" % (
                int(allowance) // 10)
            if now != last:
                print(now, flush=True)
                last = now
            time.sleep(0.02)
        began = time.monotonic()
        time.sleep(2)
        self.relays(began)
        return last == "closed"

    def count(self):
        """The last line; True when nothing went wrong."""
        self.messages += self.traffic.stop()
        load.drained([self.host], 20)
        time.sleep(1)
        self.show()
        mailweir = os.path.join(os.environ["top_builddir"], "mailweir")
        self.cli(mailweir, "events", "-c", self.host.file)
        a = load.account(self.messages, [self.first, self.second],
                         [self.host], self.lab.witness)
        print("\n%d sent, %d delivered, %d deferred at intake, %d lost, "
              "%d bounced" % (a.sent, a.delivered, a.deferred,
                              len(a.lost) + a.queued, len(a.bounced)),
              flush=True)
        return a.sent == a.delivered + a.deferred and a.deferred > 0 and \
            not (a.lost or a.bounced or a.double or a.rejected or a.unwanted)


def stay(story):
    say("All of it stays until you press Ctrl-C. Look around:")
    print("redis-cli -s %s\nmailweir status -c %s\npostqueue -c %s -j\n"
          "smtp-source -t a@contoso.test 127.0.0.1:%d" % (
              story.redis.path, story.host.file, story.host.config,
              story.host.port), flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass


def main():
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    keep = "--keep" in sys.argv
    lab = Lab(KEEP_S if keep else 170)
    good = False
    try:
        story = Story(lab)
        story.healthy()
        good = story.ill()
        good = story.burst() and good
        good = story.heals() and good
        good = story.count() and good
        if keep:
            stay(story)
    except KeyboardInterrupt:
        pass
    finally:
        if not good:
            print("\n".join(lab.tails()), file=sys.stderr)
        lab.close()
    sys.exit(0 if good else 1)


main()
