"""Reading the log: the entries of the audit trail about an event, or about no event, filtered, newest first (P18, S46).

An organiser who does not handle protected identities reads no entry that could tell whose identity is protected
(`log_secrets`, P21).
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from sqlalchemy import ColumnElement, Select, and_, false, not_, or_, select

from forum.audit import queries as audit
from forum.audit.models import IS_OF_EVENT_ITSELF, IS_OF_NO_EVENT, AuditEntry
from forum.console import log_secrets
from forum.console.log_kinds import LISTED, Kind
from forum.events.models import Event
from forum.extensions import db
from forum.registration import owners, queries, readers
from forum.registration.models import Registration
from forum.registration.searching import read_reference
from forum.web.pagination import Cursor, Order, Page, read_page

PAGE_SIZE, ROWS_AT_ONCE = 50, 500
# Kinds of actors that the filter of the log offers beside organisers; in the URL an organiser is a number.
OTHERS = ("visitor", "person", "contact", "worker", "command")
LONGEST_TYPED, LONGEST_NUMBER = 40, 9


class UnknownFilter(ValueError):
    """The URL names a kind of entries, or a kind of actor, that does not exist."""


@dataclass(frozen=True)
class Reader:
    """The kinds of entries that an organiser may read, and whether the organiser handles protected identities."""

    kinds: tuple[Kind, ...]
    is_handler: bool = False


@dataclass(frozen=True)
class Filters:
    """The filters of the log, as in the URL's query; days are the first and the last one, both included."""

    kind: str = ""
    who: str = ""
    reference: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, args: Mapping[str, str], reader: Reader) -> "Filters":
        """Return the filters in a URL's query. Raises UnknownFilter."""
        kind, who = args.get("kind", ""), args.get("who", "")
        is_number = who.isascii() and who.isdecimal() and len(who) <= LONGEST_NUMBER
        if (kind and kind not in reader.kinds) or (who and who not in OTHERS and not is_number):
            raise UnknownFilter
        typed = (
            args.get(name, "")[:LONGEST_TYPED].replace("\x00", "") for name in ("reference", "since", "until")
        )
        return cls(kind, who, *(text.strip() for text in typed))

    def query(self, **differing: str) -> dict[str, str]:
        """Return the filters as parameters of a URL, without empty ones."""
        return {name: value for name, value in {**asdict(self), **differing}.items() if value}

    @property
    def wrong_days(self) -> list[str]:
        """The texts that were typed as days but name no day."""
        return [text for text in (self.since, self.until) if text and _day(text) is None]

    @property
    def actor(self) -> str:
        """The actor to filter by, as the audit trail names actors; "" when entries of all actors are wanted."""
        return f"user:{int(self.who)}" if self.who.isdecimal() else self.who


def find_person(event: Event, filters: Filters) -> Registration | None:
    """Return the registration whose reference was typed."""
    return queries.find_by_reference(event, read_reference(filters.reference)) if filters.reference else None


def read_log(
    event: Event | None, filters: Filters, reader: Reader, zone: tzinfo, cursor: Cursor | None
) -> Page[AuditEntry]:
    """Return a page of the log about an event, or about what belongs to no event, the newest entry first."""
    query, order = _matching(event, filters, reader, zone)
    beside = _find_beside(cursor)
    backwards = cursor is not None and cursor.backwards
    return read_page(db.session, query, order, size=PAGE_SIZE, beside=beside, backwards=backwards)


def list_log(
    event: Event | None, filters: Filters, reader: Reader, zone: tzinfo, *, before: int
) -> Iterator[list[AuditEntry]]:
    """Yield entries that match the filters and have a number below `before`, newest first, some hundred at a time."""
    query, order = _matching(event, filters, reader, zone)
    query = query.where(AuditEntry.id < before)
    page = read_page(db.session, query, order, size=ROWS_AT_ONCE)
    while page.rows:
        yield list(page.rows)
        last = page.rows[-1]
        if not page.has_next:
            return
        page = read_page(db.session, query, order, size=ROWS_AT_ONCE, beside=last)


def _matching(
    event: Event | None, filters: Filters, reader: Reader, zone: tzinfo
) -> tuple[Select[AuditEntry], Order]:
    query = select(AuditEntry).where(_is_of_kind(filters, reader), *_between(filters, zone))
    if filters.actor:
        query = query.where(AuditEntry.actor == filters.actor)
    if filters.actor.startswith("user:"):
        query = query.where(~log_secrets.is_unnamed())
    if not reader.is_handler:
        query = query.where(not_(log_secrets.tells()))
    return query, Order((AuditEntry.at, AuditEntry.id), falling=True, parts=_parts(event, filters))


def _parts(event: Event | None, filters: Filters) -> tuple[ColumnElement[bool], ...]:
    """Return conditions that together select the log; for each one the database has an index in the log's order."""
    if event is None:
        return (and_(IS_OF_NO_EVENT),)
    of_itself = and_(IS_OF_EVENT_ITSELF, AuditEntry.subject_id == event.id)
    if not filters.reference:
        # Entries about exports have the event as their subject, so a filter for exports searches no other entries.
        others = () if filters.kind == Kind.EXPORTS else (and_(AuditEntry.event_id == event.id),)
        return *others, of_itself
    person = find_person(event, filters)
    if person is None:
        return (false(),)
    mine = [person, *owners.list_joined(person)]
    own = or_(*(audit.of_own_time(one) for one in mine))
    return own, and_(of_itself, or_(*(readers.on_lists(one) for one in mine)))


def _is_of_kind(filters: Filters, reader: Reader) -> ColumnElement[bool]:
    kinds = (Kind(filters.kind),) if filters.kind else reader.kinds
    if Kind.ACTS in kinds:
        others = [action for kind, actions in LISTED.items() if kind not in kinds for action in actions]
        return AuditEntry.action.not_in(others)
    return AuditEntry.action.in_([action for kind in kinds for action in LISTED[kind]])


def _between(filters: Filters, zone: tzinfo) -> Iterator[ColumnElement[bool]]:
    since, until = _day(filters.since), _day(filters.until)
    if since:
        yield AuditEntry.at >= _start(since, zone)
    if until:
        yield AuditEntry.at < _start(until + timedelta(days=1), zone)


def _day(text: str) -> date | None:
    """Return the day that a text names; None for any other text, and for days before 1900 or after 9000-01-01."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if date(1900, 1, 1) <= day <= date(9000, 1, 1) else None


def _start(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _find_beside(cursor: Cursor | None) -> AuditEntry | None:
    """Return the entry that the URL names as the neighbour of a page of the log; None for an unknown number (S13).

    The page starts right before or after this entry. Only the entry's time is used, so the reader need not be allowed
    to see the entry: a refusal would reveal which entries are hidden (P21).
    """
    if cursor is None or not cursor.key.isdecimal() or len(cursor.key) > LONGEST_NUMBER:
        return None
    beside = select(AuditEntry).where(AuditEntry.id == int(cursor.key))
    return db.session.scalars(beside).unique().first()
