"""Waiting for the mail server's answer to a whole mail beside the sending of other mails (R08).

A server may take ten minutes to answer to the dot that ends a mail. Giving up earlier risks a second copy, and other
mails must not wait so long. So a thread of its own reads that answer; the worker leaves the connection to this thread
when the answer takes longer than others may, and sends the next mails over another one.
"""

import smtplib
import threading
from collections.abc import Callable
from contextlib import suppress

from forum.outbox.answers import failure_of

ACCEPTED = 250
Reply = tuple[int, bytes]


class Reading:
    """Reads one answer of the mail server in a thread of its own."""

    def __init__(self, read: Callable[[], Reply]):
        self._read = read
        self._reply: Reply | None = None
        self._problem: Exception | None = None
        self._is_over = threading.Event()
        threading.Thread(target=self._run, name="answer", daemon=True).start()

    def is_over(self, *, within: float = 0) -> bool:
        """Return whether the answer has come or was given up; wait for that, for some seconds at most."""
        return self._is_over.wait(within)

    def reply(self) -> Reply:
        """Wait for the answer and return it; raise what reading it has raised."""
        self._is_over.wait()
        if self._problem is not None:
            raise self._problem
        assert self._reply is not None  # noqa: S101 - a thread that is over has a reply or a problem
        return self._reply

    def _run(self) -> None:
        try:
            self._reply = self._read()
        # Do not raise the error in this thread: `reply` raises it in the thread that asks for the answer.
        except Exception as problem:
            self._problem = problem
        finally:
            self._is_over.set()


class StillReading(Exception):
    """The server has the whole mail, and has not answered to it within the time for usual answers."""

    def __init__(self, reading: Reading):
        super().__init__("the server has not answered yet")
        self.reading = reading


class LateAnswer:
    """A late answer to a mail: one connection waits for it, and no other mail is sent over that connection.

    `has_taken` means that the server has accepted other mails over this connection before.
    """

    def __init__(self, host: smtplib.SMTP, reading: Reading, *, has_options: bool, has_taken: bool):
        self._host = host
        self._reading = reading
        self._about = {"has_options": has_options, "has_taken": has_taken}

    def is_there(self, *, within: float = 0) -> bool:
        """Return whether the answer has come or was given up; wait for that, for some seconds at most."""
        return self._reading.is_over(within=within)

    def take(self) -> None:
        """Wait for the answer and hang up. Raises the failures of `Transport.deliver` if the mail was not accepted."""
        try:
            code, words = self._reading.reply()
        except (smtplib.SMTPException, OSError) as problem:
            raise failure_of(problem, **self._about) from problem
        finally:
            self._hang_up()
        if code != ACCEPTED:
            refused = smtplib.SMTPDataError(code, words)
            raise failure_of(refused, **self._about) from refused

    def _hang_up(self) -> None:
        """Send QUIT and close the connection at once: the server may be slow to answer to QUIT, too."""
        with suppress(smtplib.SMTPException, OSError):
            self._host.putcmd("quit")
        self._host.close()
