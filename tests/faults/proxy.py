"""Between a store and those who use it: passes bytes on, or does to them what
networks do.

    python3 proxy.py ADDRESS PORT SOCKET

listens at ADDRESS:PORT, says "ready", and connects each who comes to the unix
socket. A line on standard input is what it does from then on, to connections
that are there as well; it ends with its input.
"""
import asyncio
import socket
import struct
import sys

LATE, DRIP = 0.3, 1.0       # seconds: an answer, a byte of one


class Proxy:
    """does: one of DEEDS, what becomes of answers."""

    def __init__(self, path):
        self.path = path
        self.does = "pass"
        self.changed = asyncio.Event()

    def become(self, name):
        self.does = name
        self.changed.set()
        self.changed = asyncio.Event()

    async def rest(self, seconds=None):
        """Until it does something else, or so long."""
        try:
            await asyncio.wait_for(self.changed.wait(), seconds)
        except asyncio.TimeoutError:
            pass

    async def visit(self, reader, writer):
        try:
            back_reader, back_writer = await asyncio.open_unix_connection(
                self.path)
        except OSError:
            reset(writer)
            return
        ways = [asyncio.ensure_future(way) for way in (
            self.carry(reader, back_writer, False),
            self.carry(back_reader, writer, True))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for end in (writer, back_writer):
            end.close()

    async def carry(self, reader, writer, is_answer):
        while True:
            data = await reader.read(65536)
            if not data:
                return
            while self.does == "mute":      # this way and that
                await self.rest()
            if is_answer:
                data = await DEEDS[self.does](self, data, writer)
            writer.write(data)
            await writer.drain()


# What of an answer is left to be sent at once.

async def whole(_proxy, data, _writer):
    return data


async def late(proxy, data, _writer):
    await proxy.rest(LATE)
    return data


async def drip(proxy, data, writer):
    """A byte at a time, until it does something else."""
    while data and proxy.does == "drip":
        writer.write(data[:1])
        data = data[1:]
        await proxy.rest(DRIP)
    return data


async def cut(_proxy, data, writer):
    """Half of it, and a reset."""
    writer.write(data[:len(data) // 2])
    await asyncio.sleep(0.005)
    reset(writer)
    return b""


async def babble(_proxy, _data, _writer):
    return b"HTTP/1.1 400 Bad Request\r\n\r\n"


async def noauth(_proxy, _data, _writer):
    return b"-NOAUTH Authentication required.\r\n"


DEEDS = {"pass": whole, "mute": whole, "late": late, "drip": drip, "cut": cut,
         "babble": babble, "noauth": noauth}


def reset(writer):
    end = writer.get_extra_info("socket")
    if end is not None:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                       struct.pack("ii", 1, 0))
    writer.transport.abort()


def forget_losses(running, context):
    """A connection that is lost is what this is for."""
    if not isinstance(context.get("exception"), OSError):
        running.default_exception_handler(context)


async def main(address, port, path):
    running = asyncio.get_running_loop()
    running.set_exception_handler(forget_losses)
    proxy = Proxy(path)
    server = await asyncio.start_server(proxy.visit, address, int(port))
    orders = asyncio.StreamReader()
    await running.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    print("ready", flush=True)
    async for line in orders:
        proxy.become(line.decode().strip())
        print("ready", flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
