"""Reading invitations."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, func, literal_column, or_, select
from sqlalchemy.orm import joinedload, selectinload

from forum.columns import LARGEST_ID, digest
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.invitations.enums import InvitationState, Standing
from forum.invitations.models import IS_TO_REMIND, IS_UNSENT, PAUSED_LINK, Invitation
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.registration.enums import LIVE, Status
from forum.registration.models import Registration
from forum.registration.restrictions import IS_FREE
from forum.web.pagination import Cursor, Order, Page, read_page

SIZE = 50  # how many invitations a page of the list shows
UNDELIVERED = (MessageStatus.FAILED, MessageStatus.ABORTED)
# The states of mails that wait for their first attempt. Mails that are tried again do not count: they could
# hold up all others for a day.
IN_LINE = (MessageStatus.QUEUED, MessageStatus.INFLIGHT)
# The conditions for an event whose invitations and reminders the worker still sends.
IS_TO_COME = Event.is_published, Event.cancelled_at.is_(None)
# The condition for an invitation that a restore has paused; its value is NULL if the invitation's mail was never made.
# The pattern is a literal: with a bound value, PostgreSQL would not see that SELECT and GROUP BY use one expression.
IS_PAUSED = Invitation.link_digest.like(literal_column(f"'{PAUSED_LINK}%'"))
ANSWERED = (InvitationState.YES, InvitationState.NO, InvitationState.FORWARDED)


@dataclass(frozen=True)
class Conversion:
    """How many invitations were made, how many of their mails have left, how many people have begun or given an answer.

    `by_state` has the number of invitations in each stored state. A mail whose row is already deleted counts as sent.
    """

    made: int
    sent: int
    opened: int
    by_state: Mapping[InvitationState, int]


def standing(state: str, *, is_opened: bool, is_paused: bool, is_made: bool, mail: str | None) -> Standing:
    """Return an invitation's state as organisers read it.

    `is_made` says that a mail was made, `mail` is the mail's status, and `is_paused` says that a restore has paused it.
    """
    if state != InvitationState.OPEN:
        return Standing(state)
    if is_opened:
        return Standing.OPENED
    if mail in UNDELIVERED:
        return Standing.FAILED
    if is_paused:
        return Standing.PAUSED
    return Standing.SENT if is_made and mail in (None, MessageStatus.SENT) else Standing.WAITING


def standing_of(invitation: Invitation) -> Standing:
    """Return the state of a stored invitation as organisers read it."""
    return standing(
        invitation.state,
        is_opened=invitation.opened_at is not None,
        is_paused=(invitation.link_digest or "").startswith(PAUSED_LINK),
        is_made=invitation.link_digest is not None,
        mail=invitation.message.status if invitation.message else None,
    )


def count_by_standing(event: Event) -> Counter[Standing]:
    """Return how many of the event's invitations are in each state, in one statement."""
    counts: Counter[Standing] = Counter()
    for state, is_opened, is_paused, is_made, mail, number in _count_groups(event):
        stands = standing(state, is_opened=is_opened, is_paused=bool(is_paused), is_made=is_made, mail=mail)
        counts[stands] += number
    return counts


def count_conversion(event: Event) -> Conversion:
    """Return how many of the event's invitations were made, mailed and answered, in one statement."""
    made = sent = opened = 0
    by_state: Counter[InvitationState] = Counter()
    for state, is_opened, is_paused, is_made, mail, number in _count_groups(event):
        made += number
        sent += number if is_made and not is_paused and mail in (None, MessageStatus.SENT) else 0
        opened += number if is_opened or state in ANSWERED else 0
        by_state[state] += number
    return Conversion(made, sent, opened, by_state)


def count_not_accepted(event: Event) -> Counter[InvitationState]:
    """Return how many of the event's invitations are in each state but YES; restricted people do not count."""
    mine = Invitation.event_id == event.id, Invitation.state != InvitationState.YES, ~_is_restricted()
    query = select(Invitation.state, func.count()).where(*mine).group_by(Invitation.state)
    return Counter(dict(db.session.execute(query).all()))


def _count_groups(event: Event) -> Sequence[Row]:
    """Return the numbers of invitations, grouped by all that `standing` needs to know of an invitation."""
    groups = (
        Invitation.state,
        Invitation.opened_at.is_not(None),
        IS_PAUSED,
        Invitation.link_digest.is_not(None),
        OutboxMessage.status,
    )
    query = select(*groups, func.count()).outerjoin(Invitation.message)
    return db.session.execute(query.where(Invitation.event_id == event.id).group_by(*groups)).all()


def number(event_id: Any) -> ColumnElement[int]:
    """Return a column for statements: how many people were ever invited to the event."""
    return select(func.count()).where(Invitation.event_id == event_id).scalar_subquery()


def read_invitations(
    event: Event, cursor: Cursor | None, *conditions: ColumnElement[bool]
) -> Page[Invitation]:
    """Return a page of the event's invitations, the newest first, with everything that the list shows.

    Conditions may be about the invitation and its mail.
    """
    shown = map(joinedload, (Invitation.sector, Invitation.message, Invitation.registration))
    query = select(Invitation).where(Invitation.event_id == event.id, *conditions)
    query = query.outerjoin(Invitation.message) if conditions else query
    forwarded = joinedload(Invitation.forwarded_to)
    told = (
        *(selectinload(Invitation.people), forwarded.joinedload(Invitation.registration)),
        forwarded.selectinload(Invitation.people),
    )
    query = query.options(*shown, *told)
    number = int(cursor.key) if cursor and cursor.key.isascii() and cursor.key.isdecimal() else 0
    beside = find(event, number) if cursor and number <= LARGEST_ID else None
    backwards = cursor is not None and cursor.backwards
    order = Order((Invitation.id,), falling=True)
    return read_page(db.session, query, order, size=SIZE, beside=beside, backwards=backwards)


def find(event: Event, number: int) -> Invitation | None:
    """Return the event's invitation with this id; None for an invitation to another event (S13)."""
    mine = Invitation.event_id == event.id, Invitation.id == number
    return db.session.scalars(select(Invitation).where(*mine)).one_or_none()


def find_by_token(token: str) -> Invitation | None:
    """Return the invitation to which a link leads, also one that has ended."""
    told = digest(token)
    mine = or_(Invitation.link_digest == told, Invitation.reminder_digest == told)
    return db.session.scalars(select(Invitation).where(mine)).one_or_none()


def find_open(event: Event, email_canonical: str) -> Invitation | None:
    """Return the open invitation of an address to the event."""
    mine = Invitation.event_id == event.id, Invitation.email_canonical == email_canonical
    open_ = Invitation.state == InvitationState.OPEN
    return db.session.scalars(select(Invitation).where(*mine, open_)).one_or_none()


def find_newest(event: Event, email_canonical: str) -> Invitation | None:
    """Return the newest invitation of an address to the event, also one that has ended."""
    mine = Invitation.event_id == event.id, Invitation.email_canonical == email_canonical
    newest = select(Invitation).where(*mine).order_by(Invitation.id.desc())
    return db.session.scalars(newest.limit(1)).one_or_none()


def find_forwarder(invitation: Invitation) -> Invitation | None:
    """Return the first invitation that was forwarded to the person whom this invitation invites."""
    mine = Invitation.forwarded_to_id == invitation.id
    return db.session.scalars(select(Invitation).where(mine).order_by(Invitation.id).limit(1)).one_or_none()


def list_open_addresses(event: Event, addresses: Collection[str]) -> set[str]:
    """Return the canonical addresses, among the given ones, that have an open invitation to the event."""
    mine = Invitation.event_id == event.id, Invitation.email_canonical.in_(addresses)
    open_ = Invitation.state == InvitationState.OPEN
    return set(db.session.scalars(select(Invitation.email_canonical).where(*mine, open_)))


def list_of(registration: Registration) -> Sequence[Invitation]:
    """Return all invitations of the person's address to the event, if the person has confirmed that address."""
    if registration.confirmed_at is None or not registration.has_address:
        return []
    mine = Invitation.email_canonical == registration.email_canonical
    query = select(Invitation).where(Invitation.event_id == registration.event_id, mine)
    return db.session.scalars(query.order_by(Invitation.id)).all()


def find_confirmed_registrations(event: Event, addresses: Collection[str]) -> dict[str, Registration]:
    """Return the live registrations with one of these canonical addresses, confirmed by its owner, by address."""
    mine = Registration.event_id == event.id, Registration.email_canonical.in_(addresses)
    is_confirmed = Registration.status.in_(LIVE), Registration.status != Status.PENDING
    live = select(Registration).where(*mine, *is_confirmed)
    return {one.email_canonical: one for one in db.session.scalars(live)}


def find_for_addresses(event: Event, addresses: Collection[str]) -> dict[str, Invitation]:
    """Return, by canonical address, the newest invitation to the event; addresses without one are left out."""
    query = select(Invitation).where(
        Invitation.event_id == event.id, Invitation.email_canonical.in_(addresses)
    )
    newest = query.options(joinedload(Invitation.sector)).order_by(Invitation.id)
    return {one.email_canonical: one for one in db.session.scalars(newest)}


def count_in_line() -> int:
    """Return how many mails of invitations are in the outbox and have not been tried."""
    mails = or_(OutboxMessage.id == Invitation.message_id, OutboxMessage.id == Invitation.reminder_id)
    query = select(func.count()).select_from(Invitation).join(OutboxMessage, mails)
    return db.session.scalar(query.where(OutboxMessage.status.in_(IN_LINE))) or 0


def list_unsent(limit: int, now: datetime) -> Sequence[int]:
    """Return the ids of open invitations without a mail, the oldest first, of events that visitors can see."""
    is_public = exists().where(*IS_TO_COME, Event.ends_at > now)
    query = select(Invitation.id).where(IS_UNSENT, Invitation.expires_at > now, is_public)
    return db.session.scalars(query.order_by(Invitation.id).limit(limit)).all()


def list_to_remind(limit: int, now: datetime) -> Sequence[int]:
    """Return the ids of open invitations whose reminder is due and whose mail was sent, the oldest first."""
    is_public = exists().where(*IS_TO_COME, Event.ends_at > now)
    due = Invitation.remind_at <= now, *has_been_sent(now), is_public
    query = select(Invitation.id).outerjoin(Invitation.message).where(IS_TO_REMIND, *due)
    return db.session.scalars(query.order_by(Invitation.id).limit(limit)).all()


def list_reminder_moments(event: Event, now: datetime) -> Sequence[datetime]:
    """Return the future moments at which the worker sends the own reminders of the event's open invitations."""
    mine = Invitation.event_id == event.id, Invitation.remind_at > now
    # A reminder due at the invitation's end never leaves (see Invitation.own_reminder_at).
    leaves = Invitation.remind_at < Invitation.expires_at
    moments = db.session.scalars(select(Invitation.remind_at).where(IS_TO_REMIND, *mine, leaves))
    return [at for at in moments if at]


def silent(event: Event, now: datetime) -> Select[Invitation]:
    """Return the query for the event's open invitations whose mail was sent and whose person was not reminded yet."""
    mine = Invitation.event_id == event.id, Invitation.reminded_at.is_(None), *has_been_sent(now)
    not_asked = or_(Invitation.remind_at.is_(None), Invitation.remind_at > now)
    return select(Invitation).outerjoin(Invitation.message).where(*mine, not_asked)


def count_silent(event: Event, now: datetime) -> int:
    """Return how many people organisers could remind now."""
    return db.session.scalar(silent(event, now).with_only_columns(func.count())) or 0


def has_been_sent(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for an open invitation whose mail was sent, without people whose data are restricted.

    The mail's row in the outbox may be deleted already.
    """
    has_left = or_(OutboxMessage.id.is_(None), OutboxMessage.status == MessageStatus.SENT)
    is_open = Invitation.state == InvitationState.OPEN, Invitation.expires_at > now
    return (*is_open, Invitation.link_digest.is_not(None), ~IS_PAUSED, has_left, ~_is_restricted())


def _is_restricted() -> ColumnElement[bool]:
    """Return the condition for an invitation to somebody whose registration for the event is restricted."""
    return exists().where(
        Registration.event_id == Invitation.event_id,
        Registration.email_canonical == Invitation.email_canonical,
        ~IS_FREE,
    )


def paused(event: Event, now: datetime) -> Select[Invitation]:
    """Return the query for the event's open invitations that a restore has paused."""
    is_open = Invitation.state == InvitationState.OPEN, Invitation.expires_at > now
    return select(Invitation).where(Invitation.event_id == event.id, *is_open, IS_PAUSED)


def count_paused(event: Event, now: datetime) -> int:
    """Return how many open invitations of the event a restore has paused."""
    return db.session.scalar(paused(event, now).with_only_columns(func.count())) or 0


def list_due(now: datetime) -> Sequence[int]:
    """Return the ids of open invitations whose deadline has passed, except those of a cancelled event."""
    stands_still = Invitation.event.has(Event.cancelled_at.is_not(None))
    due = Invitation.state == InvitationState.OPEN, Invitation.expires_at <= now, ~stands_still
    return db.session.scalars(select(Invitation.id).where(*due).order_by(Invitation.id)).all()


def count_of(sector: Sector) -> int:
    """Return how many invitations to this sector there are, ended ones included."""
    mine = Invitation.sector_id == sector.id
    return db.session.scalar(select(func.count()).select_from(Invitation).where(mine)) or 0
