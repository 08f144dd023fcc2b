#!/usr/bin/env python3
"""Each configuration in docs/recipes.md is one that `mailweir check` accepts,
with no word of advice. Speaks TAP."""

import os
import re
import subprocess
import sys
import tempfile

SOURCE = os.path.abspath(os.environ.get("top_srcdir", "."))
MAILWEIR = os.path.join(os.path.abspath(os.environ.get("top_builddir", ".")),
                        "mailweir")


def sections(text):
    """Title and text of each recipe."""
    for part in text.split("\n## ")[1:]:
        title, _, body = part.partition("\n")
        yield title, body


def configurations(text):
    """Its indented blocks that are one."""
    blocks = re.findall(r"(?:^(?:    .*)?\n)+", text, re.M)
    return [block for block in blocks if "upstreams = {" in block]


def check(folder, text):
    """None where the file is good and nothing is to be said of it."""
    path = os.path.join(folder, "mailweir.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write('rules_file = "%s/conf/outcomes.rules";\n%s' %
                   (SOURCE, text))
    done = subprocess.run([MAILWEIR, "check", "-c", path], text=True,
                          capture_output=True, timeout=20, check=False)
    good = done.returncode == 0 and done.stdout.startswith(path + ": good: ")
    return None if good else done.stdout + done.stderr


def main():
    with open(os.path.join(SOURCE, "docs/recipes.md"),
              encoding="utf-8") as file:
        recipes = list(sections(file.read()))
    failed = 0
    print("1..%d" % len(recipes))
    with tempfile.TemporaryDirectory(prefix="mw-recipes-") as folder:
        with open(os.path.join(folder, "redis.password"), "w",
                  opener=lambda path, flags: os.open(path, flags, 0o600),
                  encoding="ascii") as file:
            file.write("secret\n")
        for number, (title, body) in enumerate(recipes, 1):
            found = configurations(body)
            wrong = "no configuration" if not found else "".join(
                filter(None, (check(folder, text) for text in found)))
            failed += bool(wrong)
            print("%sok %d - %s" % ("not " if wrong else "", number, title))
            for line in wrong.splitlines():
                print("# " + line)
    return 1 if failed or not recipes else 0


if __name__ == "__main__":
    sys.exit(main())
