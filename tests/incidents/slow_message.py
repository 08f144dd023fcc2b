#!/usr/bin/env python3
"""A filter is quick to answer until it has a message, thinks about that for
10 s, and drops one connection in five.
"""
import incident
from relay import DROP
from slow_filter import DROPPED, SLOW, perform


def slow_to_take(relay, draw):
    """It thinks about each message. draw: its own, from one seed."""
    relay.seconds = SLOW
    relay.become({"BANNER": lambda _line: DROP if draw() < DROPPED else None})


def only_told(stage, what, ours, stock):
    """No probe sees what is wrong, so each trial is a message that waits: with
    little mail, that is more than one in twenty."""
    stage.told(what, ours, stock, "%.1f s", "trials are real mail")


def body(stage):
    perform(stage, slow_to_take, only_told)


if __name__ == "__main__":
    incident.run(body, 400)
