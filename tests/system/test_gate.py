#!/usr/bin/env python3
"""The gate as Postfix's own tools see it, bad peers at the sockets, and parts
of Mailweir that die or are changed while mail flows.
"""
import os
import resource
import signal
import socket
import subprocess
import time

import load
import loop
import tap
from lab import Lab

PEERS = 250                 # idle ones, at each of two sockets
RATE = 20                   # messages a second, while things break

CONFIGURATION = """
upstreams = {{
  filter = {{ nexthop = "{first}"; connections = 10; tls = "{tls}"; }};
  filter-eu = {{ nexthop = "{second}"; connections = 10; }};
}};
destinations = {{ contoso = {{ domains = [ "contoso.test" ];
  routes = ( {{ upstream = "filter"; }}, {{ upstream = "filter-eu"; }} ); }};
}};
"""


def ask(host, key, name="gate.contoso"):
    """postmap -q: (exit status, answer)."""
    done = subprocess.run(
        ["postmap", "-c", host.config, "-q", key,
         "socketmap:unix:%s/map:%s" % (host.sockets, name)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, timeout=30)
    return done.returncode, done.stdout.strip()


def check_postmap(host, first, second):
    """Exit 0: granted with a TLS policy, 1: granted without or refused."""
    tap.same(ask(host, first.nexthop), (0, "may"),
             "a grant is the upstream's TLS policy")
    tap.same(ask(host, second.nexthop), (1, ""),
             "without one main.cf's own level holds")
    host.mailweir("force", "filter", "open", "--for", "1m", "--reason",
                  "test of the gate")
    tap.ok(loop.wait_for(lambda: ask(host, first.nexthop)[0] != 0, 5),
           "an upstream that is forced open is refused")
    host.mailweir("force", "filter", "auto")
    tap.ok(loop.wait_for(lambda: ask(host, first.nexthop)[0] == 0, 5),
           "and granted again when let go")
    tap.same(ask(host, "[192.0.2.1]:25")[0] != 0, True,
             "a next hop that is no route is refused")
    tap.same(ask(host, "x", "no.such"), (1, ""), "an unknown map is refused")


def connect(path, data=b""):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(5)
    peer.connect(path)
    try:
        peer.sendall(data)
    except OSError:
        pass                # hung up on us already: fine
    return peer


BAD_MAP = {
    "no netstring": b"hello\r\n",
    "huge length": b"99999999999999999999:x",
    "oversized": b"200000:" + b"x" * 200000 + b",",
    "NULs": b"\0" * 5000,
    "no comma": b"5:a b c;",
    "no map": b"3:abc,",
    "half": b"300:gate.contoso [127",
}
BAD_POLICY = {
    "no attribute": b"hello\n\n",
    "long line": b"request=" + b"x" * 200000 + b"\n\n",
    "NULs": b"request=smtpd_access_policy\n\0\0\0\0\n\n",
    "endless": b"a=b\n" * 50000,
    "wrong request": b"request=other\n\n",
    "half": b"request=smtpd_access_policy\nprotocol_st",
}


def check_peers(host, relays):
    """Bad peers and many idle ones: everybody else is served."""
    def taken():
        return sum(len(relay.accepted) for relay in relays)

    peers = []
    for socket_name, bad in (("map", BAD_MAP), ("policy", BAD_POLICY)):
        path = os.path.join(host.sockets, socket_name)
        peers += [connect(path) for _ in range(PEERS)]
        peers += [connect(path, data) for data in bad.values()]
    before = taken()
    subprocess.run(["smtp-source", "-s", "5", "-m", "100", "-f",
                    "s@sender.test", "-t", "a@contoso.test",
                    "127.0.0.1:%d" % host.port], check=True, timeout=60)
    tap.ok(loop.wait_for(lambda: taken() == before + 100, 60),
           "with %d idle and %d bad peers others are served" % (
               2 * PEERS, len(BAD_MAP) + len(BAD_POLICY)),
           taken() - before)
    for peer in peers:
        peer.close()
    tap.ok(host.steady(), "the daemons ran through")


def check_reload(host, first, second):
    """SIGHUP with a good file changes the gate; a bad one changes nothing."""
    def text(tls):
        return configuration(first, second, tls)

    host.configure(text("encrypt"))
    host.reload_daemons()
    tap.ok(loop.wait_for(
        lambda: ask(host, first.nexthop) == (0, "encrypt"), 5),
        "a reload is in force", ask(host, first.nexthop))
    host.configure(text("nonsense"))
    host.reload_daemons()
    tap.ok(loop.wait_for(lambda: "the old configuration stays in force" in
                         lab_log(host, "policyd"), 5),
           "a bad file is told in the log")
    tap.same(ask(host, first.nexthop), (0, "encrypt"),
             "and the old configuration stays in force")
    host.configure(text("may"))
    host.reload_daemons()
    tap.ok(loop.wait_for(lambda: ask(host, first.nexthop) == (0, "may"), 5),
           "until a good one comes")
    tap.ok(host.steady(), "the daemons ran through")


def lab_log(host, name):
    return host.lab.log("%s.%s" % (host.name, name))


def under_load(host, relays, what, act):
    """Do something bad while mail flows: all of it arrives."""
    traffic = load.Load([host.port], ["contoso.test"], RATE)
    time.sleep(1)
    act()
    time.sleep(2)
    messages = traffic.stop()
    tap.ok(load.drained([host], 60), what + ": the queue runs empty",
           host.queue()[:3])
    load.check(load.account(messages, relays, [host], host.lab.witness), what)


def kill_loop(host):
    for _ in range(3):
        old = host.policyd_loop()
        if old:
            os.kill(old, signal.SIGKILL)
        tap.ok(loop.wait_for(
            lambda gone=old: host.policyd_loop() not in (None, gone), 5),
            "the parent starts policyd's loop again")


def hang_loop(host):
    """It neither answers nor ends: its parent must do away with it."""
    old, began = host.policyd_loop(), time.monotonic()
    os.kill(old, signal.SIGSTOP)
    tap.ok(loop.wait_for(
        lambda: host.policyd_loop() not in (None, old), 10),
        "the parent replaces policyd's loop that hangs")
    tap.diag("after %.1f s" % (time.monotonic() - began))


def restart_redis(redis):
    redis.kill()
    time.sleep(2)
    redis.start()


def check_deaths(host, redis, relays):
    under_load(host, relays, "policyd's loop is killed three times",
               lambda: kill_loop(host))
    under_load(host, relays, "policyd's loop hangs", lambda: hang_loop(host))
    host.loop_pid = host.policyd_loop()
    under_load(host, relays, "Redis is killed, and comes back empty",
               lambda: restart_redis(redis))
    client = redis.client()
    tap.ok(loop.wait_for(host.settled, 10) and
           client.hash("mailweir:upstream:{filter}").get("cap") == "10",
           "what hosts know is in the empty Redis again",
           client.hash("mailweir:upstream:{filter}"))
    tap.ok(host.steady(), "the daemons survive Redis")

    def end_milter():
        host.milter.kill()
        host.milter.wait()

    under_load(host, relays, "the milter is killed", end_milter)
    host.start_milter()


def check_away(host, relay):
    """Without policyd at all mail is accepted, waits, and then moves."""
    before = len(relay.accepted)
    host.policyd.terminate()
    host.policyd.wait(10)
    traffic = load.Load([host.port], ["contoso.test"], 10, 1)
    messages = traffic.wait()
    tap.same({m.code for m in messages}, {250}, "policyd away: mail is taken")
    loop.wait_for(lambda: len(host.queue()) == len(messages), 10)
    tap.same((len(relay.accepted) - before, len(host.queue())),
             (0, len(messages)), "and waits: no way around the gate")
    host.start_policyd()
    tap.ok(load.drained([host], 60), "policyd back: it moves on")
    tap.same(len(relay.accepted) - before, len(messages),
             "all of it, and once")


def configuration(first, second, tls="may"):
    return CONFIGURATION.format(first=first.nexthop, second=second.nexthop,
                                tls=tls)


def body(lab):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    redis = lab.redis()
    first, second = lab.relay(tls=lab.tls()), lab.relay()
    host = lab.host("h1", redis, configuration(first, second))
    host.start()
    code, out, err = host.mailweir("postfix", "--check", "--config-dir",
                                   host.config)
    tap.ok(code == 0, "mailweir postfix --check is content with the wiring",
           out, err)
    check_postmap(host, first, second)
    check_reload(host, first, second)
    check_peers(host, [first, second])
    check_deaths(host, redis, [first, second])
    check_away(host, first)


if __name__ == "__main__":
    tap.run(body, Lab, measures=False)
