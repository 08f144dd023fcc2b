"""A Postfix host with Mailweir on it, wired by what `mailweir postfix` prints.

The test writes the configuration but for what the lab knows: the host's name,
the store, and the sockets.
"""
import json
import os
import re
import signal
import subprocess

import loop
from postfix import Postfix

BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
SOURCE = os.path.abspath(os.environ.get("top_srcdir", os.path.join(
    os.path.dirname(__file__), "..", "..")))
PARTS = ("# main.cf", "# master.cf", "# transport")

HEAD = """\
mode = "{mode}";
host = "{name}";
store = {{ redis = "{redis}"; timeout = "500ms"; {store} }};
rules_file = "{source}/conf/outcomes.rules";
release = {{ command = "postqueue -c {config}"; {release} }};
listen = {{
  policy = "unix:{sockets}/policy"; map = "unix:{sockets}/map";
  milter = "{milter}";
}};
"""


def program(name):
    return os.path.join(BUILD, name)


def split_wiring(text):
    """The three parts that `mailweir postfix` prints, by their names."""
    parts, name = {}, None
    for line in text.splitlines():
        if line in PARTS:
            name = line[2:]
            parts[name] = []
        elif name:
            parts[name].append(line)
    return {name: "\n".join(lines) + "\n" for name, lines in parts.items()}


class Host(Postfix):
    """milter: whether mailweir-milter runs and is wired; main, master: lines
    after the wiring; release, store: more keys of these groups."""

    def __init__(self, lab, name, redis, text, mode="enforce", milter=True,
                 main="", master="", release="", store=""):
        super().__init__(lab, name)
        self.redis = redis
        self.mode = mode
        self.with_milter = milter
        self.release = release
        self.store = store
        self.policyd = self.milter = None
        self.loop_pid = None        # policyd's loop, as it was at the start
        self.file = lab.path(name + ".conf")
        self.upstreams = 0
        self.configure(text)
        self.wire()
        self.append(main, master)

    def configure(self, text):
        """Write the configuration file; see reload_daemons()."""
        self.upstreams = text.count("nexthop")
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(HEAD.format(
                mode=self.mode, name=self.name, redis=self.redis.address,
                source=SOURCE, sockets=self.sockets, config=self.config,
                release=self.release, store=self.store,
                milter="unix:%s/milter" % self.sockets
                if self.with_milter else "") + text)

    def wire(self):
        code, out, err = self.mailweir("check")
        if code != 0:
            raise RuntimeError("mailweir check: %s%s" % (out, err))
        code, out, err = self.mailweir("postfix")
        if code != 0:
            raise RuntimeError("mailweir postfix: %s%s" % (out, err))
        parts = split_wiring(out)
        table = re.search(r"\$\{?config_directory\}?/(\S+)",
                          parts["main.cf"]).group(1)
        self.write(table, parts["transport"])
        self.append(parts["main.cf"], parts["master.cf"])

    def mailweir(self, verb, *args):
        """The command line tool: (exit status, output, errors)."""
        done = subprocess.run(
            [program("mailweir"), verb, "-c", self.file, *args],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=30)
        return done.returncode, done.stdout, done.stderr

    def events(self):
        """mailweir events --json: the newest, oldest first."""
        code, out, err = self.mailweir("events", "--json")
        if code != 0:
            raise RuntimeError("mailweir events: " + err)
        return [json.loads(line) for line in out.splitlines()]

    def steady(self):
        """Do the daemons still run as they were started?"""
        return (self.policyd.poll() is None and
                self.policyd_loop() == self.loop_pid and
                (self.milter is None or self.milter.poll() is None))

    def start(self):
        self.start_policyd()
        if self.with_milter:
            self.start_milter()
        super().start()
        if not loop.wait_for(self.settled, 15):
            raise RuntimeError("no slots were granted to " + self.name)

    def settled(self):
        """Have slots been granted for all upstreams? On an empty Redis that
        takes a moment, in which mail would go to the next route."""
        client = self.redis.client()
        keys = client("KEYS", "mailweir:upstream:{*}:slots")
        rows = [client("HGET", key, self.name) or "0" for key in keys]
        client.close()
        return len(rows) >= self.upstreams and \
            all(int(row.split()[0]) > 0 for row in rows)

    def start_policyd(self):
        self.policyd = self.start_daemon("policyd", "map")
        self.loop_pid = loop.wait_for(self.policyd_loop, 5)

    def start_milter(self):
        self.milter = self.start_daemon("milter", "milter")

    def start_daemon(self, name, listens_at):
        path = os.path.join(self.sockets, listens_at)
        if os.path.exists(path):    # of one that was killed
            os.unlink(path)
        process = self.lab.spawn("%s.%s" % (self.name, name),
                                 program("mailweir-" + name), "-c", self.file)
        if not loop.wait_for(lambda: os.path.exists(path) or
                             process.poll() is not None, 10) or \
                process.poll() is not None:
            raise RuntimeError("%s did not start:\n%s" % (
                name, self.lab.log("%s.%s" % (self.name, name))))
        return process

    def reload_daemons(self):
        for process in (self.policyd, self.milter):
            if process:
                process.send_signal(signal.SIGHUP)

    def policyd_loop(self):
        """The process id of policyd's loop, its parent's child; or None."""
        path = "/proc/%d/task/%d/children" % ((self.policyd.pid,) * 2)
        with open(path, encoding="ascii") as file:
            children = file.read().split()
        return int(children[0]) if children else None
