#!/usr/bin/env python3
"""Every command of docs/recipes.md does what it says, with its recipe's
configuration, on a Postfix that is wired as the recipe has it. Speaks TAP.

As test_readme.py, in a mount and network namespace of its own; of Postfix
there is the configuration only, for nothing is sent."""

import fcntl
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import postfix                  # noqa: E402
import test_readme as readme    # noqa: E402
from host import split_wiring   # noqa: E402

PRIVATE = ("/etc/postfix", "/etc/postfix-out", "/var/spool/postfix-out")
OUT = "mailweir postfix --check --config-dir /etc/postfix-out"
PASSWORD = "secret"
# Commands that something else runs: who.
ELSEWHERE = {
    "systemctl restart mailweir-policyd mailweir-milter":
        "packaging/install-test",
    "postfix reload": "packaging/install-test",
}
# What a command's output has to hold, and its exit status, where it is not 0.
SAYS = {
    "mailweir check": ": good: ",
    "mailweir postfix --diff | less": "# + mw-",
    "mailweir postfix --check": "Postfix is set up",
    "mailweir status": "filter",
    "mailweir classify": "policy",
    OUT: "no-policy",
}
STATUS = {OUT: 1}


def sections():
    """(title, text) of the preface and of each recipe."""
    with open(os.path.join(readme.SOURCE, "docs/recipes.md"),
              encoding="utf-8") as file:
        parts = file.read().split("\n## ")
    return [tuple(part.split("\n", 1)) for part in parts]


def commands(text):
    return [line.strip() for line in
            re.findall(r"^    ([a-z]+ .*)$", text, re.M)
            if re.match(r"(mailweir|install|systemctl|postfix) [a-z-]", line)]


def configuration(text):
    blocks = re.findall(r"(?:^(?:    .*)?\n)+", text, re.M)
    return next(block for block in blocks if "upstreams = {" in block)


def address(text):
    """Another one for lo."""
    name = b"lo:1".ljust(16, b"\0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8916, name + struct.pack(   # SIOCSIFADDR
            "HH4s8x", socket.AF_INET, 0, socket.inet_aton(text)))


def accounts(work):
    """The users that the package would have made."""
    for path, line in (("/etc/passwd", "mailweir:x:64999:64999::/:/bin/false"),
                       ("/etc/group", "mailweir:x:64999:")):
        copy = os.path.join(work, os.path.basename(path))
        with open(path, encoding="utf-8") as old:
            text = "\n".join(row for row in old.read().splitlines()
                             if not row.startswith("mailweir:"))
        with open(copy, "w", encoding="utf-8") as new:
            new.write("%s\n%s\n" % (text, line))
        subprocess.run(["mount", "--bind", copy, path], check=True)


def new_postfix(folder, spool):
    os.makedirs(folder, exist_ok=True)
    files = {
        "main.cf": "compatibility_level = 3.6\nalias_maps =\n"
                   "mydestination =\nqueue_directory = %s\n" % spool,
        "master.cf": postfix.MASTER.format(port=25),
    }
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write(text)


def private_host(work):
    for path in PRIVATE:
        os.makedirs(path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", path], check=True)
    accounts(work)
    server = readme.private_host(work)
    address("192.0.2.10")
    subprocess.run(["redis-cli", "CONFIG", "SET", "bind",
                    "127.0.0.1 192.0.2.10"], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(["make", "-C", readme.BUILD, "install"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return server


def acl():
    """The line of docs/store.md, for the recipe with another Redis."""
    with open(os.path.join(readme.SOURCE, "docs/store.md"),
              encoding="utf-8") as file:
        line = re.search(r"^ +(ACL SETUSER .*(?:\n +\+.*)+)", file.read(),
                         re.M).group(1)
    subprocess.run(["redis-cli", *line.replace("SECRET", PASSWORD).split()],
                   check=True, stdout=subprocess.DEVNULL)


class Recipe:
    """One of them, with the daemons that it starts."""

    def __init__(self, title, text, preface):
        self.title = title
        self.commands = commands(preface) + commands(text)
        self.two = "/etc/postfix-out" in text
        self.daemons = []
        # What a file needs has to be there before it is read.
        self.commands.sort(key=lambda one: not one.startswith("install "))
        with open("/etc/mailweir/mailweir.conf", "w",
                  encoding="utf-8") as file:
            file.write(configuration(text))
        new_postfix("/etc/postfix", "/var/spool/postfix")
        new_postfix("/etc/postfix-out", "/var/spool/postfix-out")
        group = postfix.pwd.getpwnam("postfix").pw_gid
        for path in ("/var/spool/postfix/mailweir",):
            os.makedirs(path, exist_ok=True)
            os.chown(path, 0, group)
            os.chmod(path, 0o2750)

    def start(self):
        """In place of systemctl."""
        for name in readme.DAEMONS:
            self.daemons.append(subprocess.Popen(
                [name], stderr=subprocess.DEVNULL))
        for name in re.findall(r'"unix:(.*?)"', subprocess.run(
                ["cat", "/etc/mailweir/mailweir.conf"], check=True, text=True,
                capture_output=True).stdout):
            if "/spool/" in name:
                readme.until(lambda path=name: os.path.exists(path))
        readme.until(lambda: os.path.exists(
            "/var/spool/postfix/mailweir/milter"))

    def stop(self):
        for process in self.daemons:
            process.send_signal(signal.SIGTERM)
        for process in self.daemons:
            process.wait(30)

    def wire_two(self):
        """Lanes into the instance that sends, by hand."""
        parts = split_wiring(subprocess.run(
            ["mailweir", "postfix"], check=True, text=True,
            capture_output=True).stdout)
        main = re.sub(r"^smtpd_.*\n(?:[ #].*\n)*", "", parts["main.cf"],
                      flags=re.M)
        for name, text in (("main.cf", main),
                           ("master.cf", parts["master.cf"]),
                           ("mailweir-transport", parts["transport"])):
            with open("/etc/postfix-out/" + name, "a",
                      encoding="utf-8") as file:
                file.write(text)

    def run(self, command):
        """None when it did what it should, else what it did."""
        if command.startswith("systemctl "):
            self.start()
        if command == "mailweir postfix --diff | sh" and self.two:
            self.wire_two()
            return None
        if command == "mailweir postfix --check" and self.two:
            command = OUT
        done = subprocess.run(
            "set -e; " + command.replace("less", "cat"), shell=True,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=60, check=False) if command not in ELSEWHERE else None
        if "redis.password" in command:
            with open("/etc/mailweir/redis.password", "w",
                      encoding="ascii") as file:
                file.write(PASSWORD + "\n")
            acl()
        if done is None:
            return None
        wanted = [text for start, text in SAYS.items()
                  if command == start or (command.startswith(start) and
                                          " postfix " not in command)]
        if done.returncode != STATUS.get(command, 0) or \
                any(text not in done.stdout for text in wanted[:1]):
            return "exit status %d\n%s" % (done.returncode, done.stdout)
        if command == OUT and set(re.findall(
                r"^([a-z-]+): ", done.stdout, re.M)) != {
                    "no-policy", "no-end-of-data", "no-milter"}:
            return done.stdout
        return None


def inside():
    work = tempfile.mkdtemp(prefix="mw-", dir="/tmp")
    os.environ["PATH"] = "/usr/local/sbin:" + os.environ["PATH"]
    server = private_host(work)
    (_, preface), *recipes = sections()
    failed = number = 0
    try:
        for title, text in recipes:
            recipe = Recipe(title, text, preface)
            for command in recipe.commands:
                number += 1
                wrong = recipe.run(command)
                failed += bool(wrong)
                print("%sok %d - %s: %s%s" % (
                    "not " if wrong else "", number, title, command,
                    " (in %s)" % ELSEWHERE[command]
                    if command in ELSEWHERE else ""), flush=True)
                if wrong:
                    print("# " + wrong.replace("\n", "\n# "), flush=True)
            recipe.stop()
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(work, ignore_errors=True)
    print("1..%d" % number)
    return 1 if failed or number < 30 else 0


def main():
    if "--inside" in sys.argv:
        return inside()
    return readme.in_namespaces(__file__)


if __name__ == "__main__":
    sys.exit(main())
