"""Messages that organisers write themselves: drafting, sending in a minute or at a moment, taking back, sending again.

Call every function with the event locked. The functions of `actions` pause, resume and stop these messages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from forum.audit import actions as audit
from forum.columns import Text
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import afterwards, chosen_audience, kept_links, queries, reachable
from forum.mailings.actions import require, require_ahead
from forum.mailings.chosen_audience import ChosenAudience
from forum.mailings.enums import Category, MailingKind, MailingStatus, RecipientStatus
from forum.mailings.errors import (
    BegunAlready,
    DraftAgain,
    EventHidden,
    NobodyToTell,
    NotAhead,
    NothingFailed,
    Planned,
    ReminderOver,
    SubjectTells,
    WordsMissing,
)
from forum.mailings.models import Mailing, MailingRecipient
from forum.mailings.reminder_times import TO_STOP
from forum.outbox import actions as outbox
from forum.outbox import neutral
from forum.outbox.enums import AbortReason, MessageStatus
from forum.outbox.queries import may_still_leave

WAITS: Mapping[str, Any] = {"status": RecipientStatus.WAITING, "left_because": None}
OMITTED: Mapping[str, Any] = {"status": RecipientStatus.OMITTED}


@dataclass(frozen=True)
class Written:
    """A message's subject and text per language, the language (`fallback`) for readers without a text, its category."""

    subjects: Text
    words: Text
    fallback: str | None = None
    category: Category = Category.PRACTICAL


def draft(
    event: Event,
    written: Written,
    *,
    audience: Mapping[str, Any] | None,
    people: Sequence[int] = (),
    question_keys: Sequence[str] = (),
    form_key: str = "",
    actor: str,
    now: datetime,
) -> Mailing:
    """Store a message that is not sent yet.

    `audience` are the parameters of the attendee list's URL; without them the message is for the registrations in
    `people`, who were found by answers to the questions with `question_keys`. `form_key` identifies the form and its
    content: the same form sent again returns the message that it has made, which may have been sent since (R03).
    """
    if form_key and (earlier := queries.find_drafted(event, form_key)):
        return earlier
    mailing = Mailing(
        event=event,
        kind=MailingKind.OWN_WORDS,
        status=MailingStatus.PROPOSED,
        steps=[],
        audience=None if audience is None else dict(audience),
        question_keys=list(question_keys),
        subjects=written.subjects,
        words=written.words,
        fallback=written.fallback,
        category=written.category,
        changed_at=now,
        proposed_at=now,
    )
    db.session.add(mailing)
    db.session.flush()
    _choose(mailing, people)
    told = {"languages": sorted(written.words), **({"form": form_key} if form_key else {})}
    audit.record(queries.DRAFTED, mailing, actor=actor, at=now, **told)
    return mailing


def sketch(event: Event, written: Written, audience: Mapping[str, Any] | None = None) -> Mailing:
    """Return an unsaved message with these words to the people whom the filters find, for a preview."""
    return Mailing(
        event=event,
        kind=MailingKind.OWN_WORDS,
        audience=None if audience is None else dict(audience),
        subjects=written.subjects,
        words=written.words,
        fallback=written.fallback,
        category=written.category,
    )


def rewrite(mailing: Mailing, written: Written, *, actor: str, now: datetime) -> bool:
    """Set the texts and the category of a draft; return whether anything has changed. Raises AlreadyDecided."""
    require(mailing, MailingStatus.PROPOSED)
    before = Written(mailing.subjects, mailing.words, mailing.fallback, mailing.category)
    if before == written:
        return False
    mailing.subjects, mailing.words, mailing.fallback = written.subjects, written.words, written.fallback
    mailing.category = written.category
    mailing.changed_at = now
    audit.record("mailing.written", mailing, actor=actor, at=now, languages=sorted(written.words))
    return True


def readdress(mailing: Mailing, audience: Mapping[str, Any], *, actor: str, now: datetime) -> bool:
    """Change the filters that choose a draft's recipients; return whether they have changed.

    Raises AlreadyDecided.
    """
    require(mailing, MailingStatus.PROPOSED)
    if mailing.audience == audience:
        return False
    db.session.execute(delete(MailingRecipient).where(MailingRecipient.mailing_id == mailing.id))
    mailing.audience, mailing.changed_at = dict(audience), now
    mailing.question_keys, mailing.kept_counts = [], None
    audit.record("mailing.readdressed", mailing, actor=actor, at=now)
    return True


def discard(mailing: Mailing, *, actor: str, now: datetime) -> None:
    """Delete a draft. Raises AlreadyDecided."""
    require(mailing, MailingStatus.PROPOSED)
    audit.record("mailing.discarded", mailing, actor=actor, at=now)
    db.session.delete(mailing)
    db.session.flush()


def send(
    mailing: Mailing,
    *,
    begins_at: datetime | None,
    user_id: int | None,
    is_reminder: bool = False,
    actor: str,
    now: datetime,
) -> int:
    """Fix the recipients and let sending begin in a minute, or at a later moment; return their number (R12).

    Only the worker sends a message that is planned as a reminder (`is_reminder`).
    Raises AlreadyDecided, Planned, EventHidden, NotAhead, NobodyToTell, WordsMissing, SubjectTells, UnknownFilter.
    """
    require(mailing, MailingStatus.PROPOSED)
    reminder = None if is_reminder else queries.find_reminder(mailing)
    if reminder and reminder.skipped_at is None:
        raise Planned
    if not afterwards.can_write(mailing.event, now):
        raise EventHidden
    begins = begins_at or now + TO_STOP
    if begins < now + TO_STOP or begins >= afterwards.last_moment(mailing.event):
        raise NotAhead
    audience = chosen_audience.audience_of(mailing)
    if not audience.people:
        raise NobodyToTell
    if missing := chosen_audience.missing_languages(mailing, audience):
        raise WordsMissing(missing)
    # Check the subject again: the event's name or town may have changed since the draft was written.
    if any(neutral.find_telling(mailing.event, subject) for subject in mailing.subjects.values()):
        raise SubjectTells
    if reminder:
        # The worker has left this reminder out, and now an organiser sends the message: take it out of the plan.
        db.session.delete(reminder)
    _fix(mailing, audience)
    mailing.status, mailing.people = MailingStatus.SENDING, len(audience.people)
    mailing.left_out = audience.reasons
    mailing.started_at, mailing.started_by, mailing.begins_at = now, user_id, begins
    mailing.ended_at = None
    audit.record("mailing.started", mailing, actor=actor, at=now, people=mailing.people)
    return mailing.people


def can_take_back(mailing: Mailing, now: datetime) -> bool:
    """Return whether no mail of the message has been made yet, so that it can become a draft again.

    The recipients' rows are checked, too: the clock of the worker's machine may be ahead of this machine's.
    """
    is_started = mailing.status in (MailingStatus.SENDING, MailingStatus.PAUSED)
    is_ahead = is_started and mailing.begins_at is not None and now < mailing.begins_at
    return is_ahead and not queries.has_begun(mailing.id)


def take_back(mailing: Mailing, *, actor: str, now: datetime) -> None:
    """Turn a message back into a draft while none of its mails has been made. Raises DraftAgain, BegunAlready."""
    if mailing.status == MailingStatus.PROPOSED:
        raise DraftAgain
    if not can_take_back(mailing, now):
        raise BegunAlready
    mine = MailingRecipient.mailing_id == mailing.id
    if mailing.audience is None:
        former = {"status": RecipientStatus.CHOSEN, "left_because": None}
        db.session.execute(update(MailingRecipient).where(mine).values(**former))
    else:
        db.session.execute(delete(MailingRecipient).where(mine))
    if reminder := queries.find_reminder(mailing):
        # Take the draft out of the plan: the reminder's day has come, so the worker would send it again at once.
        db.session.delete(reminder)
    mailing.status, mailing.people, mailing.left_out = MailingStatus.PROPOSED, 0, {}
    mailing.started_at = mailing.started_by = mailing.begins_at = None
    audit.record("mailing.taken_back", mailing, actor=actor, at=now)


def send_again(mailing: Mailing, *, actor: str, now: datetime) -> int:
    """Let new mails be made for people whom the message has not reached, to their present addresses; return how many.

    They are the recipients whose mails have failed, and those who were left out and can be written to now
    (`mailings.reachable`). Nobody is tried again for whom the time of a reminder is over.
    Raises AlreadyDecided, EventHidden, NothingFailed, ReminderOver.
    """
    require(mailing, MailingStatus.SENDING, MailingStatus.DONE)
    require_ahead(mailing, now)
    mine = MailingRecipient.mailing_id == mailing.id, MailingRecipient.message_id.is_not(None)
    mails = select(MailingRecipient.message_id).join(MailingRecipient.message).where(*mine)
    given_up = outbox.give_up_failed(mails.where(may_still_leave(now)), AbortReason.TOLD_OTHERWISE)
    let_in = reachable.let_in(mailing, now)
    if not given_up and not let_in:
        raise ReminderOver if queries.count_mails(mailing.id, (MessageStatus.FAILED,)) else NothingFailed
    failed = MailingRecipient.message_id.in_(given_up)
    # Keep the links for refusing messages in these mails: a mail reported as failed may still have been read.
    kept_links.keep_links(mailing.event, kept_links.links_of(mine[0], failed))
    again = update(MailingRecipient).where(*mine, failed)
    db.session.execute(again.values(status=RecipientStatus.WAITING, message_id=None, leave_digest=None))
    mailing.status, mailing.ended_at = MailingStatus.SENDING, None
    audit.record("mailing.repeated", mailing, actor=actor, at=now, people=len(given_up) + let_in)
    return len(given_up) + let_in


def _choose(mailing: Mailing, people: Sequence[int]) -> None:
    rows = [{"mailing_id": mailing.id, "registration_id": number} for number in people]
    if rows:
        db.session.execute(insert(MailingRecipient).values(status=RecipientStatus.CHOSEN), rows)


def _fix(mailing: Mailing, audience: ChosenAudience) -> None:
    """Store the recipients of the mailing, and the people who are left out from the start, with the reasons."""
    fixed = [
        *({"registration_id": one.registration_id, **WAITS} for one in audience.people),
        *({"registration_id": number, **OMITTED, "left_because": why} for number, why in audience.left),
    ]
    if mailing.audience is not None:
        rows = [{"mailing_id": mailing.id, **row} for row in fixed]
        db.session.execute(insert(MailingRecipient), rows)
        return
    mine = select(MailingRecipient.registration_id, MailingRecipient.id)
    ids = dict(db.session.execute(mine.where(MailingRecipient.mailing_id == mailing.id)).all())
    changed = [{"id": ids[row.pop("registration_id")], **row} for row in fixed]
    db.session.execute(update(MailingRecipient), changed)
