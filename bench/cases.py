"""The measurements: each prints figures through the report that it is given.

    report.pair(bench, what, ours, noop, must=..., **about)
    report.value(bench, what, values, unit, least=..., most=..., **about)

ours and noop: what the load said, a run each, made in turns; the ratio is the
median of the runs' ratios.
"""
import signal
import time

from stage import SlowRedis, Stage, memory_kib


ASKS = ", each asks Redis"


def in_turns(rounds, *runs):
    """Each run's results, a list each; the machine's mood is shared, and
    nobody is always the first to meet it."""
    results = [[] for _ in runs]
    turn = list(zip(runs, results))
    for _ in range(rounds):
        for run, result in turn:
            result.append(run())
        turn.reverse()
    return results


def at_least(report, stage, what, runs):
    """Where not only the ratio counts."""
    report.value(stage.bench, what + ", 100 clients: rate",
                 [run["rate"] for run in runs], "/s", least=20000,
                 domains=stage.domains)
    report.value(stage.bench, what + ", 100 clients: p99",
                 [run["p99_us"] / 1000 for run in runs], "ms", most=5,
                 domains=stage.domains)


def pairs(report, stage, options, ours, kinds, all_clients):
    """kinds: (kind of load, what it is called, floor of the ratio); where
    each asks Redis other hosts have most of the cap."""
    noop = stage.noop(ours.kind)
    for kind, what, must in kinds:
        stage.crowd(what.endswith(ASKS))
        for clients in all_clients:
            def run(server, kind=kind, clients=clients):
                return lambda: stage.load(server, kind, clients,
                                          options.seconds)

            mine, theirs = in_turns(options.rounds, run(ours), run(noop))
            report.pair(stage.bench, what, mine, theirs, must=must,
                        clients=clients, domains=stage.domains)
            if (kind, clients) == ("lease", 100):
                at_least(report, stage, what, mine)
    stage.crowd(False)
    noop.stop()
    ours.stop()


def requests(report, lab, options):
    """Policy requests and the socketmap."""
    redis = lab.redis()
    for domains in options.domains:
        stage = Stage(lab, options.build, redis, domains)
        stage.bench = "requests"
        clients = options.clients if domains == options.domains[-1] else [100]
        pairs(report, stage, options, stage.policyd("policy"),
              [("stranger", "policy, no lease", 0.6),
               ("lease", "policy, lease", 0.15),
               ("lease", "policy, lease" + ASKS, 0.15)], clients)
        pairs(report, stage, options, stage.policyd("map"),
              [("map", "gate and outcome", 0.6)], clients)


def domains(report, lab, options):
    """The same decision with one domain and with very many."""
    redis = lab.redis()
    stages = [Stage(lab, options.build, redis, n)
              for n in (options.domains[0], options.domains[-1])]
    servers = [stage.policyd("policy") for stage in stages]
    for kind, what in (("stranger", "policy, no lease"),
                       ("lease", "policy, lease")):
        few, many = in_turns(2 * options.rounds, *(
            lambda stage=stage, server=server: stage.load(
                server, kind, 100, options.seconds)
            for stage, server in zip(stages, servers)))
        report.pair("domains", what + ": %d, and in place of a no-op %d" % (
            options.domains[-1], options.domains[0]), many, few, must=0.9,
                    clients=100, domains=options.domains[-1])
    for server in servers:
        server.stop()


def milter(report, lab, options):
    """Whole milter sessions."""
    redis = lab.redis()
    stage = Stage(lab, options.build, redis, options.domains[-1],
                  with_milter=True)
    stage.bench = "milter"
    pairs(report, stage, options, stage.milter(),
          [("session", "milter session", 0.5),
           ("session", "milter session" + ASKS, 0.5),
           ("message", "message in a lasting session", None),
           ("message", "message in a lasting session" + ASKS, None)],
          [n for n in options.clients if n <= 100])


def starts(stage, name, rounds):
    """How long it takes until it answers, in ms, run by run."""
    times = []
    for _ in range(rounds):
        server = getattr(stage, name)()
        times.append(server.ready_ms)
        server.stop()
    return times


def reload_ms(stage, server, log):
    """How long a reload takes, and how long nobody was answered meanwhile."""
    done = stage.lab.log(log).count("reload: result=done") + 1
    server.process.send_signal(signal.SIGHUP)
    begin = last = time.monotonic()
    longest = 0
    while stage.lab.log(log).count("reload: result=done") < done:
        server.answers()
        now = time.monotonic()
        longest, last = max(longest, now - last), now
        if now > begin + 20:
            raise RuntimeError("no reload:\n" + stage.lab.log(log))
    return (last - begin) * 1000, longest * 1000


def start(report, lab, options):
    """From exec to the first answer, and reloads."""
    redis = lab.redis()
    for count in options.domains:
        stage = Stage(lab, options.build, redis, count, with_milter=True)
        for name in ("policyd", "milter"):
            report.value("start", name + " is ready",
                         starts(stage, name, options.rounds), "ms", most=50,
                         domains=count)
        server = stage.policyd()
        runs = [reload_ms(stage, server, "policyd")
                for _ in range(options.rounds)]
        report.value("start", "policyd has read its file anew",
                     [run[0] for run in runs], "ms", domains=count)
        report.value("start", "nobody was answered meanwhile",
                     [run[1] for run in runs], "ms", domains=count)
        server.stop()


def with_idle(server, count):
    """What so many connections take that have asked once."""
    before = memory_kib(server.pids())
    held = [server.ask() for _ in range(count)]
    if None in held:
        raise RuntimeError("a connection was not answered")
    after = memory_kib(server.pids())
    for connection in held:
        connection.close()
    return before, after


def memory(report, lab, options):
    """Resident memory, of all processes of a daemon together."""
    redis = lab.redis()
    for count in sorted({options.domains[0], options.domains[-1]}):
        for name in ("policyd", "milter"):
            stage = Stage(lab, options.build, redis, count, with_milter=True)
            server = getattr(stage, name)()
            before, after = with_idle(server, options.idle)
            about = {"domains": count}
            report.value("memory", name + " at rest", [before], "KiB", **about)
            report.value("memory", "%s, %d connections" % (name, options.idle),
                         [after], "KiB", **about,
                         most=20480 if count == 1 else None)
            report.value("memory", name + ", an idle connection",
                         [(after - before) / options.idle], "KiB", **about,
                         most=10)
            server.stop()


def trouble(report, lab, options):
    """1000 sessions at once while Redis is well, slow and away: what RCPT and
    the end of the message wait for, and how long the last session."""
    redis = lab.redis()
    slow = SlowRedis(redis, lab.path("slow"), 0.02)
    away = "unix:" + lab.path("away")
    for what, address in (("Redis is well", redis.address),
                          ("Redis takes 20 ms", slow.address),
                          ("Redis is away", away)):
        stage = Stage(lab, options.build, redis, 1, with_milter=True,
                      address=address, timeout="50ms")
        ours, noop = stage.milter(), stage.noop("milter")
        mine, theirs = in_turns(options.rounds, *(
            lambda server=server: stage.load(server, "session", options.many,
                                             options.seconds)
            for server in (ours, noop)))
        report.pair("trouble", "%d sessions, %s" % (options.many, what), mine,
                    theirs, clients=options.many, domains=1)
        for name, key in (("RCPT or end of message waited, at most",
                           "envelope_max_us"),
                          ("nobody had waited longer at the end",
                           "longest_wait_us")):
            report.value("trouble", "%s: %s" % (what, name),
                         [run[key] / 1000 for run in mine], "ms",
                         noop=[run[key] / 1000 for run in theirs])
        ours.stop()
        noop.stop()
    slow.close()
