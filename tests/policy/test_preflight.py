#!/usr/bin/env python3
"""The way past the filter: when it opens, and what closes it. Real daemon,
real redis-server, and a relay that says what a test wants it to. Speaks TAP."""

import os
import signal
import subprocess
import sys
import tempfile
import time

from test_policyd import BUILD, Daemons, Lane, Smtpd, equal, main, until
from test_probe import Relay, certified

OK = "2.0.0 250 2.0.0 Ok: queued"
BUSY = "4.3.2 host x[192.0.2.9] said: 451 4.3.2 Temporary server error"
LOCK = ("550 5.7.51 TenantInboundAttribution; There is a partner connector "
        "configured that matched the message's recipient domain")
HELD = "451 4.3.2 they is temporarily unavailable, please try again later"
TLS = "250-relay\r\n250 STARTTLS"
WELL = {"EHLO": TLS, "STARTTLS": "220 2.0.0 Ready"}
ASKED = ["EHLO mx1", "STARTTLS", "EHLO mx1", "MAIL FROM:<>",
         "RCPT TO:<postmaster@they.test>", "RSET", "QUIT"]

# `lone` is what Daemons waits for.
CONFIG = """
mode = "{mode}";
host = "mx1";
store = {{ redis = "unix:{dir}/redis.sock"; timeout = "200ms"; }};
listen = {{ policy = "unix:{dir}/policy"; map = "unix:{dir}/map"; milter = ""; }};
rules_file = "{source}/conf/outcomes.rules";
breaker = {{ consecutive = 3; open_for = "60s"; open_max = "60s";
  slow_after = "{slow_after}"; }};
release = {{ command = ""; }};
probe = {{ every = "1s"; to = "probe@we.test"; }};
upstreams = {{
  filter = {{ nexthop = "[filter.test]:25"; tls = "{filter_tls}"; }};
  eu = {{ nexthop = "[eu.test]:25"; tls = "{filter_tls}"; }};
  past = {{ nexthop = "[127.0.0.1]:{port}"; tls = "{tls}"; }};
  lone = {{ nexthop = "[lone.test]:25"; connections = 1; }};
}};
destinations = {{
  they = {{ domains = [ "they.test" ];
    routes = ( {{ upstream = "filter"; }}, {{ upstream = "eu"; }},
      {{ upstream = "past"; unfiltered = true; after = "{after}"; }} ); }};
  lone = {{ domains = [ "lone.test" ]; routes = ( {{ upstream = "lone"; }} ); }};
}};
{extra}
"""


class Site(Daemons):
    """Daemons with a relay of ours past the filter."""

    def __init__(self, **settings):
        self.relay = Relay()
        self.relay.replies = dict(WELL, **settings.pop("replies", {}))
        self.relay.silent = settings.pop("silent", False)
        self.relay.tls = CERTIFICATES["relay.test"]
        wanted = {"port": self.relay.port, "after": "1s", "tls": "encrypt",
                  "filter_tls": "encrypt", "slow_after": "2s"}
        wanted.update(settings)
        super().__init__(template=CONFIG, **wanted)
        self.past = "[127.0.0.1]:%d" % self.relay.port

    def fail(self, *names):
        """So that the breaker opens, where it has not."""
        lane = Lane(self)
        for name in [n for n in names if self.state(n) != "open"]:
            for _ in range(3):
                lane.ask("gate.they", "[%s.test]:25" % name)
                lane.ask("outcome.they", BUSY)
            until(lambda: self.state(name) == "open", name + " to open")
        lane.close()

    def gate(self):
        lane = Lane(self)
        answer = lane.ask("gate.they", self.past)
        lane.close()
        return answer

    def incoming(self):
        smtpd = Smtpd(self)
        answer = smtpd.ask(recipient="a@they.test")
        smtpd.close()
        return answer

    def field(self, name):
        return self.redis("HGET", "mailweir:upstream:{past}", name)

    def events(self, kind):
        """The fields of each."""
        words = self.redis("XRANGE", "mailweir:events", "-", "+").split("\n")
        starts = [i for i, word in enumerate(words) if word == "event"]
        rows = [words[a:b] for a, b in zip(starts, starts[1:] + [None])]
        rows = [dict(zip(row[::2], row[1::2])) for row in rows]
        return [row for row in rows if row["event"] == kind]

    def open_up(self):
        self.fail("filter", "eu")
        until(lambda: self.gate().startswith("OK "), "the bypass to open")

    def end(self):
        super().end()
        self.relay.close()


def it_opens_after_a_preflight(site):
    site.fail("filter")
    equal(site.gate(), "TEMP bypass")
    equal(site.incoming(), "DUNNO")
    time.sleep(1.2)
    equal(site.relay.heard, [])         # there is a filter that takes mail
    site.fail("eu")
    until(lambda: site.gate() == "OK encrypt", "the bypass to open")
    equal(site.relay.heard[0], ASKED)
    until(lambda: site.incoming() == "DUNNO", "the end of the hold")
    begun = until(lambda: site.events("bypass"), "an event")
    incident = site.redis("HGET", "mailweir:upstream:{filter}", "incident")
    equal([begun[0][k] for k in ("state", "destination", "upstream",
                                 "reason", "incident")],
          ["begins", "they", "past", "primary-down", incident])
    equal(site.logged("bypass: upstream=past"), True)
    lane = Lane(site)
    equal(lane.ask("gate.they", site.past), "OK encrypt")
    equal(lane.ask("outcome.they", OK), "NOTFOUND ")
    lane.close()
    until(lambda: site.counter("they", "rerouted") == 1, "the counter")
    equal(len(site.relay.heard), 1)


def it_ends_when_a_filter_may_take_mail(site):
    site.say("{filter}", state="closed", by="test", reason="test")
    until(lambda: site.gate() == "TEMP bypass", "the bypass to close")
    ended = until(lambda: site.events("bypass")[1:], "an event")
    equal([ended[0][k] for k in ("state", "reason")], ["ends", "primary-up"])
    site.say("{filter}")


def a_lock_closes_it_and_bounces_nothing(site):
    until(lambda: site.gate() == "OK encrypt", "the bypass to open again")
    lane = Lane(site)
    equal(lane.ask("gate.they", site.past), "OK encrypt")
    answer = lane.ask("outcome.they", "5.7.51 host x[192.0.2.9] said: %s "
                      "(in reply to RCPT TO command)" % LOCK)
    if not answer.startswith("OK 4.3.2 Mailweir: past answered 5.7.51"):
        raise AssertionError(answer)
    lane.close()
    equal(site.gate(), "TEMP bypass")
    until(lambda: site.events("shield"), "the lock's event")
    until(lambda: site.events("bypass")[-1].get("reason") == "locked",
          "the end's event")
    until(lambda: site.field("locked_until"), "the fleet's word")
    until(lambda: site.counter("they", "held") == 1, "the counter")
    until(lambda: site.incoming() == HELD, "the hold")


def not_before_its_time(site):
    site.fail("filter", "eu")
    time.sleep(1.5)
    equal(site.gate(), "TEMP bypass")
    equal(site.incoming(), HELD)
    equal(site.relay.heard, [])


def bad(words, **replies):
    """A preflight that fails, about a second after the one before."""
    def check(site):
        site.relay.replies = dict(WELL, **replies)
        site.fail("filter", "eu")
        until(lambda: site.logged(words), "its answer")
        equal(site.gate(), "TEMP bypass")
        equal(site.incoming(), HELD)
        equal(site.field("preflight_at"), "")
    check.__name__ = "a preflight that says: " + words
    return check


def a_good_one_behind_it(site):
    site.relay.replies = WELL
    until(lambda: site.gate() == "OK encrypt", "the bypass to open")


def a_slow_preflight_holds_nobody_up(site):
    site.fail("filter", "eu")
    until(lambda: site.logged("timed out while"), "its end")
    equal(site.gate(), "TEMP bypass")
    equal(site.field("preflight_at"), "")


def a_lock_in_a_preflight_is_a_lock(site):
    site.fail("filter", "eu")
    until(lambda: site.field("locked_until"), "the lock")
    equal(site.events("shield")[0]["rule"], "connector-lock")
    time.sleep(1.5)
    equal(len(site.relay.heard), 1)
    equal(site.gate(), "TEMP bypass")
    equal(site.incoming(), HELD)
    equal(site.events("bypass"), [])


def another_hosts_preflight_is_ours(site):
    site.redis("HSET", "mailweir:upstream:{past}", "preflight_at",
               "%d" % (time.time() * 1000 + 3000))
    site.open_up()
    equal(site.relay.heard, [])
    site.redis("HSET", "mailweir:upstream:{past}", "locked_until",
               "%d" % (time.time() * 1000 + 60000))
    until(lambda: site.gate() == "TEMP bypass", "another host's lock")


def certificate(words, name):
    """No mail is asked about where a certificate is not what it has to be."""
    def check(site):
        site.relay.tls = CERTIFICATES[name]
        site.fail("filter", "eu")
        until(lambda: site.logged(words), "its answer")
        equal(site.gate(), "TEMP bypass")
        equal(site.field("preflight_at"), "")
        equal([c for c in site.relay.last() if c.startswith("MAIL")], [])
    check.__name__ = words
    return check


def a_certificate_of_the_right_name(site):
    site.relay.tls = CERTIFICATES["relay.test"]
    until(lambda: site.gate() == "OK secure match=relay.test",
          "the bypass to open")


def never_in_observe_mode(site):
    site.fail("filter", "eu")
    time.sleep(1.5)
    equal(site.gate(), "TEMP bypass")
    equal(site.relay.heard, [])
    equal(site.events("bypass"), [])


def none_begins_without_redis(site):
    site.fail("filter", "eu")
    site.redis_server.send_signal(signal.SIGSTOP)
    time.sleep(3)
    equal(site.gate(), "TEMP bypass")
    equal(site.relay.heard, [])
    site.redis_server.send_signal(signal.SIGCONT)
    until(lambda: site.gate() == "OK encrypt", "the bypass to open")
    site.redis_server.send_signal(signal.SIGSTOP)
    time.sleep(1.5)
    equal(site.gate(), "OK encrypt")    # until its preflight is a minute old
    site.redis_server.send_signal(signal.SIGCONT)


def weaker_tls_is_a_mistake(site):
    site.write_config(filter_tls="verify")
    done = subprocess.run([os.path.join(BUILD, "mailweir"), "check", "-c",
                           site.config], capture_output=True, text=True)
    equal(done.returncode, 1)
    equal(done.stderr.count("is weaker than that of") +
          done.stdout.count("is weaker than that of"), 2)


def an_end_amid_a_preflight_is_clean(site):
    site.fail("filter", "eu")
    until(lambda: site.relay.heard, "a connection")
    site.policyd.terminate()
    equal(site.policyd.wait(8), 0)
    if site.logged("Assertion") or site.logged("ERROR:"):
        raise AssertionError("not clean")


SECURE = "secure match=relay.test"
GROUPS = [
    ({}, [it_opens_after_a_preflight, it_ends_when_a_filter_may_take_mail,
          a_lock_closes_it_and_bounces_nothing]),
    ({"after": "1h"}, [not_before_its_time]),
    ({}, [bad("in reply to RCPT TO", RCPT="451 4.3.2 Temporary error"),
          bad("no such user", RCPT="550 5.1.1 no such user"),
          bad("TLS is required, but was not offered", EHLO="250 relay"),
          bad("made no sense while",
              STARTTLS="220 Ready\r\n250 more than was asked for"),
          a_good_one_behind_it]),
    ({"silent": True, "slow_after": "500ms"},
     [a_slow_preflight_holds_nobody_up, weaker_tls_is_a_mistake]),
    ({"replies": {"RCPT": LOCK}}, [a_lock_in_a_preflight_is_a_lock]),
    ({}, [another_hosts_preflight_is_ours]),
    ({"tls": SECURE}, [
        certificate("Server certificate not trusted", "stranger.test"),
        certificate("Server certificate not verified", "impostor.test"),
        a_certificate_of_the_right_name]),
    ({"tls": "fingerprint match=aa"},
     [certificate("Server certificate cannot be checked", "relay.test")]),
    ({"mode": "observe"}, [never_in_observe_mode]),
    ({"after": "2s"}, [none_begins_without_redis]),
    ({"silent": True}, [an_end_amid_a_preflight_is_clean]),
]
CERTIFICATES = {}


def make_certificates(folder):
    """The first two are of whom the daemon trusts."""
    for name in ("relay.test", "impostor.test", "stranger.test"):
        CERTIFICATES[name] = certified(folder, name)
    trusted = os.path.join(folder, "trusted.crt")
    with open(trusted, "w") as out:
        for name in ("relay.test", "impostor.test"):
            with open(os.path.join(folder, name + ".crt")) as file:
                out.write(file.read())
    os.environ["SSL_CERT_FILE"] = trusted
    os.environ["SSL_CERT_DIR"] = folder


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="mw-") as certificates:
        make_certificates(certificates)
        sys.exit(main(GROUPS, Site))
