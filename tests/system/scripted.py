"""Scripted servers for what Postfix asks: socketmap, policy and milter.

A handler returns the answer as text (for the milter: as a packet), or CLOSE,
HANG, bytes to be sent as they are, or an awaitable of one of these. Each
server records every question, with the connection and the process that asked.
"""
import asyncio
import collections
import inspect
import os
import pwd
import socket
import struct
import time

import loop

CLOSE = object()
HANG = object()

Asked = collections.namedtuple("Asked", "time connection pid map key")


def peer_pid(writer):
    data = writer.get_extra_info("socket").getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return struct.unpack("3i", data)[0]


class _Server:
    def __init__(self, path, handler):
        self.path = path
        self.handler = handler
        self.asked = []
        self.opened = 0
        self.server = None
        self.writers = set()
        self.open()

    def open(self):
        async def listen():
            self.server = await asyncio.start_unix_server(
                self.serve, self.path, limit=1 << 20)
            user = pwd.getpwnam("postfix")
            os.chown(self.path, user.pw_uid, user.pw_gid)
        loop.run(listen())

    def close(self):
        """Stop listening and hang up."""
        async def closing():
            self.server.close()
            for writer in list(self.writers):
                writer.close()
            if os.path.exists(self.path):
                os.unlink(self.path)
        loop.run(closing())

    async def serve(self, reader, writer):
        self.opened += 1
        connection, pid = self.opened, peer_pid(writer)
        self.writers.add(writer)
        try:
            while await self.turn(reader, writer, connection, pid):
                pass
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
            pass
        self.writers.discard(writer)
        writer.close()

    async def turn(self, reader, writer, connection, pid):
        """One question and its answer; False to hang up."""
        raise NotImplementedError

    async def decide(self, writer, *question):
        """Ask the handler; returns an answer to pack, or None to hang up,
        or "" when there is nothing left to send."""
        answer = self.handler(*question)
        if inspect.isawaitable(answer):
            answer = await answer
        if answer is HANG:
            await asyncio.sleep(3600)
        if answer is CLOSE:
            return None
        if isinstance(answer, bytes):
            writer.write(answer)
            return ""
        return answer


class Socketmap(_Server):
    """handler(map, key) -> "OK data", "NOTFOUND ", "TEMP reason"..."""

    async def turn(self, reader, writer, connection, pid):
        length = await reader.readuntil(b":")
        payload = await reader.readexactly(int(length[:-1]) + 1)
        name, _, key = payload[:-1].decode("latin-1").partition(" ")
        self.asked.append(Asked(time.monotonic(), connection, pid, name, key))
        answer = await self.decide(writer, name, key)
        if answer:
            writer.write(b"%d:%s," % (len(answer), answer.encode()))
        return answer is not None

    def story(self, key):
        """What the process that first asked for key asked from then on, on
        that connection: a list of (map, key)."""
        first = next(a for a in self.asked if a.key == key)
        return [(a.map, a.key) for a in self.asked
                if a.connection == first.connection and a.time >= first.time]


class Policy(_Server):
    """handler(attributes) -> "DUNNO", "451 4.3.2 text"..."""

    async def turn(self, reader, writer, connection, pid):
        block = await reader.readuntil(b"\n\n")
        request = dict(line.split("=", 1)
                       for line in block.decode("latin-1").split("\n") if line)
        self.asked.append(request)
        answer = await self.decide(writer, request)
        if answer:
            writer.write(b"action=%s\n\n" % answer.encode())
        return answer is not None


class Milter(_Server):
    """handler(command, data) -> bytes of a packet; b"c" is sent where it
    returns None. asked: (connection, command letter, data)."""

    QUIET = b"DAQK"     # macros, abort, quit, quit-nc: no answer

    async def turn(self, reader, writer, connection, pid):
        size = struct.unpack(">I", await reader.readexactly(4))[0]
        packet = await reader.readexactly(size)
        command, data = packet[:1], packet[1:]
        self.asked.append((connection, command.decode(), data))
        if command == b"O":
            self.send(writer, b"O" + struct.pack(">III", 6, 0, 0))
        elif command not in self.QUIET or not command:
            answer = self.handler(command.decode(), data)
            self.send(writer, b"c" if answer is None else answer)
        elif command == b"Q":
            return False
        return True

    @staticmethod
    def send(writer, packet):
        writer.write(struct.pack(">I", len(packet)) + packet)

    @staticmethod
    def reply(text):
        """An SMTP reply of the milter's own."""
        return b"y" + text.encode() + b"\0"

    def commands(self, connection):
        """The letters of one connection, macros left out."""
        return "".join(command for number, command, _ in self.asked
                       if number == connection and command != "D")
