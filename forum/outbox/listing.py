"""The outbox as organisers read it: one event's mails, filtered and paged, and whether any are in trouble.

`content` is never loaded here: it is sealed for the links in it (S18).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import defer

from forum.extensions import db
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import UNSENT
from forum.web.pagination import Cursor, Order, Page, read_page

PAGE_SIZE = 50
LONGEST_SEARCH = 200
BY_AGE = Order((OutboxMessage.id,), falling=True)


class UnknownFilter(ValueError):
    """An address asks for a state that does not exist."""


@dataclass(frozen=True)
class Filters:
    """What the list shows; all of it stands in the address. `q` is a part of the recipient's address."""

    q: str = ""
    status: str = ""

    @classmethod
    def of(cls, args: Mapping[str, str]) -> "Filters":
        """Read an address. Raises UnknownFilter."""
        status = args.get("status", "")
        if status and status not in set(MessageStatus):
            raise UnknownFilter
        return cls(args.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH], status)

    def query(self, **differing: str) -> dict[str, Any]:
        """Return the address's parameters, those that say nothing left out."""
        return {name: value for name, value in {**asdict(self), **differing}.items() if value}


@dataclass(frozen=True)
class Trouble:
    """Why mail may not reach people: dead letters, and a worker that is silent while mail waits."""

    failed: int
    waiting: int
    is_silent: bool

    def __bool__(self) -> bool:
        return bool(self.failed) or self.is_silent


def read_list(event_id: int, filters: Filters, cursor: Cursor | None) -> Page[OutboxMessage]:
    """Return a page of the event's mails, the newest first; a cursor that leads nowhere gives the first one."""
    beside = find_message(event_id, cursor.key) if cursor else None
    backwards = cursor.backwards if cursor else False
    query = _matching(event_id, filters).options(defer(OutboxMessage.content, raiseload=True))
    return read_page(db.session, query, BY_AGE, size=PAGE_SIZE, beside=beside, backwards=backwards)


def find_message(event_id: int, key: str) -> OutboxMessage | None:
    """Return the event's mail with this number; another event's is not found (S13)."""
    if not (key.isdecimal() and len(key) < 10):
        return None
    query = select(OutboxMessage).where(OutboxMessage.event_id == event_id, OutboxMessage.id == int(key))
    return db.session.scalars(query).one_or_none()


def count_by_status(event_id: int) -> dict[str, int]:
    """Return how many mails of the event there are in each state; a state without any is left out."""
    query = select(OutboxMessage.status, func.count()).where(OutboxMessage.event_id == event_id)
    return dict(db.session.execute(query.group_by(OutboxMessage.status)).all())


def find_trouble(event_id: int, *, is_silent: bool) -> Trouble:
    """Return what stands in the way of the event's mails; `is_silent` says that no worker has been heard of lately."""
    counts = count_by_status(event_id)
    waiting = sum(counts.get(status, 0) for status in UNSENT)
    return Trouble(counts.get(MessageStatus.FAILED, 0), waiting, is_silent)


def _matching(event_id: int, filters: Filters) -> Select:
    query = select(OutboxMessage).where(OutboxMessage.event_id == event_id)
    if filters.status:
        query = query.where(OutboxMessage.status == filters.status)
    if filters.q:
        query = query.where(OutboxMessage.recipient.icontains(filters.q, autoescape=True))
    return query
