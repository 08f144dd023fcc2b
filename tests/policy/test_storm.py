#!/usr/bin/env python3
"""Hundreds of lanes and smtpds that do anything in any order, while breakers
open and close and Redis goes away: the loop survives, and in the end nothing
is held by anybody. Speaks TAP; the seed is printed, or taken from SEED."""

import os
import random
import select
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from test_policyd import BUSY, OK, REFUSED, Daemons, Lane, Smtpd, until

SECONDS = int(os.environ.get("SECONDS", "8"))
SEED = int(os.environ.get("SEED", "1"))
HOSTS = ["filter", "second", "mx", "lone", "elsewhere"]
TEXTS = [OK, OK, OK, OK, BUSY, REFUSED, "5.1.1 host x[192.0.2.1] said: 550 "
         "5.1.1 no (in reply to RCPT TO command)", "4.4.1 connect to x: "
         "Connection refused", "5.4.4 Host or domain name not found", ""]


class Some:
    """One connection that a question may be open on."""

    def __init__(self, daemons, dice):
        self.dice = dice
        self.open = False
        self.is_lane = dice.random() < 0.8
        self.peer = Lane(daemons) if self.is_lane else Smtpd(daemons)

    def ask(self):
        if not self.is_lane:
            lines = ["request=smtpd_access_policy", "protocol_state=" +
                     self.dice.choice(["RCPT", "RCPT", "END-OF-MESSAGE"]),
                     "client_address=192.0.2.1", "client_port=%d" %
                     self.dice.randrange(1, 50), "server_port=25",
                     "recipient=a@" + self.dice.choice(
                         ["contoso.test", "lone.test", "x.test"]),
                     "instance=%d" % self.dice.randrange(100), "", ""]
            self.peer.socket.sendall("\n".join(lines).encode())
        else:
            where = self.dice.choice(["contoso", "contoso", "lone"])
            if self.dice.random() < 0.5:
                self.peer.send("gate." + where, "[%s.test]:25" %
                               self.dice.choice(HOSTS))
            else:
                self.peer.send("outcome." + where, self.dice.choice(TEXTS))
        self.open = True


def storm(daemons, dice):
    """Random peers for SECONDS; returns how many answers were read."""
    peers, answers = [], 0
    end = time.monotonic() + SECONDS
    pause_at = time.monotonic() + SECONDS / 3
    paused = False
    while time.monotonic() < end:
        if not paused and time.monotonic() > pause_at:
            daemons.redis_server.send_signal(signal.SIGSTOP)
            paused = True
        if paused and time.monotonic() > pause_at + SECONDS / 4:
            daemons.redis_server.send_signal(signal.SIGCONT)
        if len(peers) < 150:
            peers.append(Some(daemons, dice))
        some = dice.choice(peers)
        roll = dice.random()
        if roll < 0.04:
            some.peer.close()
            peers.remove(some)
            continue
        if not some.open:
            some.ask()
        asked = [p.peer.socket for p in peers if p.open]
        ready = set(select.select(asked, [], [], 0.001)[0])
        for other in peers:
            if other.peer.socket in ready:
                other.peer.read()
                other.open = False
                answers += 1
    daemons.redis_server.send_signal(signal.SIGCONT)
    for some in peers:
        some.peer.close()
    return answers


def in_use(daemons):
    total = 0
    for upstream in ("filter", "second", "bypass", "lone"):
        row = daemons.redis("HGET", "mailweir:upstream:{%s}:slots" % upstream,
                            "mx1")
        total += int(row.split()[1]) + int(row.split()[4]) if row else 0
    return total


def main():
    print("1..4\n# SEED=%d SECONDS=%d" % (SEED, SECONDS), flush=True)
    daemons = Daemons(open_for="1s")
    failed = False

    def say(number, good, what):
        nonlocal failed
        failed |= not good
        print("%sok %d - %s" % ("" if good else "not ", number, what),
              flush=True)
    try:
        child = daemons.child()
        try:
            answers = storm(daemons, random.Random(SEED))
        except (EOFError, ConnectionError) as error:
            answers = 0
            print("# %r" % error)
        print("# %d answers" % answers)
        say(1, answers > 100, "questions are answered all the time")
        say(2, daemons.child() == child, "the loop that began lives on")
        try:
            until(lambda: in_use(daemons) == 0, "slots")
            until(lambda: daemons.leases("contoso") == 0, "leases")
            say(3, True, "nothing is held in the end")
        except AssertionError as error:
            say(3, False, "nothing is held in the end: %s" % error)
        lane = Lane(daemons)
        say(4, lane.ask("gate.nowhere", "x").startswith("PERM"),
            "a new peer is served")
        if failed:
            with open(daemons.log.name) as log:
                for line in log.read().splitlines()[-40:]:
                    print("# " + line)
    finally:
        daemons.redis_server.send_signal(signal.SIGCONT)
        daemons.end()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
