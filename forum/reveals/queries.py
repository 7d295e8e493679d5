"""Reading the reveals of protected identities from the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from forum.accounts.enums import Role
from forum.accounts.models import User
from forum.accounts.queries import list_holders, names_of
from forum.audit.models import IS_REVEAL, AuditDetails, AuditEntry
from forum.events.models import Event
from forum.extensions import db
from forum.reveals import reasons
from forum.web.pagination import Cursor, Order, Page, read_page

PAGE_SIZE = 50
NEWEST_FIRST = Order((AuditEntry.id,), falling=True)


@dataclass(frozen=True)
class Reveal:
    """One reveal: the audit entry's number, when, by whom, whose reference, and why; "" for erased details."""

    number: int
    at: datetime
    by: str
    reference: str
    reason: str

    @classmethod
    def of(cls, entry: AuditEntry, names: dict[int, str]) -> "Reveal":
        """Return the reveal that an audit entry records; `names` are those of organisers by id."""
        told = entry.details.payload if entry.details else {}
        reason = reasons.read(told["reason"], told["key"]) if told else ""
        return cls(
            entry.id, entry.at, names.get(_user_id(entry), ""), told.get("reference", ""), reason or ""
        )


def read_reveals(event: Event, cursor: Cursor | None) -> Page[Reveal]:
    """Return a page of the event's reveals, the newest first."""
    mine = _reveals().where(AuditEntry.event_id == event.id)
    beside = _find_beside(mine, cursor)
    backwards = cursor is not None and cursor.backwards
    page = read_page(db.session, mine, NEWEST_FIRST, size=PAGE_SIZE, beside=beside, backwards=backwards)
    names = names_of({_user_id(entry) for entry in page.rows})
    rows = [Reveal.of(entry, names) for entry in page.rows]
    return Page(rows, has_previous=page.has_previous, has_next=page.has_next)


def was_shown(key: str) -> bool:
    """Return whether the form with this key has been used for a reveal."""
    used = _reveals().join(AuditDetails).where(AuditDetails.payload["key"].as_string() == key)
    return db.session.scalars(used.limit(1)).first() is not None


def list_moments(actor: str, *, since: datetime) -> Sequence[datetime]:
    """Return the moments of all reveals by this handler since a moment, in any event, the earliest first."""
    own = _reveals().where(AuditEntry.actor == actor, AuditEntry.at > since)
    return [entry.at for entry in db.session.scalars(own.order_by(AuditEntry.id)).all()]


def list_told(event: Event, *, by: User) -> Sequence[User]:
    """Return the people to mail about a reveal: the event's other handlers or, if there are none, its other admins."""
    for role in (Role.PROTECTED_HANDLER, Role.ADMIN):
        if others := [user for user in list_holders(role, event.id) if user.id != by.id]:
            return others
    return ()


def _user_id(entry: AuditEntry) -> int:
    return int(entry.actor.removeprefix("user:"))


def _reveals() -> Select[AuditEntry]:
    return select(AuditEntry).where(IS_REVEAL)


def _find_beside(mine: Select[AuditEntry], cursor: Cursor | None) -> AuditEntry | None:
    """Return the audit entry before or after which a page starts; None for a key that names no reveal of the event."""
    if cursor is None or not cursor.key.isdecimal() or len(cursor.key) > 9:
        return None
    return db.session.scalars(mine.where(AuditEntry.id == int(cursor.key))).first()
