"""Reminders: messages in the organisers' own words that leave by a plan, relative to the event or to registering.

A reminder is a draft with a rule for its day. When the day comes the worker sends the draft as an organiser would: once
to everybody whom its filters find then (relative to the event's start), or to each person some days after they have
registered. The database allows one mail a reminder and person (R12). A reminder whose time was over before it could
begin (`reminder_times`), because no worker ran or a clock was wrong, is left out and the plan says so (R18). A reminder
that was due before a restore is left out, too (`commands.after_restore`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select

from forum.audit import actions as audit
from forum.events import queries as events
from forum.extensions import db
from forum.mailings import chosen_audience, moved_reminders, own_words, queries, reminder_times
from forum.mailings.actions import require, require_public
from forum.mailings.enums import Anchor, MailingStatus, RecipientStatus, Skipped
from forum.mailings.errors import (
    DayOver,
    DayTooLate,
    MailingRefused,
    NeedsFilters,
    NobodyToTell,
    SubjectTells,
    WordsMissing,
)
from forum.mailings.models import Mailing, MailingRecipient, Reminder
from forum.mailings.reminder_times import due_at, due_for
from forum.outbox import neutral
from forum.registration import places
from forum.registration.models import Registration
from forum.registration.narrowing import UnknownFilter

# The query for due reminders reads people who registered as many days ago as the reminder says, or up to this much
# earlier or later: a reminder leaves at a fixed hour, or within `reminder_times.WINDOW` of it.
NEAR = timedelta(days=2)
ACTOR = "worker"
# The states in which the worker looks at a reminder counted from registering. A done reminder is looked at, too: an
# earlier version that runs beside this one, or a mistyped year, may have ended it too early.
GOES_ON = (MailingStatus.PROPOSED, MailingStatus.SENDING, MailingStatus.DONE)
BECAUSE = {
    NobodyToTell: Skipped.NOBODY,
    WordsMissing: Skipped.WORDS,
    SubjectTells: Skipped.SUBJECT,
    UnknownFilter: Skipped.FILTER,
}


@dataclass(frozen=True)
class Rule:
    """When a reminder leaves: some days before the event or after confirming, at an hour of the venue's clock."""

    anchor: Anchor
    days: int
    hour: int


def plan(mailing: Mailing, rule: Rule, *, actor: str, now: datetime) -> Reminder:
    """Put a draft into the plan, or give it another day there.

    Raises AlreadyDecided, EventHidden, DayOver, DayTooLate, WordsMissing, SubjectTells, NeedsFilters, UnknownFilter.
    """
    require(mailing, MailingStatus.PROPOSED)
    require_public(mailing.event, now)
    _refuse_unfinished(mailing)
    if rule.anchor == Anchor.REGISTERED and mailing.audience is None:
        raise NeedsFilters
    reminder = queries.find_reminder(mailing) or Reminder(mailing=mailing)
    reminder.anchor, reminder.days, reminder.hour = rule.anchor, rule.days, rule.hour
    reminder.planned_at, reminder.skipped_at, reminder.skipped_because = now, None, None
    if rule.anchor == Anchor.START:
        _refuse_unless_ahead(reminder, now)
    db.session.add(reminder)
    db.session.flush()
    audit.record("mailing.planned", mailing, actor=actor, at=now, **reminder_times.told(reminder))
    return reminder


def take_off(mailing: Mailing, *, actor: str, now: datetime) -> None:
    """Remove a reminder that was not sent yet from the plan; it is a draft again. Raises AlreadyDecided."""
    require(mailing, MailingStatus.PROPOSED)
    if reminder := queries.find_reminder(mailing):
        db.session.delete(reminder)
        db.session.flush()
        audit.record("mailing.unplanned", mailing, actor=actor, at=now)


def list_due(*, now: datetime) -> Sequence[int]:
    """Return the ids of the reminders for which the worker may have something to do now."""
    going = queries.list_reminders(*GOES_ON)
    is_due = {one.id: one.mailing.status != MailingStatus.DONE and due_at(one) <= now for one in going}
    return [one.id for one in going if one.anchor == Anchor.REGISTERED or is_due[one.id]]


def run(reminder_id: int, *, now: datetime) -> int:
    """Send a reminder whose day has come, or skip one that is too late; return how many people get it.

    Does nothing while the event is not public, is over or cancelled, or when another worker has been faster.
    """
    reminder = db.session.get(Reminder, reminder_id)
    if reminder is None:
        return 0
    event = reminder.mailing.event
    places.lock(event)
    db.session.refresh(reminder)
    db.session.refresh(reminder.mailing)
    if (
        (reminder.skipped_at and not _goes_on(reminder))
        or not event.is_published
        or events.is_off(event, now)
    ):
        return 0
    if reminder.anchor == Anchor.REGISTERED:
        return _remind_newcomers(reminder, now)
    due = due_at(reminder)
    if reminder.mailing.status != MailingStatus.PROPOSED or now < due:
        return 0
    # A restore sets planned_at to the time of the restore: a reminder due before may have left already (R12).
    if is_late(reminder, due, now) or due < reminder.planned_at:
        return _skip(reminder, Skipped.LATE, now)
    try:
        return own_words.send(
            reminder.mailing, begins_at=None, user_id=None, is_reminder=True, actor=ACTOR, now=now
        )
    except (MailingRefused, UnknownFilter) as refusal:
        return _skip(reminder, BECAUSE.get(type(refusal), Skipped.LATE), now)


def list_newcomers(reminder: Reminder, now: datetime, *, only_due: bool = False) -> dict[int, datetime]:
    """Return, by registration, when the reminder is due for people who have not got it.

    Moments may lie in the past or the future. With `only_due` only moments near `now` are returned, so that the worker
    locks the event for a short time only. No moment is before the reminder was planned or after the event has begun.
    Raises UnknownFilter.
    """
    mailing, days = reminder.mailing, timedelta(days=reminder.days)
    told = select(MailingRecipient.id).where(
        MailingRecipient.mailing_id == mailing.id, MailingRecipient.registration_id == Registration.id
    )
    moment = func.coalesce(Registration.confirmed_at, Registration.requested_at)
    # Leave out people whose day for the reminder was long over when organisers planned it.
    among = [
        Registration.event_id == mailing.event_id,
        ~told.exists(),
        moment > reminder.planned_at - days - NEAR,
    ]
    if only_due:
        among += [moment > now - days - NEAR, moment < now - days + NEAR]
    meant = {person.registration_id for person in chosen_audience.audience_of(mailing, *among).people}
    columns = Registration.id, Registration.confirmed_at, Registration.requested_at
    rows = db.session.execute(select(*columns).where(*among))
    each = {number: due_for(reminder, at or asked) for number, at, asked in rows if number in meant}
    return {
        number: due
        for number, due in each.items()
        if reminder.planned_at <= due < reminder_times.last_moment(mailing.event)
    }


def is_late(reminder: Reminder, due: datetime, now: datetime) -> bool:
    """Return whether it is too late to begin with a mail of the reminder that was due at `due`.

    Mails leave a minute after a reminder has begun, and must not leave after its end.
    """
    return now + own_words.TO_STOP >= reminder_times.end_of(reminder, due)


def _remind_newcomers(reminder: Reminder, now: datetime) -> int:
    mailing = reminder.mailing
    if mailing.status not in GOES_ON:
        return 0
    try:
        _refuse_unfinished(mailing)
        each = list_newcomers(reminder, now, only_due=True)
    except (MailingRefused, UnknownFilter) as refusal:
        because = BECAUSE.get(type(refusal), Skipped.LATE)
        return 0 if reminder.skipped_because == because else _skip(reminder, because, now)
    reminder.skipped_at = reminder.skipped_because = None
    people = [number for number, due in each.items() if due <= now and not is_late(reminder, due, now)]
    if not people:
        return 0
    if mailing.status == MailingStatus.PROPOSED:
        mailing.status, mailing.started_at, mailing.begins_at = MailingStatus.SENDING, now, now
        audit.record("mailing.started", mailing, actor=ACTOR, at=now, people=len(people))
    mailing.status, mailing.ended_at = MailingStatus.SENDING, None
    rows = [{"mailing_id": mailing.id, "registration_id": number} for number in sorted(people)]
    db.session.execute(insert(MailingRecipient).values(status=RecipientStatus.WAITING), rows)
    mailing.people += len(people)
    return len(people)


def _goes_on(reminder: Reminder) -> bool:
    """Return whether the reminder, although it was skipped, may still go to people who register later."""
    return reminder.anchor == Anchor.REGISTERED and reminder.mailing.status in queries.BEGUN


def _refuse_unless_ahead(reminder: Reminder, now: datetime) -> None:
    """Raise DayOver or DayTooLate unless the reminder is due in the future, before the event begins."""
    due = due_at(reminder)
    if due <= now:
        raise DayOver(due)
    if due >= reminder_times.last_moment(reminder.mailing.event):
        raise DayTooLate(due)


def _refuse_unfinished(mailing: Mailing) -> None:
    """Raise WordsMissing or SubjectTells for a draft that cannot be sent to readers of all the event's languages."""
    codes = mailing.event.offered_languages
    if missing := [code for code in codes if not chosen_audience.code_for(mailing, code)]:
        raise WordsMissing(missing)
    if any(neutral.find_telling(mailing.event, subject) for subject in mailing.subjects.values()):
        raise SubjectTells


def _skip(reminder: Reminder, because: Skipped, now: datetime) -> int:
    moved_reminders.leave_out(reminder, because, actor=ACTOR, now=now)
    return 0


def first_of(moments: Iterable[datetime], now: datetime) -> datetime | None:
    """Return the earliest of these moments that lies in the future; None if none does."""
    return min((moment for moment in moments if moment > now), default=None)
