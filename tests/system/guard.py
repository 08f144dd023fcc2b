"""Ends what a lab started, whatever becomes of the test.

    python3 guard.py SECONDS DIR

Standard input brings a process id a line. When it ends (the test did, even by
SIGKILL) or the time is over, those that still run are ended, and DIR goes.
A clean end says "bye" first: then there is nothing left to do.
"""
import os
import select
import shutil
import signal
import sys
import time


def born(pid):
    """When a process started, so that a reused id is not mistaken for it."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii",
                  errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def end_all(known, number):
    for pid, start in known.items():
        if start is not None and born(pid) == start:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass


def listen(end, known):
    """Read ids until the pipe ends or the time is over; True after "bye"."""
    rest = b""
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([0], [], [], left)[0]:
            return False
        data = os.read(0, 4096)
        if not data:
            return False
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if line == b"bye":
                return True
            known[int(line)] = born(int(line))


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    known = {}
    if listen(time.monotonic() + float(sys.argv[1]), known):
        return
    end_all(known, signal.SIGTERM)
    time.sleep(1)
    end_all(known, signal.SIGKILL)
    shutil.rmtree(sys.argv[2], ignore_errors=True)


main()
