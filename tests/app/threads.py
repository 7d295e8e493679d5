"""Threads that wait for each other; a time limit ends the wait of a test when the code is broken."""

import time

from forum.turns import Line

SECONDS = 10  # the time limit in which other threads must act; working code needs a moment only


def wait_until(is_so):
    end = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.001)


def queued(line: Line) -> int:
    return len(line._waiting) + len(line._urgent)
