"""One asyncio loop in a thread of its own: relays, scripted servers and
load clients all live in it, while the test itself reads from top to bottom.
"""
import asyncio
import threading
import time

_loop = None


def get():
    global _loop
    if _loop is None:
        _loop = asyncio.new_event_loop()
        threading.Thread(target=_loop.run_forever, daemon=True).start()
    return _loop


def run(coroutine, timeout=60):
    """Run a coroutine in the loop and wait for what it returns."""
    return asyncio.run_coroutine_threadsafe(coroutine, get()).result(timeout)


def start(coroutine):
    """Start a coroutine in the loop; returns a concurrent Future."""
    return asyncio.run_coroutine_threadsafe(coroutine, get())


def call(function, *args):
    """Call a plain function in the loop, and wait for what it returns."""
    async def wrapped():
        return function(*args)
    return run(wrapped())


def wait_for(condition, seconds, every=0.05):
    """Poll until condition() is true; its last value, true or not."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(every)
