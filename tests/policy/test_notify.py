#!/usr/bin/env python3
"""notify.command of mailweir-policyd, and the examples of one. Real daemon,
real redis-server. Speaks TAP."""

import datetime
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from test_policyd import (BUSY, PATIENCE, SOURCE, Daemons, Lane, equal, main,
                          until)
from test_status import metrics

# Keeps what it was given, one file a run.
COMMAND = """#!/bin/sh
cat /proc/$$/environ >{dir}/$$.new
echo "$*" >{dir}/words
mv {dir}/$$.new {dir}/$$.notice
exec {dir}/then
"""


class Hook(http.server.ThreadingHTTPServer):
    """Keeps what is posted to it."""

    def __init__(self):
        self.got = []
        super().__init__(("127.0.0.1", 0), Posted)
        self.url = "http://127.0.0.1:%d/" % self.server_port
        self.thread = threading.Thread(target=self.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.thread.join()
        self.server_close()

    def of(self, event):
        return [said for said in self.got if said["event"] == event]


class Posted(http.server.BaseHTTPRequestHandler):
    def do_POST(self):      # pylint: disable=invalid-name
        length = int(self.headers["Content-Length"])
        self.server.got.append(json.loads(self.rfile.read(length)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_words):
        pass


class Site(Daemons):
    def __init__(self, **settings):
        os.environ["MW_SECRET"] = "1"
        super().__init__(status="unix:{dir}/status", **settings)

    def write_config(self, **settings):
        self.settings.update(settings)
        for name in ("status", "extra"):
            self.settings[name] = self.settings[name].replace("{dir}",
                                                              self.dir)
        self.script("command", COMMAND.format(dir=self.dir))
        self.do("exit 0")
        super().write_config()

    def script(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as out:
            out.write(text)
        os.chmod(path, 0o755)

    def do(self, then):
        self.script("then", "#!/bin/sh\n%s\n" % then)

    def notices(self):
        found = []
        for name in os.listdir(self.dir):
            if name.endswith(".notice"):
                with open(os.path.join(self.dir, name)) as notice:
                    found.append(dict(line.split("=", 1) for line in
                                      notice.read().split("\0")[:-1]))
        return sorted(found, key=lambda one: one["MAILWEIR_TIME"])

    def of(self, event):
        return [one for one in self.notices()
                if one["MAILWEIR_EVENT"] == event]

    def trouble(self, host="filter"):
        lane = Lane(self)
        for _ in range(3):
            lane.gate(host)
            lane.outcome(BUSY)
        lane.close()

    def gate_answers(self):
        lane = Lane(self)
        equal(lane.ask("gate.nowhere", "x").split()[0], "PERM")
        lane.close()


def its_environment_is_the_event(site):
    site.trouble()
    one = until(lambda: site.of("breaker"), "the notice")[0]
    incident = site.redis("HGET", "mailweir:upstream:{filter}", "incident")
    equal(sorted(one), sorted(["PATH"] + ["MAILWEIR_" + name for name in (
        "TIME", "EVENT", "UPSTREAM", "FROM", "TO", "REASON", "ALLOWANCE",
        "RULE", "SAMPLE", "INCIDENT", "HOST", "LINE")]))
    equal([one["MAILWEIR_" + name] for name in (
        "UPSTREAM", "FROM", "TO", "REASON", "HOST", "INCIDENT")],
          ["filter", "closed", "open", "streak", "mx1", incident])
    if not one["MAILWEIR_LINE"].startswith(
            "breaker: upstream=filter from=closed to=open reason=streak "):
        raise AssertionError(one["MAILWEIR_LINE"])
    with open(os.path.join(site.dir, "words")) as words:
        equal(words.read(), "with words\n")


def all_events_of_this_host_are_told(site):
    until(lambda: site.of("host-seen"), "the notice")
    lane = Lane(site)
    lane.gate("second")
    lane.outcome("5.7.1 host x[192.0.2.9] said: 550 5.7.1 a text that no "
                 "rule knows, with `quotes` \"$(id)\" and \x01 <b>")
    lane.close()
    one = until(lambda: site.of("outcome"), "the notice")[0]
    if not set(one["MAILWEIR_SAMPLE"]) <= set(map(chr, range(32, 127))):
        raise AssertionError(one)


def runs_are_counted(site):
    until(lambda: metrics(site).get("notifications_total", result="ok") ==
          len(site.notices()), "the count")


def a_failure_is_a_line_in_the_log(site):
    site.do("echo no such chat >&2; exit 1")
    before = metrics(site).get("notifications_total", result="failed")
    site.trouble("second")
    until(lambda: metrics(site).get("notifications_total",
                                    result="failed") > before, "the failure")
    until(lambda: site.logged('notify: event=breaker failed="no such chat"'),
          "the line")
    site.gate_answers()


def a_command_that_is_not_there_is_told(site):
    site.write_config(extra='notify = { command = "/nonexistent/notify"; };')
    site.policyd.send_signal(signal.SIGHUP)
    until(lambda: site.logged("reload: result=done"), "the reload")
    lane = Lane(site)
    lane.ask("gate.lone", "[lone.test]:25")
    lane.ask("outcome.lone", "5.9.9 a text that no rule knows")
    lane.close()
    until(lambda: site.logged("/nonexistent/notify: No such file"),
          "the line")
    site.gate_answers()


def runs_are_a_second_apart(site):
    """However slow this machine is, the fifth run cannot end before."""
    for number in range(5):         # lost 20 s after they were heard of
        site.redis("HSET", "mailweir:hosts", "yy%d" % number,
                   "%d 1 0123456789abcdef enforce" %
                   (time.time() * 1000 - 12000))
    lost = until(lambda: len(site.of("host-lost")) == 5 and
                 site.of("host-lost"), "five runs")
    took = time.time() - datetime.datetime.strptime(
        lost[0]["MAILWEIR_TIME"], "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
    if took < 4:
        raise AssertionError("they took %.3f s" % took)


def the_web_hook_is_told_by_policyd(site):
    if shutil.which("curl") is None:
        return "curl is not installed"
    with Hook() as hook:
        site.write_config(extra='notify = { command = "%s/conf/notify-webhook '
                          '%s"; };' % (SOURCE, hook.url))
        site.policyd.send_signal(signal.SIGHUP)
        until(lambda: site.logged("reload: result=done"), "the reload")
        site.trouble()
        until(lambda: hook.of("breaker"), "the post")
        said = hook.of("breaker")[0]
    equal([said[name] for name in ("upstream", "to", "host", "incident")],
          ["filter", "open", "mx1", site.redis(
              "HGET", "mailweir:upstream:{filter}", "incident")])
    if not said["text"].startswith("Mailweir: breaker: upstream=filter "):
        raise AssertionError(said["text"])


def is_there(path):
    """A process that has ended, and that nobody asked about, has no words."""
    try:
        with open(path) as words:
            return words.read() != ""
    except OSError:
        return False


def one_that_talks_for_ever_is_killed_with_all_that_is_its(site):
    pid = os.path.join(site.dir, "pid")
    site.do("sleep 300 & echo $! >%s; exec yes" % pid)
    site.trouble()
    until(lambda: os.path.exists(pid) and os.path.getsize(pid), "the sleep")
    with open(pid) as number:
        path = "/proc/%s/cmdline" % number.read().strip()
    for _ in range(100):
        site.gate_answers()
    site.do("exit 0")
    site.trouble("second")
    until(lambda: not is_there(path), "the end")
    until(lambda: len(site.of("breaker")) > 1, "the next one")
    equal(metrics(site).get("notifications_total", result="failed"), 1.0)


def what_is_too_much_is_dropped(site):
    site.do("sleep 300")
    now = time.time() * 1000 - 10000       # lost 20 s after
    for number in range(50):
        site.redis("HSET", "mailweir:hosts", "zz%02d" % number,
                   "%d 1 0123456789abcdef enforce" % now)
    until(lambda: metrics(site).get("notifications_total",
                                    result="dropped") >= 15, "the loss")
    site.gate_answers()


def an_end_amid_one_is_clean(site):
    site.policyd.terminate()
    equal(site.policyd.wait(8), 0)
    if site.logged("Assertion") or site.logged("ERROR:"):
        raise AssertionError("not clean")


EVENT = {
    "MAILWEIR_EVENT": "breaker", "MAILWEIR_TIME": "2026-11-21T12:00:00.000Z",
    "MAILWEIR_UPSTREAM": "filter", "MAILWEIR_FROM": "closed",
    "MAILWEIR_TO": "open", "MAILWEIR_INCIDENT": "6b01bc06eb5",
    "MAILWEIR_HOST": "mx1",
    "MAILWEIR_LINE": 'breaker: sample="4.3.2 said \\ $(id) `id` %s \\n"',
}


def the_mail_says_what_happened(_site):
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, "sendmail")
        with open(path, "w") as out:
            out.write('#!/bin/sh\necho "$*" >%s/words\ncat >%s/mail\n' %
                      (place, place))
        os.chmod(path, 0o755)
        for event in (EVENT, dict(EVENT, MAILWEIR_TO="ramp")):
            subprocess.run(
                [SOURCE + "/conf/notify-mail", "root@example.test"],
                check=True, env=dict(event, PATH=place + ":/usr/bin:/bin"))
            if event["MAILWEIR_TO"] == "ramp":
                equal(os.path.exists(place + "/mail"), False)
                break
            with open(place + "/mail") as mail:
                text = mail.read()
            head, _, body = text.partition("\n\n")
            if "Subject: [mailweir] filter is open" not in head.split("\n"):
                raise AssertionError(head)
            if EVENT["MAILWEIR_LINE"] not in body.split("\n"):
                raise AssertionError(body)
            with open(place + "/words") as words:
                equal(words.read(), "-i -- root@example.test\n")
            os.unlink(place + "/mail")


def the_web_hook_gets_json(_site):
    if shutil.which("curl") is None:
        return "curl is not installed"
    with Hook() as hook:
        subprocess.run([SOURCE + "/conf/notify-webhook", hook.url],
                       env=dict(EVENT, PATH=os.environ["PATH"]), check=True,
                       timeout=PATIENCE)
    equal(hook.got, [{"text": "Mailweir: " + EVENT["MAILWEIR_LINE"],
                 "time": EVENT["MAILWEIR_TIME"], "event": "breaker",
                 "upstream": "filter", "destination": "", "to": "open",
                 "incident": "6b01bc06eb5", "host": "mx1"}])


NOTIFY = 'notify = { command = "{dir}/command with words"; };'
GROUPS = [
    ({"extra": NOTIFY}, [
        its_environment_is_the_event, all_events_of_this_host_are_told,
        runs_are_counted, runs_are_a_second_apart,
        a_failure_is_a_line_in_the_log,
        a_command_that_is_not_there_is_told]),
    ({"extra": NOTIFY}, [the_web_hook_is_told_by_policyd]),
    ({"extra": NOTIFY}, [
        one_that_talks_for_ever_is_killed_with_all_that_is_its,
        what_is_too_much_is_dropped, an_end_amid_one_is_clean,
        the_mail_says_what_happened, the_web_hook_gets_json]),
]


if __name__ == "__main__":
    sys.exit(main(GROUPS, Site))
