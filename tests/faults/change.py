"""What people change, who else is there, and what is asked badly."""
import os
import signal
import socket
import threading
import time

import nameserver
import relay as relays
import smtp
from fault import Fault
from ground import CAP, CONNECTIONS

HUPS = 1000
HANGING = 200               # connections
WAIT = 0.05                 # seconds


def bad_configuration(ground):
    host = ground.victim
    with open(host.file, "a", encoding="utf-8") as file:
        file.write("upstreams = { nonsense")
    host.reload_daemons()
    yield
    host.configure(ground.configuration())
    host.reload_daemons()


def secret_for_all_to_read(ground):
    path = ground.lab.path("secret")
    os.chmod(path, 0o644)
    ground.victim.reload_daemons()
    yield
    os.chmod(path, 0o600)
    ground.victim.reload_daemons()


def many_hups(ground):
    for _ in range(HUPS):
        ground.victim.reload_daemons()
        time.sleep(0.001)
    yield


ANOTHER = """
  litware = {{ domains = [ "litware{n}.test" ];
    routes = ( {{ upstream = "filter-eu"; }} ); }};
"""


def changes(ground):
    """Another destination in each file, before the others and behind them."""
    host = ground.victim
    for n in range(20):
        text = ground.configuration()
        at = "destinations = {" if n % 2 else "catch_all = true;"
        if n % 2:
            text = text.replace(at, at + ANOTHER.format(n=n))
        host.configure(text)
        host.reload_daemons()
        time.sleep(WAIT)
    yield
    host.configure(ground.configuration())
    host.reload_daemons()


def postfix_reload(ground):
    ground.victim.reload()
    yield


def policyd_restart(ground):
    host = ground.victim
    host.policyd.terminate()
    host.policyd.wait(20)
    host.start_policyd()
    yield


def milter_restart(ground):
    host = ground.victim
    host.milter.terminate()
    host.milter.wait(20)
    host.start_milter()
    yield


# Others in the same store

def versions(ground):
    """A host of an older version, with fewer words in its row, and one of a
    newer one, with more: both hold slots, and write what only they know."""
    going = threading.Event()

    def neighbours():
        client = ground.redis.client()
        while not going.wait(0.2):
            seconds, micro = client("TIME")
            expiry = int(seconds) * 1000 + int(micro) // 1000 + 5000
            slots = "mailweir:upstream:{filter}:slots"
            client("HSET", slots, "old", "2 2 0 %d" % expiry,
                   "new", "2 2 0 %d 0 7 later" % expiry)
            client("HSET", "mailweir:upstream:{filter}", "later", "x")
            client("HSET", "mailweir:dest:{contoso}", "later", "7")
            client("HSET", "mailweir:hosts", "old", "%d 0.0.1 x enforce" % (
                expiry - 5000), "new", "%d 9.0 x enforce 1 2" % (
                    expiry - 5000))
            client("XADD", "mailweir:events", "MAXLEN", "~", "1000", "*",
                   "event", "later", "what", "nobody knows")
        client("HDEL", slots, "old", "new")
        client("HDEL", "mailweir:hosts", "old", "new")
        client("HDEL", "mailweir:upstream:{filter}", "later")
        client.close()

    thread = threading.Thread(target=neighbours)
    thread.start()
    time.sleep(2)               # what is above our share has ended
    peak = ground.relays[0].peak
    ground.relays[0].peak = 0
    yield
    if ground.relays[0].peak > CONNECTIONS - 4:
        ground.complaints.append("%d connections beside those who hold 4" %
                                 ground.relays[0].peak)
    ground.relays[0].peak = max(peak, ground.relays[0].peak)
    going.set()
    thread.join()


# Relays, and names

def relay_becomes(*modes):
    """The first relays, one after the other."""
    def acts(ground):
        for relay, mode in zip(ground.relays, modes):
            relay.become(mode)
        yield
        for relay in ground.relays:
            relay.become("healthy")
    return acts


def relay_flaps(ground):
    for _ in range(10):
        ground.relays[0].become("refused")
        time.sleep(0.1)
        ground.relays[0].become("healthy")
        time.sleep(0.1)
    yield


def dns(reply):
    def acts(ground):
        ground.dns.stop()
        scripted = nameserver.Scripted(reply)
        yield
        scripted.stop()
        ground.dns.start()
    return acts


def dns_gone(ground):
    ground.dns.stop()
    yield
    ground.dns.start()


# Peers who hang

def connected(path, data):
    peer = socket.socket(socket.AF_UNIX)    # waits while the backlog is full
    peer.connect(path)
    peer.sendall(data)
    return peer


def hanging(name, data):
    """So many connections that end in the middle of a question."""
    def acts(ground):
        path = os.path.join(ground.victim.sockets, name)
        peers = [connected(path, data) for _ in range(HANGING)]
        yield
        for peer in peers:
            peer.close()
    return acts


def deaf(name, data):
    """They ask and ask, and take no answer."""
    def acts(ground):
        path = os.path.join(ground.victim.sockets, name)
        peers = [connected(path, b"") for _ in range(4)]
        for peer in peers:
            peer.setblocking(False)
        for _ in range(200):
            for peer in peers:
                try:
                    peer.send(data * 100)
                except OSError:
                    pass            # full, or closed
        yield
        for peer in peers:
            peer.close()
    return acts


def places_taken(ground):
    """Clients who never end their messages have all of a cap."""
    held = []
    end = time.monotonic() + 20
    while len(held) < CAP and time.monotonic() < end:
        client = smtp.Smtp(ground.victim.port)
        reply = client.begin("s@sender.test", "held@fabrikam.test")
        if reply[0] == 250 and client.command("DATA")[0] == 354:
            held.append(client)
        else:
            client.close()
            time.sleep(WAIT)
    yield
    for client in held:
        client.close()


def stopped_in_turn(ground):
    """All parts of ours stand still, one after the other."""
    host = ground.victim
    for pid in (host.policyd_loop(), host.milter.pid, host.policyd.pid):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.5)
        os.kill(pid, signal.SIGCONT)
    yield


GATE = b"30:gate.contoso [192.0.2.1]:25000,"
RCPT = (b"request=smtpd_access_policy\nprotocol_state=RCPT\n"
        b"recipient=a@contoso.test\nclient_address=192.0.2.1\n"
        b"client_port=1\nserver_port=25\ninstance=1\n\n")

FAULTS = [
    Fault("bad-configuration", "SIGHUP with a file that is bad",
          bad_configuration),
    Fault("bad-secret", "SIGHUP with a password that all may read",
          secret_for_all_to_read),
    Fault("hups", "a thousand SIGHUPs", many_hups),
    Fault("changes", "twenty new files in a second", changes),
    Fault("postfix-reload", "postfix reload", postfix_reload, cycles=True,
          hold=0.3),
    Fault("policyd-restart", "policyd is stopped and started",
          policyd_restart, may=("crowds",), cycles=True, hold=0.1),
    Fault("milter-restart", "the milter is stopped and started",
          milter_restart, may=("crowds",), cycles=True, hold=0.1),
    Fault("stopped-in-turn", "SIGSTOP of each part of ours for half a second",
          stopped_in_turn),
    Fault("versions", "an older and a newer version write beside us",
          versions),
    Fault("relay-refuses", "a relay refuses connections",
          relay_becomes("refused"), may=("opens",)),
    Fault("relay-busy", "a relay answers 451", relay_becomes("busy"),
          may=("opens",)),
    Fault("relay-421", "a relay greets with 421",
          relay_becomes("banner-421"), may=("opens",)),
    Fault("relay-drops", "a relay hangs up at EHLO",
          relay_becomes("drop-ehlo"), may=("opens",)),
    Fault("relay-hangs", "a relay says nothing at MAIL",
          relay_becomes({"MAIL": relays.HANG}), may=("opens",)),
    Fault("relay-flaps", "a relay comes and goes", relay_flaps,
          may=("opens",)),
    Fault("relays-down", "both relays refuse connections",
          relay_becomes("refused", "refused"), may=("opens",)),
    Fault("dns-silent", "no name server answers", dns(nameserver.silence)),
    Fault("dns-servfail", "the name server answers SERVFAIL",
          dns(nameserver.servfail)),
    Fault("dns-gone", "nobody listens where the name server was", dns_gone),
    Fault("map-hangs", "200 halves of a question at the map's socket",
          hanging("map", b"300:gate.contoso [127")),
    Fault("policy-hangs", "200 halves of one at policy's",
          hanging("policy", RCPT[:-30])),
    Fault("milter-hangs", "200 halves of a packet at the milter's",
          hanging("milter", b"\0\0\0\x0dO\0\0")),
    Fault("map-deaf", "askers at the map's socket take no answer",
          deaf("map", GATE)),
    Fault("policy-deaf", "askers at policy's take none",
          deaf("policy", RCPT)),
    Fault("places-taken", "clients that hang have all of a cap",
          places_taken),
]
