#!/usr/bin/env python3
"""A relay that answers, but does not take mail; see outage.py."""
import outage
import tap
from lab import Lab

if __name__ == "__main__":
    tap.run(lambda lab: outage.run(lab, ["busy", "refused", "banner-421"]),
            Lab)
