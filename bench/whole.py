"""Whole Postfix, from the client to the next relay: with all of Mailweir, and
with no-op servers on the same hooks."""
import os
import shutil
import subprocess
import time

from cases import in_turns
from stage import Stage, machine_us
import loop
from postfix import Postfix

CONFIGURATION = """\
feed = {{ maillog = "{log}"; }};
upstreams = {{
  relay = {{ nexthop = "[127.0.0.1]:{port}"; connections = 50; }};
}};
destinations = {{
  customers = {{ domains = [ "customer.test" ]; cap = 1000;
    routes = ( {{ upstream = "relay"; }} ); }};
}};
"""
CLIENTS = 20
LATE = 120      # seconds


def can():
    return os.geteuid() == 0 and shutil.which("postfix") and \
        shutil.which("smtp-source")


class Mail:
    """Sends messages through a host and waits until all have arrived."""

    def __init__(self, host):
        self.host = host
        self.seen = 0       # bytes of the log

    def statuses(self):
        """sent and put off since the last call."""
        with open(self.host.log, "rb") as log:
            log.seek(self.seen)
            text = log.read()
        self.seen += len(text)
        return text.count(b" status=sent "), text.count(b" status=") - \
            text.count(b" status=sent ")

    def send(self, messages):
        self.statuses()
        used = machine_us()
        begin = time.monotonic()
        subprocess.run(
            ["smtp-source", "-s", str(CLIENTS), "-m", str(messages), "-l",
             "4000", "-N", "-f", "news@sender.test", "-t", "@customer.test",
             "127.0.0.1:%d" % self.host.port], check=True,
            stdin=subprocess.DEVNULL, timeout=LATE)
        sent = 0
        taken = time.monotonic()
        while sent < messages:
            more, other = self.statuses()
            sent += more
            if other or time.monotonic() > begin + LATE:
                raise RuntimeError("%d of %d messages arrived:\n%s" % (
                    sent, messages, "\n".join(
                        self.host.text().splitlines()[-20:])))
            if not more:
                time.sleep(0.005)
        return {"rate": messages / (time.monotonic() - begin),
                "intake": messages / (taken - begin),
                "machine_us": (machine_us() - used) / messages}


def noop_host(lab, options, redis, text):
    """As a host with Mailweir is wired, but nobody is at home."""
    host = lab.host("noop", redis, text)
    stage = Stage(lab, options.build, redis)
    for kind in ("policy", "map", "milter"):
        stage.noop(kind, os.path.join(host.sockets, kind))
    Postfix.start(host)
    return host


def postfix(report, lab, options):
    """Intake and delivery, one SMTP session for each message."""
    redis = lab.redis()
    port = lab.port()
    lab.spawn("sink", "smtp-sink", "-u", "postfix", "127.0.0.1:%d" % port,
              "1000")
    mine = lab.host("ours", redis, CONFIGURATION.format(
        port=port, log=os.path.join(lab.logs, "ours.mail.log")))
    mine.start()
    theirs = noop_host(lab, options, redis, CONFIGURATION.format(
        port=port, log=os.path.join(lab.logs, "noop.mail.log")))
    mails = [Mail(host) for host in (mine, theirs)]
    for mail in mails:
        mail.send(CLIENTS)
    ours, noop = in_turns(options.mailings, *(
        lambda mail=mail: mail.send(options.messages) for mail in mails))
    if not loop.wait_for(lambda: mine.steady(), 1):
        raise RuntimeError("a daemon was restarted")
    report.pair("postfix", "whole Postfix, in and out", ours, noop, must=0.97,
                clients=CLIENTS, domains=1)
    report.value("postfix", "whole Postfix, of all processors for a message",
                 [run["machine_us"] for run in ours], "µs", domains=1,
                 noop=[run["machine_us"] for run in noop])
