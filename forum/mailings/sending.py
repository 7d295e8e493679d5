"""Queueing the mails of mailings, a few at a time, each in a transaction of its own.

A recipient's state and the mail are stored together: a worker that is killed leaves neither a second mail nor a
recipient without a mail (R12). The outbox holds at most AT_ONCE untried mails of a mailing, of low priority, so that
pausing and stopping take effect at once and no other mail waits for a lock.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from forum.audit import actions as audit
from forum.extensions import db
from forum.mailings import (
    actions,
    afterwards,
    chosen_audience,
    leaving,
    mails,
    progress,
    queries,
    refusals,
    reminder_times,
    unanswered,
)
from forum.mailings.enums import (
    STARTED,
    Anchor,
    LeftOut,
    MailingKind,
    MailingStatus,
    RecipientStatus,
)
from forum.mailings.models import Mailing, MailingRecipient, Reminder
from forum.outbox import actions as outbox
from forum.outbox import pacing
from forum.outbox.enums import AbortReason, MessageStatus
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import UNSENT
from forum.registration import places, restrictions
from forum.registration.enums import Status

AT_ONCE = 50
# Where a pace limits mails to many, no mail to a mail domain is made while this many mails to the domain wait.
OF_A_DOMAIN = 10
# States of mails that count against AT_ONCE. Mails that are tried again do not: they could hold up others for a day.
IN_LINE = (MessageStatus.QUEUED, MessageStatus.INFLIGHT)
# How many people are left out of a reminder in one transaction, which holds the event's lock.
LATE_AT_ONCE = 1000
ACTOR = "worker"


def list_first(*, now: datetime) -> Sequence[int]:
    """Return the ids of the recipients whose mails are the first of mailings whose moment has come.

    A mailing that waits for a moment begins apart from those under way, because a clock that is ahead must not begin it
    (R18).
    """
    return [recipient for number in queries.list_to_begin(now) for recipient in _next_of(number)]


def list_next(*, now: datetime) -> Sequence[int]:
    """Return the ids of the recipients of mailings under way whose mails may go to the outbox now."""
    return [recipient for number in queries.list_begun(now) for recipient in _next_of(number)]


def _next_of(mailing_id: int) -> Sequence[int]:
    """Return the ids of the recipients of a mailing for whom mails are made next.

    Where a pace limits mails to a mail domain, mails to one domain must not fill the outbox: recipients at other
    domains would wait for them. So each domain has at most OF_A_DOMAIN mails there, and the domains take turns.
    """
    if not pacing.is_on():
        free = AT_ONCE - queries.count_mails(mailing_id, IN_LINE)
        return queries.list_next_recipients(mailing_id, free) if free > 0 else []
    in_line = progress.count_made(mailing_id, IN_LINE)
    free = AT_ONCE - sum(in_line.values())
    if free <= 0:
        return []
    return progress.list_next_recipients(mailing_id, free, in_line=in_line, of_a_domain=OF_A_DOMAIN)


def queue_one(recipient_id: int, *, now: datetime) -> int:
    """Queue a recipient's mail; return how many mails were queued.

    People whose registration has ended or whose data are restricted are left out, and those who have refused messages
    meanwhile, unless the mail is about their own registration.

    Does nothing when the mailing was paused, stopped, superseded or taken back meanwhile, when the event is not public
    or is over (`afterwards`), or when another worker has been faster. The recipient of an event that is over, or of a
    reminder whose time is over, goes on waiting: only `end_past` and `leave_out_late` act then, and rest while the
    clock may be wrong.
    """
    recipient = db.session.get(MailingRecipient, recipient_id)
    if recipient is None:
        return 0
    event = recipient.mailing.event
    places.lock(event)
    still = (MailingRecipient.id == recipient_id, MailingRecipient.status == RecipientStatus.WAITING)
    query = select(MailingRecipient).join(MailingRecipient.mailing).where(*still)
    query = query.where(Mailing.status == MailingStatus.SENDING)
    recipient = db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if recipient is None or not event.is_published:
        return 0
    db.session.refresh(recipient.mailing)
    if afterwards.is_past(recipient.mailing, now):
        return 0
    db.session.refresh(recipient.registration)
    end = reminder_times.end_for(recipient)
    if (recipient.mailing.begins_at or now) > now or (end and end <= now):
        return 0
    is_own = recipient.mailing.kind == MailingKind.OWN_WORDS
    message = _write_own_words(recipient, now) if is_own else _tell_change(recipient, now)
    if message is None:
        if recipient.status == RecipientStatus.WAITING:
            recipient.status = RecipientStatus.LEFT_OUT
        return 0
    message.not_after = end
    db.session.flush()
    recipient.message_id, recipient.status = message.id, RecipientStatus.QUEUED
    return 1


def _tell_change(recipient: MailingRecipient, now: datetime) -> OutboxMessage | None:
    registration = recipient.registration
    may_be_told = registration.is_live and registration.status != Status.PENDING
    if not may_be_told or restrictions.is_restricted(registration):
        return None
    return mails.queue(recipient, now=now)


def _write_own_words(recipient: MailingRecipient, now: datetime) -> OutboxMessage | None:
    mailing, registration = recipient.mailing, recipient.registration
    recipient.left_because = chosen_audience.why_left_out(registration, mailing)
    if not recipient.left_because and unanswered.has_answered(mailing, registration):
        # Store no reason that tells in the open who has answered about diet or access (S14).
        recipient.left_because = None if unanswered.is_of_care(mailing) else LeftOut.ANSWERED
        return None
    if recipient.left_because:
        return None
    if chosen_audience.is_left_out_everywhere(registration, mailing):
        # A recipient who is omitted without a reason is counted in the results, and listed nowhere.
        recipient.status = RecipientStatus.OMITTED
        return None
    code = chosen_audience.code_for(mailing, registration.language)
    leave = {"leave_link": refusals.issue(recipient), "leave_address": leaving.address_of(recipient)}
    message = mails.queue_own_words(recipient, code, leave, now=now)
    if message is not None:
        message.is_of_care = unanswered.is_of_care(mailing)
    return message


def list_late_reminders(*, now: datetime) -> Sequence[int]:
    """Return the ids of the reminders that have begun and whose time is over for people who have not got the mail."""
    return [
        one.id for one in queries.list_unfinished_reminders() if reminder_times.list_late_recipients(one, now)
    ]


def leave_out_late(reminder_id: int, *, now: datetime) -> int:
    """Leave people out of a reminder whose time is over for them; mails that have not left are taken back (R18).

    Return how many people were left out. Nobody is left out who waits while the reminder is paused.
    """
    reminder = db.session.get(Reminder, reminder_id)
    if reminder is None:
        return 0
    mailing = _lock(reminder.mailing_id)
    db.session.refresh(reminder)
    late = reminder_times.list_late_recipients(reminder, now)[:LATE_AT_ONCE]
    if not late:
        return 0
    each = MailingRecipient.id.in_(late)
    waits = update(MailingRecipient).where(each, MailingRecipient.status == RecipientStatus.WAITING)
    db.session.execute(waits.values(status=RecipientStatus.LEFT_OUT, left_because=LeftOut.LATE))
    mails_of = select(MailingRecipient.message_id).where(each, MailingRecipient.message_id.is_not(None))
    unsent = select(OutboxMessage.id).where(OutboxMessage.id.in_(mails_of), OutboxMessage.status.in_(UNSENT))
    made = update(MailingRecipient).where(MailingRecipient.message_id.in_(unsent))
    db.session.execute(made.values(left_because=LeftOut.LATE))
    outbox.take_back_messages(unsent, AbortReason.NOT_NEEDED)
    audit.record("mailing.people_left_out", mailing, actor=ACTOR, at=now, people=len(late))
    return len(late)


def list_started(*, now: datetime) -> Sequence[int]:
    """Return the ids of the mailings that are being sent or are paused."""
    return queries.list_ids(*STARTED)


def _goes_on(mailing: Mailing) -> bool:
    """Return whether the mailing is a reminder that each person gets some days after confirming."""
    reminder = queries.find_reminder(mailing)
    return reminder is not None and reminder.anchor == Anchor.REGISTERED


def end_past(mailing_id: int, *, now: datetime) -> int:
    """End a mailing that nobody gets any more because its event is over, for good; take back mails that have not left.

    Return 1 if the mailing has changed, else 0.
    """
    mailing = _lock(mailing_id)
    if mailing.status not in STARTED or not afterwards.is_past(mailing, now):
        return 0
    if queries.has_more(mailing_id) or not _goes_on(mailing):
        actions.stop(mailing, actor=ACTOR, now=now)
    else:
        actions.finish(mailing, now=now)
    return 1


def settle(mailing_id: int, *, now: datetime) -> int:
    """End a mailing that has nothing left to send; pause one whose event is not public.

    Mails of a paused mailing that were being handed over when it was paused, and were refused, wait for it, too. Return
    1 if the mailing has changed, else 0.
    """
    mailing = _lock(mailing_id)
    if mailing.status not in STARTED:
        return 0
    if mailing.status == MailingStatus.PAUSED:
        actions.hold(mailing)
    if mailing.status == MailingStatus.SENDING and not mailing.event.is_published:
        actions.pause(mailing, actor=ACTOR, now=now)
    elif queries.has_more(mailing_id) or _goes_on(mailing):
        return 0
    else:
        actions.finish(mailing, now=now)
    return 1


def _lock(mailing_id: int) -> Mailing:
    mailing = db.session.get_one(Mailing, mailing_id)
    places.lock(mailing.event)
    db.session.refresh(mailing)
    return mailing
