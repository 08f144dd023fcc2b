#!/usr/bin/env python3
"""Every command of README.md does what README says. Speaks TAP.

Runs in a mount and network namespace of its own, so that the commands can
stand as a reader types them: /etc/mailweir, /usr/local, Redis's usual socket
and port are all private here."""

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
import time

SOURCE = os.path.abspath(os.environ.get("top_srcdir", "."))
BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
PATIENCE = 20

# Commands that something else runs: who.
ELSEWHERE = {
    "apt install $(packaging/build-deb.sh)": "packaging/install-test",
    "mailweir postfix --diff": "packaging/install-test",
    "mailweir postfix --check": "packaging/install-test",
    "systemctl reload mailweir-policyd mailweir-milter":
        "packaging/install-test",
    "postfix reload": "packaging/install-test",
    "packaging/quickstart": ".ci/run",
    "tests/run": ".ci/run",
    "packaging/install-packages build": "tests/run",
    "./autogen.sh": "tests/run",
    "./configure --prefix=/usr --sysconfdir=/etc": "tests/run",
    "make": "tests/run",
}
# What a command's output has to hold, beyond an exit status of 0.
SAYS = {
    "mailweir status": "filter",
    "mailweir explain anna@contoso.com": "contoso",
    "mailweir classify": "trouble",
    "mailweir events": "filter maintenance",
    "redis-cli HGETALL 'mailweir:upstream:{filter}'": "cap",
}
DAEMONS = ("mailweir-policyd", "mailweir-milter")
PRIVATE = ("/etc/mailweir", "/usr/local", "/run/redis",
           "/var/spool/postfix/mailweir")


def commands():
    """The indented lines of README that are commands, in their order."""
    found = []
    with open(os.path.join(SOURCE, "README.md")) as readme:
        for line in readme:
            if re.match(r"    [a-z./]", line):
                found.append(line.strip())
            elif line.startswith("    $ "):
                found.append(line.strip()[2:])
    return found


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 1 | 64)     # UP, RUNNING
        fcntl.ioctl(any_socket, 0x8914, request)            # SIOCSIFFLAGS


def private_host(work):
    """Hide what the host has behind empty folders of our own."""
    for path in PRIVATE:
        if path != "/var/spool/postfix/mailweir":
            os.makedirs(path, exist_ok=True)
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", path],
                           check=True)
    os.makedirs("/var/spool/postfix", exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/var/spool/postfix"],
                   check=True)
    loopback_up()
    shutil.copy(os.path.join(SOURCE, "conf/mailweir-minimal.conf"),
                "/etc/mailweir/mailweir.conf")
    server = subprocess.Popen(
        ["redis-server", "--port", "6379", "--bind", "127.0.0.1",
         "--unixsocket", "/run/redis/redis-server.sock", "--save", "",
         "--dir", work], stdout=subprocess.DEVNULL)
    until(lambda: subprocess.run(["redis-cli", "PING"],
                                 capture_output=True).stdout == b"PONG\n")
    return server


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited in vain")
        time.sleep(0.05)


def run(command, daemons):
    """None when it did what it should, else what it did."""
    if command.split()[0] in DAEMONS:
        process = subprocess.Popen(command, shell=True,
                                   stderr=subprocess.PIPE, text=True,
                                   preexec_fn=os.setsid)
        daemons.append(process)
        time.sleep(2)
        if process.poll() is not None:
            return process.stderr.read()
        return None
    if command == "make install":
        command = "make -C '%s' install" % BUILD
    done = subprocess.run(command, shell=True, cwd=SOURCE, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=120)
    if done.returncode != 0:
        return "exit status %d\n%s" % (done.returncode, done.stdout)
    for start, wanted in SAYS.items():
        if command.startswith(start) and wanted not in done.stdout:
            return "does not say %r\n%s" % (wanted, done.stdout)
    return None


def inside():
    work = tempfile.mkdtemp(prefix="mw-", dir="/tmp")
    listed = commands()
    # What a package installs is installed from the sources here. The first
    # screen shows a counter: it is read when there are some.
    listed.sort(key=lambda command: (command.startswith("redis-cli"),
                                     command != "make install"))
    os.environ["PATH"] = "/usr/local/sbin:" + os.environ["PATH"]
    server = private_host(work)
    daemons, failed = [], 0
    print("1..%d" % len(listed), flush=True)
    try:
        for number, command in enumerate(listed, 1):
            if command in ELSEWHERE:
                print("ok %d - %s (in %s)" % (number, command,
                                              ELSEWHERE[command]))
                continue
            wrong = run(command, daemons)
            print("%sok %d - %s" % ("not " if wrong else "", number,
                                    command), flush=True)
            if wrong:
                failed += 1
                print("# " + wrong.replace("\n", "\n# "), flush=True)
    finally:
        for process in daemons:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)
        server.terminate()
        server.wait()
        shutil.rmtree(work, ignore_errors=True)
    return 1 if failed else 0


def in_namespaces(script):
    """Run a script again, with --inside, where what it mounts is private."""
    if os.environ.get("MW_TESTS") == "quick":
        print("1..0 # SKIP left out of a quick run")
        return 0
    unshare = ["unshare", "--mount", "--net", "--propagation", "private"]
    if subprocess.run(unshare + ["true"],
                      stderr=subprocess.DEVNULL).returncode != 0:
        print("1..0 # SKIP no namespaces here")
        return 0
    return subprocess.run(unshare + [sys.executable, script,
                                     "--inside"]).returncode


def main():
    if "--inside" in sys.argv:
        return inside()
    return in_namespaces(__file__)


if __name__ == "__main__":
    sys.exit(main())
