"""All faults, in the order of docs/faults.md."""
import change
import machine
import parts
import shared

TABLE = parts.FAULTS + shared.FAULTS + machine.FAULTS + change.FAULTS
NAMES = [fault.name for fault in TABLE]
# For every run of the tests: what has broken most before.
QUICK = ("loop-killed", "redis-killed", "redis-oom", "wire-cut", "hups")


def named(names):
    return [fault for fault in TABLE if fault.name in names]
