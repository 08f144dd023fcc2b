#!/usr/bin/env python3
"""mailweir-policyd and a mail log: real daemon, real redis-server, and a log
that is written by hand. The lanes are this process, so its id stands in the
lines. No mail flows. Speaks TAP."""

import datetime
import os
import signal
import sys
import time

import test_policyd
from test_policyd import CONFIG, Daemons, Lane, equal, until

# No breaker opens.
PATIENT = CONFIG.replace("consecutive = 3",
                         "consecutive = 1000; min_outcomes = 10000")
OK = test_policyd.OK
BUSY = "host filter.test[192.0.2.9] said: 451 4.3.2 Temporary server error. " \
    "Please try again later (in reply to MAIL FROM command)"
MANY = "host filter.test[192.0.2.9] refused to talk to me: 421 4.3.2 The " \
    "maximum number of concurrent connections has exceeded a limit"
PID = os.getpid()


def stamp():
    return datetime.datetime.now().strftime("%b %e %H:%M:%S")


def line(text, tag="postfix/mw-contoso/smtp", pid=PID, queue_id="966C9A8A4B3"):
    return "%s mx1 %s[%d]: %s: %s\n" % (stamp(), tag, pid, queue_id, text)


class Log:
    def __init__(self, d):
        self.path = os.path.join(d.dir, "mail.log")

    def write(self, text):
        with open(self.path, "a") as out:
            out.write(text)


def fed(d):
    d.write_config(extra='feed = { maillog = "%s/mail.log"; };' % d.dir)
    Log(d).write(line(BUSY))            # history


def fed_later(d):
    fed(d)
    os.unlink(Log(d).path)


def is_fed(d):
    until(lambda: d.logged("following="), "the log to be followed")
    until(lambda: d.granted("filter") > 0 and d.granted("second") > 0,
          "the grants")


def outcomes(d, upstream="filter"):
    """What was counted, without what went well."""
    answer = d.redis("HGETALL", "mailweir:upstream:{%s}" % upstream)
    fields = answer.split("\n")
    pairs = dict(zip(fields[::2], fields[1::2]))
    return {name[8:]: int(value) for name, value in pairs.items()
            if name.startswith("outcome_") and name != "outcome_ok"
            and value != "0"}


def move_on(d, told="", before=False):
    """One delivery that goes on to the second next hop; what the log says of
    the first."""
    lane = Lane(d)
    equal(lane.gate("filter"), "OK encrypt")
    if told and before:
        Log(d).write(told)
        time.sleep(0.3)         # or it may be heard after all, which is fine
    equal(lane.gate("second"), "NOTFOUND ")
    if told and not before:
        Log(d).write(told)
    equal(lane.outcome(OK), "NOTFOUND ")
    lane.close()


def grown(before, **classes):
    after = dict(before)
    for name, n in classes.items():
        name = name.replace("_", "-")
        after[name] = after.get(name, 0) + n
    return after


def expect(d, before, **classes):
    wanted = grown(before, **classes)
    try:
        until(lambda: outcomes(d) == wanted, wanted)
    except AssertionError:
        equal(outcomes(d), wanted)


def process(pid):
    path = "/proc/%d/task/%d/children" % (pid, pid)
    with open(path) as children:
        pids = children.read().split()
    return int(pids[0]) if pids else 0


def follower(d):
    return process(d.child())


def a_reason_takes_the_place_of_moving_on(d):
    is_fed(d)
    before = outcomes(d)
    move_on(d, line(BUSY))
    expect(d, before, trouble=1)
    move_on(d, line(BUSY), before=True)
    expect(d, before, trouble=2)


def too_many_connections_is_slow(d):
    before = outcomes(d)
    move_on(d, line(MANY))
    expect(d, before, slow=1)
    until(lambda: "conn-cap" in d.redis(
        "XREVRANGE", "mailweir:events", "+", "-"), "the event")


def without_a_word_it_moved_on(d):
    before = outcomes(d)
    move_on(d)
    expect(d, before, moved_on=1)


def words_that_no_rule_knows_leave_it_so(d):
    before = outcomes(d)
    move_on(d, line("host filter.test[192.0.2.9] said: 451 4.9.9 Brr"))
    expect(d, before, moved_on=1)


STRANGERS = [
    line(BUSY, pid=1),
    line(BUSY, tag="postfix/mw-lone/smtp"),
    line(BUSY, tag="postfix/mw-nobody/smtp"),
    line(BUSY, tag="postfix/smtp"),
    line(BUSY, tag="postfix/mw-contoso/smtpd"),
    line(BUSY, tag="sshd"),
    line(BUSY.replace("filter.test", "elsewhere.test")),
    line(line(BUSY).strip(), tag="postfix/mw-contoso/smtpd"),
    line("x: " + line(BUSY).strip(), tag="sshd"),
    line(BUSY).replace(" mx1 ", " mx1 x: "),
    line("to=<a@contoso.test>, relay=filter.test[192.0.2.9]:25, delay=1, "
         "delays=0/0/0/1, dsn=4.3.2, status=deferred (%s)" % BUSY),
    "\0\xff%s\n" % ("x" * 100000),
    "\n",
]


def lines_of_others_say_nothing(d):
    before = outcomes(d)
    move_on(d, "".join(STRANGERS))
    expect(d, before, moved_on=1)
    move_on(d, line(BUSY))              # and nobody is deaf now
    expect(d, before, moved_on=1, trouble=1)


def lines_alone_count_nothing(d):
    before = outcomes(d)
    Log(d).write(line(BUSY) * 5000)
    move_on(d, line(MANY, pid=PID))
    until(lambda: sum(outcomes(d).values()) == sum(before.values()) + 1,
          "one more outcome")


def the_log_may_be_rotated(d):
    log = Log(d)
    before = outcomes(d)
    move_on(d, line(BUSY))
    expect(d, before, trouble=1)
    os.rename(log.path, log.path + ".1")
    move_on(d, line(BUSY))
    expect(d, before, trouble=2)
    os.rename(log.path, log.path + ".1")
    with open(log.path + ".1", "a") as old:
        move_on(d)
        old.write(line(BUSY))
    expect(d, before, trouble=3)
    os.truncate(log.path + ".1", 0)
    move_on(d, line(BUSY))
    expect(d, before, trouble=4)
    os.truncate(log.path, 0)
    time.sleep(0.3)             # a cut is seen when it is looked for
    move_on(d, line(BUSY))
    expect(d, before, trouble=5)


def a_follower_is_restarted(d):
    before = outcomes(d)
    old = follower(d)
    os.kill(old, signal.SIGKILL)
    until(lambda: follower(d) not in (0, old), "another follower")
    until(lambda: opened(follower(d)), "it to follow")
    move_on(d, line(BUSY))
    expect(d, before, trouble=1)


def opened(pid):
    names = ["/proc/%d/fd/%s" % (pid, fd)
             for fd in os.listdir("/proc/%d/fd" % pid)]
    return [path for path in map(os.readlink, names) if "mail.log" in path]


def a_follower_has_nothing_of_the_loop_s(d):
    pid = follower(d)
    equal(sorted(map(int, os.listdir("/proc/%d/fd" % pid))), [0, 1, 2, 3, 4])


def a_hanging_follower_holds_nobody_up(d):
    before = outcomes(d)
    os.kill(follower(d), signal.SIGSTOP)
    move_on(d, line(BUSY))
    expect(d, before, moved_on=1)
    os.kill(follower(d), signal.SIGCONT)
    move_on(d, line(MANY))      # the late line is of no use to it
    until(lambda: sum(outcomes(d).values()) == sum(before.values()) + 2,
          "one more outcome")


def it_ends_with_the_loop(d):
    loop, old = d.child(), follower(d)
    os.kill(loop, signal.SIGKILL)
    until(lambda: not os.path.exists("/proc/%d" % old) or
          process_is_dead(old), "its end")
    until(lambda: d.child() not in (0, loop) and follower(d) not in (0, old),
          "another of each")


def process_is_dead(pid):
    try:
        with open("/proc/%d/stat" % pid) as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def a_reload_turns_it_off_and_on(d):
    d.write_config(extra="")
    d.policyd.send_signal(signal.SIGHUP)
    until(lambda: follower(d) == 0, "no follower")
    before = outcomes(d)
    move_on(d, line(BUSY))
    expect(d, before, moved_on=1)
    fed(d)
    d.policyd.send_signal(signal.SIGHUP)
    until(lambda: follower(d) and opened(follower(d)), "a follower")
    move_on(d, line(BUSY))
    expect(d, before, moved_on=1, trouble=1)


def the_reason_stands_in_the_record(d):
    is_fed(d)
    for _ in range(3):
        move_on(d, line(BUSY))
    until(lambda: d.state("filter") == "open", "the breaker to open")
    fields = d.redis("HMGET", "mailweir:upstream:{filter}", "rule",
                     "sample").split("\n")
    if not fields[0] or "4.3.2 host filter.test" not in fields[1]:
        raise AssertionError(fields)


def a_missing_file_is_told_once(d):
    until(lambda: d.logged("No such file"), "the complaint")
    time.sleep(0.5)             # for a second one, which would be wrong
    with open(d.log.name) as log:
        equal(log.read().count("No such file"), 1)


def and_read_from_its_start_when_it_comes(d):
    until(lambda: d.granted("filter") > 0 and d.granted("second") > 0,
          "the grants")
    before = outcomes(d)
    move_on(d, line(BUSY))
    expect(d, before, trouble=1)
    until(lambda: d.logged("following="), "a word about it")


def what_waits_at_the_end_is_counted(d):
    before = outcomes(d)
    move_on(d)
    d.policyd.terminate()
    equal(d.policyd.wait(test_policyd.PATIENCE), 0)
    equal(outcomes(d), grown(before, moved_on=1))


GROUPS = [
    ({"before": fed, "template": PATIENT}, [
        a_reason_takes_the_place_of_moving_on, too_many_connections_is_slow,
        without_a_word_it_moved_on, words_that_no_rule_knows_leave_it_so,
        lines_of_others_say_nothing, lines_alone_count_nothing,
        the_log_may_be_rotated, a_follower_is_restarted,
        a_follower_has_nothing_of_the_loop_s,
        a_hanging_follower_holds_nobody_up, it_ends_with_the_loop,
        a_reload_turns_it_off_and_on]),
    ({"before": fed}, [the_reason_stands_in_the_record]),
    ({"before": fed_later, "template": PATIENT}, [
        a_missing_file_is_told_once, and_read_from_its_start_when_it_comes,
        what_waits_at_the_end_is_counted]),
]

if __name__ == "__main__":
    sys.exit(test_policyd.main(GROUPS))
