#!/usr/bin/env python3
"""Nothing holds mail up: a loop that hangs is replaced with mail going on, and
a Redis that is away costs one decision its deadline, and no other.
"""
import os
import signal
import socket
import statistics
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for room in ("system", "dns"):
    sys.path.insert(0, os.path.join(HERE, "..", room))

# pylint: disable=wrong-import-position
import loop
import tap
from ground import FaultLab, Ground

RATE = 40                   # messages a second
REPLACED = 3.0              # seconds
DECISIONS = 5000
OUTAGES = 5
TIMEOUT = 0.5               # store.timeout, as host.py has it
TICK = 0.05

RCPT = ("request=smtpd_access_policy\nprotocol_state=RCPT\n"
        "recipient=a@contoso.test\nclient_address=192.0.2.1\n"
        "client_port={port}\nserver_port=25\ninstance={port}\n\n")


class Lateness(threading.Thread):
    """How much longer this machine makes us wait than we asked for."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seconds = 0
        self.going = True
        self.start()

    def run(self):
        while self.going:
            began = time.monotonic()
            time.sleep(TICK)
            self.seconds += time.monotonic() - began - TICK

    def stop(self):
        self.going = False
        self.join()
        return self.seconds


def check_loop(ground):
    host = ground.victim
    ground.begin()
    time.sleep(1)
    old, lateness, began = host.policyd_loop(), Lateness(), time.monotonic()
    os.kill(old, signal.SIGSTOP)
    new = loop.wait_for(lambda: host.policyd_loop() not in (None, old), 30,
                        0.01)
    replaced, late = time.monotonic() - began, lateness.stop()
    tap.ok(new and replaced - late <= REPLACED,
           "a loop that hangs is replaced within %g s" % REPLACED,
           "%.2f s, of which the machine was late by %.2f s" % (
               replaced, late))
    tap.diag("replaced after %.2f s; the machine was late by %.2f s" % (
        replaced, late))
    tap.ok(ground.recovers(30) is not None, "all works again")
    messages = [m for m in ground.finish() if m.port == host.port]
    during = [m for m in messages
              if began <= m.sent_at + m.seconds <= began + replaced + 1]
    tap.ok(any(m.code == 250 for m in during),
           "mail came in meanwhile: %d messages" % len(during))
    tap.ok(all(m.code == 250 or "4.3.2" in m.text for m in messages),
           "nobody was told anything but 4.3.2",
           {m.text for m in messages if m.code != 250})


class Asker:
    """An smtpd(8) that asks one question after the other."""

    def __init__(self, host):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(os.path.join(host.sockets, "policy"))
        self.port = 0

    def ask(self):
        """Seconds until the answer."""
        self.port += 1
        began = time.monotonic()
        self.socket.sendall(RCPT.format(port=self.port).encode())
        answer = b""
        while not answer.endswith(b"\n\n"):
            answer += self.socket.recv(4096)
        if answer != b"action=DUNNO\n\n":
            raise RuntimeError(answer)
        return time.monotonic() - began

    def many(self):
        return [self.ask() for _ in range(DECISIONS)]


class Outage:
    """Redis stands still: what decisions cost before and meanwhile."""

    def __init__(self, ground, asker):
        asker.many()
        self.usual = statistics.median(asker.many())
        ground.redis.process.send_signal(signal.SIGSTOP)
        lateness = Lateness()
        away = asker.many()
        time.sleep(2 * TIMEOUT)
        away += asker.many()
        late = lateness.stop()
        ground.redis.process.send_signal(signal.SIGCONT)
        self.slow = len([one for one in away if one > TIMEOUT / 2])
        self.longest = max(away) - late
        self.without = statistics.median(away)
        self.over = ground.recovers(30) is not None
        tap.diag("median %.0f us with Redis, %.0f us without; longest %.0f ms "
                 "without" % (self.usual * 1e6, self.without * 1e6,
                              max(away) * 1e3))


def check_redis(ground):
    asker = Asker(ground.victim)
    outages = [Outage(ground, asker) for _ in range(OUTAGES)]
    tap.at_most(max(o.slow for o in outages), 1,
                "Redis away: decisions that wait for it")
    tap.at_most(round(max(o.longest for o in outages), 2), TIMEOUT + TICK,
                "and the one that does, in seconds")
    tap.at_most(round(statistics.median(o.without / o.usual
                                        for o in outages), 2), 1.5,
                "and the median of all, in medians with Redis")
    tap.ok(all(o.over for o in outages), "all works again")


def body(lab):
    ground = Ground(lab, RATE, alone=True)
    check_loop(ground)
    check_redis(ground)


if __name__ == "__main__":
    tap.run(body, FaultLab)
