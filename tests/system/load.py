"""Load: messages at a given rate, each with a name of its own, and the count
that has to come out even: what was accepted was delivered once or waits.
"""
import asyncio
import collections
import itertools
import time

import loop
import tap

SENDERS = ["s%d@sender%d.test" % (n, n) for n in range(8)]

# seconds: until the reply that decided.
Message = collections.namedtuple(
    "Message", "id to port sent_at code text stage seconds", defaults=(0,))
_numbers = itertools.count(1)


class Closed(Exception):
    """The server hung up."""


async def _reply(reader):
    lines = []
    while True:
        line = (await reader.readline()).decode("latin-1").rstrip("\r\n")
        if not line:
            raise Closed
        lines.append(line)
        if line[3:4] != "-":
            return int(line[:3]), "\n".join(lines)


async def _dialogue(reader, writer, sender, to, name, pause):
    """One message, with await pause() before its text; returns (code, text,
    stage) of the reply that decided."""
    async def say(line):
        writer.write(line.encode() + b"\r\n")
        return await _reply(reader)

    code, text = await _reply(reader)
    if code != 220:
        return code, text, "BANNER"
    for stage, line in (("EHLO", "EHLO client.test"),
                        ("MAIL", "MAIL FROM:<%s>" % sender),
                        ("RCPT", "RCPT TO:<%s>" % to)):
        code, text = await say(line)
        if code != 250:
            return code, text, stage
    code, text = await say("DATA")
    if code != 354:
        return code, text, "DATA"
    await pause()
    code, text = await say(
        "From: <%s>\r\nTo: <%s>\r\nX-Mw-Id: %s\r\nSubject: load\r\n\r\n"
        "hello\r\n." % (sender, to, name))
    return code, text, "EOD"


async def _no_pause():
    pass


async def send(port, sender, to, name, pause=_no_pause):
    """One message, on a connection of its own; returns a Message."""
    sent_at = time.monotonic()
    code, text, stage = 0, "", "CONNECT"
    writer = None
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        code, text, stage = await asyncio.wait_for(
            _dialogue(reader, writer, sender, to, name, pause), 60)
        writer.write(b"QUIT\r\n")
    except (OSError, Closed, asyncio.TimeoutError) as error:
        text = repr(error)
    if writer:
        writer.close()
    return Message(name, to, port, sent_at, code, text, stage,
                   time.monotonic() - sent_at)


def burst(ports, domain, count, pause):
    """So many messages at once, each of which takes its time."""
    async def all_of_them():
        names = ["b%d" % next(_numbers) for _ in range(count)]
        return await asyncio.gather(*(
            send(port, sender, "%s@%s" % (name, domain), name,
                 lambda: asyncio.sleep(pause))
            for name, port, sender in zip(names, itertools.cycle(ports),
                                          itertools.cycle(SENDERS))))
    return loop.run(all_of_them(), 90)


class Load:
    """rate messages a second, to the domains in turn, through the ports in
    turn, from the moment it is made until stop(). draw() is the part of its
    turn, 0 to 1, that each message comes late."""

    def __init__(self, ports, domains, rate, seconds=3600, draw=lambda: 0):
        self.messages = []
        self._draw = draw
        self._ports = itertools.cycle(ports)
        self._domains = itertools.cycle(domains)
        self._senders = itertools.cycle(SENDERS)
        self._rate = rate
        self._going = True
        self._run = loop.start(self._main(seconds))

    def stop(self):
        """No more; wait until each has had its reply."""
        self._going = False
        self._run.result(90)
        return self.messages

    def wait(self):
        self._run.result(200)
        return self.messages

    async def _one(self, port, domain, sender):
        name = "m%d" % next(_numbers)
        self.messages.append(await send(
            port, sender, "%s@%s" % (name, domain), name))

    async def _main(self, seconds):
        begin = time.monotonic()
        tasks = set()
        for number in itertools.count():
            due = begin + (number + self._draw()) / self._rate
            if due - begin >= seconds:
                break
            await asyncio.sleep(max(0, due - time.monotonic()))
            if not self._going:
                break
            task = asyncio.ensure_future(self._one(
                next(self._ports), next(self._domains), next(self._senders)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)


Account = collections.namedtuple(
    "Account", "sent accepted deferred rejected delivered queued lost double "
    "bounced unwanted")


def account(messages, relays, hosts, witness):
    """Where has everything gone? Names, not numbers, for what is wrong."""
    accepted = {m.id for m in messages if m.code == 250}
    ours = {m.id for m in messages}
    copies = collections.Counter(
        i for relay in relays for i in relay.ids() if i in ours)
    queued = {to.partition("@")[0] for host in hosts for to in host.queued()}
    bounced = {d.to.partition("@")[0] for host in hosts
               for d in host.deliveries() if d.status == "bounced"}
    bounced |= {mail.id for mail in witness.accepted if not mail.sender}
    return Account(
        sent=len(messages), accepted=len(accepted),
        deferred=sum(400 <= m.code < 500 for m in messages),
        rejected=sum(m.code >= 500 or m.code == 0 for m in messages),
        delivered=len(accepted & set(copies)),
        queued=len((queued & accepted) - set(copies)),
        lost=sorted(accepted - set(copies) - queued),
        double=sorted(i for i, n in copies.items() if n > 1),
        bounced=sorted(bounced & ours),
        unwanted=sorted(set(copies) - accepted))


def drained(hosts, seconds):
    """Wait until no host has mail in its queue."""
    return loop.wait_for(lambda: not any(h.queue() for h in hosts), seconds,
                         0.5)


def check(a, name):
    """The count comes out even."""
    return tap.ok(
        a.accepted == a.delivered + a.queued and
        a.sent == a.accepted + a.deferred and
        not (a.lost or a.double or a.bounced or a.unwanted or a.rejected),
        "%s: %d sent = %d delivered + %d queued + %d put off; nothing lost, "
        "doubled or bounced" % (name, a.sent, a.delivered, a.queued,
                                a.deferred), a)
