#!/usr/bin/env python3
"""listen.status of mailweir-policyd: what a scraper, an orchestrator and a
browser get, and what a bad client does not. Real daemon, real redis-server.
Speaks TAP."""

import html.parser
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys


from test_policyd import (BUILD, OK, PATIENCE, SOURCE, Daemons, Lane, Peer,
                          Smtpd, equal, main, until)

SAMPLE = re.compile(r'([a-z_]+)(\{(.*)\})? (-?[0-9.]+)')
SELECTOR = re.compile(r"\b(mailweir_[a-z_]+)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'([a-z]+)(=~|!=|=)"([^"]*)"')
LABEL = re.compile(r'([a-z]+)="([^"\\\n]*)"(,|$)')


class Site(Daemons):
    def __init__(self, **settings):
        super().__init__(status=settings.pop("status", "unix:{dir}/status"),
                         **settings)

    def write_config(self, **settings):
        self.settings["status"] = self.settings["status"].format(
            dir=self.dir)
        super().write_config(**settings)

    def force(self, *words):
        subprocess.run([os.path.join(BUILD, "mailweir"), *words,
                        "-c", self.config], check=True,
                       stdout=subprocess.DEVNULL)


class Guest(Peer):
    """Somebody who looks on."""

    def __init__(self, site):
        super().__init__(site, "status")

    def send(self, data):
        self.socket.sendall(data)

    def read(self):
        data = b""
        while True:
            part = self.socket.recv(65536)
            if not part:
                return data
            data += part


def request(site, raw):
    guest = Guest(site)
    guest.send(raw)
    answer = guest.read()
    guest.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    if headers["Connection"] != "close":
        raise AssertionError(headers)
    return int(lines[0].split()[1]), headers, body.decode()


def get(site, path, method="GET"):
    return request(site, ("%s %s HTTP/1.1\r\nHost: mx1\r\n\r\n" %
                          (method, path)).encode())


def body_of(site, path):
    code, headers, body = get(site, path)
    equal(code, 200)
    equal(int(headers["Content-Length"]), len(body))
    return body


def labels_of(text):
    labels = {}
    while text:
        match = LABEL.match(text)
        if not match or match[1] in labels:
            raise AssertionError("labels: " + text)
        labels[match[1]] = match[2]
        text = text[match.end():]
    return labels


class Metrics:
    """The text format, read strictly: each family in one piece, its HELP and
    TYPE first, no sample twice."""

    def __init__(self, text):
        self.samples = {}
        self.types = {}
        if not text.endswith("\n"):
            raise AssertionError("no end")
        family = None
        for line in text.splitlines():
            if line.startswith("# HELP "):
                family = line.split()[2]
                if family in self.types or len(line.split()) < 4:
                    raise AssertionError(line)
                self.types[family] = None
            elif line.startswith("# TYPE "):
                equal(line.split()[2], family)
                self.types[family] = line.split()[3]
            else:
                self.add(family, line)

    def add(self, family, line):
        match = SAMPLE.fullmatch(line)
        if not match or match[1] != family:
            raise AssertionError("%s: %s" % (family, line))
        equal(self.types[family],
              "counter" if family.endswith("_total") else "gauge")
        if not family.startswith("mailweir_"):
            raise AssertionError(family)
        key = (family, tuple(sorted(labels_of(match[3] or "").items())))
        if key in self.samples:
            raise AssertionError("twice: " + line)
        self.samples[key] = float(match[4])

    def get(self, name, **labels):
        return self.samples.get(("mailweir_" + name,
                                 tuple(sorted(labels.items()))))


def metrics(site):
    return Metrics(body_of(site, "/metrics"))


def deliver(site, times, status=OK):
    lane = Lane(site)
    for _ in range(times):
        lane.gate("second")
        lane.outcome(status)
    lane.close()


def metrics_are_in_the_text_format(site):
    names = {"upstream": {"filter", "second", "bypass", "lone"},
             "destination": {"contoso", "lone"}}
    found = metrics(site)
    for _, labels in found.samples:
        for name, value in labels:
            if name in names and value not in names[name]:
                raise AssertionError(value)
            if name not in names and name not in (
                    "class", "state", "reason", "result", "version"):
                raise AssertionError(name)
    for name in ("fleet_delivered_total", "fleet_destination_transactions"):
        equal({dict(labels)["destination"] for family, labels in found.samples
               if family == "mailweir_" + name}, names["destination"])
    equal(found.get("enforcing"), 1.0)
    equal(found.get("redis_up"), 1.0)
    equal(found.get("fleet_hosts", state="enforce"), 1.0)


def selectors(path):
    """(name, [(label, operator, value)]) of each expression in a file; a
    variable of Grafana's stands for anything."""
    with open(os.path.join(SOURCE, path)) as text:
        found = SELECTOR.findall(text.read().replace('\\"', '"'))
    for name, labels in found:
        yield name, [(label, operator, re.sub(r"\$\w+", ".*", value))
                     for label, operator, value in MATCHER.findall(labels)]


def fits(labels, matchers):
    return all({"=": labels.get(name) == value,
                "!=": labels.get(name, "") != value,
                "=~": re.fullmatch(value, labels.get(name, "")),
                }[operator] for name, operator, value in matchers)


def what_alerts_and_dashboard_ask_for_is_there(site):
    samples = metrics(site).samples
    for path in ("packaging/prometheus/mailweir.rules.yml",
                 "packaging/grafana/mailweir.json"):
        for name, matchers in selectors(path):
            if name == "mailweir_fleet_":       # "... is the same"
                continue
            if not any(family == name and fits(dict(labels), matchers)
                       for family, labels in samples):
                raise AssertionError("%s: %s%s" % (path, name, matchers))


def promtool_finds_no_fault(site):
    if shutil.which("promtool") is None:
        return "promtool is not installed"
    found = subprocess.run(["promtool", "check", "metrics"],
                           input=body_of(site, "/metrics"),
                           capture_output=True, text=True)
    equal((found.returncode, found.stdout, found.stderr), (0, "", ""))


def counters_follow_the_mail(site):
    deliver(site, 3)
    smtpds = [Smtpd(site) for _ in range(3)]
    for port, smtpd in enumerate(smtpds):
        smtpd.ask(port=port + 1)
    until(lambda: metrics(site).get("fleet_deferred_total", reason="cap",
                                    destination="contoso") == 1.0,
          "the deferral")
    now = metrics(site)
    equal(now.get("fleet_delivered_total", destination="contoso"), 3.0)
    equal(now.get("fleet_destination_transactions", destination="contoso"),
          2.0)
    equal(now.get("fleet_destination_transactions_limit",
                  destination="contoso"), 2.0)
    equal(now.get("outcomes_total", upstream="second", **{"class": "ok"}),
          3.0)
    equal(now.get("fleet_outcomes_total", upstream="second",
                  **{"class": "ok"}), 3.0)
    for smtpd in smtpds:
        smtpd.close()


def states_and_slots_are_shown(site):
    lane = Lane(site)
    lane.gate("second")
    until(lambda: metrics(site).get("fleet_upstream_connections",
                                    upstream="second") == 1.0, "the report")
    equal(metrics(site).get("upstream_slots_in_use", upstream="second"), 1.0)
    equal(metrics(site).get("fleet_upstream_connections_limit",
                            upstream="second"), 2.0)
    lane.close()
    site.force("force", "second", "open", "--for", "1m", "--reason", "test")
    until(lambda: metrics(site).get("fleet_upstream_state", state="open",
                                    upstream="second") == 1.0, "the force")
    now = metrics(site)
    equal(now.get("fleet_upstream_state", state="closed", upstream="second"),
          0.0)
    equal(now.get("fleet_upstream_forced", upstream="second"), 1.0)
    equal(now.get("fleet_upstream_connections_limit", upstream="second"), 0.0)
    equal(now.get("fleet_upstream_allowance_ratio", upstream="second"), 0.0)
    site.force("force", "second", "auto")
    site.force("hold", "lone", "--for", "1m", "--reason", "test")
    until(lambda: metrics(site).get("fleet_destination_on_hold",
                                    destination="lone") == 1.0, "the hold")
    equal(metrics(site).get("fleet_destination_on_hold",
                            destination="contoso"), 0.0)
    site.force("release", "lone")


def health_is_good(site):
    code, headers, body = get(site, "/healthz")
    equal((code, headers["Content-Type"]), (200, "application/json"))
    health = json.loads(body)
    equal([health[name] for name in ("status", "redis", "mode", "host",
                                     "reload_due")],
          ["ok", "fine", "enforce", "mx1", False])


def the_json_is_that_of_the_command(site):
    def known():
        ours = json.loads(body_of(site, "/status.json"))
        theirs = json.loads(subprocess.run(
            [os.path.join(BUILD, "mailweir"), "status", "--json",
             "-c", site.config], capture_output=True, check=True).stdout)
        ours["now_ms"] = theirs["now_ms"] = 0
        for status in (ours, theirs):
            for host in status["hosts"]:
                host["seen_ms"] = 0
            for upstream in status["upstreams"]:
                upstream["next_step_ms"] = 0
            for finding in status["health"]:
                finding["next"] = None
        return ours == theirs
    until(known, "the same figures")


class Page(html.parser.HTMLParser):
    """Every element is closed, nothing is loaded from elsewhere, nothing runs
    but the script."""

    VOID = ("meta", "link")

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.loads = []
        self.text = ""
        self.feed(text)
        self.close()
        equal(self.open, [])

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("src", "href"):
                self.loads.append(value)
            if name == "style" or name.startswith("on"):
                raise AssertionError("%s has %s" % (tag, name))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        equal(self.open.pop(), tag)

    def handle_data(self, data):
        if self.open[-1:] in (["script"], ["style"]) and data:
            raise AssertionError(data)
        self.text += data


def the_page_is_whole_and_stands_alone(site):
    code, headers, body = get(site, "/")
    equal((code, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
    policy = headers["Content-Security-Policy"]
    if "default-src 'none'" not in policy or "unsafe" in policy:
        raise AssertionError(policy)
    page = Page(body)
    for name in ("all is well", "filter", "contoso", "mx1", "Redis fine"):
        if name not in page.text:
            raise AssertionError(name)
    for path in page.loads:
        code, headers, body = get(site, "/" + path)
        equal((code, len(body) > 100), (200, True))
    equal(sorted(page.loads), ["metrics", "status.css", "status.js",
                               "status.json", "status.svg"])


def a_reason_is_shown_as_it_was_given(site):
    reason = "<script>alert('1')</script> & more"
    site.force("force", "filter", "open", "--for", "1m", "--reason", reason)
    until(lambda: reason in Page(body_of(site, "/")).text, "the reason")
    until(lambda: "override" in Page(body_of(site, "/")).text, "the event")
    if "<script>a" in body_of(site, "/"):
        raise AssertionError("it would run")
    if "filter is forced open: takes no mail" not in Page(body_of(site, "/")).text:
        raise AssertionError("no headline")
    site.force("force", "filter", "auto")


def a_head_has_no_body(site):
    code, headers, body = get(site, "/metrics", "HEAD")
    equal((code, body), (200, ""))
    if int(headers["Content-Length"]) < 1000:
        raise AssertionError(headers)


def nothing_can_be_changed(site):
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "get"):
        code, headers, _ = get(site, "/metrics", method)
        equal((code, headers["Allow"]), (405, "GET, HEAD"))


def unknown_paths_are_not_found(site):
    for path in ("/x", "/metrics/", "/../etc/passwd", "/%2e%2e/", "//"):
        equal(get(site, path)[0], 404)


def what_is_no_http_is_refused(site):
    for raw in (b"\x16\x03\x01", b"EHLO x\r\n", b"GET /\r\n",
                b"GET / HTTP/1.1\r\nx\r\n", b"GET / HTTP/1.1\r\nA: \0\r\n",
                b"GET /" + b"a" * 9000):
        equal(request(site, raw)[0], 400)


def a_request_in_pieces_is_read(site):
    guest = Guest(site)
    for byte in b"GET /healthz HTTP/1.0\r\n\r\n":
        guest.send(bytes([byte]))
    if b'"ok"' not in guest.read():
        raise AssertionError("no answer")
    guest.close()


def half_a_request_is_not_waited_for_for_ever(site):
    guest = Guest(site)
    guest.send(b"GET / HTTP/1.1\r\n")
    if not guest.is_closed():
        raise AssertionError("still open")
    guest.close()


def those_who_hang_around_make_room(site):
    guests = [Guest(site) for _ in range(100)]
    for guest in guests:
        guest.send(b"GET /metrics HTTP/1.1\r\n")
    equal(json.loads(body_of(site, "/healthz"))["status"], "ok")
    for guest in guests:
        guest.close()


def many_who_ask_hold_up_no_gate(site):
    lane = Lane(site)
    guests = []
    for _ in range(300):
        guest = Guest(site)
        guest.send(b"GET /status.json HTTP/1.1\r\n\r\n")
        guests.append(guest)
        equal(lane.ask("gate.nowhere", "x").split()[0], "PERM")
    for guest in guests:
        guest.close()
    lane.close()
    equal(json.loads(body_of(site, "/healthz"))["status"], "ok")


def a_refused_reload_is_told(site):
    with open(site.config, "a") as out:
        out.write("nonsense = 1;\n")
    site.policyd.send_signal(signal.SIGHUP)
    until(lambda: metrics(site).get("config_last_reload_successful") == 0.0,
          "the refusal")
    # A paper serves for 250 ms.
    until(lambda: json.loads(body_of(site, "/healthz"))["reload_due"],
          "the same in /healthz")
    before = metrics(site).get("config_hash")
    site.write_config(open_for="31s")
    site.policyd.send_signal(signal.SIGHUP)
    until(lambda: metrics(site).get("config_last_reload_successful") == 1.0,
          "the reload")
    if metrics(site).get("config_hash") == before:
        raise AssertionError("the same hash")


def redis_is_not_asked(site):
    site.redis_server.send_signal(signal.SIGSTOP)
    until(lambda: json.loads(body_of(site, "/healthz"))["redis"] == "silent",
          "the silence")
    equal(metrics(site).get("redis_up"), 0.0)
    body_of(site, "/status.json")
    site.redis_server.send_signal(signal.SIGCONT)
    until(lambda: metrics(site).get("redis_up") == 1.0, "the answer")


def an_address_will_do(site):
    port = int(site.settings["status"].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as conn:
        conn.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        conn.shutdown(socket.SHUT_WR)
        with conn.makefile("rb") as answer:
            if not answer.readline().startswith(b"HTTP/1.1 200 "):
                raise AssertionError("no answer")


def an_end_amid_an_answer_is_clean(site):
    guest = Guest(site)
    guest.send(b"GET / HT")
    site.policyd.terminate()
    equal(site.policyd.wait(8), 0)
    if site.logged("Assertion") or site.logged("ERROR:"):
        raise AssertionError("not clean")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


GROUPS = [
    ({}, [
        metrics_are_in_the_text_format, promtool_finds_no_fault,
        what_alerts_and_dashboard_ask_for_is_there,
        counters_follow_the_mail, states_and_slots_are_shown, health_is_good,
        the_json_is_that_of_the_command, the_page_is_whole_and_stands_alone,
        a_reason_is_shown_as_it_was_given, a_head_has_no_body,
        nothing_can_be_changed, unknown_paths_are_not_found,
        what_is_no_http_is_refused, a_request_in_pieces_is_read,
        half_a_request_is_not_waited_for_for_ever,
        those_who_hang_around_make_room, many_who_ask_hold_up_no_gate,
        a_refused_reload_is_told, redis_is_not_asked,
        an_end_amid_an_answer_is_clean]),
    ({"status": "inet:127.0.0.1:%d" % free_port()}, [an_address_will_do]),
]


if __name__ == "__main__":
    sys.exit(main(GROUPS, Site))
