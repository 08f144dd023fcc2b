"""A network of its own, with a name server in it: dnsmasq, which answers as
name servers do, or a scripted one that does what they should not.

Both listen on port 53 of 127.0.0.1, which nobody else has in this network, and
/etc/resolv.conf names them to every program that the test starts.
"""
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
HERE = ("127.0.0.1", 53)


def own_network():
    """From now on this process, and what it starts, has a loopback of its own
    and a resolv.conf that names it. Before any thread; skips the test where
    that may not be."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(name, *args):
        if getattr(libc, name)(*args) != 0:
            print("1..0 # SKIP needs a network of its own: %s: %s" % (
                name, os.strerror(ctypes.get_errno())))
            sys.exit(0)

    call("unshare", CLONE_NEWNS | CLONE_NEWNET)
    call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("nameserver 127.0.0.1\n")
        file.flush()
        os.chmod(file.name, 0o644)
        call("mount", file.name.encode(), b"/etc/resolv.conf", None, MS_BIND,
             None)
    with socket.socket() as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(
            any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS,
                    struct.pack("16sH14x", b"lo", flags | IFF_UP))


class Dnsmasq:
    """mx: domain -> its MX hosts; hosts: name -> address; more: further
    options. It knows all of .test; for any other name it has nobody to ask,
    and says REFUSED."""

    def __init__(self, mx, hosts=None, ttl=300, more=()):
        self.options = [
            "--keep-in-foreground", "--no-resolv", "--no-hosts", "--pid-file=",
            "--listen-address=127.0.0.1", "--bind-interfaces", "--user=root",
            "--conf-file=/dev/null", "--local=/test/", "--cache-size=0",
            "--local-ttl=%d" % ttl, "--log-facility=-", *more]
        for domain, names in mx.items():
            self.options += ["--mx-host=%s,%s,%d" % (domain, name, i)
                             for i, name in enumerate(names)]
        for name, address in (hosts or {}).items():
            self.options.append("--host-record=%s,%s" % (name, address))
        self.process = None
        self.start()

    def start(self):
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            ["dnsmasq", *self.options], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while not listens():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("dnsmasq did not start")
            time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def listens():
    """Does somebody listen at port 53 (TCP; dnsmasq opens UDP first)?"""
    with socket.socket() as probe:
        return probe.connect_ex(HERE) == 0


def answer(query, code=0, flags=0, records=b"", n=0):
    """A message that answers query, with records in wire format."""
    end = 12
    while query[end]:
        end += query[end] + 1
    return query[:2] + struct.pack(">HHHHH", 0x8180 | flags | code, 1, n, 0,
                                   0) + query[12:end + 5] + records


def mx_record(host, ttl=300):
    name = b"".join(bytes([len(part)]) + part.encode()
                    for part in host.split(".")) + b"\0"
    return b"\xc0\x0c" + struct.pack(">HHIHH", 15, 1, ttl, len(name) + 2,
                                     10) + name


class Scripted:
    """reply(query) -> the message to send, or None for silence. Counts the
    questions by their names."""

    def __init__(self, reply):
        self.reply = reply
        self.asked = {}
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.bind()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def bind(self):
        """A dnsmasq that has ended may have a child left for a moment."""
        end = time.monotonic() + 10
        while True:
            try:
                self.udp.bind(HERE)
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def serve(self):
        while True:
            query, peer = self.udp.recvfrom(4096)
            if not query:
                return
            name = self.name(query)
            self.asked[name] = self.asked.get(name, 0) + 1
            message = self.reply(query)
            if message is not None:
                self.udp.sendto(message, peer)

    @staticmethod
    def name(query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
            at += query[at] + 1
        return ".".join(labels).lower()

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", HERE)
        self.thread.join(10)
        self.udp.close()


def servfail(query):
    return answer(query, code=2)


def silence(_query):
    return None
