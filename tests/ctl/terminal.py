"""A terminal: a program on a pty, its size, its keys, and the screen that it
paints. It knows the sequences of TERM=xterm that curses uses, and fails on
any other: what a stranger says must never be one."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

PATIENCE = 20
CSI = re.compile(rb"\x1b\[([?>]?)([0-9;]*)([@-~])")
PLAIN = re.compile(rb"\x1b(?:[()][0AB]|[=>78M])|[\x07\x0e\x0f]")


class Screen:
    """Rows of characters, and which of them are not plain."""

    def __init__(self, columns, rows):
        self.pending = b""
        self.resize(columns, rows)

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.x = self.y = 0
        self.top, self.bottom = 0, rows - 1

    def lines(self):
        return ["".join(row).rstrip() for row in self.cells]

    def text(self):
        return "\n".join(self.lines())

    def feed(self, data):
        data = self.pending + data
        at = 0
        while at < len(data):
            if data[at] == 0x1b:
                found = CSI.match(data, at) or PLAIN.match(data, at)
                if not found:
                    if len(data) - at < 16:
                        break
                    raise AssertionError(repr(data[at:at + 16]))
                if found.re is CSI:
                    self.control(found[1], found[2], found[3])
                elif data[at:at + 2] == b"\x1bM":
                    self.y = max(0, self.y - 1)
                at = found.end()
                continue
            self.put(data[at])
            at += 1
        self.pending = data[at:]

    def put(self, byte):
        if byte == 0x0d:
            self.x = 0
        elif byte == 0x0a:
            if self.y == self.bottom:
                self.scroll(1)
            elif self.y < self.rows - 1:
                self.y += 1
        elif byte == 0x08:
            self.x = max(0, self.x - 1)
        elif byte == 0x09:
            self.x = min(self.columns - 1, self.x // 8 * 8 + 8)
        elif 0x20 <= byte < 0x7f:
            if self.x == self.columns:
                self.put(0x0d)
                self.put(0x0a)
            self.cells[self.y][self.x] = chr(byte)
            self.last = chr(byte)
            self.x += 1
        elif byte not in (0x07, 0x0e, 0x0f):
            raise AssertionError("byte %#x" % byte)

    def scroll(self, by):
        blank = [" "] * self.columns
        part = self.cells[self.top:self.bottom + 1]
        if by > 0:
            part = part[by:] + [list(blank) for _ in range(by)]
        else:
            part = [list(blank) for _ in range(-by)] + part[:by]
        self.cells[self.top:self.bottom + 1] = part[:self.bottom + 1 -
                                                    self.top]

    def erase(self, row, begin, end):
        for x in range(max(0, begin), min(self.columns, end)):
            self.cells[row][x] = " "

    def control(self, private, arguments, final):
        numbers = [int(n or 0) for n in arguments.split(b";")]
        first = numbers[0] or 1
        x = min(self.x, self.columns - 1)
        if private or final in b"mrlhtc":
            if final == b"r" and not private:
                self.top = first - 1
                self.bottom = (numbers[1] if len(numbers) > 1 else
                               self.rows) - 1
                self.x = self.y = 0
            return
        if final == b"H":
            column = numbers[1] if len(numbers) > 1 else 1
            self.y = min(self.rows, first) - 1
            self.x = min(self.columns, column or 1) - 1
        elif final == b"A":
            self.y = max(0, self.y - first)
        elif final == b"B":
            self.y = min(self.rows - 1, self.y + first)
        elif final == b"C":
            self.x = min(self.columns - 1, x + first)
        elif final == b"D":
            self.x = max(0, x - first)
        elif final == b"G":
            self.x = min(self.columns, first) - 1
        elif final == b"d":
            self.y = min(self.rows, first) - 1
        elif final == b"J":
            rows = {0: range(self.y + 1, self.rows),
                    1: range(0, self.y),
                    2: range(0, self.rows)}[numbers[0]]
            for row in rows:
                self.erase(row, 0, self.columns)
            if numbers[0] == 0:
                self.erase(self.y, x, self.columns)
            if numbers[0] == 1:
                self.erase(self.y, 0, x + 1)
        elif final == b"K":
            begin, end = {0: (x, self.columns), 1: (0, x + 1),
                          2: (0, self.columns)}[numbers[0]]
            self.erase(self.y, begin, end)
        elif final == b"X":
            self.erase(self.y, x, x + first)
        elif final == b"P":
            row = self.cells[self.y]
            self.cells[self.y] = (row[:x] + row[x + first:] +
                                  [" "] * first)[:self.columns]
        elif final == b"@":
            row = self.cells[self.y]
            self.cells[self.y] = (row[:x] + [" "] * first +
                                  row[x:])[:self.columns]
        elif final in b"LM":
            top, self.top = self.top, self.y
            self.scroll(first if final == b"M" else -first)
            self.top = top
        elif final in b"ST":
            self.scroll(first if final == b"S" else -first)
        elif final == b"b":
            for _ in range(first):
                self.put(ord(self.last))
        else:
            raise AssertionError("CSI %r %r" % (arguments, final))


class Terminal:
    def __init__(self, words, columns=80, rows=24, environment=None):
        self.screen = Screen(columns, rows)
        self.raw = b""
        self.code = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            clean = {key: value for key, value in os.environ.items()
                     if key not in ("LINES", "COLUMNS", "NO_COLOR")}
            os.execvpe(words[0], words,
                       {**clean, "TERM": "xterm", **(environment or {})})
        self.size(columns, rows)

    def size(self, columns, rows):
        self.screen.resize(columns, rows)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def read(self, seconds):
        """What comes within that time; False at the end."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.raw += data
        self.screen.feed(data)
        return data != b""

    def until(self, condition, patience=PATIENCE):
        """Watch the screen until condition(text) holds."""
        end = time.monotonic() + patience
        while not condition(self.screen.text()):
            if time.monotonic() > end or not self.read(0.1):
                return False
        return True

    def shows(self, *texts, patience=PATIENCE):
        return self.until(lambda text: all(t in text for t in texts),
                          patience)

    def ends(self, patience=PATIENCE):
        """Its exit status, or None where it does not end."""
        end = time.monotonic() + patience
        while self.code is None and time.monotonic() < end:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        while self.code is not None and self.read(0.05) and \
                select.select([self.fd], [], [], 0)[0]:
            pass
        return self.code

    def close(self):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
