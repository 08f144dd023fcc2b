#!/usr/bin/env python3
"""What the documents say of the command is what `mailweir help` says: verbs
and their options. The names in the runbook's tables are those of the sources,
and mandoc, where it is installed, has nothing to say, of style neither. Speaks TAP."""

import glob
import os
import re
import shutil
import subprocess
import sys

SOURCE = os.path.abspath(os.environ.get("top_srcdir", "."))
MAILWEIR = os.path.join(os.path.abspath(os.environ.get("top_builddir", ".")),
                        "mailweir")
DOCUMENTS = ("README.md", "docs/incident-runbook.md", "docs/recipes.md")
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
INTAKE = {"fine", "at-cap", "on-hold", "late", "queue-full"}

# The heading above a table, its first column's name, and who knows the names.
TABLES = (
    ("state", "The first minute", "lib/core/breaker_record.c", "state_names"),
    ("reason", "The first minute", "lib/core/breaker_record.c", "reason_names"),
    ("reason", "Why does this message wait", "lib/core/decide.c",
     "reason_names"),
    ("condition", "The way past the filter", "lib/core/route.c",
     "bypass_names"),
)


def read(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
        return file.read()


def verbs_of_help():
    """{verb: options}"""
    text = subprocess.run([MAILWEIR, "help"], capture_output=True, text=True,
                          timeout=20, check=True).stdout
    return {verb: set(OPTION.findall(rest)) for verb, rest in
            re.findall(r"^  ([a-z]+)(.*)$", text, re.M)}


def verbs_of_page():
    """The same of docs/mailweir.8."""
    return {verb: {"-" + option for option in
                   re.findall(r"\bFl (-?[a-z-]+)", rest)}
            for verb, rest in re.findall(r"^\.It Cm ([a-z]+)(.*)$",
                                         read("docs/mailweir.8"), re.M)}


def commands(text):
    """What follows "mailweir" in lines of code and in code within a text,
    each once."""
    lines = re.findall(r"^    (?:.*&& )?mailweir (.*)$", text, re.M)
    lines += re.findall(r"`mailweir ([^`]+)`", text)
    return list(dict.fromkeys(lines))


def unknown(command, verbs):
    """What of a command is not in `mailweir help`."""
    plain = re.sub(r"'[^']*'", "''", command).split(" && ")[0]
    verb = plain.split()[0]
    if verb not in verbs:
        return [verb]
    return sorted(set(OPTION.findall(plain)) - verbs[verb] - {"-c"})


def table(column, heading):
    """The first column of a table of the runbook."""
    text = read("docs/incident-runbook.md").partition(
        "\n## %s\n" % heading)[2].partition("\n## ")[0]
    rows = text.partition("\n| %s |" % column)[2].partition("\n\n")[0]
    return set(re.findall(r"^\| `([a-z-]+)` \|", rows, re.M))


def names(path, array):
    """The texts of an array of names, but for those of intake."""
    body = read(path).partition("%s[] = {" % array)[2].partition("};")[0]
    return set(re.findall(r'= "([a-z-]+)"', body)) - INTAKE


def lint():
    """What mandoc has to say, or None where there is none. Which pages this
    machine has beside ours is not theirs to answer for."""
    if not shutil.which("mandoc"):
        return None
    pages = sorted(glob.glob(os.path.join(SOURCE, "docs/*.[58]")))
    said = subprocess.run(["mandoc", "-Tlint", "-Wstyle", *pages],
                          capture_output=True, text=True, timeout=60,
                          check=False).stdout
    return "".join(line for line in said.splitlines(True)
                   if "referenced manual not found" not in line)


def main():
    verbs = verbs_of_help()
    checks = [("docs/mailweir.8 has all verbs and options, and no others",
               verbs_of_page(), verbs)]
    for path in DOCUMENTS:
        found = commands(read(path))
        checks.append((path + " has commands", bool(found), True))
        checks += [("%s: mailweir %s" % (path, command),
                    unknown(command, verbs), []) for command in found]
    checks += [("the runbook's table of each %s (%s)" % (column, heading),
                table(column, heading), names(path, array))
               for column, heading, path, array in TABLES]
    checks.append(("mandoc -Tlint", lint(), ""))
    failed = 0
    print("1..%d" % len(checks))
    for number, (name, got, wanted) in enumerate(checks, 1):
        if got is None:
            print("ok %d - %s # SKIP it is not installed" % (number, name))
            continue
        failed += got != wanted
        print("%sok %d - %s" % ("" if got == wanted else "not ", number,
                                name.replace("#", "")))
        if got != wanted:
            print("# got: %s\n# wanted: %s" % (
                str(got).replace("\n", "\n# "), wanted))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
