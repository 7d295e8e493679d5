"""Reading mailings and counting the states of their mails."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, and_, case, exists, func, or_, select
from sqlalchemy.orm import joinedload

from forum.audit.models import AuditEntry
from forum.audit.queries import find_all, of_form
from forum.columns import LARGEST_ID
from forum.events.models import Event
from forum.extensions import db
from forum.mailings.enums import BESIDE, Anchor, LeftOut, MailingKind, MailingStatus, RecipientStatus
from forum.mailings.models import IS_OPEN_CHANGE, Mailing, MailingRecipient, Reminder
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import HELD, UNSENT
from forum.registration.enums import LIVE
from forum.registration.models import Registration

LISTED = 20
DRAFTED = "mailing.drafted"
# The states of a message that is a reminder and has begun: it is still sent to people who register later.
BEGUN = (MailingStatus.SENDING, MailingStatus.DONE)
# The states of recipients who are dealt with: a mail was made for them, or they were left out instead.
MADE = (RecipientStatus.QUEUED, RecipientStatus.LEFT_OUT)


@dataclass(frozen=True)
class Counts:
    """How many recipients' mails wait, were sent, will be tried again or have failed, and how many were left out.

    `left_out` counts people who cancelled, were erased, or got no mail because the mailing ended, and those whom no
    page names (`RecipientStatus`).
    """

    waiting: int = 0
    sent: int = 0
    retried: int = 0
    failed: int = 0
    left_out: int = 0


def find(event: Event, mailing_id: int, *kinds: MailingKind) -> Mailing | None:
    """Return the event's mailing with this id, of one of these kinds if given; None for another event's id (S13)."""
    if mailing_id > LARGEST_ID:
        return None
    query = select(Mailing).where(Mailing.event_id == event.id, Mailing.id == mailing_id)
    if kinds:
        query = query.where(Mailing.kind.in_(kinds))
    return db.session.scalars(query).one_or_none()


def find_drafted(event: Event, form_key: str) -> Mailing | None:
    """Return the event's message that was drafted by the form with this key; None if it was deleted, or never made."""
    drafted = of_form(DRAFTED, form_key).where(AuditEntry.subject_type == Mailing.__tablename__)
    query = select(Mailing).where(Mailing.event_id == event.id, Mailing.id.in_(drafted))
    return db.session.scalars(query).first()


def is_as_drafted(mailing: Mailing) -> bool:
    """Return whether a message is still the draft that it was made as: nobody has changed or sent it."""
    return {entry.action for entry in find_all(mailing)} == {DRAFTED}


def find_open_change(event: Event) -> Mailing | None:
    """Return the mailing about a change of the event that is proposed, sending or paused; there is at most one."""
    query = select(Mailing).where(Mailing.event_id == event.id, IS_OPEN_CHANGE)
    return db.session.scalars(query).one_or_none()


def find_last_change(event: Event) -> Mailing | None:
    """Return the newest mailing about a change of the event, in whatever state."""
    query = select(Mailing).where(Mailing.event_id == event.id, Mailing.kind == MailingKind.EVENT_CHANGED)
    return db.session.scalars(query.order_by(Mailing.id.desc()).limit(1)).one_or_none()


def list_steps(mailing: Mailing) -> set[int]:
    """Return the indices of the facts (`Mailing.steps`) that the mailing's recipients knew."""
    known = select(MailingRecipient.step).where(MailingRecipient.mailing_id == mailing.id).distinct()
    return set(db.session.scalars(known))


def list_started(event: Event) -> Sequence[Mailing]:
    """Return the event's latest mailings that were sent, wholly or in part, the newest first."""
    begun = Mailing.event_id == event.id, Mailing.started_at.is_not(None)
    return db.session.scalars(select(Mailing).where(*begun).order_by(Mailing.id.desc()).limit(LISTED)).all()


def list_sending(event: Event) -> Sequence[Mailing]:
    """Return the event's messages in the organisers' own words that are being sent, now or from a later moment on."""
    own = Mailing.kind == MailingKind.OWN_WORDS, Mailing.status == MailingStatus.SENDING
    query = select(Mailing).where(Mailing.event_id == event.id, *own)
    return db.session.scalars(query.order_by(Mailing.id)).all()


def list_drafts(event: Event) -> Sequence[Mailing]:
    """Return the event's messages in the organisers' own words that are neither sent nor planned, the newest first."""
    own = Mailing.kind == MailingKind.OWN_WORDS, Mailing.status == MailingStatus.PROPOSED
    is_planned = exists().where(Reminder.mailing_id == Mailing.id)
    query = select(Mailing).where(Mailing.event_id == event.id, *own, ~is_planned)
    return db.session.scalars(query.order_by(Mailing.id.desc()).limit(LISTED)).all()


def find_reminder(mailing: Mailing) -> Reminder | None:
    """Return the reminder that a draft has in the plan; None for a draft that is not planned."""
    return db.session.scalars(select(Reminder).where(Reminder.mailing_id == mailing.id)).one_or_none()


def list_reminders_of(event: Event) -> Sequence[Reminder]:
    """Return the event's reminders, also those that have left or were left out."""
    mine = select(Reminder).join(Reminder.mailing).where(Mailing.event_id == event.id)
    return db.session.scalars(mine.order_by(Reminder.id)).all()


def list_reminders(*states: MailingStatus) -> Sequence[Reminder]:
    """Return the reminders of published events whose mailings are in these states.

    Left out are skipped reminders, unless their sending has begun and may go on for people who register later.
    """
    query = select(Reminder).join(Reminder.mailing).join(Mailing.event)
    goes_on = (Reminder.anchor == Anchor.REGISTERED) & Mailing.status.in_(BEGUN)
    waiting = Reminder.skipped_at.is_(None) | goes_on, Mailing.status.in_(states), Event.is_published
    whole = joinedload(Reminder.mailing).joinedload(Mailing.event)
    return db.session.scalars(query.where(*waiting).options(whole).order_by(Reminder.id)).all()


def list_unfinished_reminders() -> Sequence[Reminder]:
    """Return the reminders of which a mail has still to be made or has not left, paused ones too."""
    waits = MailingRecipient.status == RecipientStatus.WAITING, Mailing.status == MailingStatus.SENDING
    unsent = select(OutboxMessage.id).where(OutboxMessage.status.in_(UNSENT))
    of_people = exists().where(
        MailingRecipient.mailing_id == Mailing.id, or_(and_(*waits), MailingRecipient.message_id.in_(unsent))
    )
    query = select(Reminder).join(Reminder.mailing).join(Mailing.event).where(of_people)
    whole = joinedload(Reminder.mailing).joinedload(Mailing.event)
    return db.session.scalars(query.options(whole).order_by(Reminder.id)).all()


def list_to_begin(now: datetime) -> Sequence[int]:
    """Return the ids of the mailings that are being sent, whose `begins_at` has come and which have no mail yet."""
    return _list_sending(Mailing.begins_at <= now, ~_has_begun())


def list_begun(now: datetime) -> Sequence[int]:
    """Return the ids of the mailings that are being sent and have a mail already, or wait for no moment to begin."""
    has_come = (Mailing.begins_at <= now) & _has_begun()
    return _list_sending(or_(Mailing.begins_at.is_(None), has_come))


def _list_sending(*conditions: ColumnElement[bool]) -> Sequence[int]:
    query = select(Mailing.id).where(Mailing.status == MailingStatus.SENDING, *conditions)
    return db.session.scalars(query.order_by(Mailing.id)).all()


def _has_begun() -> ColumnElement[bool]:
    return exists().where(MailingRecipient.mailing_id == Mailing.id, MailingRecipient.status.in_(MADE))


def list_ids(*states: MailingStatus) -> Sequence[int]:
    """Return the ids of the mailings in these states."""
    query = select(Mailing.id).where(Mailing.status.in_(states))
    return db.session.scalars(query.order_by(Mailing.id)).all()


def count_mails(mailing_id: int, states: Collection[MessageStatus]) -> int:
    """Return how many mails of the mailing are in these states."""
    query = select(func.count()).select_from(MailingRecipient).join(OutboxMessage)
    mine = MailingRecipient.mailing_id == mailing_id, OutboxMessage.status.in_(states)
    return db.session.scalar(query.where(*mine)) or 0


def list_next_recipients(mailing_id: int, limit: int) -> Sequence[int]:
    """Return the ids of the next recipients without a mail, in the order in which they were added to the mailing."""
    mine = MailingRecipient.mailing_id == mailing_id, MailingRecipient.status == RecipientStatus.WAITING
    query = select(MailingRecipient.id).where(*mine).order_by(MailingRecipient.id).limit(limit)
    return db.session.scalars(query).all()


def count_waiting(mailing_id: int) -> int:
    """Return the number of recipients of the mailing for whom no mail has been made yet."""
    mine = MailingRecipient.mailing_id == mailing_id, MailingRecipient.status == RecipientStatus.WAITING
    return db.session.scalar(select(func.count()).select_from(MailingRecipient).where(*mine)) or 0


def count_left_out(event: Event, because: LeftOut) -> dict[int, int]:
    """Return, by the mailing's id, how many people were left out for this reason after the mailing had begun.

    Somebody whose mail was being sent just then and has arrived is not counted.
    """
    left = MailingRecipient.left_because == because, MailingRecipient.status != RecipientStatus.OMITTED
    query = select(MailingRecipient.mailing_id, func.count()).join(MailingRecipient.mailing)
    query = query.outerjoin(MailingRecipient.message)
    has_not_arrived = OutboxMessage.status.is_distinct_from(MessageStatus.SENT)
    query = query.where(Mailing.event_id == event.id, has_not_arrived, *left).group_by(
        MailingRecipient.mailing_id
    )
    return dict(db.session.execute(query).all())


def has_more(mailing_id: int) -> bool:
    """Return whether a recipient of the mailing has no mail yet, or a mail that has not left."""
    return bool(count_waiting(mailing_id) or count_mails(mailing_id, UNSENT))


def list_unsettled(
    mailing_id: int, states: Collection[MailingStatus]
) -> Sequence[Row[int, datetime, datetime | None]]:
    """Return the recipients whose mail has not left, and if the mailing is in one of `states` those without a mail yet.

    Each row has the recipient's id, the moment of registering, and the moment from which on the mail may not leave.
    Mails that a restore holds back are left out: they may have left already.
    """
    registered = func.coalesce(Registration.confirmed_at, Registration.requested_at).label("registered_at")
    waits = Mailing.status.in_(states), MailingRecipient.status == RecipientStatus.WAITING
    unsent = OutboxMessage.status.in_(UNSENT), OutboxMessage.next_attempt_at != HELD
    query = (
        select(MailingRecipient.id, registered, OutboxMessage.not_after)
        .select_from(MailingRecipient)
        .join(MailingRecipient.mailing)
        .join(MailingRecipient.registration)
        .outerjoin(MailingRecipient.message)
        .where(MailingRecipient.mailing_id == mailing_id, or_(and_(*waits), and_(*unsent)))
    )
    return db.session.execute(query.order_by(MailingRecipient.id)).all()


def has_begun(mailing_id: int) -> bool:
    """Return whether any recipient has a mail already, or was left out when the mail should have been made."""
    query = select(Mailing.id).where(Mailing.id == mailing_id, _has_begun())
    return db.session.scalar(query) is not None


def count_by_result(mailings: Collection[Mailing]) -> dict[int, Counts]:
    """Return, by the mailing's id, the `Counts` of its mails, which add up to the mailing's `people`.

    A mailing whose recipients were deleted (`mailings.whereabouts`) has the numbers that were stored at that time.
    """
    columns = (MailingRecipient.mailing_id, MailingRecipient.status, OutboxMessage.status)
    groups = (*columns, case((Registration.status.in_(LIVE), 1), else_=0))
    query = (
        select(*groups, func.count())
        .select_from(MailingRecipient)
        .join(Registration, Registration.id == MailingRecipient.registration_id)
        .outerjoin(OutboxMessage, OutboxMessage.id == MailingRecipient.message_id)
        .where(MailingRecipient.mailing_id.in_([mailing.id for mailing in mailings]))
        .where(MailingRecipient.status.not_in(BESIDE))
        .group_by(*groups)
    )
    numbers: dict[int, dict[str, int]] = {mailing.id: {} for mailing in mailings}
    for mailing_id, status, mail_status, is_live, number in db.session.execute(query):
        name = _result(status, mail_status, is_live=bool(is_live))
        numbers[mailing_id][name] = numbers[mailing_id].get(name, 0) + number
    for mailing in mailings:
        mine = numbers[mailing.id]
        if mailing.kept_counts:
            mine.update({name: mailing.kept_counts.get(name, 0) for name in ("sent", "failed")})
        mine["left_out"] = mine.get("left_out", 0) + mailing.people - sum(mine.values())
    return {mailing_id: Counts(**mine) for mailing_id, mine in numbers.items()}


def list_told_at(event: Event) -> dict[int, datetime]:
    """Return, by the registration's id, the moment of the newest change about which the person was sent a mail."""
    query = (
        select(MailingRecipient.registration_id, func.max(Mailing.changed_at))
        .join(Mailing, Mailing.id == MailingRecipient.mailing_id)
        .join(OutboxMessage, OutboxMessage.id == MailingRecipient.message_id)
        .where(Mailing.event_id == event.id, Mailing.kind == MailingKind.EVENT_CHANGED)
        .where(OutboxMessage.status == MessageStatus.SENT)
        .group_by(MailingRecipient.registration_id)
    )
    return dict(db.session.execute(query).all())


def _result(status: str, mail_status: str | None, *, is_live: bool) -> str:
    if status == RecipientStatus.WAITING:
        return "waiting" if is_live else "left_out"
    match mail_status:
        case MessageStatus.QUEUED | MessageStatus.INFLIGHT:
            return "waiting"
        case MessageStatus.SENT:
            return "sent"
        case MessageStatus.AWAITING_RETRY:
            return "retried"
        case MessageStatus.FAILED:
            return "failed"
        case _:
            return "left_out"
