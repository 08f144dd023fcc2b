#!/usr/bin/env python3
"""A relay that hangs up or takes its time; see outage.py."""
import outage
import tap
from lab import Lab

if __name__ == "__main__":
    tap.run(lambda lab: outage.run(lab, ["drop-eod", "drop-ehlo", "slow"]),
            Lab, soak=True)
