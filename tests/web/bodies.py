"""Request bodies that arrive late."""

import threading
from io import BytesIO

SECONDS = 30  # how many seconds a test waits for another thread at most


class SlowBody:
    """A body that arrives once the test sets `comes`; `asked` is set when a reader waits for the body."""

    def __init__(self, body: bytes):
        self.comes, self.asked, self._body = threading.Event(), threading.Event(), BytesIO(body)

    def read(self, size: int = -1) -> bytes:
        """Wait until the test lets the body arrive, and return it."""
        self.asked.set()
        assert self.comes.wait(SECONDS)
        return self._body.read(size)
