"""TAP on standard output, and what every system test has in common: it needs
root and Postfix, it is alone on the machine, and it ends in time.
"""
import os
import shutil
import signal
import socket
import sys
import time
import traceback

_count = 0
_failed = 0


def diag(text):
    """A comment for whoever reads the log."""
    for line in str(text).splitlines() or [""]:
        print("# " + line)
    sys.stdout.flush()


def ok(condition, name, *details):
    """One test point; details are printed when it fails."""
    global _count, _failed
    _count += 1
    print("%sok %d - %s" % ("" if condition else "not ", _count, name))
    if not condition:
        _failed += 1
        for detail in details:
            diag(detail)
    sys.stdout.flush()
    return bool(condition)


def same(got, wanted, name):
    return ok(got == wanted, name, "got:    %r" % (got,),
              "wanted: %r" % (wanted,))


def at_most(got, limit, name):
    return ok(got <= limit, "%s: %s, at most %s" % (name, got, limit))


def at_least(got, limit, name):
    return ok(got >= limit, "%s: %s, at least %s" % (name, got, limit))


def counted():
    return _count


def failed():
    return _failed


def _missing(soak):
    if os.environ.get("MW_TESTS") == "quick":
        return "left out of a quick run"
    if soak and os.environ.get("MW_TESTS") != "soak":
        return "one of the longer ones: MW_TESTS=soak"
    if os.environ.get("MW_LABS") == "later":
        return "left for later"
    if os.geteuid() != 0:
        return "needs root: Postfix does"
    for program in ("postfix", "postconf", "redis-server"):
        if shutil.which(program, path=os.environ["PATH"]) is None:
            return program + " is not installed"
    return None


PLACES = ("\0mailweir-lab-1", "\0mailweir-lab-2")


def _take(names):
    """One of the abstract sockets' names, free again when its owner is gone."""
    while True:
        for name in names:
            lock = socket.socket(socket.AF_UNIX)
            try:
                lock.bind(name)
                return lock
            except OSError:
                lock.close()
        time.sleep(0.2)


def _places(measures):
    """Two labs fit on a machine, but who measures has it alone."""
    if measures:
        return [_take([name]) for name in PLACES]
    return [_take(PLACES)]


class Late(Exception):
    """The test took longer than it may."""


def _on_alarm(_number, _frame):
    raise Late("out of time")


def _on_end(number, _frame):
    raise SystemExit(128 + number)


def run(body, lab_class, limit=170, measures=True, soak=False):
    """Run body(lab) in a lab of its own and end the process. measures: what
    else runs on this machine would matter. soak: with MW_TESTS=soak only."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = _missing(soak)
    if missing:
        print("1..0 # SKIP " + missing)
        sys.exit(0)
    places = _places(measures)
    signal.signal(signal.SIGALRM, _on_alarm)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _on_end)
    signal.alarm(limit - 20)
    lab = lab_class(limit)
    try:
        body(lab)
    except Exception:  # pylint: disable=broad-except
        ok(False, "the test ran to its end", traceback.format_exc())
    finally:
        signal.alarm(0)
        if _failed:
            for line in lab.tails():
                diag(line)
        lab.close()
        for place in places:
            place.close()
    print("1..%d" % _count)
    sys.stdout.flush()
    os._exit(1 if _failed else 0)
