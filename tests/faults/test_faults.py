#!/usr/bin/env python3
"""Faults under load, and what must be true through all of them: see fault.py.
A few of them, or all with MW_TESTS=soak; tests/faults/run makes a table.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
for room in ("system", "dns"):
    sys.path.insert(0, os.path.join(HERE, "..", room))

# pylint: disable=wrong-import-position
import fault as faults
import table
import tap
from ground import FaultLab, Ground

SOAK = os.environ.get("MW_TESTS") == "soak"


def asked(name, usual, soaked):
    return float(os.environ.get(name, soaked if SOAK else usual))


RATE = asked("MW_FAULT_RATE", 30, 100)          # messages a second
SECONDS = asked("MW_FAULT_SECONDS", 1, 30)      # that one lasts
CYCLES = int(asked("MW_FAULT_CYCLES", 2, 100))  # of those that come again
WITHIN = asked("MW_FAULT_WITHIN", faults.RECOVERY, 5)   # seconds it is over
NAMES = os.environ.get("MW_FAULTS", "").split() or \
    (table.NAMES if SOAK else table.QUICK)
# Room for a machine that others use.
LIMIT = int(600 + 4 * sum(faults.expected(fault, CYCLES, SECONDS)
                          for fault in table.named(NAMES)))


def body(lab):
    for fleet in (False, True):
        wanted = [f for f in table.named(NAMES) if f.fleet == fleet]
        ground = Ground(lab, RATE, fleet=fleet) if wanted else None
        for fault in wanted:
            faults.tell(fault, ground, CYCLES, SECONDS, WITHIN)
        if ground:
            ground.leave()


if __name__ == "__main__":
    tap.run(body, FaultLab, LIMIT, measures=False)
