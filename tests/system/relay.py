"""Relay: an SMTP server that does what the test tells it, and remembers.

A mode is a name of MODES, or a table of the same shape: what to answer at
BANNER, EHLO, STARTTLS, MAIL, RCPT, DATA and EOD (end of data) in place of the
usual reply. An answer is a text, DROP (close without a word), HANG (never
answer), or a function of the command line that returns one of these or None.
"""
import asyncio
import collections
import re
import socket
import time

import loop

DROP = object()
HANG = object()

BUSY = "451 4.3.2 Temporary server error"
FOREST = ("421 4.3.2 The maximum number of concurrent connections per "
          "resource forest has exceeded a limit, closing transmission channel")

MODES = {
    "healthy": {},
    "busy": {"RCPT": BUSY},
    "refused": {"LISTEN": False},
    "banner-421": {"BANNER": "421 4.3.2 Service not available, closing "
                             "transmission channel"},
    "drop-ehlo": {"EHLO": DROP},
    "drop-eod": {"EOD": DROP},
    "busy-eod": {"EOD": BUSY},
    "hang-eod": {"EOD": HANG},
    "reject": {"RCPT": "550 5.1.1 no such user"},
    "slow": {"DELAY": 10},
}

USUAL = {
    "BANNER": "220 relay.test ESMTP",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 End data with <CR><LF>.<CR><LF>",
    "RSET": "250 2.0.0 Ok",
    "NOOP": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
    "STARTTLS": "220 2.0.0 Ready to start TLS",
}

Mail = collections.namedtuple("Mail", "id sender recipients time tls")


class _Session(asyncio.Protocol):
    def __init__(self, relay):
        self.relay = relay
        self.transport = None
        self.buffer = b""
        self.in_data = False
        self.waiting = None         # the timer of an answer that is due
        self.hangs = False
        self.tls = False
        self.gone = False
        self.sender = None
        self.recipients = []

    # asyncio's side

    def connection_made(self, transport):
        relay = self.relay
        self.transport = transport
        peer = transport.get_extra_info("peername")[0]
        if peer in relay.shunned:
            relay.shunned[peer] += 1
            self.gone = True
            transport.abort()
            return
        relay.connections += 1
        relay.connected_at.append(time.monotonic())
        relay.sessions.add(self)
        relay.peak = max(relay.peak, len(relay.sessions))
        if relay.crowded():
            self.write("BANNER", FOREST)
        else:
            self.answer("BANNER", "")

    def data_received(self, data):
        self.buffer += data
        self.work()

    def connection_lost(self, exc):
        self.gone = True
        self.relay.sessions.discard(self)
        if self.waiting:
            self.waiting.cancel()

    # ours

    def work(self):
        while not (self.gone or self.waiting or self.hangs):
            end = b"\r\n.\r\n" if self.in_data else b"\r\n"
            found, mark, rest = self.buffer.partition(end)
            if not mark:
                return
            self.buffer = rest
            if self.in_data:
                self.in_data = False
                self.answer("EOD", found.decode("latin-1"))
            else:
                self.command(found.decode("latin-1"))

    def command(self, line):
        verb = line[:8].upper().partition(" ")[0]
        if verb == "HELO":
            verb = "EHLO"
        if verb == "MAIL":
            self.relay.transactions += 1
            self.sender = line.partition("<")[2].partition(">")[0]
            self.recipients = []
        if verb == "RCPT":
            self.relay.asked.append(address(line))
        if verb == "MAIL" and self.relay.crowded():
            self.write(verb, FOREST)    # the limit has dropped
        elif verb in USUAL or verb == "EHLO":
            self.answer(verb, line)
        else:
            self.write(verb, "502 5.5.2 Error: command not recognized")

    def answer(self, stage, line):
        mode = self.relay.mode
        act = mode.get(stage)
        if callable(act):
            act = act(line)
        if act is DROP:
            self.relay.replies[stage + " dropped"] += 1
            self.gone = True
            self.transport.abort()
            return
        if act is HANG:
            self.hangs = True
            return
        delay = 0 if stage == "QUIT" else mode.get("DELAY", 0)
        if stage == "EOD":
            delay += self.relay.seconds
        if delay:
            self.waiting = loop.get().call_later(
                delay, self.answer_now, stage, line, act)
        else:
            self.answer_now(stage, line, act)

    def answer_now(self, stage, line, act):
        due = self.waiting is not None
        self.waiting = None
        if self.gone:
            return
        text = act or self.usual(stage, line)
        good = text[0] in "23"
        if stage == "RCPT" and good:
            self.recipients.append(address(line))
        elif stage == "DATA" and text.startswith("354"):
            if not self.recipients:
                text = "554 5.5.1 Error: no valid recipients"
            else:
                self.in_data = True
        elif stage == "EOD" and good:
            self.accept(line)
        if stage == "STARTTLS" and good:
            # Or the client's first bytes of TLS might come to us in clear.
            self.transport.pause_reading()
        self.write(stage, text)
        if stage == "STARTTLS" and good:
            self.waiting = loop.get().create_task(self.start_tls())
        elif due:
            self.work()

    def usual(self, stage, _line):
        if stage == "EHLO":
            extensions = ["relay.test", "PIPELINING", "8BITMIME",
                          "ENHANCEDSTATUSCODES", "SIZE 10000000"]
            if self.relay.tls and not self.tls:
                extensions.append("STARTTLS")
            return "\r\n".join(
                "250%s%s" % (" " if e is extensions[-1] else "-", e)
                for e in extensions)
        if stage == "EOD":
            return "250 2.0.0 Ok: queued as %d" % (
                len(self.relay.accepted) + 1)
        if stage == "STARTTLS" and not self.relay.tls:
            return "502 5.5.1 Error: command not implemented"
        return USUAL[stage]

    def write(self, stage, text):
        if not self.gone:
            self.relay.replies["%s %s" % (stage, text[:3])] += 1
            if text[0] in "45":
                self.relay.refused_at.append(time.monotonic())
            self.transport.write(text.encode() + b"\r\n")
            if text[:3] in ("421", "221"):
                self.transport.close()
                self.gone = True
                # Over for us now; the peer may take its time to see it.
                self.relay.sessions.discard(self)

    def accept(self, message):
        found = re.search(r"^X-Mw-Id: *(\S+)", message, re.M | re.I)
        self.relay.accepted.append(Mail(
            found.group(1) if found else None, self.sender,
            tuple(self.recipients), time.monotonic(), self.tls))

    async def start_tls(self):
        self.buffer = b""           # nothing from before TLS counts
        try:
            transport = await loop.get().start_tls(
                self.transport, self, self.relay.tls, server_side=True)
        except (OSError, ConnectionError):
            self.gone = True
            self.relay.sessions.discard(self)
            return
        self.transport = transport
        self.tls = True
        self.waiting = None
        self.relay.handshakes += 1
        self.work()                 # what came while we were told of it


def address(line):
    """The address in a RCPT TO:<...> line."""
    return line.partition("<")[2].partition(">")[0]


class Relay:
    """Listens from birth, at an address of loopback. tls: an ssl.SSLContext to offer STARTTLS with;
    limit, seconds: a forest that takes so many connections and so long a
    message."""

    def __init__(self, port, tls=None, limit=0, seconds=0,
                 at="127.0.0.1"):
        self.port = port
        self.at = at
        self.nexthop = "[%s]:%d" % (at, port)
        self.tls = tls
        self.limit = limit
        self.seconds = seconds
        self.shunned = {}           # address -> connections cut at once
        self.mode = MODES["healthy"]
        self.sessions = set()
        self.forget()
        self._server = None
        self._socket = None
        loop.call(self._bind)
        loop.run(self._listen())

    def forget(self):
        """Start all records anew."""
        self.connections = 0
        self.connected_at = []
        self.transactions = 0
        self.handshakes = 0
        self.peak = 0
        self.asked = []             # each recipient of a RCPT, refused or not
        self.accepted = []          # Mail
        self.replies = collections.Counter()    # "RCPT 451" -> how many
        self.refused_at = []        # each time that one was 4xx or 5xx

    def become(self, mode):
        """Change what it does, for what comes next on open sessions too."""
        loop.run(self._become(MODES.get(mode, mode)
                              if isinstance(mode, str) else mode))

    def crowded(self):
        """Are there more connections than it takes?"""
        return 0 < self.limit < len(self.sessions)

    def awaits(self, port):
        """Has a client at that port yet to end its first message?"""
        return any(session.transport.get_extra_info("peername")[1] == port and
                   (session.sender is None or session.in_data)
                   for session in list(self.sessions))

    def busy_above(self, limit):
        """A mode: it counts connections, and its answer is 451."""
        return {"RCPT": lambda _line: "451 4.3.2 too many connections"
                if len(self.sessions) > limit else None}

    def close(self):
        loop.run(self._unlisten())
        if self._socket:
            self._socket.close()

    def ids(self):
        return [mail.id for mail in list(self.accepted)]

    async def _become(self, mode):
        was = self.mode.get("LISTEN", True)
        self.mode = mode
        if mode.get("LISTEN", True) == was:
            return
        if was:
            await self._unlisten()
            for session in list(self.sessions):
                session.transport.abort()
            self._bind()            # holds the port, and refuses
        else:
            await self._listen()

    def _bind(self):
        # Named by its protocol, or asyncio leaves Nagle's delays on.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM,
                                     socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((self.at, self.port))

    async def _listen(self):
        self._server = await loop.get().create_server(
            lambda: _Session(self), sock=self._socket, backlog=200)

    async def _unlisten(self):
        if self._server:
            self._server.close()    # closes the socket as well
            self._server = self._socket = None
