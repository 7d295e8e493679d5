"""Queues in which threads wait: for SQLite's write lock, and for the processor.

Python's lock lets one thread of a process compute; threads that all want to share it out in slices of five
milliseconds. Then whoever holds the database's lock computes for as long as three pages take, and everybody waits for
that lock. So the requests of a process take turns: one computes to its end, or until it must wait for a lock, and
then goes on before the others. What that brings: docs/benchmarks.md, "One at a time".
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class NoTurn(Exception):
    """The turn did not come while it was waited for."""


class Line:
    """Lets one at a time through, or `width`, in the order in which they came; the urgent before the others."""

    def __init__(self, width: int = 1) -> None:
        self._mutex = threading.Lock()
        self._width, self._taken = width, 0
        self._passed = 0  # how many turns have been handed to a waiting thread: shows whether the queue moves
        self._waiting: deque[threading.Event] = deque()
        self._urgent: deque[threading.Event] = deque()

    def enter(self, seconds: float, *, urgent: bool = False, while_moving: bool = False) -> bool:
        """Wait for the turn, `seconds` at the most; return whether it came. Who had it must `leave`.

        With `while_moving` the seconds begin anew while turns are given on, however long the queue is.
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
                # The turn may have been given in the very moment in which it was given up.
                if turn.is_set():
                    return True
                if not while_moving or passed == self._passed:
                    line.remove(turn)
                    return False
                passed = self._passed
        return True

    @contextmanager
    def turn(self, seconds: float) -> Iterator[None]:
        """Go on when the turn has come. Raises NoTurn."""
        if not self.enter(seconds):
            raise NoTurn
        try:
            yield
        finally:
            self.leave()

    def leave(self) -> None:
        """Give the turn to who is next."""
        with self._mutex:
            if line := self._urgent or self._waiting:
                self._passed += 1
                line.popleft().set()
            else:
                self._taken -= 1


class Processor:
    """Turns at computing. They are a courtesy: in a queue that stands still everybody goes on without.

    While the queue moves nobody does, or all would compute at once just when there are most of them.
    """

    PATIENCE = 0.25  # seconds without anybody getting a turn

    def __init__(self) -> None:
        self._line = Line()
        self._mine = threading.local()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Compute when it is this thread's turn."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def lent(self, *, for_return: float | None = None) -> Iterator[None]:
        """Let others compute while this thread waits for something else; it goes first afterwards.

        It waits for the turn's return as for any turn, or for so many seconds at the most, where others wait for what
        it has in hand by then. Does nothing in a thread that has no turn, such as the worker's or a command's.
        """
        if not self._leave():
            yield
            return
        try:
            yield
        finally:
            self._enter(urgent=True, seconds=for_return)

    def give_up(self) -> None:
        """Go on beside whoever has the next turn: nobody may queue while others wait for what they hold."""
        self._leave()

    def _enter(self, *, urgent: bool = False, seconds: float | None = None) -> None:
        patience = self.PATIENCE if seconds is None else seconds
        self._mine.turn = self._line.enter(patience, urgent=urgent, while_moving=seconds is None)

    def _leave(self) -> bool:
        """End the turn; return whether there was one."""
        had = getattr(self._mine, "turn", False)
        self._mine.turn = False
        if had:
            self._line.leave()
        return had


processor = Processor()
