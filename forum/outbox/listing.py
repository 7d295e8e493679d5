"""Reading the outbox for organisers: an event's mails, filtered and paged, and the reasons why mail is not sent.

The mails' content is never loaded here, because it holds personal links (S18).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import defer

from forum.extensions import db
from forum.outbox import heartbeats
from forum.outbox.enums import MessageStatus
from forum.outbox.models import MailRelay, OutboxMessage
from forum.outbox.queries import MAIL_MAY_WAIT, Scope, read_queue
from forum.web.pagination import Cursor, Order, Page, read_page

PAGE_SIZE = 50
# How many failed mails the page of the role care lists at most.
NAMED = 50
LONGEST_SEARCH = 200
BY_AGE = Order((OutboxMessage.id,), falling=True)


class UnknownFilter(ValueError):
    """The URL asks for a mail status that does not exist."""


@dataclass(frozen=True)
class Filters:
    """The filters of the list, as in the URL's query. `q` is a part of the recipient's address."""

    q: str = ""
    status: str = ""

    @classmethod
    def of(cls, args: Mapping[str, str]) -> "Filters":
        """Parse a URL's query. Raises UnknownFilter."""
        status = args.get("status", "")
        if status and status not in set(MessageStatus):
            raise UnknownFilter
        return cls(args.get("q", "")[:LONGEST_SEARCH].replace("\x00", "").strip(), status)

    def query(self, **differing: str) -> dict[str, Any]:
        """Return the filters as parameters of a URL, without empty ones."""
        return {name: value for name, value in {**asdict(self), **differing}.items() if value}


@dataclass(frozen=True)
class Trouble:
    """The reasons why mail is not sent: dead letters, a late or paused queue, a silent worker while mail waits."""

    failed: int
    waiting: int
    is_late: bool
    is_silent: bool
    relay: MailRelay | None

    def __bool__(self) -> bool:
        return bool(self.failed) or self.is_late or self.is_silent or self.relay is not None


def read_list(scope: Scope, filters: Filters, cursor: Cursor | None) -> Page[OutboxMessage]:
    """Return a page of the mails in `scope`, the newest first; the first page when the cursor's mail is gone."""
    beside = find_message(scope, cursor.key) if cursor else None
    backwards = cursor.backwards if cursor else False
    query = _matching(scope, filters).options(defer(OutboxMessage.content, raiseload=True))
    return read_page(db.session, query, BY_AGE, size=PAGE_SIZE, beside=beside, backwards=backwards)


def find_message(scope: Scope, key: str) -> OutboxMessage | None:
    """Return the mail with this id if it is in `scope`, else None (S13)."""
    if not (key.isdecimal() and len(key) < 10):
        return None
    query = select(OutboxMessage).where(scope.condition(), OutboxMessage.id == int(key))
    return db.session.scalars(query).one_or_none()


def count_by_status(scope: Scope) -> dict[str, int]:
    """Return the number of mails in `scope` by state, without the states that no mail has."""
    query = select(OutboxMessage.status, func.count()).where(scope.condition())
    return dict(db.session.execute(query.group_by(OutboxMessage.status)).all())


def failed(scope: Scope) -> ColumnElement[int]:
    """Return the number of failed mails in `scope`, as a column of an SQL statement."""
    mine = scope.condition(), OutboxMessage.status == MessageStatus.FAILED
    return select(func.count()).select_from(OutboxMessage).where(*mine).scalar_subquery()


def count_failed_of_care(event_id: int) -> int:
    """Return the number of an event's failed mails to people who had not answered about diet or access."""
    return db.session.scalar(select(func.count()).select_from(_failed_of_care(event_id).subquery())) or 0


def list_failed_of_care(event_id: int) -> Sequence[OutboxMessage]:
    """Return some of an event's failed mails to people who had not answered about diet or access, the newest first."""
    query = _failed_of_care(event_id).options(defer(OutboxMessage.content, raiseload=True))
    return db.session.scalars(query.order_by(OutboxMessage.id.desc()).limit(NAMED)).all()


def find_trouble(scope: Scope, *, now: datetime) -> Trouble:
    """Return the reasons why the mails in `scope` are not sent."""
    relay, seen = db.session.execute(select(MailRelay, heartbeats.newest(now).scalar_subquery())).one()
    queue = read_queue(scope, now=now)
    is_late = queue.oldest is not None and now - queue.oldest > MAIL_MAY_WAIT
    is_silent = heartbeats.is_silent(seen, now=now)
    return Trouble(queue.failed, queue.waiting, is_late, is_silent, relay if relay.failures else None)


def _failed_of_care(event_id: int) -> Select:
    is_failed = OutboxMessage.status == MessageStatus.FAILED
    return select(OutboxMessage).where(
        OutboxMessage.event_id == event_id, is_failed, OutboxMessage.is_of_care
    )


def _matching(scope: Scope, filters: Filters) -> Select:
    query = select(OutboxMessage).where(scope.condition())
    if filters.status:
        query = query.where(OutboxMessage.status == filters.status)
    if filters.q:
        query = query.where(OutboxMessage.recipient.icontains(filters.q, autoescape=True))
        # If a search found a mail whose recipient is hidden, it would reveal the recipient.
        query = query if scope.with_care else query.where(~OutboxMessage.is_of_care)
    return query
