"""Queues in which threads wait: for SQLite's write lock, and for their turn to compute.

Python's interpreter lock lets one thread of a process compute; threads that compute at the same time alternate in
slices of five milliseconds. A request that holds the database's lock would take three times as long beside two others,
while all writers wait for that lock. So the requests of a process take turns: a request computes to its end, or until
it must wait for a lock, and after that wait it comes before the others. docs/benchmarks.md, "One at a time", shows the
effect.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class NoTurn(Exception):
    """A thread has waited for its turn as long as it may, and the turn has not come."""


class Line:
    """A queue that lets `width` threads through at a time, in the order of their arrival, urgent ones first."""

    def __init__(self, width: int = 1) -> None:
        self._mutex = threading.Lock()
        self._width, self._taken = width, 0
        self._passed = 0  # how many waiting threads have got a turn so far; shows whether the queue moves
        self._waiting: deque[threading.Event] = deque()
        self._urgent: deque[threading.Event] = deque()

    def enter(self, seconds: float, *, urgent: bool = False, while_moving: bool = False) -> bool:
        """Wait at most `seconds` for this thread's turn; return whether it came. If it came, `leave` must be called.

        With `while_moving` the wait starts again as long as other threads get their turns, however long the queue is.
        """
        line, turn = self._urgent if urgent else self._waiting, threading.Event()
        with self._mutex:
            if self._taken < self._width:
                self._taken += 1
                return True
            line.append(turn)
            passed = self._passed
        while not turn.wait(seconds):
            with self._mutex:
                # The turn may have come after the wait timed out and before this thread got the mutex: then use it.
                if turn.is_set():
                    return True
                if not while_moving or passed == self._passed:
                    line.remove(turn)
                    return False
                passed = self._passed
        return True

    @contextmanager
    def turn(self, seconds: float) -> Iterator[None]:
        """Run the block when this thread's turn has come. Raises NoTurn."""
        if not self.enter(seconds):
            raise NoTurn
        try:
            yield
        finally:
            self.leave()

    def leave(self) -> None:
        """End this thread's turn and let the next waiting thread through."""
        with self._mutex:
            if line := self._urgent or self._waiting:
                self._passed += 1
                line.popleft().set()
            else:
                self._taken -= 1


class Processor:
    """Turns at computing. Turns are not enforced: if no turn is given for PATIENCE seconds, waiting threads go on.

    While turns are given, every thread waits for its own: otherwise all would compute at once under the highest load.
    """

    # in seconds: if no thread gets a turn for so long, waiting threads go on without a turn
    PATIENCE = 0.25

    def __init__(self) -> None:
        self._line = Line()
        self._mine = threading.local()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Run the block in this thread's turn, or without one when no turns are given.

        A thread that has a turn already keeps it, to the end of the outer block.
        """
        if getattr(self._mine, "turn", False):
            yield
            return
        self._enter()
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def lent(self, *, for_return: float | None = None) -> Iterator[None]:
        """Let other threads compute while this thread waits in the block; afterwards it gets the next turn.

        `for_return` limits the wait for that turn, in seconds, for a thread that comes back with a lock for which
        others wait. Does nothing in a thread that has no turn, such as the worker's or a command's.
        """
        if not self._leave():
            yield
            return
        try:
            yield
        finally:
            self._enter(urgent=True, seconds=for_return)

    def give_up(self) -> None:
        """End this thread's turn and go on without one, because the thread has a lock for which others wait."""
        self._leave()

    def _enter(self, *, urgent: bool = False, seconds: float | None = None) -> None:
        patience = self.PATIENCE if seconds is None else seconds
        self._mine.turn = self._line.enter(patience, urgent=urgent, while_moving=seconds is None)

    def _leave(self) -> bool:
        """End this thread's turn; return whether it had one."""
        had = getattr(self._mine, "turn", False)
        self._mine.turn = False
        if had:
            self._line.leave()
        return had


processor = Processor()
