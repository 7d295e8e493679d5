"""How many people still wait for a mailing, by mail domain, and how long that takes at the pace for mails to many."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select, text

from forum.events.models import Event
from forum.extensions import db
from forum.mailings.enums import MailingStatus, RecipientStatus
from forum.mailings.models import Mailing, MailingRecipient
from forum.outbox import pacing
from forum.outbox.enums import Lane, MessageStatus
from forum.outbox.models import OutboxMessage
from forum.registration.enums import LIVE
from forum.registration.models import Registration

IN_TURN = (MessageStatus.QUEUED, MessageStatus.INFLIGHT)
# At most this many recipients are put in turn for the next mails: with all of them, every mail of a message to 100,000
# people would cost a third of a second.
RANKED_AT_ONCE = 1000


def count_made(mailing_id: int, states: Collection[MessageStatus]) -> dict[str, int]:
    """Return, by mail domain, how many mails of the mailing are in these states."""
    mine = MailingRecipient.mailing_id == mailing_id, OutboxMessage.status.in_(states)
    domain = pacing.domain_of(OutboxMessage.recipient)
    return _numbers(
        select(domain, func.count()).select_from(MailingRecipient).join(OutboxMessage).where(*mine)
    )


def list_next_recipients(
    mailing_id: int, limit: int, *, in_line: Mapping[str, int], of_a_domain: int
) -> Sequence[int]:
    """Return the ids of the next recipients without a mail, taken from the mail domains in turn.

    `in_line` has the numbers of mails by domain that wait already; no domain gets more than `of_a_domain` in all. The
    first RANKED_AT_ONCE recipients at domains with room are put in turn.
    """
    mine = MailingRecipient.mailing_id == mailing_id, MailingRecipient.status == RecipientStatus.WAITING
    domain = pacing.domain_of(Registration.email).label("domain")
    full = [one for one, number in in_line.items() if number >= of_a_domain]
    waiting = (
        select(MailingRecipient.id, domain)
        .join(Registration)
        .where(*mine, pacing.domain_of(Registration.email).not_in(full))
        .order_by(MailingRecipient.id)
        .limit(RANKED_AT_ONCE)
        .subquery()
    )
    ahead = case(dict(in_line), value=waiting.c.domain, else_=0) if in_line else literal(0)
    turn = ahead + func.row_number().over(partition_by=waiting.c.domain, order_by=waiting.c.id)
    by_turn = select(waiting.c.id, turn.label("turn")).subquery()
    query = select(by_turn.c.id).where(by_turn.c.turn <= of_a_domain)
    return db.session.scalars(query.order_by(by_turn.c.turn, by_turn.c.id).limit(limit)).all()


def count_waiting(*mine: ColumnElement[bool]) -> dict[str, int]:
    """Return, by mail domain, how many people wait for mailings being sent that meet the conditions."""
    is_made = (MailingRecipient.status == RecipientStatus.QUEUED) & OutboxMessage.status.in_(IN_TURN)
    is_to_make = (MailingRecipient.status == RecipientStatus.WAITING) & Registration.status.in_(LIVE)
    query = (
        select(pacing.domain_of(func.coalesce(OutboxMessage.recipient, Registration.email)), func.count())
        .select_from(MailingRecipient)
        .join(Mailing, Mailing.id == MailingRecipient.mailing_id)
        .join(Registration, Registration.id == MailingRecipient.registration_id)
        .outerjoin(OutboxMessage, OutboxMessage.id == MailingRecipient.message_id)
        .where(*mine, Mailing.status == MailingStatus.SENDING, or_(is_made, is_to_make))
    )
    return _numbers(query)


def seconds_left(mailing: Mailing) -> float:
    """Return how many seconds the mailing and the mails to many before it still take at least; 0 without a pace."""
    if not pacing.is_on():
        return 0
    mine = select(MailingRecipient.message_id).where(
        MailingRecipient.mailing_id == mailing.id, MailingRecipient.message_id.is_not(None)
    )
    return _seconds_behind_others(count_waiting(Mailing.id == mailing.id), OutboxMessage.id.not_in(mine))


def seconds_for_new(waiting: Mapping[str, int]) -> float:
    """Return how many seconds a mailing that is not sent yet will take at least, behind the mails to many that wait.

    `waiting` has the numbers of its people by mail domain. Return 0 without a pace.
    """
    return _seconds_behind_others(waiting) if pacing.is_on() else 0


def left_of(event: Event, *, beside: Collection[int] = ()) -> tuple[int, float]:
    """Return how many people wait for the event's mailings, and for how many seconds; 0 and 0 without a pace.

    The mailings with the ids in `beside` do not count.
    """
    if not pacing.is_on():
        return 0, 0
    waiting = count_waiting(Mailing.event_id == event.id, Mailing.id.not_in(beside))
    return sum(waiting.values()), pacing.seconds_for(waiting)


def _seconds_behind_others(waiting: Mapping[str, int], *others: ColumnElement[bool]) -> float:
    """Return the seconds for people who wait and the mails to many in the outbox that meet the conditions `others`."""
    in_turn = OutboxMessage.lane == Lane.BULK, OutboxMessage.status.in_(IN_TURN), *others
    domain = pacing.domain_of(OutboxMessage.recipient)
    ahead = _numbers(select(domain, func.count()).select_from(OutboxMessage).where(*in_turn))
    return pacing.seconds_for(Counter(waiting) + Counter(ahead))


def _numbers(query: Select[str, int]) -> dict[str, int]:
    # Group by the column's position: PostgreSQL does not see that an expression with bound values is that of SELECT.
    return dict(db.session.execute(query.group_by(text("1"))).all())
