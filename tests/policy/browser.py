"""A headless Chromium, spoken to in the DevTools protocol by a pipe; the
standard library will do.

    with Browser() as browser:
        tab = browser.tab(width=390, scheme="dark")
        tab.open("http://127.0.0.1:9125/")
        tab.screenshot("page.png")
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PATIENCE = 60       # seconds; the first start on a busy machine is slow
WORDS = ["--headless=new", "--no-sandbox", "--disable-gpu",
         "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
         "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-extensions", "--remote-debugging-pipe"]


def program():
    """Its path, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="mw-", dir="/tmp")
        self.number = 0
        self.tabs = {}
        self.rest = b""
        theirs, self.out = os.pipe()
        self.inp, ours = os.pipe()

        def at_three_and_four():
            os.dup2(theirs, 3)
            os.dup2(ours, 4)
        with open(os.path.join(self.dir, "log"), "w") as log:
            # pylint: disable=subprocess-popen-preexec-fn
            self.process = subprocess.Popen(
                [program(), *WORDS, "--user-data-dir=" + self.dir],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(os.environ, HOME=self.dir), pass_fds=(3, 4),
                preexec_fn=at_three_and_four)
        os.close(theirs)
        os.close(ours)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
        except EOFError:
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.out)
        os.close(self.inp)
        shutil.rmtree(self.dir, ignore_errors=True)

    def hear(self, end):
        """The next message, or None when it is late."""
        while b"\0" not in self.rest:
            wait = end - time.monotonic()
            if wait <= 0 or not select.select([self.inp], [], [], wait)[0]:
                return None
            part = os.read(self.inp, 1 << 20)
            if not part:
                raise EOFError("Chromium has ended")
            self.rest += part
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def note(self, message):
        if message.get("sessionId") in self.tabs and "method" in message:
            self.tabs[message["sessionId"]].told.append(
                (message["method"], message["params"]))

    def call(self, method, session=None, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while True:
            answer = self.hear(end)
            if answer is None:
                raise AssertionError("no answer to " + method)
            if answer.get("id") != self.number:
                self.note(answer)
                continue
            if "error" in answer:
                raise AssertionError("%s: %s" % (method, answer["error"]))
            return answer["result"]

    def tab(self, width=1280, height=900, scheme="light", script=True):
        return Tab(self, width, height, scheme, script)


class Tab:
    """told: all that was heard of it, (method, parameters)."""

    def __init__(self, browser, width, height, scheme, script):
        self.browser = browser
        self.told = []
        self.target = browser.call("Target.createTarget",
                                   url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", flatten=True,
                                    targetId=self.target)["sessionId"]
        browser.tabs[self.session] = self
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
        del self.browser.tabs[self.session]

    def all(self, method):
        return [params for name, params in self.told if name == method]

    def until(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() >= end:
                raise AssertionError("waited in vain for " + what)
            message = self.browser.hear(time.monotonic() + 0.1)
            if message:
                self.browser.note(message)

    def open(self, url):
        seen = len(self.all("Page.loadEventFired"))
        self.call("Page.navigate", url=url)
        self.until(lambda: len(self.all("Page.loadEventFired")) > seen,
                   "the page")

    def value(self, expression):
        """Of an expression in JavaScript; works where the page has none."""
        answer = self.call("Runtime.evaluate", expression=expression,
                           returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def screenshot(self, path):
        """The whole page, however long."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True,
                         clip=dict(size, scale=1))
        with open(path, "wb") as out:
            out.write(base64.b64decode(shot["data"]))
