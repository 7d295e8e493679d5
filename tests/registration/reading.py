"""Reads what an action on a registration has stored: mails in the outbox, their links, audit entries."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from sqlalchemy import select

from forum.audit.models import AuditEntry
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration.models import Registration


@dataclass(frozen=True)
class Mail:
    """A mail of the outbox as its recipient reads it: subject, plain text and HTML."""

    row: OutboxMessage
    subject: str
    text: str
    html: str
    files: dict[str, bytes]
    raw: bytes

    @property
    def token(self) -> str:
        """The token at the end of the personal link in the mail's plain text."""
        return self.address.rpartition("/")[2]

    @property
    def address(self) -> str:
        """The personal link: the only URL that has a line of its own in the mail's plain text."""
        (address,) = [line for line in self.text.splitlines() if line.startswith("http") and "/r/" in line]
        return address


def comparable(raw: bytes, *own: str) -> list[str]:
    """Return the lines of a mail's headers and decoded parts, without what differs between mails of equal content.

    Left out are the moment, the Message-ID, the tokens of links and `own`: the reader's address and reference.
    """
    lines: list[str] = []
    for part in message_from_bytes(raw, policy=policy.default).walk():
        lines += [f"{name}: {value}" for name, value in part.items() if name not in {"Date", "Message-ID"}]
        lines += [] if part.is_multipart() else [str(part.get_content())]
    text = "\n".join(lines)
    for words in own:
        text = text.replace(words, "OWN")
    return re.sub(r"/r/[\w/-]+", "/r/TOKEN", text).splitlines()


def queued(since: int = 0) -> list[tuple[str, str]]:
    """Return (kind, recipient) of the mails with a higher id than `since`; fail when one has failed for good."""
    rows = _rows(since)
    assert "failed" not in {row.status for row in rows}, [row.last_error for row in rows]
    return [(row.kind, row.recipient) for row in rows]


def last_id() -> int:
    """Return the newest mail's id, so that a test can look only at later mails."""
    rows = _rows(0)
    return rows[-1].id if rows else 0


def kinds_for(registration: Registration) -> list[str]:
    """Return the kinds of the registration's mails, oldest first."""
    return [row.kind for row in _rows(0) if row.registration_id == registration.id]


def newest_mail(registration: Registration, kind: str | None = None) -> Mail:
    """Return the registration's newest mail, of this kind if one is given, as parsed from the stored bytes."""
    mine = [row for row in _rows(0) if row.registration_id == registration.id and kind in (None, row.kind)]
    return read(mine[-1])


def newest_mail_to(address: str, kind: str) -> Mail:
    """Return the newest mail of this kind to an address, which may belong to no registration."""
    return read([row for row in _rows(0) if (row.recipient, row.kind) == (address, kind)][-1])


def read(row: OutboxMessage) -> Mail:
    """Return the mail of an outbox row as a mail program shows it."""
    assert row.status == "queued", row.last_error
    message: Any = message_from_bytes(row.content or b"", EmailMessage, policy=policy.default)
    files = {part.get_filename(): part.get_content() for part in message.iter_attachments()}
    text, html = (
        message.get_body((kind,)).get_content().replace("\r\n", "\n").strip() for kind in ("plain", "html")
    )
    return Mail(row, message["Subject"], text, html, files, row.content or b"")


def recorded(registration: Registration) -> list[tuple[str, str, dict]]:
    """Return (action, actor, details) of the registration's audit entries, oldest first."""
    about = (AuditEntry.subject_type == "registrations") & (AuditEntry.subject_id == registration.id)
    entries = db.session.scalars(select(AuditEntry).where(about).order_by(AuditEntry.id)).all()
    return [(entry.action, entry.actor, entry.details.payload if entry.details else {}) for entry in entries]


def read_identity(registration: Registration) -> tuple[bool, str | None]:
    """Return whether the person has a protected identity, and the real name, both read anew from the database."""
    db.session.refresh(registration, ["protected_identity"])
    db.session.refresh(registration.protected_identity)
    answer = registration.protected_identity.answer
    return answer["is_protected"], answer["real_name"]


def _rows(since: int) -> list[OutboxMessage]:
    rows = select(OutboxMessage).where(OutboxMessage.id > since).order_by(OutboxMessage.id)
    return list(db.session.scalars(rows))
