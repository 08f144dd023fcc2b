#!/usr/bin/env python3
"""Probes of mailweir-policyd: real daemon, real redis-server, and a relay
that says what a test wants it to. No mail flows. Speaks TAP."""

import contextlib
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

from test_policyd import BUILD, Daemons, Lane, equal, main, until

OK = "2.0.0 250 2.0.0 Ok: queued"
BUSY = "451 4.3.2 Temporary server error. Please try again later ATTR5"
CONFIG = """
mode = "{mode}";
host = "{name}";
store = {{ redis = "unix:{dir}/redis.sock"; timeout = "200ms"; }};
listen = {{ policy = ""; map = "unix:{dir}/{map}"; milter = ""; }};
rules_file = "{source}/conf/outcomes.rules";
release = {{ command = ""; }};
breaker = {{ consecutive = {consecutive}; min_outcomes = 1000; open_for = "200ms"; open_max = "300ms";
  ramp = [ 50, 100 ]; ramp_step = "200ms"; slow_after = "{slow_after}"; trials = 2; }};
probe = {{ every = "1s"; from = "probe@we.test"; to = "probe@they.test"; starttls = {starttls}; }};
upstreams = {{
  lone = {{ nexthop = "[{host}]:{port}"; connections = 2; probe = true;
    shield = [ "5.3.0" ]; }};
  other = {{ nexthop = "[other.test]:25"; connections = 2; }};
}};
destinations = {{
  lone = {{ domains = [ "lone.test" ];
    routes = ( {{ upstream = "lone"; }}, {{ upstream = "other"; }} ); }};
}};
{extra}
"""


def certified(folder, name):
    """What a relay of that name does STARTTLS with; it has made its
    certificate itself: FOLDER/NAME.crt."""
    path = os.path.join(folder, name)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout",
         path + ".key", "-out", path + ".crt", "-subj", "/CN=" + name,
         "-addext", "subjectAltName=DNS:" + name],
        check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path + ".crt", path + ".key")
    return context


class Relay:
    """Answers as told, and remembers what it was asked."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.replies = {}       # by verb; "" is the greeting; None: hang up
        self.silent = False     # never answers
        self.delay = 0          # seconds before each answer
        self.tls = None         # an ssl.SSLContext to do STARTTLS with
        self.heard = []         # a list of commands for each connection
        self.most = self.open = 0
        self.lock = threading.Lock()
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def accept(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(conn,),
                             daemon=True).start()

    def serve(self, conn):
        commands = []
        with self.lock:
            self.heard.append(commands)
            self.open += 1
            self.most = max(self.most, self.open)
        with contextlib.suppress(OSError), conn:
            conn.settimeout(20)
            self.talk(conn, commands)
        if commands[-1:] != ["QUIT"]:
            self.over()

    def over(self):
        with self.lock:
            self.open -= 1

    def talk(self, conn, commands):
        stream = conn.makefile("rb")
        verb = ""
        while True:
            if self.silent:
                stream.read()
                return
            reply = self.replies.get(verb, "250 2.0.0 Ok")
            if reply is None:
                return
            time.sleep(self.delay)
            conn.sendall(reply.encode() + b"\r\n")
            if verb == "STARTTLS" and reply[0] == "2":
                if self.tls is None:
                    return
                conn = self.tls.wrap_socket(conn, server_side=True)
                stream = conn.makefile("rb")
            line = stream.readline().decode().strip()
            if not line:
                return
            commands.append(line)
            verb = line.split()[0].split(":")[0]
            if verb == "QUIT":  # nobody waits for the answer
                self.over()

    def close(self):
        """A descriptor that somebody waits on must not be used anew."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.acceptor.join()
        self.listener.close()

    def last(self):
        return self.heard[-1] if self.heard else []


class Site(Daemons):
    """Daemons with a relay of ours as the upstream `lone`."""

    def __init__(self, **settings):
        self.relay = Relay()
        self.relay.replies = settings.pop("replies", {})
        self.relay.silent = settings.pop("silent", False)
        wanted = {"name": "mx1", "map": "map", "port": self.relay.port, 
                  "host": "127.0.0.1", "consecutive": 6, "slow_after": "2s", "starttls": "true"}
        wanted.update(settings)
        super().__init__(**wanted)

    def write_config(self, **settings):
        self.settings.update(settings)
        with open(self.config, "w") as out:
            out.write(CONFIG.format(**self.settings))

    def join(self, name):
        """Another host of the fleet."""
        own = dict(self.settings)
        self.config = os.path.join(self.dir, name + ".conf")
        self.write_config(name=name, map=name + ".map")
        self.settings = own
        self.processes.append(subprocess.Popen(
            [os.path.join(BUILD, "mailweir-policyd"), "-c", self.config],
            stderr=self.log))
        until(lambda: name in self.redis("HKEYS", "mailweir:hosts"), name)

    def move_on(self, times):
        lane = Lane(self)
        for _ in range(times):
            lane.ask("gate.lone", "[%s]:%d" % (self.settings["host"],
                                               self.settings["port"]))
            lane.ask("gate.lone", "[other.test]:25")
            lane.ask("outcome.lone", OK)
        lane.close()

    def field(self, name):
        return self.redis("HGET", "mailweir:upstream:{lone}", name)

    def outcomes(self, name):
        return int(self.field("outcome_" + name) or 0)

    def states(self):
        events = self.redis("XRANGE", "mailweir:events", "-", "+")
        events = events.splitlines()
        return [events[i + 1] for i, word in enumerate(events)
                if word == "to"]

    def end(self):
        super().end()
        self.relay.close()


def a_recovered_upstream_comes_back_without_mail(site):
    site.move_on(6)
    until(lambda: site.state("lone") == "closed" and
          "ramp" in site.states(), "the breaker to close")
    equal(site.states(), ["open", "half-open", "ramp", "ramp", "closed"])
    equal(site.relay.last(),
          ["EHLO mx1", "MAIL FROM:<probe@we.test>",
           "RCPT TO:<probe@they.test>", "RSET", "QUIT"])
    equal(site.outcomes("ok"), 2)           # trials, and no more of them
    equal(site.relay.most, 1)
    until(lambda: site.redis("HGET", "mailweir:upstream:{lone}:slots",
                             "mx1").split()[1] == "0", "the slot's return")


def one_host_asks_at_a_time(site):
    site.join("mx2")
    site.relay.delay = 0.1
    site.relay.replies = {"": BUSY}
    site.move_on(6)
    hosts = ("EHLO mx1", "EHLO mx2")
    until(lambda: "half-open" in site.states(), "a trial")
    site.relay.replies = {"MAIL": "451 nobody knows this one"}
    until(lambda: all([host] in [h[:1] for h in site.relay.heard]
                      for host in hosts), "probes of both hosts")
    time.sleep(1)
    equal(site.relay.most, 1)


def a_sick_one_stays_open_and_says_why(site):
    site.move_on(6)
    until(lambda: site.field("reason") == "trial-failed", "a failed trial")
    equal(site.field("rule"), "ms-frontend")
    if "said: 451 4.3.2 Temporary" not in site.field("sample"):
        raise AssertionError(site.field("sample"))
    equal("ramp" in site.states(), False)


def what_the_shield_does_not_believe_is_no_recovery(site):
    """554 to our own recipient: no stranger chose that."""
    site.move_on(6)
    until(lambda: site.field("reason") == "trial-failed", "a trial that fails")
    if "ramp" in site.states() or site.outcomes("trouble") == 0:
        raise AssertionError(site.states())


def the_reason_of_moving_on_becomes_known(site):
    site.move_on(2)
    time.sleep(0.3)
    equal(site.relay.heard, [])             # too few to ask
    site.move_on(1)
    until(lambda: site.outcomes("trouble") == 1, "the probe's answer")
    equal(site.state("lone"), "closed")
    site.move_on(3)
    until(lambda: "open" in site.states(), "the breaker to open")
    equal(site.field("rule"), "ms-frontend")


def a_good_answer_does_not_outweigh_moving_on(site):
    site.move_on(3)
    until(lambda: site.outcomes("ignore") == 1, "the probe's answer")
    site.move_on(3)
    until(lambda: "open" in site.states(), "the breaker to open")
    until(lambda: len(site.relay.heard) > 1, "a probe on trial")


def one_probe_in_its_time(site):
    site.move_on(9)
    until(lambda: site.outcomes("ignore") == 1, "the probe's answer")
    site.move_on(9)
    time.sleep(0.4)
    equal(len(site.relay.heard), 1)
    until(lambda: len(site.relay.heard) == 2, "the next one")


def in_tls_mail_is_asked_about_too(site):
    site.relay.tls = certified(site.dir, "other.test")
    site.move_on(6)
    until(lambda: site.state("lone") == "closed" and
          "ramp" in site.states(), "the breaker to close")
    equal(site.relay.last(),
          ["EHLO mx1", "STARTTLS", "EHLO mx1", "MAIL FROM:<probe@we.test>",
           "RCPT TO:<probe@they.test>", "RSET", "QUIT"])


def mail_with_another_way_leaves_the_trial_to_it(site):
    site.move_on(6)
    until(lambda: site.outcomes("unknown") >= 1 and
          site.state("lone") == "half-open", "a probe that says nothing")
    until(lambda: site.granted("lone") == 1 and site.relay.open == 0,
          "a free slot")
    lane = Lane(site)
    equal(lane.ask("gate.lone", "[127.0.0.1]:%d" % site.relay.port),
          "TEMP trial-taken")
    lane.close()


def mail_is_the_trial_where_a_probe_is_none(site):
    site.move_on(6)
    until(lambda: site.outcomes("ignore") >= 1 and
          site.state("lone") == "half-open", "a probe on trial")
    lane = Lane(site)
    until(lambda: lane.ask("gate.lone", "[127.0.0.1]:%d" % site.relay.port) ==
          "NOTFOUND ", "a slot for mail")
    lane.close()


def starttls_can_be_left_out(site):
    site.move_on(3)
    until(lambda: site.outcomes("ignore") == 1, "the probe's answer")
    equal(site.relay.last()[1], "MAIL FROM:<probe@we.test>")


def trouble(rule, words, **replies):
    def check(site):
        site.relay.replies = {verb.strip("_"): reply
                              for verb, reply in replies.items()}
        before = site.outcomes("trouble")
        site.move_on(3)
        until(lambda: site.outcomes("trouble") > before, "an answer")
        site.log.flush()
        with open(site.log.name) as log:
            line = [line for line in log if " probe: " in line][-1]
        if "rule=%s " % rule not in line or words not in line:
            raise AssertionError(line)
        lane = Lane(site)
        equal(lane.ask("gate.nowhere", "x").split()[0], "PERM")
        lane.close()
    check.__name__ = "%s (%s)" % (words, rule)
    return check


def what_cannot_be_looked_up_is_skipped(site):
    site.move_on(3)
    until(lambda: site.logged("skipped="), "a word about it")
    equal(site.outcomes("trouble"), 0)
    equal(site.outcomes("dns"), 0)
    lane = Lane(site)
    equal(lane.ask("gate.nowhere", "x").split()[0], "PERM")
    lane.close()


def an_end_amid_a_probe_is_clean(site):
    site.move_on(3)
    until(lambda: site.relay.heard, "a connection")
    site.policyd.terminate()
    equal(site.policyd.wait(8), 0)
    if site.logged("Assertion") or site.logged("ERROR:"):
        raise AssertionError("not clean")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


HUGE = "\r\n".join(["250-line"] * 10000 + ["250 end"])
TLS = "250-relay\r\n250-PIPELINING\r\n250 STARTTLS"
GROUPS = [
    ({}, [a_recovered_upstream_comes_back_without_mail]),
    ({"mode": "observe"}, [a_recovered_upstream_comes_back_without_mail]),
    ({}, [one_host_asks_at_a_time]),
    ({"replies": {"RCPT": BUSY}}, [a_sick_one_stays_open_and_says_why]),
    ({"replies": {"RCPT": "554 5.3.0 internal failure"}},
     [what_the_shield_does_not_believe_is_no_recovery]),
    ({"replies": {"RCPT": BUSY}}, [the_reason_of_moving_on_becomes_known]),
    ({}, [a_good_answer_does_not_outweigh_moving_on]),
    ({"consecutive": 100}, [one_probe_in_its_time]),
    ({"replies": {"EHLO": TLS, "STARTTLS": "220 2.0.0 Ready"}},
     [in_tls_mail_is_asked_about_too]),
    ({"replies": {"EHLO": TLS, "STARTTLS": "554 5.5.1 not now"}},
     [mail_is_the_trial_where_a_probe_is_none]),
    ({"replies": {"MAIL": "451 nobody knows this one"}},
     [mail_with_another_way_leaves_the_trial_to_it]),
    ({"replies": {"EHLO": TLS}, "starttls": "false", "host": "localhost"},
     [starttls_can_be_left_out]),
    ({"consecutive": 100}, [
        trouble("svc-unavail", "in reply to STARTTLS command", EHLO=TLS,
                STARTTLS="421 4.3.2 Not now"),
        trouble("svc-unavail", "refused to talk to me: 421",
                _="421 4.3.2 All server ports are busy"),
        trouble("conn-lost", "lost connection with", _=None),
        trouble("conn-lost", "while sending RCPT TO", RCPT=None),
        trouble("conn-lost", "made no sense while",
                _="HTTP/1.1 400 Bad Request"),
        trouble("conn-lost", "performing the EHLO handshake", EHLO=HUGE),
        trouble("conn-lost", "the initial server greeting",
                _="2" * 100000)]),
    ({"silent": True, "slow_after": "300ms"},
     [trouble("conn-lost", "timed out while")]),
    ({"port": free_port()}, [trouble("connect", "Connection refused")]),
    ({"host": "nowhere.invalid", "slow_after": "300ms"},
     [what_cannot_be_looked_up_is_skipped]),
    ({"silent": True}, [an_end_amid_a_probe_is_clean]),
]


if __name__ == "__main__":
    sys.exit(main(GROUPS, Site))
