"""What became of a message to many for each of its people, those whom it has not reached first."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from sqlalchemy import ColumnElement, Select, and_, case, or_, select
from sqlalchemy.orm import joinedload

from forum.extensions import db
from forum.mailings.enums import BESIDE, MailingStatus, RecipientStatus
from forum.mailings.models import Mailing, MailingRecipient
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.registration import listing
from forum.registration.enums import LIVE
from forum.registration.models import Registration
from forum.web.pagination import Cursor, Order, Page, read_page

# How many recipients one page of results shows.
ROWS = 50
# Values in the URL that narrow the list of results: to mails that were not sent, or to people left out at the start.
TROUBLED, OMITTED = "troubled", "omitted"
ENDED = (MailingStatus.STOPPED, MailingStatus.SUPERSEDED)


class Rank(IntEnum):
    """The part of the list of results in which a recipient stands; the list begins with the most trouble."""

    FAILED = 0
    RETRIED = 1
    LEFT_OUT = 2
    WAITING = 3
    SENT = 4


@dataclass(frozen=True)
class ResultRow:
    """A recipient in the list of results, and the rank at which the recipient stands.

    `key` names the row in the URL of another page of the list. It has the rank, because the recipient may have got the
    mail before the other page is asked for, and the people between would then be in neither page.
    """

    recipient: MailingRecipient
    rank: int

    @property
    def key(self) -> str:
        """The recipient's id and rank, such as "12-3"."""
        return f"{self.recipient.id}-{self.rank}"


@dataclass(frozen=True)
class _Start:
    """The row beside which a page of results starts: its values in the columns by which the results are sorted."""

    rank: int
    sort_key: str
    id: int


def read_results(
    mailing: Mailing, cursor: Cursor | None, *, only: str = "", by_name: bool = True
) -> Page[ResultRow]:
    """Return a page of the mailing's recipients, the most trouble first, and by name where the trouble is the same.

    Without `by_name` they stand in the order of their registrations instead: a page that shows addresses alone must not
    tell, by an order of names, how somebody's name begins.

    `only` narrows the page: TROUBLED to people whose mail has failed, is to be tried again or was taken back without
    ending the message, to those who were left out, and to those who will be because their registration has ended before
    a mail was made; OMITTED to people who are no recipients, because they were left out from the start.
    """
    rank = _rank(mailing).label("rank")
    query = _listed(mailing, rank, only)
    order = Order((rank, *(listing.BY_NAME if by_name else (Registration.id,))))
    backwards = cursor is not None and cursor.backwards
    beside = _find_start(mailing, cursor) if cursor else None
    page = read_page(db.session, query, order, size=ROWS, beside=beside, backwards=backwards)
    return Page(_load(page.rows, rank), page.has_previous, page.has_next)


def _listed(mailing: Mailing, rank: ColumnElement[int], only: str) -> Select:
    """Select the ids of the recipients to list. Sorting whole rows, with their mails, would take far longer."""
    query = _joined(select(MailingRecipient.id)).where(MailingRecipient.mailing_id == mailing.id)
    if only == OMITTED:
        is_omitted = MailingRecipient.status == RecipientStatus.OMITTED
        return query.where(is_omitted, MailingRecipient.left_because.is_not(None))
    query = query.where(MailingRecipient.status.not_in(BESIDE))
    return query.where(rank <= Rank.LEFT_OUT.value) if only == TROUBLED else query


def _joined(query: Select) -> Select:
    return query.join(MailingRecipient.registration).outerjoin(MailingRecipient.message)


def _rank(mailing: Mailing) -> ColumnElement[int]:
    """Return the SQL expression for a recipient's rank, in a query joined with registration and mail."""
    taken_back = OutboxMessage.status == MessageStatus.ABORTED
    if mailing.status in ENDED:
        # Ending the message took back all mails that had not left: a mail taken back then is no trouble of its
        # recipient.
        taken_back &= MailingRecipient.left_because.is_not(None)
    has_ended = Registration.status.not_in(LIVE)
    will_be = and_(MailingRecipient.status == RecipientStatus.WAITING, has_ended)
    is_left_out = or_(taken_back, MailingRecipient.status == RecipientStatus.LEFT_OUT, will_be)
    return case(
        (OutboxMessage.status == MessageStatus.FAILED, Rank.FAILED.value),
        (OutboxMessage.status == MessageStatus.AWAITING_RETRY, Rank.RETRIED.value),
        (is_left_out, Rank.LEFT_OUT.value),
        (OutboxMessage.status == MessageStatus.SENT, Rank.SENT.value),
        else_=Rank.WAITING.value,
    )


def _find_start(mailing: Mailing, cursor: Cursor) -> _Start | None:
    """Return where the page of a URL starts; None if the URL names no recipient of the mailing."""
    number, _dash, rank = cursor.key.partition("-")
    if not (number.isdecimal() and len(number) < 10 and rank.isdecimal() and len(rank) == 1):
        return None
    named = select(Registration.sort_key, Registration.id).join(
        MailingRecipient, MailingRecipient.registration_id == Registration.id
    )
    mine = MailingRecipient.id == int(number), MailingRecipient.mailing_id == mailing.id
    row = db.session.execute(named.where(*mine)).one_or_none()
    return _Start(int(rank), row.sort_key, row.id) if row else None


def _load(ids: Sequence[int], rank: ColumnElement[int]) -> list[ResultRow]:
    """Return the recipients with these ids, in this order, with their registrations and mails."""
    whole = joinedload(MailingRecipient.registration), joinedload(MailingRecipient.message)
    query = _joined(select(MailingRecipient, rank)).where(MailingRecipient.id.in_(ids)).options(*whole)
    rows = {recipient.id: ResultRow(recipient, number) for recipient, number in db.session.execute(query)}
    return [rows[number] for number in ids if number in rows]
