#!/usr/bin/env python3
"""What Mailweir relies on in stock Postfix, asked of the Postfix that is
installed: the stories that a lane's process tells through gate and status
filter, what their failures do, and how policy and milter replies arrive.
"""
import asyncio
import collections
import os
import re
import time

import loop
import scripted
import tap
from lab import Lab
from relay import BUSY
from smtp import Smtp, send

LANE = """\
{name} unix - - n - 20 smtp
    -o smtp_tls_policy_maps=socketmap:unix:mailweir/{map}:gate.{name}
    -o smtp_delivery_status_filter=socketmap:unix:mailweir/{map}:outcome.{name}
    -o smtp_connection_cache_on_demand=no
    -o smtp_data_done_timeout=3s
    -o smtp_tls_security_level=may
"""

NO_RETRY = """\
minimal_backoff_time = 1000s
maximal_backoff_time = 1000s
queue_run_delay = 1000s
"""

HELD = "4.3.2 Mailweir: filter is open, next try in 28s (incident x1)"
PUT_OFF = "452 4.2.2 mailbox full"


def put_off_some(line):
    """A relay that takes some recipients and puts off others."""
    return PUT_OFF if "later" in line else None


async def after(seconds, answer):
    await asyncio.sleep(seconds)
    return answer


# name of the lane, what the first relay does, recipients, what the gate says
# of P and A (a text, or a function that makes an answer), the story expected
Row = collections.namedtuple("Row", "name what first to gate story",
                             defaults=({}, ["a"], {}, ""))
ROWS = [
    Row("f1", "healthy", "healthy",
        story="gate P, outcome 2.0.0"),
    Row("f2", "451 at RCPT", "busy",
        story="gate P, gate A, outcome 2.0.0"),
    Row("f3", "refused connection", "refused",
        story="gate P, gate A, outcome 2.0.0"),
    Row("f4", "421 banner", "banner-421",
        story="gate P, gate A, outcome 2.0.0"),
    Row("f5", "dropped at EHLO", "drop-ehlo",
        story="gate P, gate A, outcome 2.0.0"),
    Row("f6", "451 at end of data, three recipients", "busy-eod",
        ["a", "b", "c"],
        story="gate P, gate A, outcome 2.0.0, outcome 2.0.0, outcome 2.0.0"),
    Row("f7", "dropped at end of data", "drop-eod",
        story="gate P, gate A, outcome 2.0.0"),
    Row("f8", "silent at end of data until the timeout", "hang-eod",
        story="gate P, gate A, outcome 2.0.0"),
    Row("f9", "550 at RCPT", "reject",
        story="gate P, outcome 5.1.1"),
    Row("f10", "some recipients put off", {"RCPT": put_off_some},
        ["a", "later", "b"],
        story="gate P, outcome 2.0.0, outcome 2.0.0, gate A, outcome 2.0.0"),
    Row("f11", "gate refuses the first", "healthy",
        gate={"P": "TEMP open"},
        story="gate P, gate A, outcome 2.0.0"),
    Row("f12", "gate refuses both", "healthy",
        gate={"P": "TEMP open", "A": "TEMP open"},
        story="gate P, gate A, outcome 4.7.5"),
    Row("f13", "gate takes its time", "healthy",
        gate={"P": lambda: after(4, "NOTFOUND ")},
        story="gate P, outcome 2.0.0"),
]


class Lane:
    """A row with its two relays."""

    def __init__(self, lab, row):
        self.row = row
        self.relays = {"P": lab.relay(), "A": lab.relay()}
        self.relays["P"].become(row.first)
        self.names = {r.nexthop: n for n, r in self.relays.items()}
        self.to = ["%s@%s.test" % (t, row.name) for t in row.to]

    def transport(self):
        return "%s.test %s:%s, %s" % (
            self.row.name, self.row.name, self.relays["P"].nexthop,
            self.relays["A"].nexthop)

    def answer(self, map_name, key):
        if map_name.startswith("gate."):
            answer = self.row.gate.get(self.names.get(key), "NOTFOUND ")
            return answer() if callable(answer) else answer
        if key == "4.7.5 client TLS configuration problem":
            return "OK " + HELD
        return "NOTFOUND "

    def story(self, asked):
        lines = []
        for a in asked:
            if a.map == "gate." + self.row.name and a.key in self.names:
                lines.append("gate " + self.names[a.key])
            elif a.map == "outcome." + self.row.name:
                lines.append("outcome " + a.key.split(" ")[0])
        return ", ".join(lines)

    def connections(self, asked):
        """The socket connections and processes that told the story."""
        return {(a.connection, a.pid) for a in asked
                if a.map.endswith("." + self.row.name)}


def write_transport(host, lines):
    host.write("transport", "\n".join(lines) + "\n")
    host.append("transport_maps = texthash:{config}/transport")


def settled(host, recipients):
    """Has every one of these recipients a final status?"""
    done = {d.to for d in host.deliveries()}
    return done.issuperset(recipients)


def check_stories(lab):
    """One connection of one smtp process reads as a story."""
    host = lab.postfix("story", main=NO_RETRY)
    lanes = {row.name: Lane(lab, row) for row in ROWS}
    write_transport(host, [lane.transport() for lane in lanes.values()])
    for name in lanes:
        host.append("%s_destination_concurrency_failed_cohort_limit = 0"
                    % name, LANE.format(name=name, map="map"))
    server = scripted.Socketmap(
        os.path.join(host.sockets, "map"),
        lambda name, key: lanes[name.partition(".")[2]].answer(name, key))
    host.start()
    started = time.monotonic()
    for lane in lanes.values():
        send(host.port, lane.to)
    wanted = [to for lane in lanes.values() for to in lane.to]
    loop.wait_for(lambda: settled(host, wanted), 30)
    for lane in lanes.values():
        tap.same(lane.story(server.asked), lane.row.story, lane.row.what)
        tap.same(len(lane.connections(server.asked)), 1,
                 "%s: told by one process on one connection" % lane.row.what)
    check_gate_facts(host, lanes, server, started)
    server.close()
    host.stop()


def check_gate_facts(host, lanes, _server, started):
    primary = lanes["f11"].relays["P"]
    tap.same(primary.connections, 0, "a refused relay sees no connection")
    tap.same([d.status for d in host.deliveries("a@f11.test")], ["sent"],
             "a refusal goes on within the delivery, with no deferral")
    held = host.deliveries("a@f12.test")
    tap.same((held[0].status, held[0].dsn + " " + held[0].text),
             ("deferred", HELD),
             "the status filter turns both refusals into our words")
    tap.same(sum(r.connections for r in lanes["f12"].relays.values()), 0,
             "with both refused nobody is connected to")
    slow = lanes["f13"].relays["P"].accepted[0].time - started
    others = max(r.accepted[0].time - started
                 for n in ("f1", "f2", "f4")
                 for r in lanes[n].relays.values() if r.accepted)
    tap.ok(others < 3.5 < slow,
           "a gate that takes its time holds up its own delivery only",
           "the others: %.1f s, the slow one: %.1f s" % (others, slow))
    lost = lanes["f7"].relays
    tap.same((len(lost["P"].accepted), len(lost["A"].accepted)), (0, 1),
             "lost at end of data: the next hop gets it once")


FILTERS = {     # what the status filter does; the mail was delivered
    "temp": "TEMP busy",
    "perm": "PERM no",
    "word": "WHAT is this",
    "text": b"this is no netstring",
    "close": scripted.CLOSE,
    "empty": "OK ",
    "class": "OK 4.3.2 not for a success",
    "code": "OK hello",
}


def check_filter_failures(lab):
    """Whatever the status filter does, a delivered message is delivered."""
    host = lab.postfix("filter")
    relay = lab.relay()

    def handler(name, _key):
        kind, _, lane = name.partition(".")
        return "NOTFOUND " if kind == "gate" else FILTERS[lane]

    names = list(FILTERS) + ["gone"]
    write_transport(host, ["%s.test %s:%s" % (n, n, relay.nexthop)
                           for n in names])
    for name in FILTERS:
        host.append("", LANE.format(name=name, map="map"))
    host.append("", LANE.format(name="gone", map="nobody")
                .replace("smtp_tls_policy_maps", "smtp_unused"))
    server = scripted.Socketmap(os.path.join(host.sockets, "map"), handler)
    host.start()
    for name in names:
        send(host.port, ["a@%s.test" % name], identity=name)
    loop.wait_for(lambda: settled(host, ["a@%s.test" % n for n in names]), 20)
    for name in names:
        tap.same(([d.status for d in host.deliveries("a@%s.test" % name)],
                  relay.ids().count(name)), (["sent"], 1),
                 "status filter fails (%s): sent, and once" % name)
    server.close()
    host.stop()


GRANTS = {      # the gate's answer, TLS offered by P, (P took it, with TLS)
    "may": ("OK may", True, (True, True)),
    "none": ("OK none", True, (True, False)),
    "level": ("NOTFOUND ", True, (True, True)),
    "encrypt": ("OK encrypt", True, (True, True)),
    "without": ("OK encrypt", False, (False, None)),
}


def check_grants(lab):
    """A grant carries the TLS policy of its upstream, and only of it."""
    host = lab.postfix("grant")
    tls = lab.tls()
    first = {n: lab.relay(tls=tls if g[1] else None)
             for n, g in GRANTS.items()}
    second = lab.relay()
    # The relay that is away, and the server that is: nothing may be sent.
    gone = lab.relay()
    write_transport(host, ["%s.test %s:%s, %s" % (
        n, n, first[n].nexthop, second.nexthop) for n in GRANTS] + [
            "away.test away:%s" % gone.nexthop])
    for name in GRANTS:
        host.append("", LANE.format(name=name, map="map"))
    host.append("", LANE.format(name="away", map="nobody"))

    def handler(name, key):
        kind, _, lane = name.partition(".")
        if kind == "outcome" or key == second.nexthop:
            return "NOTFOUND "
        return GRANTS[lane][0]

    server = scripted.Socketmap(os.path.join(host.sockets, "map"), handler)
    host.start()
    everyone = ["a@%s.test" % n for n in list(GRANTS) + ["away"]]
    for to in everyone:
        send(host.port, [to], identity=to)
    loop.wait_for(lambda: settled(host, everyone), 20)
    for name, (answer, offered, (took, with_tls)) in GRANTS.items():
        mails = first[name].accepted
        tap.same((bool(mails), mails[0].tls if mails else None),
                 (took, with_tls),
                 "gate says %s, STARTTLS %soffered" % (
                     answer, "" if offered else "not "))
    tap.same(second.ids(), ["a@without.test"],
             "what one next hop may not take in clear goes to the next")
    away = host.deliveries("a@away.test")[0]
    tap.same((gone.connections, away.status, away.dsn),
             (0, "deferred", "4.7.5"),
             "no gate, no connection: the mail waits")
    server.close()
    host.stop()


def check_no_backing_off(lab):
    """Stock Postfix does not back off on a 4xx, and its limits hold."""
    host = lab.postfix("stock", main="lane_destination_recipient_limit = 2\n"
                       "lane_destination_concurrency_limit = 4\n"
                       "smtp_connection_cache_on_demand = no",
                       master="lane unix - - n - 20 smtp")
    sick, well, slow = lab.relay(), lab.relay(), lab.relay(seconds=0.2)
    sick.become("busy")
    write_transport(host, [
        "x.test smtp:%s, %s" % (sick.nexthop, well.nexthop),
        "y.test lane:%s" % slow.nexthop])
    host.start()
    everyone = ["u%d@x.test" % n for n in range(30)] + [
        "u%d@y.test" % n for n in range(30)]
    for to in everyone:
        send(host.port, [to], identity=to)
    loop.wait_for(lambda: settled(host, everyone), 20)
    tap.same((len(sick.asked), len(well.accepted)), (30, 30),
             "stock asks the sick relay first, with every message")
    tap.same((slow.peak, len(slow.accepted)), (4, 30),
             "without a connection cache the concurrency limit is exact")
    host.stop()


SMTPD = """\
127.0.0.1:{port} inet n - n - - smtpd
    -o {{ smtpd_recipient_restrictions = check_policy_service {{ unix:mailweir/{socket}, timeout=2s, {options} }} }}
    -o {{ smtpd_end_of_data_restrictions = check_policy_service {{ unix:mailweir/{socket}, timeout=2s, {options} }} }}
"""


def check_policy(lab):
    """Policy replies, attributes and failures."""
    host = lab.postfix("policy")
    relay = lab.relay()
    write_transport(host, ["* smtp:" + relay.nexthop])
    ports = {}
    for name, socket, options in (
            ("fine", "policy", "try_limit=1, default_action=DUNNO"),
            ("twice", "policy", "try_limit=2, default_action=DUNNO"),
            ("gone", "nobody", "try_limit=1, default_action=DUNNO"),
            ("stock", "nobody", "try_limit=2")):
        ports[name] = lab.port()
        host.append("", SMTPD.format(port=ports[name], socket=socket,
                                     options=options))

    def handler(request):
        user = request["recipient"].partition("@")[0]
        if request["protocol_state"] != "RCPT":
            user = request["sender"].partition("@")[0]
        return {"cap": "451 4.3.2 contoso is at capacity",
                "stop": "421 4.3.2 Service not available",
                "late": "451 4.3.2 contoso is unavailable",
                "hang": scripted.HANG,
                "close": scripted.CLOSE,
                "garbage": b"what?\n\n"}.get(user, "DUNNO")

    server = scripted.Policy(os.path.join(host.sockets, "policy"), handler)
    host.start()
    client = Smtp(ports["fine"])
    tap.same(client.begin("s@sender.test", "cap@x.test"),
             (451, "451 4.3.2 <cap@x.test>: Recipient address rejected: "
              "contoso is at capacity"), "a policy's 451 at RCPT")
    tap.same(client.command("RCPT TO:<good@x.test>")[0], 250,
             "other recipients go on")
    client.command("RCPT TO:<more@x.test>")
    tap.same(client.data("p1")[0], 250, "and the message is taken")
    seen = [r for r in server.asked if r["sender"] == "s@sender.test"]
    tap.same([r["protocol_state"] for r in seen],
             ["RCPT"] * 3 + ["END-OF-MESSAGE"], "when a policy is asked")
    tap.same(len({r["instance"] for r in seen}), 1,
             "one instance for a whole transaction")
    tap.same((seen[-1]["recipient"], seen[-1]["recipient_count"]), ("", "2"),
             "at end of message: no recipient, but how many")
    tap.ok(all(r["client_address"] == "127.0.0.1" and
               r["server_port"] == str(ports["fine"]) and
               r["client_port"] == str(client.socket.getsockname()[1])
               for r in seen), "which connection it is", seen)
    client.begin("s2@sender.test", "good@x.test")
    tap.ok(server.asked[-1]["instance"] != seen[0]["instance"],
           "another MAIL is another instance")
    client.begin("s2@sender.test")
    client.command("RSET")
    client.begin("late@sender.test", "good@x.test")
    tap.same(client.data("p2"),
             (451, "451 4.3.2 <END-OF-MESSAGE>: End-of-data rejected: "
              "contoso is unavailable"), "a policy's 451 at end of message")
    tap.same(client.begin("s@sender.test", "stop@x.test")[1],
             "421 4.3.2 <stop@x.test>: Recipient address rejected: "
             "Service not available", "a policy's 421")
    tap.same(client.reply()[0], 0, "421 ends the session")
    check_policy_failures(ports, server)
    loop.wait_for(lambda: relay.ids(), 10)
    tap.same(relay.ids(), ["p1"], "only what was accepted is delivered")
    server.close()
    host.stop()


def check_policy_failures(ports, server):
    for name, user in (("fine", "close"), ("fine", "garbage"),
                       ("fine", "hang"), ("gone", "a")):
        started = time.monotonic()
        client = Smtp(ports[name])
        code = client.begin("s3@sender.test", user + "@y.test")[0]
        took = time.monotonic() - started
        client.close()
        tap.ok(code == 250 and took < 6,
               "policy server fails (%s): default_action=DUNNO" % (
                   user if name == "fine" else name),
               "%d after %.1f s" % (code, took))
    asked = [r for r in server.asked if r["recipient"] == "hang@y.test"]
    tap.same(len(asked), 1, "try_limit=1 asks once")
    client = Smtp(ports["twice"])
    client.begin("s4@sender.test", "hang@z.test")
    client.close()
    asked = [r for r in server.asked if r["recipient"] == "hang@z.test"]
    tap.same((len(asked), len({r["instance"] for r in asked})), (2, 1),
             "try_limit=2 asks the same again after its timeout")
    client = Smtp(ports["stock"])
    tap.same(client.begin("s5@sender.test", "a@y.test")[1][:9], "451 4.3.5",
             "without default_action a policy server that is away defers")
    client.close()


def check_milter(lab):
    """What a milter sees, when, and how its replies arrive."""
    host = lab.postfix("milter")
    relay = lab.relay()
    write_transport(host, ["* smtp:" + relay.nexthop])
    port, away = lab.port(), lab.port()
    host.append("", """\
127.0.0.1:{port} inet n - n - - smtpd
    -o {{ smtpd_milters = {{ unix:mailweir/milter, default_action=accept }} }}
    -o {{ smtpd_recipient_restrictions = check_policy_service unix:mailweir/policy }}
127.0.0.1:{away} inet n - n - - smtpd
    -o {{ smtpd_milters = {{ unix:mailweir/nobody, default_action=accept }} }}
""".format(port=port, away=away))

    def answer(command, data):
        if command == "R" and data.startswith(b"<cap@"):
            return scripted.Milter.reply("451 4.3.2 contoso is at capacity")
        if command == "E" and answer.late:
            return scripted.Milter.reply("451 4.3.2 contoso went away")
        return None

    answer.late = False
    milter = scripted.Milter(os.path.join(host.sockets, "milter"), answer)
    policy = scripted.Policy(
        os.path.join(host.sockets, "policy"),
        lambda r: "451 4.3.2 no" if r["recipient"].startswith("no@")
        else "DUNNO")
    host.start()
    client = Smtp(port)
    client.begin("s@sender.test", "no@x.test")
    tap.same(client.command("RCPT TO:<cap@x.test>")[1],
             "451 4.3.2 contoso is at capacity",
             "a milter's reply at RCPT is verbatim")
    client.command("RCPT TO:<good@x.test>")
    tap.ok(not [d for _, c, d in milter.asked if c == "R" and
                d.startswith(b"<no@")],
           "what the policy refused is not shown to the milter")
    tap.same(client.data("m1")[0], 250, "the rest is accepted")
    client.begin("s@sender.test", "good@x.test")
    loop.wait_for(lambda: milter.commands(1).count("M") == 2, 5)
    tap.ok(re.search("EA+M", milter.commands(1).replace("H", "")),
           "an abort comes after a good end of message, before the next",
           milter.commands(1))
    client.command("RSET")
    client.begin("s@sender.test", "good@x.test")
    answer.late = True
    tap.same(client.data("m2")[1], "451 4.3.2 contoso went away",
             "a milter's reply at end of message is verbatim")
    client.begin("s@sender.test", "good@x.test")
    client.command("DATA")
    client.send("Subject: cut off\r\n")
    client.close()
    tap.ok(loop.wait_for(lambda: milter.commands(1).endswith("Q"), 5),
           "a client that vanishes in DATA: the milter hears at once",
           milter.commands(1))
    tap.ok("A" in milter.commands(1)[-3:], "and of the abort",
           milter.commands(1))
    tap.same(send(away, ["good@x.test"], "m3")[0], 250,
             "milter away, default_action=accept: mail is accepted")
    loop.wait_for(lambda: len(relay.ids()) == 2, 10)
    tap.same(sorted(relay.ids()), ["m1", "m3"],
             "what was refused at end of message is not queued")
    milter.close()
    policy.close()
    host.stop()


def check_release(lab):
    """postqueue -i brings one message back at once."""
    host = lab.postfix("release", main=NO_RETRY)
    relay = lab.relay()
    relay.become("busy")
    write_transport(host, ["* smtp:" + relay.nexthop])
    host.start()
    for name in ("a", "b"):
        send(host.port, [name + "@x.test"], name)
    loop.wait_for(lambda: settled(host, ["a@x.test", "b@x.test"]), 10)
    relay.become("healthy")
    ids = {m["recipients"][0]["address"]: m["queue_id"] for m in host.queue()}
    host.command("postqueue", "-i", ids["b@x.test"])
    loop.wait_for(lambda: relay.ids(), 10)
    tap.same((relay.ids(), host.queued()), (["b"], ["a@x.test"]),
             "postqueue -i delivers that message, and no other")
    tap.same(BUSY in host.queue()[0]["recipients"][0]["delay_reason"], True,
             "the queue says why the other waits")
    host.stop()


def body(lab):
    for check in (check_stories, check_filter_failures, check_grants,
                  check_no_backing_off, check_policy, check_milter,
                  check_release):
        check(lab)


if __name__ == "__main__":
    tap.run(body, Lab, measures=False)
