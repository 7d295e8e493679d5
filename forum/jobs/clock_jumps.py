"""Noticing that a machine's clock is set while its worker runs, such as by time synchronisation after a wrong start.

After such a jump, jobs with `rests_after_jump` do nothing for a while (`jobs/table`)."""

import logging
from datetime import datetime, timedelta

# A step of the clock up to this long corrects it and is no jump: jobs then act too early by a minute at most.
SMALLEST_JUMP = timedelta(minutes=1)
# How long jobs rest after a jump: time synchronisation or somebody can set the clock right meanwhile.
PAUSE = timedelta(minutes=10)
log = logging.getLogger("forum.worker")


class JumpWatch:
    """Finds jumps of the system clock: at each call it compares the clock with `time.monotonic`, which nobody can set.

    The first call has nothing to compare with. So a pause between two runs of the worker is no jump.
    """

    def __init__(self) -> None:
        self._apart: float | None = None
        self._rests_until = 0.0

    def is_settled(self, now: datetime, passed: float) -> bool:
        """Return whether the time has not jumped for ten minutes.

        `passed` is what `time.monotonic` shows, in seconds.
        """
        apart = now.timestamp() - passed
        jump = 0.0 if self._apart is None else apart - self._apart
        if abs(jump) > SMALLEST_JUMP.total_seconds():
            log.warning("the clock jumped by %d seconds", round(jump))
            self._rests_until = passed + PAUSE.total_seconds()
        self._apart = apart
        return passed >= self._rests_until
