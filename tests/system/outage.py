"""A relay falls ill and recovers, in each way that is known: its breaker
opens within a few messages, mail goes on through the second relay within the
same delivery, and everything comes back by itself.

Several ways run at once, each with a destination and two relays of its own,
and a stock Postfix with the same two next hops beside them.
"""
import re
import time

import load
import loop
import tap

# open_for, open_max and ramp_step are short, so that a recovery can be seen;
# slow_after, so that silence is judged before the test ends.
CONFIGURATION = """
breaker = {{ consecutive = 5; open_for = "8s"; open_max = "12s"; trials = 2;
  ramp_step = "1s"; slow_after = "2s"; }};
gate = {{ wait = "10s"; spill = "250ms"; }};
upstreams = {{ {upstreams} }};
destinations = {{ {destinations} }};
"""
UPSTREAMS = """
  {name} = {{ nexthop = "{first}"; connections = 10; }};
  {name}-eu = {{ nexthop = "{second}"; connections = 10; }};
"""
DESTINATION = """
  {name} = {{ domains = [ "{name}.test" ];
    routes = ( {{ upstream = "{name}"; }}, {{ upstream = "{name}-eu"; }} ); }};
"""

WELL, ILL = 4, 20           # seconds
RATE = 20                   # messages a second, each way
TOUCHED = 0.05              # of them: those until it opens, and trials
RECOVERY = 60

# The name is the relay's mode.
WAYS = {
    "busy": "451 at RCPT",
    "refused": "refused connections",
    "banner-421": "421 banner",
    "drop-ehlo": "dropped at EHLO",
    "drop-eod": "dropped at end of data",
    "slow": "10 s an answer",
}


class Case:
    """One way of falling ill, with its relays and its load."""

    def __init__(self, lab, mode):
        self.mode = self.name = mode
        self.what = WAYS[mode]
        self.first, self.second = lab.relay(), lab.relay()
        self.relays = [self.first, self.second]
        self.load = None
        self.host = self.log_at = None
        self.ill_at = self.ill_messages = self.touched = None

    def upstreams(self):
        return UPSTREAMS.format(name=self.name, first=self.first.nexthop,
                                second=self.second.nexthop)

    def destination(self):
        return DESTINATION.format(name=self.name)

    def begin(self, host):
        self.host = host
        self.load = load.Load([host.port], [self.name + ".test"], RATE)

    def refusals(self):
        """Attempts that a closed port refused; only the log knows them."""
        return len(re.findall(r"connect to \S+:%d: Connection refused$" %
                              self.first.port, self.host.text(), re.M))

    def attempts(self):
        """Each is a message that touched the first relay."""
        if self.mode == "busy":
            return len(self.first.asked)
        return self.first.connections + self.refusals()

    def fall_ill(self):
        self.touched = -self.attempts()
        self.ill_messages = -len(self.load.messages)
        self.first.become(self.mode)

    def heal(self):
        self.touched += self.attempts()
        self.ill_messages += len(self.load.messages)
        self.first.become("healthy")


def stock(lab, case):
    """A Postfix without us, with both next hops and Postfix's defaults."""
    host = lab.postfix("stock", main="transport_maps = "
                       "texthash:{config}/transport")
    host.write("transport", "stock.test smtp:%s, %s\n" % (
        case.first.nexthop, case.second.nexthop))
    host.start()
    case.name = "stock"
    return host


def state(redis, name):
    return redis("HGET", "mailweir:upstream:{%s}" % name, "state")


def check_outage(case, names):
    """While it was ill, hardly any message touched it."""
    what = case.what
    tap.at_most(case.touched, int(case.ill_messages * TOUCHED), "%s: of %d messages those that touched "
                "the sick relay" % (what, case.ill_messages))
    tap.ok(case.name in names, "%s: the breaker opened" % what)


def check_mail(case, host):
    """Nobody waited, nobody got it twice."""
    what = case.what
    deferred = [d for d in host.deliveries() if d.status == "deferred" and
                d.to.endswith("@%s.test" % case.name)]
    tap.same(len(deferred), 0, "%s: no delivery was put off" % what)
    load.check(load.account(case.load.messages, case.relays, [host],
                            host.lab.witness), what)


def opened(redis):
    """The upstreams whose breakers have opened."""
    return {event["upstream"] for event in redis.events()
            if event["event"] == "breaker" and event["to"] == "open"}


def check_opening(redis, case):
    """While it is ill: it opens within 3 s or 25 failed transactions."""
    opened = loop.wait_for(lambda: state(redis, case.name) == "open", 3, 0.02)
    tap.ok(opened or case.attempts() + case.touched <= 25,
           "the breaker opens within 3 s or 25 failed transactions",
           "state %s after %d" % (state(redis, case.name),
                                  case.attempts() + case.touched))


def moves_back(case):
    """For a moment all mail goes through the first relay: on a loaded machine
    its connections may be full now and then, and some mail spills over."""
    first, second = len(case.first.accepted), len(case.second.accepted)
    time.sleep(2)
    return len(case.first.accepted) > first and \
        len(case.second.accepted) == second


def check_return(cases, redis):
    """To the full share, by itself."""
    for case in cases:
        tap.ok(loop.wait_for(
            lambda c=case: state(redis, c.name) == "closed", RECOVERY, 0.2),
            "%s: closed again" % case.what, state(redis, case.name))
    for case in cases:
        tap.ok(loop.wait_for(lambda c=case: moves_back(c), 15),
               "%s: all mail goes through the first relay again" % case.what)


def check_stock(case, host):
    """Every message touches the sick relay first, while it is ill."""
    case.load.stop()
    load.drained([host], 20)
    messages = len(case.load.messages) + case.ill_messages
    touched = case.attempts() + case.touched
    tap.at_least(touched, messages, "stock Postfix: of %d messages those "
                 "that touched the sick relay" % messages)


def run(lab, modes):
    redis = lab.redis()
    cases = [Case(lab, mode) for mode in modes]
    host = lab.host("h1", redis, CONFIGURATION.format(
        upstreams="".join(c.upstreams() for c in cases),
        destinations="".join(c.destination() for c in cases)))
    plain = Case(lab, modes[0])
    stock_host = stock(lab, plain)
    host.start()
    for case in cases:
        case.begin(host)
    plain.begin(stock_host)
    time.sleep(WELL)
    client = redis.client()
    for case in cases + [plain]:
        case.fall_ill()
    check_opening(client, cases[0])
    time.sleep(ILL)
    for case in cases:
        case.heal()
    check_stock(plain, stock_host)
    tap.ok(any(event["event"] == "breaker" for event in host.events()),
           "mailweir events --json tells of it")
    for case in cases:
        check_outage(case, opened(client))
    check_return(cases, client)
    for case in cases:
        case.load.stop()
    load.drained([host], 30)
    for case in cases:
        check_mail(case, host)
    tap.ok(host.steady(), "the daemons ran through")
