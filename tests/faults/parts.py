"""Parts of ours, of Postfix and of Redis that are killed, or stand still."""
import os
import signal
import time

import loop
from fault import Fault
from postfix import Postfix

AT_ONCE = 0.3               # seconds until a service manager has noticed


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass                # it has ended, or was replaced, meanwhile


def kill(pid):
    send(pid, signal.SIGKILL)


def stop(pid):
    send(pid, signal.SIGSTOP)


def go_on(pid):
    send(pid, signal.SIGCONT)


def loop_killed(ground):
    kill(loop.wait_for(ground.victim.policyd_loop, 5))
    yield


def policyd_killed(ground):
    host = ground.victim
    orphan = host.policyd_loop()
    host.policyd.kill()
    host.policyd.wait()
    yield
    # It ends by itself; a service manager waits for it.
    loop.wait_for(lambda: not os.path.exists("/proc/%d" % orphan), 10)
    host.start_policyd()


def milter_killed(ground):
    host = ground.victim
    host.milter.kill()
    host.milter.wait()
    yield
    host.start_milter()


def redis_killed(ground):
    ground.redis.kill()
    yield
    ground.start_redis()


def postfix_killed(ground):
    host = ground.victim
    kill(host.master_pid)
    yield
    # What is on its way ends first, or might go twice; then a service manager
    # ends the rest.
    loop.wait_for(lambda: not family(host, "smtp"), 10)
    for pid in family(host):
        send(pid, signal.SIGTERM)
    loop.wait_for(lambda: not family(host), 10)
    Postfix.start(host)


def smtp_killed(ground):
    kill(stopped_smtp(ground))
    yield


def loop_stopped(ground):
    pid = loop.wait_for(ground.victim.policyd_loop, 5)
    stop(pid)
    yield
    go_on(pid)


def parent_stopped(ground):
    pid = ground.victim.policyd.pid
    stop(pid)
    yield
    go_on(pid)


def policyd_stopped(ground):
    pids = [ground.victim.policyd.pid, ground.victim.policyd_loop()]
    for pid in pids:
        stop(pid)
    yield
    for pid in pids:
        go_on(pid)


def milter_stopped(ground):
    pid = ground.victim.milter.pid
    stop(pid)
    yield
    go_on(pid)


def redis_stopped(ground):
    pid = ground.redis.process.pid
    stop(pid)
    yield
    go_on(pid)


def postfix_stopped(ground):
    pid = ground.victim.master_pid
    stop(pid)
    yield
    go_on(pid)


def smtp_stopped(ground):
    pid = stopped_smtp(ground)
    yield
    go_on(pid)


def loop_and_redis_killed(ground):
    ground.redis.kill()
    kill(loop.wait_for(ground.victim.policyd_loop, 5))
    yield
    ground.start_redis()


# Postfix's processes

def read(*path):
    try:
        with open(os.path.join("/proc", *map(str, path)),
                  encoding="latin-1") as file:
            return file.read()
    except OSError:
        return ""


def family(host, name=None):
    """Its master and all that come from it, or those of that name."""
    found = []
    for entry in os.listdir("/proc"):
        said = read(entry, "stat") if entry.isdigit() else ""
        comm, _, rest = said.partition("(")[2].rpartition(")")
        fields = rest.split()
        if fields and fields[2] == str(host.master_pid) and \
                fields[0] != "Z" and name in (None, comm):
            found.append(int(entry))
    return found


def local_port(pid, relay):
    """Of its connection to that relay, or None."""
    inodes = set()
    try:
        for number in os.listdir("/proc/%d/fd" % pid):
            inodes.add(os.readlink("/proc/%d/fd/%s" % (pid, number)))
    except OSError:
        return None
    for line in read(pid, "net/tcp").splitlines()[1:]:
        fields = line.split()
        if "socket:[%s]" % fields[9] in inodes and \
                int(fields[2].partition(":")[2], 16) == relay.port:
            return int(fields[1].partition(":")[2], 16)
    return None


def stopped_smtp(ground):
    """An smtp(8) of the victim, stopped while the relay has yet to get its
    message: to end it then must not deliver anything twice."""
    relay = ground.relays[0]
    relay.become({"DELAY": 0.1})        # gives us the time to see one
    pid = loop.wait_for(lambda: seen_smtp(ground, relay), 30, 0.01)
    relay.become("healthy")
    if not pid:
        raise RuntimeError("no smtp(8) was seen with a connection")
    return pid


def seen_smtp(ground, relay):
    for pid in family(ground.victim, "smtp"):
        stop(pid)
        port = local_port(pid, relay)
        if port is not None and relay.awaits(port):
            time.sleep(0.02)        # what it said before has arrived
            if relay.awaits(port):
                return pid
        go_on(pid)
    return None


FAULTS = [
    Fault("loop-killed", "kill -9 of policyd's loop", loop_killed,
          hold=AT_ONCE, cycles=True),
    Fault("policyd-killed", "kill -9 of policyd's parent", policyd_killed,
          may=("crowds",), hold=AT_ONCE, cycles=True),
    Fault("milter-killed", "kill -9 of the milter", milter_killed,
          may=("crowds",), hold=AT_ONCE, cycles=True),
    Fault("redis-killed", "kill -9 of redis-server, which comes back empty",
          redis_killed, may=("crowds",), hold=AT_ONCE, cycles=True,
          sees="unreachable"),
    Fault("postfix-killed", "kill -9 of Postfix's master", postfix_killed,
          may=("cut", "postfix"), hold=AT_ONCE, cycles=True),
    Fault("smtp-killed", "kill -9 of an smtp(8) with a slot", smtp_killed,
          hold=AT_ONCE, cycles=True),
    Fault("loop-stopped", "SIGSTOP of policyd's loop", loop_stopped),
    Fault("parent-stopped", "SIGSTOP of policyd's parent", parent_stopped),
    Fault("policyd-stopped", "SIGSTOP of both", policyd_stopped),
    Fault("milter-stopped", "SIGSTOP of the milter", milter_stopped,
          may=("crowds",)),
    Fault("redis-stopped", "SIGSTOP of redis-server", redis_stopped,
          may=("shares",), sees="silent"),
    Fault("postfix-stopped", "SIGSTOP of Postfix's master", postfix_stopped),
    Fault("smtp-stopped", "SIGSTOP of an smtp(8) with a slot", smtp_stopped),
    Fault("loop-and-redis-killed", "kill -9 of both at once",
          loop_and_redis_killed, may=("crowds",)),
]
