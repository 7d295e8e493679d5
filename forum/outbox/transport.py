"""Handing a mail to the mail server, with Flask-Mail's settings, own time limits and verified certificates (F3).

A mail counts as sent when the server answers 250 to DATA; what happens to the connection after that is no failure. The
answer to a whole mail may take much longer than others: after the time for usual answers, a thread of its own waits
for it (`outbox.late_answers`).
"""

import os
import re
import smtplib
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

import flask_mail
from flask import current_app

from forum.outbox.answers import failure_of, told
from forum.outbox.errors import ConnectionSpent, ServerUnreachable
from forum.outbox.late_answers import LateAnswer, Reading, StillReading

# Time limit for the answer to the dot that ends a mail; with a shorter one the worker could give up on a mail that
# the server has accepted (RFC 5321, 4.5.3.2.6).
DOT_SECONDS = 600
# How often the worker at most waits for the mail server to take or send something while it sends one mail, without the
# wait for the answer to the final dot.
WAITS_A_MAIL = 15
UNSAFE_IN_NAMES = re.compile(r"[^A-Za-z0-9.@+-]")


@dataclass(frozen=True)
class Envelope:
    """A mail ready to be sent: its id and kind in the outbox, the addresses of sender and recipient, its bytes."""

    id: int
    kind: str
    sender: str
    recipient: str
    content: bytes


class Transport(Protocol):
    """A way to send mail; a context manager that keeps its connection for a batch."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def connect(self) -> None:
        """Connect, or check the open connection. Raises ServerUnreachable."""

    def deliver(self, envelope: Envelope) -> LateAnswer | None:
        """Send the mail; call `connect` first. Return None when the server has accepted the mail.

        A server that has the whole mail and does not answer in the usual time answers later: then return that answer.
        The next mail needs another connection. Raises TemporaryFailure, ServerUnreachable, ConnectionSpent or
        PermanentFailure.
        """


def longest_delivery() -> timedelta:
    """Return an upper bound for the time that sending one mail takes on an open connection."""
    return timedelta(seconds=DOT_SECONDS + WAITS_A_MAIL * current_app.config["MAIL_TIMEOUT"])


def longest_wait() -> timedelta:
    """Return an upper bound for the time until a late answer has been taken, from when it is late.

    The worker looks for late answers between two mails, so it may connect and send a mail meanwhile.
    """
    return timedelta(seconds=DOT_SECONDS + 2 * WAITS_A_MAIL * current_app.config["MAIL_TIMEOUT"])


def has_server() -> bool:
    """Return whether a mail server is configured; without one mails are written as files (development)."""
    return bool(current_app.config["MAIL_SERVER"])


def open_transport() -> Transport:
    """Return the transport of the configured server, or one that writes files when there is none (development)."""
    if has_server():
        return ServerTransport(current_app.extensions["mail"])
    return FolderTransport(current_app.config["INSTANCE"] / "mail")


class ServerTransport(flask_mail.Connection):
    """Flask-Mail's SMTP connection with time limits, verified certificates and one recipient a mail."""

    # How many mails the server has taken over the open connection.
    _taken = 0

    def __enter__(self) -> Self:
        """Open no connection yet: `connect` opens one when there is a mail."""
        return self

    def __exit__(self, kind, error, trace) -> None:
        """Close the connection, and ignore errors of closing."""
        self._hang_up()

    def configure_host(self) -> smtplib.SMTP:
        """Return a new connection, encrypted and signed in as the settings say, with a verified certificate."""
        context = _verifying_context()
        options = {"timeout": current_app.config["MAIL_TIMEOUT"], "local_hostname": _own_name()}
        if self.mail.use_ssl:
            host: smtplib.SMTP = _PunctualSSL(self.mail.server, self.mail.port, context=context, **options)
        else:
            host = _Punctual(self.mail.server, self.mail.port, **options)
        try:
            if self.mail.use_tls:
                host.starttls(context=context)
            if self.mail.username and self.mail.password:
                host.login(self.mail.username, self.mail.password)
            host.ehlo_or_helo_if_needed()
        except (OSError, smtplib.SMTPException):
            host.close()
            raise
        return host

    def connect(self) -> None:
        """Keep the open connection, or open a new one when it was dropped. Raises ServerUnreachable."""
        if self.host is not None and not self._still_there(self.host):
            self._hang_up()
        if self.host is None:
            try:
                self.host = self.configure_host()
                self._taken = 0
            except (smtplib.SMTPException, OSError, ValueError) as problem:
                raise ServerUnreachable(told(problem)) from problem

    def deliver(self, envelope: Envelope) -> LateAnswer | None:
        """Send the mail; leave the connection to an answer that is late, and return that answer.

        Raises TemporaryFailure, ServerUnreachable, ConnectionSpent or PermanentFailure.
        """
        host, options = self.host, _mail_options(envelope)
        about = {"has_options": bool(options), "has_taken": bool(self._taken)}
        if host is None:
            raise ServerUnreachable("there is no connection")
        try:
            host.sendmail(envelope.sender, [envelope.recipient], envelope.content, options)
        except StillReading as late:
            self.host = None
            return LateAnswer(host, late.reading, **about)
        except (smtplib.SMTPException, OSError, ValueError) as problem:
            failure = failure_of(problem, **about)
            if isinstance(failure, ConnectionSpent):
                self._hang_up()
            if host.sock is None:
                self.host = None
            raise failure from problem
        self._taken += 1
        return None

    def _still_there(self, host: smtplib.SMTP) -> bool:
        try:
            return host.rset()[0] == 250
        except (smtplib.SMTPException, OSError):
            return False

    def _hang_up(self) -> None:
        host, self.host = self.host, None
        if host is not None:
            try:
                host.quit()
            except (smtplib.SMTPException, OSError):
                host.close()


class _Punctual(smtplib.SMTP):
    """SMTP with a time limit for each whole answer: an answer sent byte by byte must not hold the worker (R08)."""

    # Time limits for the next answers of the server, in order; after these, `timeout` applies again.
    _limits: Iterator[float] = iter(())

    def data(self, msg) -> tuple[int, bytes]:
        """Send the mail's content; the answer to the final dot has a longer time limit than other answers."""
        self._limits = iter((self.timeout, DOT_SECONDS))
        try:
            return super().data(msg)
        finally:
            self._limits = iter(())

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer of the server, within the time limit.

        Raises StillReading when the answer to a whole mail takes longer than the usual limit. Nothing else may use the
        connection then.
        """
        seconds = next(self._limits, self.timeout)
        if seconds <= self.timeout:
            return self._read_within(seconds)
        reading = Reading(partial(self._read_within, seconds))
        if not reading.is_over(within=self.timeout):
            raise StillReading(reading)
        return reading.reply()

    def _read_within(self, seconds: float) -> tuple[int, bytes]:
        limit = threading.Timer(seconds, self._cut)
        limit.daemon = True
        limit.start()
        try:
            self._be_patient_for(seconds)
            return super().getreply()
        finally:
            limit.cancel()
            self._be_patient_for(self.timeout)

    def _be_patient_for(self, seconds: float) -> None:
        if self.sock is not None:
            self.sock.settimeout(seconds)

    def _cut(self) -> None:
        """Shut the socket down while another thread reads from it: ending TLS properly is not safe then."""
        with suppress(OSError):
            if self.sock is not None:
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class _PunctualSSL(_Punctual, smtplib.SMTP_SSL):
    """SMTP with time limits over implicit TLS."""


class FolderTransport:
    """Writes mails as files into a folder, for a machine without a mail server."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __enter__(self) -> Self:
        """Open nothing: there is no connection."""
        return self

    def __exit__(self, kind, error, trace) -> None:
        """Close nothing: there is no connection."""

    def connect(self) -> None:
        """Create the folder, accessible to its owner only, because mails hold personal links."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as problem:
            raise ServerUnreachable(told(problem)) from problem

    def deliver(self, envelope: Envelope) -> LateAnswer | None:
        """Write the mail as a file, completely or not at all, readable by its owner only."""
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")[:-3]
        recipient = UNSAFE_IN_NAMES.sub("_", envelope.recipient)[:80]
        name = f"{moment}-{envelope.id}-{envelope.kind}-{recipient}.eml"
        try:
            self._write(name, envelope.content)
        except OSError as problem:
            raise ServerUnreachable(told(problem)) from problem
        return None

    def _write(self, name: str, content: bytes) -> None:
        descriptor, written = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(written).replace(self.folder / name)
        # Leave no partial file behind, which would also fill the disk.
        except OSError:
            Path(written).unlink(missing_ok=True)
            raise


def _mail_options(envelope: Envelope) -> list[str]:
    """Return the SMTP options of a mail: SMTPUTF8, but only for an address that needs it (M05)."""
    return [] if envelope.recipient.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]


def _verifying_context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=current_app.config["MAIL_CA_FILE"])


def _own_name() -> str:
    """Return the host name for EHLO from the site's URL; looking it up in DNS could take too long."""
    name = urlsplit(current_app.config["BASE_URL"]).hostname or ""
    return name if re.search(r"[a-z]", name) and "." in name else "[127.0.0.1]"
