#!/usr/bin/env python3
"""The alerts for Prometheus, and the expressions of the dashboard for Grafana:
promtool reads and tests them. Speaks TAP."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.path.abspath(os.environ.get("top_srcdir", "."))
RULES = os.path.join(SOURCE, "packaging/prometheus")
DASHBOARD = os.path.join(SOURCE, "packaging/grafana/mailweir.json")
count = failed = 0


def ok(good, name, *details):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, name), flush=True)
    for detail in details if not good else ():
        for line in str(detail).splitlines():
            print("# " + line, flush=True)


def promtool(name, *words):
    done = subprocess.run(["promtool", *words], capture_output=True,
                          text=True, cwd=RULES)
    ok(done.returncode == 0, name, done.stdout, done.stderr)


def expressions():
    """The dashboard's, with Grafana's variables filled in."""
    with open(DASHBOARD) as text:
        panels = json.load(text)["panels"]
    for panel in panels:
        for target in panel.get("targets", []):
            yield re.sub(r"\$[a-z]+", ".*", target["expr"].replace(
                "$__rate_interval", "5m"))


def as_rules():
    """promtool reads expressions in rules only."""
    return json.dumps({"groups": [{"name": "dashboard", "rules": [
        {"record": "dashboard:%d" % number, "expr": expression}
        for number, expression in enumerate(expressions())]}]})


def main():
    if shutil.which("promtool") is None:
        print("1..0 # SKIP promtool is not installed (package prometheus)")
        return 0
    promtool("the rules are good", "check", "rules", "mailweir.rules.yml")
    promtool("they fire when they should, and no more", "test", "rules",
             "mailweir.rules_test.yml")
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, "dashboard.yml")
        with open(path, "w") as out:
            out.write(as_rules())
        promtool("the dashboard's expressions are good", "check", "rules",
                 path)
    print("1..%d" % count)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
