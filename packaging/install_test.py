"""What packaging/install-test does on a new Postfix host: a Debian root with
systemd and Postfix, /root/before.deb, /root/now.deb, and no network but its
own loopback. Speaks TAP.

    unshare ... python3 install_test.py ROOT
"""
import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import traceback

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, os.path.join(SOURCE, "tests", "system"))

# pylint: disable=wrong-import-position
import load                     # noqa: E402
import loop                     # noqa: E402
import tap                      # noqa: E402
from host import split_wiring   # noqa: E402
from postfix import DELIVERY, Delivery  # noqa: E402
from relay import Relay         # noqa: E402

DEST = "redis-cli HGETALL 'mailweir:dest:{contoso}'"
UPSTREAM = "redis-cli HGETALL 'mailweir:upstream:{filter}'"
CONFIG = "/etc/mailweir/mailweir.conf"
SOCKETS = "/var/spool/postfix/mailweir"
UNITS = "mailweir-policyd.socket mailweir-policyd mailweir-milter"
PORTS = 20001, 20002, 20003     # filter, filter-eu, exchange
CAP, SENDERS, PAUSE = 5, 20, 3  # of a burst: so long takes each of its senders
COUNTED = 20                    # seconds until Redis has counted
AT_CAP = re.compile(r"451 4\.3\.2 (<\S+>: Recipient address rejected: )?"
                    r"contoso is at capacity, please try again later$")
SHORT = """
breaker = { open_for = "5s"; open_max = "8s"; trials = 2; ramp_step = "1s"; };
"""


class Machine:
    """The root as a running machine, with systemd or without."""

    def __init__(self, root, systemd=True):
        self.root = root
        self.log = open(root + ".console", "w+", encoding="utf-8",
                        errors="replace")
        self.nspawn = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit",
             "--console=pipe", "--resolv-conf=off", "--hostname=mx", "-D",
             root] + (["--boot"] if systemd else ["--as-pid2", "sleep", "600"]),
            env=dict(os.environ, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="1"),
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.first = loop.wait_for(self.child, 10)
        if systemd and not loop.wait_for(self.is_up, 60, 0.5):
            raise RuntimeError("did not boot: " + self.run(
                "systemctl --failed; systemctl list-jobs")[1])

    def child(self):
        """The process that is the machine's first."""
        path = "/proc/%d/task/%d/children" % ((self.nspawn.pid,) * 2)
        with open(path, encoding="ascii") as file:
            found = file.read().split()
        return int(found[0]) if found and os.path.exists(
            "/proc/%s/root/etc/debian_version" % found[0]) else None

    def is_up(self):
        return self.run("systemctl is-system-running")[1].strip() in (
            "running", "degraded")

    def run(self, command):
        """As root, typed in a shell: (exit status, output)."""
        done = subprocess.run(
            ["nsenter", "-a", "-t", str(self.first), "env", "-i",
             "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
             "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
             "sh", "-c", "cd /root; " + command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False, timeout=180)
        return done.returncode, done.stdout

    def must(self, command):
        code, text = self.run(command)
        if code != 0:
            raise RuntimeError("%s: exit status %d\n%s" % (command, code, text))
        return text

    def stop(self):
        self.nspawn.terminate()
        try:
            self.nspawn.wait(60)
        except subprocess.TimeoutExpired:
            self.nspawn.kill()
            self.nspawn.wait()
        self.log.close()

    # files

    def path(self, name):
        return self.root + name

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def edit(self, name, *changes):
        """Each (pattern, new) is found once."""
        text = self.read(name)
        for pattern, new in changes:
            text, n = re.subn(pattern, lambda _, new=new: new, text)
            if n != 1:
                raise RuntimeError("%s: %d times in %s" % (pattern, n, name))
        self.write(name, text)

    # what load.account() wants to know of a host

    def queue(self):
        return [json.loads(line)
                for line in self.must("postqueue -j").splitlines()]

    def queued(self):
        return [r["address"] for m in self.queue() for r in m["recipients"]]

    def deliveries(self):
        text = self.run("journalctl -q --no-pager SYSLOG_FACILITY=2")[1]
        found = (DELIVERY.search(line) for line in text.splitlines())
        return [Delivery(**m.groupdict()) for m in found if m]


class Install:
    """The whole of it; self.machine is the host."""

    def __init__(self, root):
        self.root = root
        self.machine = None
        self.relays = [Relay(port) for port in PORTS]
        self.first, self.second, self.bypass = self.relays
        self.messages = []
        self.old = {}           # main.cf and master.cf, as they were

    # helpers

    def good(self, command, name=None):
        code, text = self.machine.run(command)
        tap.ok(code == 0, name or command, "exit status %d" % code, text)
        return text

    def fields(self, command):
        """What redis-cli shows of a hash."""
        flat = self.machine.must(command).split("\n")
        return dict(zip(flat[::2], flat[1::2]))

    def counts(self, name, **wanted):
        """These counters show up, to the digit, in what README says."""
        def shown():
            fields = self.fields(DEST)
            return {k: int(fields.get(k, 0)) for k in wanted}
        loop.wait_for(lambda: shown() == wanted, COUNTED)
        tap.same(shown(), wanted, "%s: redis-cli shows it" % name)

    def send(self, messages, name):
        """They are done; all that were taken are delivered. On a machine that
        stands still for a moment some meet the cap, as they should."""
        self.messages += messages
        drained = load.drained([self.machine], 30)
        others = [m for m in messages if m.code != 250]
        tap.ok(drained and len(others) < max(len(messages) / 5, 1) and
               all(AT_CAP.match(m.text) for m in others),
               "%s: %d messages taken and delivered" %
               (name, len(messages) - len(others)), others[:3],
               self.machine.run("postqueue -p; journalctl -q --no-pager -n 40")
               [1])

    def some_mail(self, name, seconds=2):
        running = load.Load([25], ["contoso.com"], 10, seconds)
        self.send(running.wait(), name)

    def accepted(self):
        return sum(m.code == 250 for m in self.messages)

    def deferred(self):
        return sum(put_off(m) for m in self.messages)

    # the steps

    def see_new_host(self):
        self.machine.must("postfix status")
        os.mkdir(self.machine.path("/root/packaging"))
        self.machine.write("/root/packaging/build-deb.sh",
                           "#!/bin/sh\necho /root/before.deb\n")
        os.chmod(self.machine.path("/root/packaging/build-deb.sh"), 0o755)

    def see_installed(self):
        self.good("systemctl is-active " + UNITS, "the daemons run")
        text = self.good("stat -c '%%U %%G %%a' %s" % SOCKETS)
        tap.same(text.strip(), "mailweir postfix 2750",
                 "the sockets' folder is ours to write, Postfix's to pass")
        text = self.good("cd %s; stat -c '%%n %%U %%G %%a' *" % SOCKETS)
        tap.same(text.split("\n")[:3],
                 ["%s mailweir postfix 660" % name
                  for name in ("map", "milter", "policy")],
                 "the sockets are Postfix's to use")
        code, _ = self.machine.run("su -s /bin/sh nobody -c 'ls %s'" % SOCKETS)
        tap.ok(code != 0, "nobody else reaches them")
        tap.ok('mode = "observe"' in self.machine.read(CONFIG),
               "the example's mode is observe")
        for unit in ("mailweir-policyd", "mailweir-milter"):
            text = self.machine.run(
                "systemd-analyze security --no-pager %s | tail -n 1" % unit)[1]
            found = re.search(r"([\d.]+) OK", text)
            tap.at_most(float(found.group(1)) if found else 10, 1.0,
                        "exposure of " + unit)

    def edit_configuration(self):
        self.machine.edit(
            CONFIG,
            (r'"\[filter\.example\.net\]:25"', '"[127.0.0.1]:%d"' % PORTS[0]),
            (r'"\[eu\.filter\.example\.net\]:25"',
             '"[127.0.0.1]:%d"' % PORTS[1]),
            (r'"\[contoso-com\.[a-z.]*\]:25"', '"[127.0.0.1]:%d"' % PORTS[2]))
        self.machine.write(CONFIG, self.machine.read(CONFIG) + SHORT)

    def wire(self):
        """Copies what `mailweir postfix` prints, as a reader does."""
        parts = split_wiring(self.machine.must("mailweir postfix"))
        table = re.search(r"\$\{?config_directory\}?/(\S+)",
                          parts["main.cf"]).group(1)
        self.machine.write("/etc/postfix/" + table, parts["transport"])
        for name in ("main.cf", "master.cf"):
            path = "/etc/postfix/" + name
            self.old[path] = self.machine.read(path)
            self.machine.write(path, self.old[path] + parts[name])
        self.old["/etc/postfix/" + table] = None

    def unwire(self):
        for path, text in self.old.items():
            if text is None:
                os.unlink(self.machine.path(path))
            else:
                self.machine.write(path, text)
        self.old = {}
        self.machine.must("postfix reload")

    def follow_readme(self):
        """Section Install, each command as it stands there."""
        before = {"mailweir check": self.edit_configuration,
                  "mailweir postfix --check": self.wire}
        after = {"apt": self.see_installed}
        for command in commands("## Install"):
            before.get(command, lambda: None)()
            if command == "mailweir postfix --diff":
                code, text = self.machine.run(command)
                tap.ok(code == 1 and "+ mw-contoso" in text, command, text)
            elif command == DEST:
                self.some_mail("in observe mode")
                self.good(command)
                self.counts("in observe mode", accepted=self.accepted(),
                            delivered=self.accepted())
            else:
                self.good(command)
            after.get(command.split()[0], lambda: None)()

    def reload(self):
        self.good("systemctl reload mailweir-policyd mailweir-milter")

    def reload_badly(self):
        good = self.machine.read(CONFIG)
        self.machine.write(CONFIG, good + "nonsense\n")
        code, _ = self.machine.run("systemctl reload mailweir-policyd")
        tap.ok(code != 0, "a bad file is told to whoever reloads")
        self.good("systemctl is-active " + UNITS, "the daemons go on")
        self.machine.write(CONFIG, good)

    def enforce(self):
        self.machine.edit(CONFIG, (r'mode = "observe"', 'mode = "enforce"'),
                          (r"cap = 100", "cap = %d" % CAP))
        self.reload()
        tap.ok(loop.wait_for(lambda: "enforce" in self.machine.must(
            "mailweir status").split("\n")[0], 10), "it enforces")

    def break_relay(self):
        running = load.Load([25], ["contoso.com"], 10)
        self.first.become("busy")
        tap.ok(loop.wait_for(lambda: self.fields(UPSTREAM).get("state") ==
                             "open", 20, 0.2),
               "the relay breaks, and redis-cli shows its breaker open")
        time.sleep(2)
        self.send(running.stop(), "around the relay")
        tap.ok(self.second.accepted, "the second relay took mail")
        tap.ok(loop.wait_for(lambda: int(self.fields(DEST).get(
            "rerouted", 0)) > 0, COUNTED), "redis-cli shows it as rerouted")
        self.first.become("healthy")
        running = load.Load([25], ["contoso.com"], 10)
        tap.ok(loop.wait_for(lambda: self.fields(UPSTREAM).get("state") ==
                             "closed", 60, 0.5),
               "the relay heals, and its breaker closes")
        self.send(running.stop(), "on the way back")

    def hold_and_release(self):
        """No relay is left. What was taken in waits, and goes by itself once
        one is well again, long before Postfix would try it."""
        self.machine.edit(CONFIG, (r"cap = %d" % CAP, "cap = 100"))
        self.reload()
        for relay in self.first, self.second:
            relay.become("busy")
        running = load.Load([25], ["contoso.com"], 10)
        tap.ok(loop.wait_for(lambda: any(
            put_off(m) for m in running.messages), 40),
               "on hold: mail from others is put off")
        self.messages += running.stop()
        tap.at_least(len(self.machine.queue()), 1, "mail that waits")
        for relay in self.first, self.second:
            relay.become("healthy")
        tap.ok(load.drained([self.machine], 120),
               "it goes when a relay is well again",
               self.machine.run("postqueue -p; mailweir status")[1])
        tap.ok(loop.wait_for(lambda: int(self.fields(DEST).get(
            "released", 0)) > 0, COUNTED), "redis-cli shows it as released")

    def crowd(self, name):
        burst = load.burst([25], "contoso.com", SENDERS, PAUSE)
        self.messages += burst
        late = [m for m in burst if m.code != 250]
        tap.ok(late and all(AT_CAP.match(m.text) for m in late),
               "%s: the cap defers, with 451 4.3.2" % name, late[:3])
        self.counts(name, deferred=self.deferred(),
                    deferred_cap=self.deferred())
        load.drained([self.machine], 30)

    def set_chroot(self, chroot):
        for service in ("smtp/inet", "smtp/unix", "rewrite/unix",
                        "mw-contoso/unix", "mw-everything/unix"):
            self.machine.must("postconf -F %s/chroot=%s" % (service, chroot))
        self.machine.must("postfix reload")

    def live_with_it(self):
        for command in commands("## Live with it"):
            self.good(command)

    def logs_that(self, pattern):
        return loop.wait_for(lambda: re.search(pattern, self.machine.must(
            "journalctl -q --no-pager -u mailweir-policyd")), 20, 0.5)

    def feed(self):
        """README.Debian's way to a log that is for the group adm."""
        config, name = self.machine.read(CONFIG), "/var/log/mail.log"
        self.machine.must("install -g adm -m 640 /dev/null " + name)
        self.machine.write(CONFIG, config +
                           'feed = { maillog = "%s"; };\n' % name)
        self.reload()
        tap.ok(self.logs_that("feed: file=%s error=" % name),
               "a mail log that it may not read is told")
        text = self.machine.must("cat /usr/share/doc/mailweir/README.Debian")
        section = text.partition("The mail log\n")[2].partition("\n\n\n")[0]
        lines = re.findall(r"^    (\[?[A-Z]\S*)$", section, re.M)
        folder = "/etc/systemd/system/mailweir-policyd.service.d"
        os.makedirs(self.machine.path(folder))
        self.machine.write(folder + "/override.conf", "\n".join(lines) + "\n")
        again = "systemctl daemon-reload; systemctl restart mailweir-policyd"
        self.machine.must(again)
        tap.ok(self.logs_that("feed: following=" + name),
               "in its group it may")
        self.machine.write(CONFIG, config)
        self.machine.must("rm -r %s %s; %s" % (folder, name, again))

    def hang(self):
        """systemd's watchdog finds a daemon that hangs, and its sockets stay
        open. Three seconds in place of thirty."""
        def restarts():
            return self.machine.must("systemctl show --value -p NRestarts "
                                     "mailweir-policyd mailweir-milter").split()
        folder = "/run/systemd/system/mailweir-policyd.service.d"
        tap.same(restarts(), ["0", "0"], "no daemon had to be restarted")
        os.makedirs(self.machine.path(folder))
        self.machine.write(folder + "/watchdog.conf",
                           "[Service]\nWatchdogSec=3\n")
        self.machine.must("systemctl daemon-reload; "
                          "systemctl restart mailweir-policyd")
        self.machine.must("kill -STOP $(systemctl show --value -p MainPID "
                          "mailweir-policyd)")
        tap.ok(loop.wait_for(lambda: restarts()[0] == "1", 60, 0.5),
               "one that hangs is restarted")
        self.some_mail("after that")
        self.machine.must("rm -r %s; systemctl daemon-reload" % folder)

    def upgrade(self):
        """Under load; nothing is lost, and the sockets stay."""
        def state():
            return self.machine.must(
                "stat -c %%i %s/policy %s/map; systemctl show -p MainPID "
                "mailweir-policyd mailweir-milter" % (SOCKETS, SOCKETS)
            ).split()
        was, running = state(), load.Load([25], ["contoso.com"], 20)
        time.sleep(2)
        self.good("apt-get install /root/now.deb", "upgrade under load")
        time.sleep(3)
        self.send(running.stop(), "over the upgrade")
        now = state()
        tap.ok(was[:2] == now[:2] and was[2] != now[2] and was[3] != now[3],
               "new daemons, the same sockets", was, now)
        tap.ok("127.0.0.1" in self.machine.read(CONFIG),
               "the configuration stays as it was edited")
        self.some_mail("after the upgrade")

    def account(self, name):
        a = load.account(self.messages, self.relays, [self.machine],
                         self.bypass)
        load.check(a, name)
        tap.same(len(self.bypass.accepted), 0, "no mail went past the filter")

    def remove(self):
        self.unwire()
        self.good("apt-get remove mailweir")
        left = daemons() + os.listdir(self.machine.path(SOCKETS))
        tap.same(left, [], "no daemon is left, no socket")
        tap.ok("127.0.0.1" in self.machine.read(CONFIG), "the file stays")
        self.good("apt-get purge mailweir")
        text = self.machine.must(
            "find / -xdev -iname '*mailweir*' ! -path '/proc/*' ! -path "
            "'/var/cache/apt/*' ! -path '/var/log/*'")
        tap.same(text, "", "purged: no file is left")
        text = self.machine.run("grep -rl mailweir /etc")[1]
        tap.same(sorted(p.rstrip("-") for p in set(text.split())
                        if not p.endswith("-")),
                 ["/etc/group", "/etc/gshadow", "/etc/passwd", "/etc/shadow"],
                 "but the user, as Debian does it")
        code, text = self.machine.run(
            "systemctl list-unit-files 'mailweir*' --no-legend; "
            "systemctl --failed --no-legend")
        tap.same(text, "", "nor is any unit left")

    def reinstall(self):
        self.good("apt-get install /root/now.deb", "installed again")
        self.see_installed()
        self.good("mailweir check")

    def without_systemd(self):
        """README.Debian's way, on the same root with no service manager."""
        self.edit_configuration()
        self.machine.write(CONFIG, self.machine.read(CONFIG) +
                           'log = { target = "syslog"; };\n')
        self.wire()
        self.machine.must("service redis-server start")
        text = self.machine.must("cat /usr/share/doc/mailweir/README.Debian")
        section = text.partition("Without systemd\n")[2]
        lines = re.findall(r"^    (\S.*)$", section, re.M)
        for line in lines:
            if "--stop" not in line:
                self.good(line)
        self.good("mailweir check")
        self.machine.must("postfix start")
        before = {k: int(v) for k, v in self.fields(DEST).items() if k}
        self.some_mail("without systemd")
        sent = self.accepted()
        self.counts("without systemd",
                    accepted=before.get("accepted", 0) + sent,
                    delivered=before.get("delivered", 0) + sent)
        for line in lines:
            if "--stop" in line:
                self.good(line)
        tap.ok(loop.wait_for(lambda: not daemons(), 15), "the daemons end")
        self.machine.must("postfix stop; service redis-server stop")

    def go(self):
        self.machine = Machine(self.root)
        self.see_new_host()
        self.follow_readme()
        self.reload_badly()
        self.enforce()
        self.set_chroot("y")
        self.some_mail("chrooted")
        self.crowd("chrooted")
        self.break_relay()
        self.set_chroot("n")
        self.some_mail("not chrooted")
        self.crowd("not chrooted")
        self.hold_and_release()
        self.live_with_it()
        self.feed()
        self.hang()
        self.upgrade()
        self.account("all in all")
        self.remove()
        self.reinstall()
        self.machine.stop()
        self.messages = []
        self.machine = Machine(self.root, systemd=False)
        self.without_systemd()

    def logs(self):
        if self.machine:
            tap.diag(self.machine.run(
                "journalctl -q --no-pager -n 80; postqueue -p; "
                "mailweir status; mailweir events; journalctl -q --no-pager "
                "-u 'mailweir*' -n 60")[1])


def put_off(message):
    return 400 <= message.code < 500


def daemons():
    """Those that run on the machine: there are no others in sight."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/comm" % pid, encoding="utf-8") as file:
                found.append(file.read().strip())
        except OSError:         # it has just ended
            pass
    return [name for name in found if name.startswith("mailweir")]


def commands(heading):
    """The indented lines of one section of README.md, in their order."""
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as readme:
        section = readme.read().partition("\n%s\n" % heading)[2]
    section = re.split(r"^#", section, flags=re.M)[0]
    return re.findall(r"^    (\S.*)$", section, re.M)


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 1 | 64)     # UP, RUNNING
        fcntl.ioctl(any_socket, 0x8914, request)            # SIOCSIFFLAGS


def on_end(number, _frame):
    raise SystemExit(128 + number)


def main():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, on_end)
    loopback_up()
    install = Install(sys.argv[1])
    try:
        install.go()
    except Exception:  # pylint: disable=broad-except
        tap.ok(False, "it ran to its end", traceback.format_exc())
    if tap.failed():
        install.logs()
    if install.machine:
        install.machine.stop()
    print("1..%d" % tap.counted(), flush=True)
    os._exit(1 if tap.failed() else 0)


main()
