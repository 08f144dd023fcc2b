"""Private Postfix instances, as many as a test has hosts.

Nothing outside the lab's folder is touched: own main.cf, master.cf, queue and
log, no DNS, no system alias map, loopback only. maillog_file outside of
maillog_file_prefixes would make `postfix check` fail without a word. A
postlogd has a watchdog of 10 s by default; once it went off while all of
Postfix was stopped, and that Postfix answered nobody any more.
"""
import collections
import grp
import json
import os
import pwd
import re
import signal
import shutil
import subprocess
import time

MAIN = """\
compatibility_level = 3.6
queue_directory = {dir}/spool
data_directory = {dir}/data
maillog_file = {log}
maillog_file_prefixes = {lab}
postlogd_watchdog_timeout = 1h
syslog_name = {name}
myhostname = {name}.mailweir.test
mydestination =
local_transport = error:5.1.1 no local delivery
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_bind_address = 127.0.0.1
relayhost = {witness}
smtpd_relay_restrictions = permit_mynetworks, reject
biff = no
smtpd_peername_lookup = no
smtp_host_lookup = native
disable_dns_lookups = yes
smtp_tls_security_level =
minimal_backoff_time = 2s
maximal_backoff_time = 5s
queue_run_delay = 2s
in_flow_delay = 0
"""

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup  unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr    unix n - n 300 1 qmgr
tlsmgr  unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce  unix - - n - 0 bounce
defer   unix - - n - 0 bounce
trace   unix - - n - 0 bounce
verify  unix - - n - 1 verify
flush   unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp    unix - - n - - smtp
relay   unix - - n - - smtp
showq   unix n - n - - showq
error   unix - - n - - error
retry   unix - - n - - error
discard unix - - n - - discard
anvil   unix - - n - 1 anvil
scache  unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold",
          "incoming", "private", "saved", "trace")

# `QID: to=<R>, ..., dsn=X.Y.Z, status=S (TEXT)`
DELIVERY = re.compile(
    r" (?P<service>\S+)\[(?P<pid>\d+)\]: (?P<id>[0-9A-Za-z]{6,}): "
    r"to=<(?P<to>[^>]*)>.* relay=(?P<relay>\S+),.* dsn=(?P<dsn>\S+), "
    r"status=(?P<status>\S+) \((?P<text>.*)\)$")

Delivery = collections.namedtuple("Delivery",
                                  "service pid id to relay dsn status text")


def version():
    """Of the Postfix that is installed, as (3, 7, 11)."""
    text = subprocess.run(["postconf", "-dh", "mail_version"], check=True,
                          capture_output=True, text=True).stdout
    return tuple(int(n) for n in re.findall(r"\d+", text)[:3])


class Postfix:
    """One instance. main, master: lines after the base's; both may use
    {dir}."""

    def __init__(self, lab, name, main="", master=""):
        self.lab = lab
        self.name = name
        self.port = lab.port()
        self.dir = os.path.join(lab.dir, name)
        self.config = os.path.join(self.dir, "pf")
        self.spool = os.path.join(self.dir, "spool")
        self.sockets = os.path.join(self.spool, "mailweir")
        self.log = os.path.join(lab.logs, name + ".mail.log")
        self.master_pid = None
        self.make_folders()
        self.write("main.cf", MAIN.format(
            dir=self.dir, lab=lab.dir, log=self.log, name=name,
            witness=lab.witness.nexthop))
        self.write("master.cf", MASTER.format(port=self.port))
        self.append(main, master)

    def make_folders(self):
        """What `postfix check` would make, which takes it two seconds."""
        user = pwd.getpwnam("postfix")
        drop = grp.getgrnam("postdrop").gr_gid
        os.makedirs(self.config)
        for name, uid, gid, mode in [
                ("data", user.pw_uid, user.pw_gid, 0o700),
                ("spool", 0, 0, 0o755),
                ("spool/pid", 0, 0, 0o755),
                ("spool/maildrop", user.pw_uid, drop, 0o1730),
                ("spool/public", user.pw_uid, drop, 0o2710),
                # As our package does: ours to write, Postfix's to pass, and
                # what is made in it belongs to the group postfix.
                ("spool/mailweir", 0, user.pw_gid, 0o2750)] + [
                    ("spool/" + queue, user.pw_uid, 0, 0o700)
                    for queue in QUEUES]:
            path = os.path.join(self.dir, name)
            os.mkdir(path)
            os.chown(path, uid, gid)
            os.chmod(path, mode)

    def write(self, name, text):
        """A file as if it were old: Postfix waits until one has rested."""
        path = os.path.join(self.config, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.utime(path, (time.time() - 60,) * 2)

    def read(self, name):
        with open(os.path.join(self.config, name), encoding="utf-8") as file:
            return file.read()

    def append(self, main="", master=""):
        """Lines of main.cf replace earlier ones of the same name."""
        def place(text):
            return text.replace("{dir}", self.dir).replace(
                "{config}", self.config)

        new = set(re.findall(r"^(\w+) *=", main, re.M))
        kept = [line for line in self.read("main.cf").splitlines()
                if line.partition(" =")[0] not in new]
        self.write("main.cf", "\n".join(kept + [place(main)]) + "\n")
        self.write("master.cf", self.read("master.cf") + place(master) + "\n")

    def command(self, *args, **options):
        """A Postfix command for this instance; returns what it printed."""
        done = subprocess.run([args[0], "-c", self.config, *args[1:]],
                              stdin=subprocess.DEVNULL, check=False,
                              capture_output=True, text=True, timeout=60,
                              **options)
        if done.returncode != 0:
            raise RuntimeError("%s: %s%s" % (" ".join(args), done.stdout,
                                             done.stderr))
        return done.stdout

    def start(self):
        open(self.spool + "/quick-start", "w", encoding="ascii").close()
        try:
            self.command("postfix", "start")
        except RuntimeError as error:
            raise RuntimeError("%s\n%s" % (error, self.text()[-2000:]))
        with open(self.spool + "/pid/master.pid", encoding="ascii") as file:
            self.master_pid = int(file.read())
        self.lab.guard(self.master_pid)

    def stop(self):
        """As `postfix stop` does it; Lab.close() waits for the end."""
        if self.master_pid:
            try:
                os.kill(self.master_pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
            self.lab.ending.append(self.master_pid)
            self.master_pid = None

    def reload(self):
        self.command("postfix", "reload")

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    # what happened

    def text(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                return log.read()
        except OSError:
            return ""

    def deliveries(self, to=None):
        """All final statuses so far; to: of this recipient."""
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="utf-8", errors="replace") as log:
            found = (DELIVERY.search(line) for line in log)
            return [d for d in (Delivery(**m.groupdict()) for m in found if m)
                    if to is None or d.to == to]

    def queue(self):
        """postqueue -j: a message a row."""
        return [json.loads(line)
                for line in self.command("postqueue", "-j").splitlines()]

    def queued(self):
        """The recipients that still wait in the queue."""
        return [r["address"] for m in self.queue() for r in m["recipients"]]
