"""Bodies of requests that do not come at once."""

import threading
from io import BytesIO

SECONDS = 30  # time limit of a test that hangs


class SlowBody:
    """A body that comes when it is let; `asked` is set when somebody waits for it."""

    def __init__(self, body: bytes):
        self.comes, self.asked, self._body = threading.Event(), threading.Event(), BytesIO(body)

    def read(self, size: int = -1) -> bytes:
        """Return the body, once it has come."""
        self.asked.set()
        assert self.comes.wait(SECONDS)
        return self._body.read(size)
