#!/usr/bin/env python3
"""The status page as a browser shows it. Real daemon, real redis-server, real
Chromium. Speaks TAP.

MW_SHOTS=FOLDER keeps the pictures that were taken."""

import os
import struct
import sys

import browser
from test_policyd import BUSY, OK, TOUCHY, Lane, equal, main, until
from test_status import Site, free_port

PHONE = 390
REASON = "a-reason-with-no-blank-and-longer-than-a-phone-is-wide"
SECOND_DOWN = "second is forced open: takes no mail"
EVENT = r"/override\s+second state open until \d\d:\d\d:\d\d by root/.test(" \
    "document.body.innerText)"
MANY = "".join("""
  customer-with-a-long-name-%03d = { domains = [ "c%d.test" ]; cap = 100;
    routes = ( { upstream = "%s"; }, { upstream = "second"; } ); };
""" % (i, i, "filter" if i % 3 else "lone") for i in range(200))


class Watched(Site):
    """It listens where a browser can reach it."""

    browser = None

    def __init__(self, **settings):
        address = "127.0.0.1:%d" % free_port()
        self.url = "http://%s/" % address
        super().__init__(status="inet:" + address, **settings)

    def page(self, **settings):
        tab = self.browser.tab(**settings)
        tab.open(self.url)
        return tab

    def trouble(self):
        lane = Lane(self)
        for _ in range(10):
            lane.gate("filter")
            lane.outcome(BUSY)
            lane.gate("second")
            lane.outcome(OK)
        lane.close()
        until(lambda: self.state("filter") == "open", "the opening")
        self.force("hold", "lone", "--for", "5m", "--reason", REASON)
        until(self.tells_of_trouble, "the page that says so")

    def tells_of_trouble(self):
        tab = self.page()
        told = says(tab, "filter is open: takes no mail") and says(tab, REASON)
        tab.close()
        return told


def shoot(tab, name):
    """A picture of the whole page; its width and height."""
    folder = os.environ.get("MW_SHOTS", tab.browser.dir)
    path = os.path.join(folder, name + ".png")
    tab.screenshot(path)
    with open(path, "rb") as picture:
        head = picture.read(24)
    equal(head[:8], b"\x89PNG\r\n\x1a\n")
    if os.path.getsize(path) < 10000:
        raise AssertionError("there is nothing on it")
    return struct.unpack(">II", head[16:24])


def says(tab, words):
    return words in tab.value("document.body?.innerText ?? ''")


def complaints(tab, site):
    """What the console shows, and requests to others or that went wrong."""
    found = [entry["entry"]["text"] for entry in tab.all("Log.entryAdded")]
    found += [call["args"] for call in tab.all("Runtime.consoleAPICalled")]
    found += [thrown["exceptionDetails"]["text"]
              for thrown in tab.all("Runtime.exceptionThrown")]
    found += [sent["request"]["url"]
              for sent in tab.all("Network.requestWillBeSent")
              if not sent["request"]["url"].startswith(site.url)]
    found += [lost["errorText"] for lost in tab.all("Network.loadingFailed")
              if not lost.get("canceled")]
    return found


def sticking_out(tab):
    """What reaches beyond the right edge, where nobody can see it."""
    return tab.value("""
        [...document.querySelectorAll("body *")].filter(e =>
            e.getBoundingClientRect().right > innerWidth + 0.5).map(e =>
            e.tagName + "." + e.className + ": " + e.textContent.slice(0, 40))
        """) + tab.value("""
        document.documentElement.scrollWidth > innerWidth ? ["a scroll"] : []
        """)


def luminance(tab, selector):
    """Of an element's ground, 0..255."""
    return tab.value("""
        (c => (+c[0] + +c[1] + +c[2]) / 3)(getComputedStyle(
            document.querySelector("%s")).backgroundColor.match(/\\d+/g))
        """ % selector)


def is_well_everywhere(site, name):
    for scheme, width in (("light", PHONE), ("dark", PHONE), ("light", 1280),
                          ("dark", 1280), ("dark", 1920)):
        tab = site.page(width=width, scheme=scheme)
        shape = shoot(tab, "%s-%s-%d" % (name, scheme, width))
        equal(shape[0], width)
        equal(sticking_out(tab), [])
        equal(complaints(tab, site), [])
        equal(luminance(tab, "body") > 128, scheme == "light")
        tab.close()


def with_all_well_it_is_well_everywhere(site):
    is_well_everywhere(site, "fine")


def with_trouble_it_is_well_everywhere(site):
    site.trouble()
    is_well_everywhere(site, "trouble")


def with_many_destinations_it_is_well_everywhere(site):
    site.trouble()
    is_well_everywhere(site, "many")
    tab = site.page(width=1280)
    equal(tab.value("document.querySelectorAll('tbody tr, .tiles li').length"),
          202)
    tab.close()


def with_a_script_it_is_kept_fresh(site):
    tab = site.page()
    tab.value("window.same = true")
    site.force("force", "second", "open", "--for", "1m", "--reason", "test")
    tab.until(lambda: says(tab, SECOND_DOWN), "the news")
    tab.until(lambda: tab.value(EVENT), "the event, and until when")
    site.force("force", "second", "auto")
    tab.until(lambda: not says(tab, SECOND_DOWN), "the end of it")
    equal(tab.value("window.same"), True)       # the page was not loaded anew
    equal(complaints(tab, site), [])
    tab.close()


def without_a_script_it_is_whole_and_loaded_anew(site):
    tab = site.page(script=False)
    # Between two loads there is no page.
    for words in ("all is well", "filter", "contoso", "mx1"):
        tab.until(lambda words=words: says(tab, words), words)
    site.force("force", "second", "open", "--for", "1m", "--reason", "test")
    tab.until(lambda: says(tab, SECOND_DOWN), "the news")
    site.force("force", "second", "auto")
    equal(complaints(tab, site), [])
    tab.close()


def what_is_old_looks_old(site):
    tab = site.page()
    site.policyd.terminate()
    site.policyd.wait(8)
    tab.until(lambda: tab.value("document.body.className") == "stale",
              "a sign of it")
    if not says(tab, "mx1"):
        raise AssertionError("it is gone")
    tab.close()


GROUPS = [
    ({}, [with_all_well_it_is_well_everywhere, with_a_script_it_is_kept_fresh,
          without_a_script_it_is_whole_and_loaded_anew,
          with_trouble_it_is_well_everywhere, what_is_old_looks_old]),
    ({"template": TOUCHY.replace("destinations = {{", "destinations = {{" +
      MANY.replace("{", "{{").replace("}", "}}"))},
     [with_many_destinations_it_is_well_everywhere]),
]


def run():
    if browser.program() is None:
        print("1..0 # SKIP chromium is not installed")
        return 0
    with browser.Browser() as Watched.browser:
        return main(GROUPS, Watched, at_once=1)


if __name__ == "__main__":
    sys.exit(run())
