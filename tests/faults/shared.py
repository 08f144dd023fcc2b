"""Redis says no, forgets, or holds nonsense; and what happens to the wire."""
import random
import signal

import loop
from fault import Fault
from store import RedisError

PREFIX = "mailweir:"
UPSTREAM = PREFIX + "upstream:{filter}"
DESTINATION = PREFIX + "dest:{%s}"


def hang_up(ground):
    """All connections of Mailweir's are made anew."""
    ground.ask("CLIENT", "KILL", "USER", "mailweir")


def set_for_a_while(ground, name, value):
    """A setting of Redis, until the fault ends."""
    before = ground.ask("CONFIG", "GET", name)[1]
    ground.ask("CONFIG", "SET", name, value)
    yield
    ground.ask("CONFIG", "SET", name, before)


def loading(ground):
    """A data set of which each key takes its time."""
    keys = 400
    ground.ask("MSET", *(word for n in range(keys)
                         for word in ("ballast:%d" % n, "x" * 200)))
    ground.ask("SAVE")
    ground.redis.kill()
    usual = ground.redis.options
    ground.redis.options = usual + (
        "--key-load-delay", "5000", "--loading-process-events-interval-bytes",
        "1024")
    ground.start_redis()
    yield
    # Redis itself ends it.
    ground.redis.options = usual
    loop.wait_for(lambda: answers(ground, "GET", "ballast:0"), 60)
    ground.redis.forget()
    ground.ask("DEL", *("ballast:%d" % n for n in range(keys)))


def readonly(ground):
    """A replica of nobody."""
    ground.ask("CONFIG", "SET", "replica-read-only", "yes")
    ground.ask("REPLICAOF", "127.0.0.1", "1")
    yield
    ground.ask("REPLICAOF", "NO", "ONE")


def waits_for_primary(ground):
    """The same, and it does not show what may be stale."""
    ground.ask("CONFIG", "SET", "replica-serve-stale-data", "no")
    ground.ask("REPLICAOF", "127.0.0.1", "1")
    yield
    ground.ask("REPLICAOF", "NO", "ONE")
    ground.ask("CONFIG", "SET", "replica-serve-stale-data", "yes")


def no_memory(ground):
    return set_for_a_while(ground, "maxmemory", "1")


def no_replicas(ground):
    return set_for_a_while(ground, "min-replicas-to-write", "1")


def disk_full(ground):
    """No snapshot can be saved: Redis refuses to write."""
    folder = ground.ask("CONFIG", "GET", "dir")[1]
    ground.ask("CONFIG", "SET", "save", "3600 1")
    ground.ask("CONFIG", "SET", "dir", "/proc")
    ground.ask("BGSAVE")
    yield
    ground.ask("CONFIG", "SET", "dir", folder)
    ground.ask("CONFIG", "SET", "save", "")


def password_changed(ground):
    ground.ask("ACL", "SETUSER", "mailweir", "resetpass", ">another")
    hang_up(ground)
    yield
    ground.ask("ACL", "SETUSER", "mailweir", "resetpass",
               ">" + ground.secret)


def rights_taken(ground):
    ground.ask("ACL", "SETUSER", "mailweir", "-evalsha", "-eval")
    yield
    ground.ask("ACL", "SETUSER", "mailweir", "+evalsha", "+eval")


def too_many_clients(ground):
    ground.ask("CONFIG", "SET", "maxclients", "1")
    hang_up(ground)
    yield
    ground.ask("CONFIG", "SET", "maxclients", "10000")


def hung_up(ground):
    hang_up(ground)
    yield


def scripts_flushed(ground):
    ground.ask("SCRIPT", "FLUSH")
    yield


def flushed(ground):
    ground.ask("FLUSHALL")
    yield


def answers(ground, *words):
    """Something, and no error?"""
    try:
        return ground.ask(*words or ("PING",)) is not None
    except (OSError, RedisError):
        return False


def busy(ground):
    """A script of somebody else's has no end."""
    ground.ask("CONFIG", "SET", "busy-reply-threshold", "50")
    other = ground.redis.client()
    words = ("EVAL", "while true do end", "0")
    other.socket.sendall(("*3\r\n" + "".join(
        "$%d\r\n%s\r\n" % (len(word), word) for word in words)).encode())
    yield
    ground.ask("SCRIPT", "KILL")
    loop.wait_for(lambda: answers(ground), 10)
    other.close()


def keys_of_ours(ground):
    return sorted(ground.ask("KEYS", PREFIX + "*"))


def wrong_types(ground):
    for key in keys_of_ours(ground):
        # In one step: what is deleted is written again in no time.
        ground.ask("EVAL", "redis.call('DEL', KEYS[1]) "
                   "redis.call('SADD', KEYS[1], ARGV[1])", "1", key,
                   "not ours")
    yield
    for key in keys_of_ours(ground):
        if ground.ask("TYPE", key) == "set":
            ground.ask("DEL", key)


def nonsense(ground):
    """In every field that there is; it is there for good."""
    draw = random.Random(1)
    words = ("", "-1", "nan", "1e308", "99999999999999999999", "x" * 60,
             "0 0 0", "\x1b[2J", "%s%n", "closed open")
    for key in keys_of_ours(ground):
        if ground.ask("TYPE", key) == "hash":
            for field in ground.ask("HKEYS", key):
                ground.ask("HSET", key, field, draw.choice(words))
    yield


def wire(deed):
    def acts(ground):
        ground.wire.become(deed)
        yield
        ground.wire.become("pass")
    return acts


def partition(ground):
    """Packets leave, and arrive nowhere."""
    ground.wire.take_down()
    yield
    ground.wire.put_up()


# With sentinels

def whole(fleet):
    """A fail-over takes a replica, and a majority that knows of it."""
    if not loop.wait_for(fleet.is_whole, 60):
        raise RuntimeError("the primary has no replica")


def another_is_primary(fleet, old):
    if not loop.wait_for(lambda: all(s.primary_port() != old.port
                                     for s in fleet.sentinels), 60):
        raise RuntimeError("the sentinels name no other primary")


def primary_killed(ground):
    fleet = ground.redis
    whole(fleet)
    old = fleet.primary()
    old.kill()
    yield
    another_is_primary(fleet, old)
    old.start()                 # as a replica, once it was told so


def primary_stopped(ground):
    """Long enough to be replaced; then it believes for a while that it is the
    primary still."""
    fleet = ground.redis
    whole(fleet)
    old = fleet.primary()
    old.process.send_signal(signal.SIGSTOP)
    another_is_primary(fleet, old)
    yield
    old.process.send_signal(signal.SIGCONT)


def sentinels_killed(ground):
    """Nobody needs them while the primary is there."""
    for sentinel in ground.redis.sentinels:
        sentinel.kill()
    yield
    for sentinel in ground.redis.sentinels:
        sentinel.start()


FAULTS = [
    Fault("redis-loading", "Redis reads its data set", loading,
          may=("shares",), sees="loading"),
    Fault("redis-readonly", "Redis has become a replica", readonly,
          may=("shares",), sees="readonly"),
    Fault("redis-masterdown", "Redis waits for its primary",
          waits_for_primary, may=("shares",), sees="loading"),
    Fault("redis-oom", "Redis has no memory left", no_memory, may=("shares",),
          sees="full"),
    Fault("redis-disk-full", "Redis cannot save", disk_full, may=("shares",),
          sees="full"),
    Fault("redis-no-replicas", "Redis has too few replicas to write",
          no_replicas, may=("shares",), sees="full"),
    Fault("redis-noauth", "Redis says NOAUTH to everything", wire("noauth"),
          may=("shares",), sees="denied"),
    Fault("redis-wrongpass", "our password is another one now",
          password_changed, may=("shares",), sees="denied"),
    Fault("redis-noperm", "our rights are taken", rights_taken,
          may=("shares",), sees="denied"),
    Fault("redis-maxclients", "Redis takes no more connections",
          too_many_clients, may=("shares",), sees="denied"),
    Fault("redis-hangs-up", "Redis closes all our connections", hung_up,
          may=("shares",), cycles=True, hold=0.1, sees="unreachable"),
    Fault("redis-noscript", "SCRIPT FLUSH", scripts_flushed, cycles=True,
          hold=0.1),
    Fault("redis-flushed", "FLUSHALL", flushed, may=("crowds",), cycles=True,
          hold=0.1),
    Fault("redis-busy", "somebody's script has no end", busy, may=("shares",),
          sees="silent"),
    Fault("redis-wrong-types", "all our keys are sets", wrong_types,
          may=("crowds",), sees="odd"),
    Fault("redis-nonsense", "nonsense in all fields of ours", nonsense),
    Fault("wire-drip", "answers come a byte a second", wire("drip"),
          may=("shares",), sees="silent"),
    Fault("wire-late", "answers take 300 ms", wire("late"),
          may=("shares",)),
    Fault("wire-cut", "connections are reset in mid-reply", wire("cut"),
          may=("shares",), sees="unreachable"),
    Fault("wire-mute", "nothing comes through, nobody says so", wire("mute"),
          may=("shares",), sees="silent"),
    Fault("wire-babble", "something else answers", wire("babble"),
          may=("shares",), sees="odd"),
    Fault("wire-partition", "Redis' network is gone", partition,
          may=("shares",), sees="silent"),
    Fault("fail-over", "kill -9 of the primary, of which sentinels know",
          primary_killed, may=("shares",), sees="unreachable", fleet=True),
    Fault("fail-over-stopped", "SIGSTOP of it, and it comes back",
          primary_stopped, may=("shares",), sees="silent", fleet=True),
    Fault("sentinels-killed", "kill -9 of all three sentinels",
          sentinels_killed, fleet=True),
]
