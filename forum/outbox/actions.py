"""Putting a mail into the outbox, sending it sooner or again, cancelling it."""

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from jinja2 import TemplateError
from sqlalchemy import ColumnElement, Select, update
from sqlalchemy.exc import SQLAlchemyError

from forum.audit import actions as audit
from forum.extensions import db
from forum.outbox import messages, passages, queries, relay, rendering
from forum.outbox.addresses import Mailbox, mailbox, parse_mailbox
from forum.outbox.enums import AbortReason, Lane, MessageStatus
from forum.outbox.errors import ContentGone, MailOverdue, NotStopped, UnsafeMessage
from forum.outbox.letters import Letter
from forum.outbox.mail_text_models import MailText
from forum.outbox.messages import Attachment, Draft
from forum.outbox.models import OutboxMessage

__all__ = [
    "Attachment",
    "dismiss",
    "give_up_failed",
    "queue",
    "queue_anew",
    "retry",
    "send_now",
    "settle_failed",
    "take_back",
    "take_back_messages",
]
log = logging.getLogger("forum.outbox")
WAITING = (MessageStatus.QUEUED, MessageStatus.AWAITING_RETRY)


def queue(
    *,
    kind: str,
    recipient: str,
    language: str,
    context: Mapping[str, Any],
    now: datetime,
    recipient_name: str = "",
    reply_to: str = "",
    event_id: int | None = None,
    registration_id: int | None = None,
    attachments: Sequence[Attachment] = (),
    withheld: bool = False,
    lane: Lane = Lane.SOON,
) -> OutboxMessage:
    """Render templates/mail/<kind>/ and put the mail into the outbox, in the caller's transaction (R05, R06).

    A mail that cannot be rendered raises nothing: its row is a dead letter with the reason, and the transaction goes on
    (R10). A `withheld` mail is rendered, to take the same time, but its content is neither stored nor sent. A
    `leave_link` in the context is the URL at which the recipient refuses further mails of its category (`list_name`,
    by default the organisers' messages), as by a mail to a `leave_address`; mail programs show a button (M06).
    """
    status = MessageStatus.WITHHELD if withheld else MessageStatus.QUEUED
    about = {"event_id": event_id, "registration_id": registration_id}
    message = _row(recipient, now, kind=kind, language=language, status=status, lane=lane, **about)
    _write(message, context, recipient_name, reply_to, attachments)
    return _add(message, now)


def queue_anew(
    letter: Letter, *, recipient: str, registration_id: int, renew: Callable[[str], str], now: datetime
) -> OutboxMessage:
    """Put the words of a mail that was taken back into the outbox as a mail to another address of the registration.

    `renew` returns a text of the mail with links that work.
    """
    as_it_was = {"kind": letter.kind, "language": letter.language, "lane": letter.lane}
    about = {"event_id": letter.event_id, "registration_id": registration_id}
    message = _row(recipient, now, status=MessageStatus.QUEUED, **as_it_was, **about)
    _fill(message, partial(_redraft, message, letter.draft, renew))
    return _add(message, now)


def retry(message: OutboxMessage, *, now: datetime, actor: str) -> None:
    """Queue a failed mail again; its attempts are counted from zero. Raises NotStopped, ContentGone or MailOverdue."""
    db.session.refresh(message, with_for_update=True)
    if message.status != MessageStatus.FAILED:
        raise NotStopped(message.status)
    if message.sealed_content is None:
        raise ContentGone
    _require_in_time(message, now)
    message.attempts = 0
    message.last_error = None
    _queue_first(message, now)
    audit.record("mail.retried", message, actor=actor, at=now)


def send_now(message: OutboxMessage, *, now: datetime, actor: str) -> None:
    """Move a waiting mail to the front of the queue; end a pause of sending.

    Raises NotStopped for other mails, and MailOverdue for one that may not leave any more.
    """
    db.session.refresh(message, with_for_update=True)
    if message.status not in WAITING:
        raise NotStopped(message.status)
    _require_in_time(message, now)
    _queue_first(message, now)
    audit.record("mail.hastened", message, actor=actor, at=now)


def dismiss(message: OutboxMessage, *, reason: AbortReason, now: datetime, actor: str) -> None:
    """Give up a dead letter, with a reason, and delete its content. Raises NotStopped."""
    db.session.refresh(message, with_for_update=True)
    if message.status != MessageStatus.FAILED:
        raise NotStopped(message.status)
    message.status, message.abort_reason, message.content = MessageStatus.ABORTED, reason, None
    audit.record("mail.dismissed", message, actor=actor, at=now, reason=reason)


def take_back(registration_ids: Sequence[int], *, kind: str | None = None) -> None:
    """Cancel the unsent mails of these registrations (of this kind, if given), because their content is outdated.

    A mail that is being sent just now is not tried again, and is marked as sent if sending succeeds. To avoid deadlocks
    with the worker, which locks a mail before the audit trail, call this before anything is recorded there.
    """
    mine = OutboxMessage.registration_id.in_(registration_ids)
    _cancel(mine & (OutboxMessage.kind == kind) if kind else mine, AbortReason.OUTDATED)


def take_back_messages(ids: Select[Any], reason: AbortReason) -> Sequence[int]:
    """Cancel those of the mails with these ids that have not left; return the ids of the cancelled ones.

    See `take_back` for mails that are being sent.
    """
    return _cancel(OutboxMessage.id.in_(ids), reason)


def give_up_failed(ids: Select[Any], reason: AbortReason) -> Sequence[int]:
    """Cancel those of the mails with these ids that have failed for good; return the ids of the cancelled ones."""
    settled = {"status": MessageStatus.ABORTED, "abort_reason": reason, "content": None}
    failed = OutboxMessage.id.in_(ids), OutboxMessage.status == MessageStatus.FAILED
    return db.session.scalars(
        update(OutboxMessage).where(*failed).values(**settled).returning(OutboxMessage.id)
    ).all()


def settle_failed(registration_id: int) -> None:
    """Cancel the failed mails of a registration, because a new mail to the person takes their place."""
    failed = OutboxMessage.status == MessageStatus.FAILED
    settled = {"status": MessageStatus.ABORTED, "abort_reason": AbortReason.TOLD_OTHERWISE, "content": None}
    mine = update(OutboxMessage).where(OutboxMessage.registration_id == registration_id, failed)
    db.session.execute(mine.values(**settled))


def _cancel(chosen: ColumnElement[bool], reason: AbortReason) -> Sequence[int]:
    unsent = OutboxMessage.status.in_((*queries.UNSENT, MessageStatus.FAILED))
    cancelled = {"status": MessageStatus.ABORTED, "abort_reason": reason, "content": None}
    ended = {"lease_until": None, "lease_owner": None}
    gone = update(OutboxMessage).where(chosen, unsent).values(**cancelled, **ended)
    return db.session.scalars(gone.returning(OutboxMessage.id)).all()


def _require_in_time(message: OutboxMessage, now: datetime) -> None:
    """Raise MailOverdue for a mail that had to leave by now."""
    if message.not_after and message.not_after <= now:
        raise MailOverdue


def _queue_first(message: OutboxMessage, now: datetime) -> None:
    message.status, message.lane, message.next_attempt_at = MessageStatus.QUEUED, Lane.NOW, now
    relay.end_pause(now=now)


def _row(recipient: str, now: datetime, **values: Any) -> OutboxMessage:
    fresh = {"subject": "", "message_id": _message_id(), "next_attempt_at": now, "created_at": now}
    return OutboxMessage(recipient=recipient[:320], **fresh, **values)


def _add(message: OutboxMessage, now: datetime) -> OutboxMessage:
    db.session.add(message)
    if message.status == MessageStatus.FAILED:
        audit.record("mail.failed", message, actor="worker", at=now, attempts=0)
    return message


def _write(
    message: OutboxMessage,
    context: Mapping[str, Any],
    recipient_name: str,
    reply_to: str,
    attachments: Sequence[Attachment],
) -> None:
    """Render the mail into its row, or make the row a dead letter when that fails."""
    _fill(message, partial(_draft, message, context, recipient_name, reply_to, attachments))


def _fill(message: OutboxMessage, compose: Callable[[], Draft]) -> None:
    """Build the mail that `compose` returns into its row, or make the row a dead letter when that fails."""
    try:
        draft = compose()
        built = messages.build(draft)
        message.subject = draft.subject
        message.content = None if message.status == MessageStatus.WITHHELD else built
    except SQLAlchemyError:
        raise
    except Exception as problem:  # a faulty template or address must spoil this mail only
        _mark_failed(message, problem)


def _draft(
    message: OutboxMessage,
    context: Mapping[str, Any],
    recipient_name: str,
    reply_to: str,
    attachments: Sequence[Attachment],
) -> Draft:
    rendered = rendering.render(message.kind, message.language, context, _changed_words(message))
    sender = parse_mailbox(current_app.config["MAIL_DEFAULT_SENDER"])
    recipient = mailbox(message.recipient, recipient_name)
    return Draft(
        sender=sender if sender.name else mailbox(sender.address, rendered.sender_name),
        recipient=recipient,
        reply_to=_answers_to(reply_to, recipient),
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        language=message.language,
        message_id=message.message_id,
        date=message.created_at,
        attachments=attachments,
        leave_link=context.get("leave_link", ""),
        leave_address=context.get("leave_address", ""),
        list_name=context.get("list_name", "messages"),
    )


def _redraft(message: OutboxMessage, former: Draft, renew: Callable[[str], str]) -> Draft:
    """Return the draft of a mail with the words of another one, which was to another address, and with its date."""
    recipient, answers_to = mailbox(message.recipient), former.reply_to.address if former.reply_to else ""
    return replace(
        former,
        recipient=recipient,
        reply_to=_answers_to(answers_to, recipient),
        text=renew(former.text),
        html=renew(former.html),
        message_id=message.message_id,
    )


def _changed_words(message: OutboxMessage) -> MailText | None:
    """Return the words that organisers of the mail's event have changed in it.

    Every kind of mail about an event looks for changed words, so that the mail to a known address takes as much work as
    the mail to a new address, which is of another kind (S24).
    """
    if message.event_id is None:
        return None
    return passages.find(message.event_id, message.kind, message.language)


def _answers_to(reply_to: str, recipient: Mailbox) -> Mailbox | None:
    """Return the address for answers; None if answers go to the sender.

    An address for answers with letters beyond a–z before the @ is left out of a mail to a plain address: it would need
    SMTPUTF8, with which most servers would refuse the mail (M05).
    """
    answers = mailbox(reply_to) if reply_to else None
    return answers if answers and (answers.address.isascii() or not recipient.address.isascii()) else None


def _mark_failed(message: OutboxMessage, problem: Exception) -> None:
    """Make the mail a dead letter. Row and log name the kind of error but no value, which may be a link (S18, S45)."""
    told = isinstance(problem, (UnsafeMessage, TemplateError))
    message.status = MessageStatus.FAILED
    message.last_error = f"{type(problem).__name__}{f': {problem}' if told else ''}"[:500]
    log.error(
        "mail %s of kind %s cannot be made: %s", message.message_id, message.kind, type(problem).__name__
    )


def _message_id() -> str:
    """Return a new Message-ID with the sender's domain, or the site's when the sender's is not usable (M01)."""
    sender = current_app.config["MAIL_DEFAULT_SENDER"].rstrip("> ").rpartition("@")[2]
    site = urlsplit(current_app.config["BASE_URL"]).hostname or "localhost"
    domain = sender if "." in sender and sender.isascii() else site
    return f"<{uuid.uuid4()}@{domain}>"
