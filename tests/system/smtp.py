"""A small SMTP client that can also stop in the middle."""
import socket


class Smtp:
    """replies are (code, text) with the lines of one reply joined."""

    def __init__(self, port, timeout=30, source=""):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout,
                                               (source, 0))
        self.file = self.socket.makefile("rb")
        self.banner = self.reply()

    def reply(self):
        lines = []
        while True:
            line = self.file.readline().decode("latin-1").rstrip("\r\n")
            if not line:
                return (0, "")          # closed
            lines.append(line)
            if line[3:4] != "-":
                return (int(line[:3]), "\n".join(lines))

    def send(self, text):
        self.socket.sendall(text.encode("latin-1"))

    def command(self, line):
        self.send(line + "\r\n")
        return self.reply()

    def begin(self, sender, *recipients):
        """EHLO (once is enough, more do no harm), MAIL and RCPTs; the reply
        to the last one."""
        self.command("EHLO client.test")
        last = self.command("MAIL FROM:<%s>" % sender)
        for recipient in recipients:
            last = self.command("RCPT TO:<%s>" % recipient)
        return last

    def data(self, identity="", body="hello"):
        """DATA and a whole message; the reply to its end, or to DATA."""
        started = self.command("DATA")
        if started[0] != 354:
            return started
        self.send("From: <sender@sender.test>\r\nX-Mw-Id: %s\r\n"
                  "Subject: test\r\n\r\n%s\r\n.\r\n" % (identity, body))
        return self.reply()

    def quit(self):
        self.command("QUIT")
        self.close()

    def close(self):
        """Vanish without a word."""
        self.file.close()
        self.socket.close()


def send(port, recipients, identity="", sender="sender@sender.test"):
    """One message; the last reply."""
    client = Smtp(port)
    reply = client.begin(sender, *recipients)
    if reply[0] == 250:
        reply = client.data(identity)
        client.quit()
    else:
        client.close()
    return reply
