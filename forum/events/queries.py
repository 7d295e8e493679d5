"""Reading events, sectors, pages and the content version."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    bindparam,
    cast,
    func,
    inspect,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import load_only, selectinload, undefer
from sqlalchemy.orm.attributes import set_committed_value

from forum.columns import Text, UtcDateTime
from forum.events import kept_values
from forum.events.enums import RegistrationState
from forum.events.models import ContentVersion, Event, Page, Sector
from forum.extensions import db
from forum.web.languages import NAMES

WITH_SECTORS = selectinload(Event.sectors)
WITH_PAGES = selectinload(Event.pages).load_only(Page.event_id, Page.slug, Page.position, Page.title)

# These statements are built once, because building a statement takes longer than running it.
CURRENT = select(Event).where(Event.is_current, Event.is_published)
BY_SLUG = select(Event).options(WITH_SECTORS).where(Event.slug == bindparam("slug"))
PUBLISHED = BY_SLUG.where(Event.is_published)
VERSION = select(ContentVersion.version)
# The columns from which a `LinkedEvent` is made, in the order of its fields.
OF_LINK = (
    Event.id,
    Event.slug,
    Event.short_name,
    Event.is_current,
    Event.starts_at,
    Event.ends_at,
    Event.timezone,
)
NAMED = select(*OF_LINK, Event.is_published).order_by(Event.starts_at.desc())
SECTORS = select(Sector).where(Sector.event_id == bindparam("event_id")).order_by(Sector.position)
PAGES = (
    select(Page)
    .options(load_only(Page.event_id, Page.slug, Page.position, Page.title))
    .where(Page.event_id == bindparam("event_id"))
    .order_by(Page.position)
)
# Every public page links to the event's pages and to published events, so one statement reads both kinds of links.
FRAME = union_all(
    select(
        literal("page").label("kind"),
        func.row_number().over(order_by=Page.position),
        Page.id,
        Page.slug,
        Page.title,
        literal(value=False),
        cast(null(), UtcDateTime),
        cast(null(), UtcDateTime),
        cast(null(), String),
    ).where(Page.event_id == bindparam("event_id")),
    select(
        literal("event"),
        func.row_number().over(order_by=Event.starts_at.desc()),
        *OF_LINK,
    ).where(Event.is_published),
)


@dataclass(frozen=True)
class LinkedPage:
    """The facts about a page of an event that a link to the page needs."""

    id: int
    slug: str
    name: Text


@dataclass(frozen=True)
class LinkedEvent:
    """The facts about a published event that a link to its front page needs."""

    id: int
    slug: str
    short_name: Text
    is_current: bool
    starts_at: datetime
    ends_at: datetime
    timezone: str

    @property
    def zone(self) -> ZoneInfo:
        """The time zone at the event's venue."""
        return ZoneInfo(self.timezone)


@dataclass(frozen=True)
class NamedEvent(LinkedEvent):
    """The facts about an event, published or not, that its name in a list needs."""

    is_published: bool


@dataclass(frozen=True)
class Frame:
    """The links around every public page: to an event's pages, and to the published events, the newest first."""

    pages: list[LinkedPage]
    events: list[LinkedEvent]


def find_current() -> Event | None:
    """Return the current event if it is published."""
    return db.session.scalars(CURRENT).one_or_none()


def load_sectors(event: Event) -> None:
    """Load the event's sectors, unless they are loaded."""
    _load(event, "sectors", SECTORS)


def load_pages(event: Event) -> None:
    """Load the names of the event's pages, unless they are loaded."""
    _load(event, "pages", PAGES)


def read_frame(event: Event | None) -> Frame:
    """Return the links around a public page: to the pages of `event`, if there is one, and to published events."""
    rows = sorted(db.session.execute(FRAME, {"event_id": event.id if event else None}))
    pages = [LinkedPage(*row[2:5]) for row in rows if row.kind == "page"]
    return Frame(pages, [LinkedEvent(*row[2:]) for row in rows if row.kind == "event"])


def find_published(slug: str) -> Event | None:
    """Return the published event with this slug."""
    return db.session.scalars(PUBLISHED, {"slug": slug}).one_or_none()


def is_offered(language: str) -> ColumnElement[bool]:
    """Return the SQL condition for events that are offered to visitors in this language (`Event.offered_languages`)."""
    codes = cast(Event.languages, String)
    has = {code: codes.contains(f'"{code}"', autoescape=True) for code in NAMES}
    return or_(has[language], ~or_(*has.values()))


def find_event(slug: str) -> Event | None:
    """Return the event with this slug, published or not (for organisers)."""
    return db.session.scalars(BY_SLUG, {"slug": slug}).one_or_none()


def find_off_site(slug: str | None) -> Event | None:
    """Return the event with this slug, the current one for None, if it was public and was taken off the site."""
    named = Event.slug == slug if slug else Event.is_current
    query = select(Event).where(named, ~Event.is_published, Event.unpublished_at.is_not(None))
    return db.session.scalars(query).one_or_none()


def find_published_by_id(event_id: int) -> Event | None:
    """Return the published event with this id."""
    return db.session.scalars(select(Event).where(Event.id == event_id, Event.is_published)).one_or_none()


def select_event(slug: str) -> Select:
    """Return the statement that selects the event with this slug, for callers that lock the event."""
    return select(Event).where(Event.slug == slug)


def find_by_id(event_id: int) -> Event | None:
    """Return the event with this id, published or not (for organisers)."""
    return db.session.get(Event, event_id)


def list_events() -> list[Event]:
    """Return every event, the newest first."""
    return list(db.session.scalars(select(Event).order_by(Event.starts_at.desc())))


def list_names(version: int | None = None) -> list[NamedEvent]:
    """Return every event by name, the newest first; given the content version, as the process remembers them for it."""
    return kept_values.of_version(
        "events", version, lambda: [NamedEvent(*row) for row in db.session.execute(NAMED)]
    )


def list_published() -> list[Event]:
    """Return the published events with the names of their pages, the newest first."""
    query = select(Event).where(Event.is_published).options(WITH_SECTORS, WITH_PAGES)
    return list(db.session.scalars(query.order_by(Event.starts_at.desc())))


def find_page(event: Event, slug: str) -> Page | None:
    """Return a page of the event."""
    return db.session.scalars(select(Page).where(Page.event_id == event.id, Page.slug == slug)).one_or_none()


def list_page_texts(event: Event) -> list[Page]:
    """Return the event's pages in order, with their texts."""
    query = select(Page).where(Page.event_id == event.id).options(undefer("*")).order_by(Page.position)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def find_sector(event: Event, key: str) -> Sector | None:
    """Return the event's sector with this key."""
    return next((sector for sector in event.sectors if sector.key == key), None)


def find_merged(event: Event, key: str) -> Sector | None:
    """Return the sector into which the event's sector with this key was merged."""
    return next((sector for sector in event.sectors if key in sector.merged_keys), None)


def slug_in_url(event: Event | LinkedEvent | None) -> str | None:
    """Return the event's slug for a URL; None for the current event, whose URLs have no slug."""
    return None if event is None or event.is_current else event.slug


def front_path(event: Event, language: str) -> str:
    """Return the path of the event's front page, which the paths of all its pages begin with; needs no request."""
    slug = slug_in_url(event)
    return f"/{language}/events/{slug}/" if slug else f"/{language}/"


def registration_state(event: Event, now: datetime) -> RegistrationState:
    """Return the state of the event's registration: open from `opens_at` on and before `closes_at` (R20).

    Registration ends with the event, even if it was to stay open longer. Each published event takes
    registrations, whether or not it is the front page of the site.
    """
    if not event.is_published:
        return RegistrationState.UNPUBLISHED
    if event.cancelled_at:
        return RegistrationState.CANCELLED
    if is_over(event, now):
        return RegistrationState.OVER if event.is_current else RegistrationState.ARCHIVE
    if now < event.opens_at:
        return RegistrationState.UPCOMING
    return RegistrationState.OPEN if now < event.closes_at else RegistrationState.CLOSED


def is_over(event: Event | LinkedEvent, now: datetime) -> bool:
    """Return whether the event has ended: its pages then use the past tense and promise nothing."""
    return now >= event.ends_at


def is_off(event: Event, now: datetime) -> bool:
    """Return whether nobody comes to the event any more: it is over, or organisers have cancelled it."""
    return is_over(event, now) or event.cancelled_at is not None


def is_earlier(event: Event | LinkedEvent, now: datetime) -> bool:
    """Return whether the event is one of the earlier forums: it is over, and not the front page of the site."""
    return is_over(event, now) and not event.is_current


def began_on() -> date:
    """Return a day on which the domain belonged to the forum, for the ids of feed entries (`tag:` URIs, RFC 4151)."""
    return db.session.scalars(select(ContentVersion.began_on)).one()


def content_version() -> int:
    """Return the content version, a number that each change of public content raises."""
    return db.session.scalars(VERSION).one()


def _load(event: Event, name: str, statement: Select) -> None:
    """Load a relationship of the event by a statement that was built once: twice as fast as SQLAlchemy's loaders."""
    if name in inspect(event).unloaded:
        set_committed_value(event, name, db.session.scalars(statement, {"event_id": event.id}).all())
