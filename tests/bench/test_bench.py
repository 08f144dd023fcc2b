#!/usr/bin/env python3
"""Does each measurement still run, and say what it should? For a tenth of a
second each, so that what it measured means nothing. Speaks TAP."""
import json
import os
import shutil
import subprocess
import sys

SOURCE = os.environ.get("top_srcdir", ".")
BENCHES = ("requests", "domains", "milter", "start", "memory", "trouble")
PAIR = {"rate", "p50_us", "p95_us", "p99_us", "p999_us", "cpu_us", "redis_us"}


def run(name):
    """Its figures, and why there are none."""
    done = subprocess.run(
        [sys.executable, os.path.join(SOURCE, "bench/run"), "--smoke", name],
        capture_output=True, text=True, check=False, timeout=150)
    figures = [json.loads(line) for line in done.stdout.splitlines()
               if line.startswith("{")]
    return figures, done.stdout + done.stderr if done.returncode else ""


def wrong(figure):
    """What is wrong with a figure; not that it is a bad one."""
    if "ratio" not in figure:
        return [] if figure["value"] >= 0 and figure["unit"] else ["value"]
    sides = [figure["ours"], figure["noop"]]
    return ["no " + key for side in sides for key in PAIR - set(side)] + [
        "unwanted answers" for side in sides if side["unwanted"]] + [
            "nothing was asked" for side in sides if not side["rate"] > 0]


def main():
    if shutil.which("redis-server") is None:
        print("1..0 # SKIP redis-server is not installed")
        return 0
    print("1..%d" % len(BENCHES))
    failed = 0
    for number, name in enumerate(BENCHES, 1):
        figures, trouble = run(name)
        faults = ["%s: %s" % (f["what"], fault) for f in figures
                  for fault in wrong(f)] + trouble.splitlines()
        if not figures:
            faults.append("no figures")
        for fault in faults:
            print("# " + fault)
        failed += bool(faults)
        print("%sok %d - %s" % ("not " if faults else "", number, name))
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
