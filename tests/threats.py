#!/usr/bin/env python3
"""Is docs/threat-model.md true? Each test that it names is there, each limit
is the one in the sources, and no point goes without a test. Speaks TAP."""

import glob
import os
import re
import sys

os.chdir(os.environ.get("top_srcdir", "."))
TEST = re.compile(r"`(tests/[\w/.-]+)(?:: ([\w, ]+))?`")
LIMIT = re.compile(r"(\d+)[^()\d]*\(([A-Z][A-Z_]+)\)")


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def points(text):
    """Each "- " with its lines, of the sections that promise something."""
    text = text.partition("## Known, and left so")[0]
    return [point.split("\n\n")[0].replace("\n", " ")
            for point in re.split(r"^- ", text, flags=re.M)[1:]]


def faults_of(point, defines):
    tests = TEST.findall(point.partition("→")[2])
    if not tests:
        yield "no test is named"
    for path, names in tests:
        if not os.path.isfile(path):
            yield path + " is not there"
            continue
        text = read(path)
        for name in filter(None, names.split(", ")):
            if not re.search(r"\b%s\b" % re.escape(name), text):
                yield "%s has no %s" % (path, name)
    for number, name in LIMIT.findall(point):
        if number not in defines.get(name, ()):
            yield "%s is %s in the sources, not %s" % (
                name, defines.get(name), number)


def main():
    defines, bad = {}, 0
    for folder in ("include", "lib", "policy", "milter"):
        for path in glob.glob(folder + "/**/*.[ch]", recursive=True):
            for name, number in re.findall(r"^#define (\w+)\s+(\d+)\b",
                                           read(path), re.M):
                defines.setdefault(name, []).append(number)
    found = points(read("docs/threat-model.md"))
    print("1..%d" % len(found))
    for number, point in enumerate(found, 1):
        faults = list(faults_of(point, defines))
        bad += bool(faults)
        print("%sok %d - %s" % ("not " if faults else "", number,
                                re.split(r"[:→(]", point)[0].strip()))
        for fault in faults:
            print("# " + fault)
    return 1 if bad or not found else 0


if __name__ == "__main__":
    sys.exit(main())
