#!/usr/bin/env python3
"""docs/log-lines.md against the sources: every line that the daemons log, with
all its fields, and nothing else. Speaks TAP."""

import os
import re
import sys

SOURCE = os.path.abspath(os.environ.get("top_srcdir", "."))
CALL = re.compile(r"\blog_(?:error|warning|info|debug)\(")
NAMES = re.compile(r'\s*(?:[^",]*\?\s*)?"([a-z-]+)"(?:\s*:\s*"([a-z-]+)")?')
FIELD = re.compile(r'LOG_(?:TEXT|INT)\(\s*"([a-z_-]+)"')
KIND = re.compile(r'\[EVENT_[A-Z_]+\] = "([a-z-]+)"')
PAIR = re.compile(r'\badd(?:_number)?\(&?w, "([a-z]+)"')
ROW = re.compile(r"\| `([a-z-]+)` \|(.*)\|$")


def read(path):
    with open(os.path.join(SOURCE, path)) as text:
        return text.read()


def sources():
    for room in ("lib", "policy", "milter"):
        for place, _, files in os.walk(os.path.join(SOURCE, room)):
            for name in files:
                if name.endswith(".c"):
                    yield os.path.relpath(os.path.join(place, name), SOURCE)


def call_at(text, start):
    """From the parenthesis to the one that closes it."""
    depth = 0
    for end in range(start, len(text)):
        depth += (text[end] == "(") - (text[end] == ")")
        if depth == 0:
            return text[start + 1:end]
    raise AssertionError("no end")


def lines_logged():
    """{name: fields}"""
    found = {}
    for path in sources():
        text = read(path)
        for match in CALL.finditer(text):
            words = call_at(text, match.end() - 1)
            names = NAMES.match(words)
            if not names:
                raise AssertionError("%s: %s" % (path, words))
            for name in filter(None, names.groups()):
                found.setdefault(name, set()).update(FIELD.findall(words))
    return found


def rows_of(text):
    """{name: fields}, from a table whose second column has the fields."""
    rows = filter(None, map(ROW.match, text.splitlines()))
    return {row[1]: set(re.findall(r"`([a-z_-]+)`", row[2].split("|")[0]))
            for row in rows}


def main():
    code = read("lib/observe/event.c")
    events, _, lines = map(rows_of, read("docs/log-lines.md").partition(
        "\n## Other lines\n"))
    fields = set().union(*events.values())
    logged = lines_logged()
    checks = [
        ("the events", set(events), set(KIND.findall(code))),
        ("their fields", fields, set(PAIR.findall(code)) - {"event"}),
        ("no other line", set(lines) - set(logged), set())]
    checks += [("the line " + name, lines.get(name), fields)
               for name, fields in sorted(logged.items())]
    failed = 0
    print("1..%d" % len(checks))
    for number, (name, told, wanted) in enumerate(checks, 1):
        failed += told != wanted
        print("%sok %d - %s" % ("" if told == wanted else "not ", number,
                                name))
        if told != wanted:
            print("# the document: %s\n# the code: %s" % (
                sorted(told or []), sorted(wanted)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
