"""A wall clock for some programs alone: see clock.c."""
import contextlib
import os
import shlex
import struct
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


class Clock:
    """The wall clock of whatever is started while it is worn."""

    def __init__(self, lab, name):
        self.shim = lab.path("clock.so")
        self.path = lab.path(name + ".clock")
        self.set(0)
        if not os.path.exists(self.shim):
            subprocess.run(shlex.split(os.environ.get("CC", "cc")) + [
                "-shared", "-fPIC", "-O2", "-o", self.shim,
                os.path.join(HERE, "clock.c"), "-ldl"], check=True)

    def set(self, seconds):
        """So far ahead of the machine's, for all who wear it."""
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb",
                  buffering=0) as file:
            file.write(struct.pack("=q", seconds))

    @contextlib.contextmanager
    def worn(self):
        os.environ.update(LD_PRELOAD=self.shim, MW_CLOCK=self.path)
        try:
            yield
        finally:
            del os.environ["LD_PRELOAD"], os.environ["MW_CLOCK"]
