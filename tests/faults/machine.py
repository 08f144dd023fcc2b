"""The machine runs out of something, or its clock is set."""
import contextlib
import os
import resource
import subprocess

from fault import Fault
from host import program

HOUR = 3600
SCARCE = 12000000           # bytes of memory: not enough to start in
NOFILE, MEMORY = resource.RLIMIT_NOFILE, resource.RLIMIT_AS


def clock_of_host(seconds):
    def acts(ground):
        ground.host_clock.set(seconds)
        yield
        ground.host_clock.set(0)
    return acts


def clock_of_redis(seconds):
    def acts(ground):
        ground.redis_clock.set(seconds)
        yield
        ground.redis_clock.set(0)
    return acts


# Limits of a process that runs

def descriptors(pid):
    """One more than the highest that is open."""
    return 1 + max(int(n) for n in os.listdir("/proc/%d/fd" % pid))


def memory(pid):
    with open("/proc/%d/statm" % pid, encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def limited(which, what, used):
    """It gets no more than it has."""
    def acts(ground):
        pid = which(ground)
        before = resource.prlimit(pid, what)
        resource.prlimit(pid, what, (used(pid), before[1]))
        yield
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, what, before)
        ground.supervise()
    return acts


def the_loop(ground):
    return ground.victim.policyd_loop()


def the_milter(ground):
    return ground.victim.milter.pid


def no_memory_to_start(ground):
    host = ground.victim
    for daemon, name in ((host.policyd, "policyd"), (host.milter, "milter")):
        daemon.kill()
        daemon.wait()
        done = subprocess.run(
            ["prlimit", "--as=%d" % SCARCE, program("mailweir-" + name), "-c",
             host.file], capture_output=True, timeout=30, check=False)
        if done.returncode == 0:
            raise RuntimeError("%s starts without memory" % name)
    yield
    ground.supervise()


# Disks

@contextlib.contextmanager
def full(folder):
    """No byte more goes onto this file system."""
    path = os.path.join(folder, "ballast")
    with open(path, "wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * size)
    try:
        yield
    finally:
        os.unlink(path)


def log_disk_full(ground):
    """What Postfix's postlogd could not write once it writes no more of, until
    it is started anew."""
    with full(ground.lab.logs):
        yield
    for host in ground.hosts:
        host.command("postfix", "reload")


def queue_disk_full(ground):
    with full(ground.victim.dir):
        yield


FAULTS = [
    Fault("loop-emfile", "policyd's loop has no descriptor left",
          limited(the_loop, NOFILE, descriptors)),
    Fault("milter-emfile", "the milter has no descriptor left",
          limited(the_milter, NOFILE, descriptors)),
    Fault("loop-enomem", "policyd's loop gets no more memory",
          limited(the_loop, MEMORY, memory)),
    Fault("milter-enomem", "the milter gets no more memory",
          limited(the_milter, MEMORY, memory), may=("crowds",)),
    Fault("start-enomem", "there is no memory to start in",
          no_memory_to_start, may=("crowds",)),
    Fault("log-disk-full", "no log can be written", log_disk_full),
    Fault("queue-disk-full", "Postfix cannot queue",
          queue_disk_full, may=("postfix",)),
    Fault("host-clock-ahead", "the daemons' clock is set an hour ahead",
          clock_of_host(HOUR)),
    Fault("host-clock-back", "the daemons' clock is set an hour back",
          clock_of_host(-HOUR)),
    Fault("redis-clock-ahead", "Redis' clock is set an hour ahead, and back",
          clock_of_redis(HOUR), may=("crowds",)),
    Fault("redis-clock-back", "Redis' clock is set an hour back, and ahead",
          clock_of_redis(-HOUR), may=("crowds",)),
]
