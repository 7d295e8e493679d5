"""Making an event: unpublished, with sectors of a template and with drafts of all its texts. Nothing here commits."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.core import get_global
from sqlalchemy import exists, select

from forum.audit import actions as audit
from forum.columns import Text
from forum.database import read_locked
from forum.events import drafts, slugs
from forum.events.drafts import Known
from forum.events.enums import SectorTemplate
from forum.events.errors import EventExists, SlugRefused
from forum.events.models import ContentVersion, Event
from forum.extensions import db
from forum.web.languages import NAMES

DAY = timedelta(days=1)
# When a new event's registration opens and closes and its kept places are released, until its organisers change that.
OPENS_IN, OPENS_AT = 30 * DAY, time(9)
CLOSES_BEFORE, CLOSES_AT = 16 * DAY, time(23, 59)
RELEASED_BEFORE = 46 * DAY


@dataclass(frozen=True)
class Plan:
    """The facts that are needed to make an event; `name` and `place` are in `language`."""

    name: str
    language: str
    first_day: date
    last_day: date
    timezone: str
    place: str
    capacity: int
    template: SectorTemplate
    languages: tuple[str, ...] = tuple(NAMES)  # the codes of the languages of the event's texts
    organiser_name: str = ""
    contact_email: str = ""
    slug: str = ""  # the event's short name in URLs; if empty, it is made from the name


def make_event(plan: Plan, *, actor: str, now: datetime) -> Event:
    """Add an event that nobody but its organisers sees; the first one of a site is the current one.

    Raises EventExists when it was made already, and SlugRefused. Call after `start_write`.
    """
    lock_events()
    refuse_twin(plan.name, plan.first_day, plan.timezone)
    event = Event(
        slug=_slug(plan),
        is_current=not db.session.scalar(select(exists().where(Event.is_current))),
        timezone=plan.timezone,
        capacity=plan.capacity,
        **_texts(plan),
        **_moments(plan, now),
        sectors=drafts.draft_sectors(plan.template, plan.capacity),
        pages=drafts.draft_pages(_known(plan), plan.languages, now),
    )
    db.session.add(event)
    audit.record("event.made", event, actor=actor, at=now, template=plan.template, places=plan.capacity)
    return event


def lock_events() -> None:
    """Let one transaction at a time add an event or choose the current one."""
    db.session.execute(read_locked(select(ContentVersion.id)))


def refuse_twin(name: str, first_day: date, timezone: str) -> None:
    """Raise EventExists when an event with this name begins on this day."""
    begins = midnight(first_day, ZoneInfo(timezone))
    same_day = select(Event).where(Event.starts_at >= begins, Event.starts_at < begins + DAY)
    if any(name in event.name.values() for event in db.session.scalars(same_day)):
        raise EventExists


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the beginning of a day in a zone."""
    return datetime.combine(day, time(), zone)


def _slug(plan: Plan) -> str:
    if not plan.slug:
        return slugs.free_slug(plan.name, plan.first_day.year)
    if not slugs.is_free(plan.slug):
        raise SlugRefused
    return plan.slug


def _texts(plan: Plan) -> dict[str, Any]:
    return {
        "name": Text({plan.language: plan.name}),
        "short_name": Text({plan.language: plan.name}),
        "lead": drafts.draft_lead(plan.languages),
        # Use the typed name of the town in every language: most towns have one name in all of them.
        "place": Text(dict.fromkeys(plan.languages, plan.place)),
        "sharing": drafts.draft_sharing(plan.template, plan.languages),
        "languages": list(plan.languages),
        "hashtag": "",
        "organiser_name": _organiser_name(plan),
        "contact_email": plan.contact_email,
    }


def _moments(plan: Plan, now: datetime) -> dict[str, datetime | None]:
    """Return start and end of an event whose hours are not known, and proposed times for registration and release."""
    zone = ZoneInfo(plan.timezone)
    begins = midnight(plan.first_day, zone)
    closes = datetime.combine(plan.first_day - CLOSES_BEFORE, CLOSES_AT, zone)
    if closes <= now < begins:
        closes = datetime.combine(plan.first_day - DAY, CLOSES_AT, zone)
    opens = datetime.combine((now + OPENS_IN).astimezone(zone).date(), OPENS_AT, zone)
    if opens >= closes:
        opens = min(now, closes - DAY)
    # Floors keep places for half of the time of registration at least, or they would keep none from anybody.
    half = opens + (closes - opens) / 2
    release = max(
        midnight(plan.first_day - RELEASED_BEFORE, zone), midnight(half.astimezone(zone).date() + DAY, zone)
    )
    has_floors = plan.template == SectorTemplate.NORDIC
    return {
        "starts_at": begins,
        "ends_at": midnight(plan.last_day + DAY, zone),
        "opens_at": opens,
        "closes_at": closes,
        "release_at": release if has_floors and max(now, opens) < release < closes else None,
    }


def _known(plan: Plan) -> Known:
    country = get_global("zone_territories").get(plan.timezone, "")
    return Known(_organiser_name(plan), plan.contact_email, country)


def _organiser_name(plan: Plan) -> Text:
    return Text(dict.fromkeys(plan.languages, plan.organiser_name) if plan.organiser_name else {})
