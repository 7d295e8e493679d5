"""The demo's further events for `forum seed`: a forum in one town after another, copied from the current event."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select

from forum.columns import Text
from forum.events import copying, publishing
from forum.events import queries as events
from forum.events.models import Event
from forum.extensions import db
from forum.organisations.copying import copy_organisations
from forum.questions.copying import copy_questions
from forum.registration.models import Registration

# The names in Swedish and in English of the towns to which the demo's further events go.
TOWNS = (
    ("Göteborg", "Gothenburg"),
    ("Oslo", "Oslo"),
    ("Köpenhamn", "Copenhagen"),
    ("Helsingfors", "Helsinki"),
    ("Reykjavik", "Reykjavík"),
    ("Torshamn", "Tórshavn"),
    ("Malmö", "Malmö"),
    ("Bergen", "Bergen"),
    ("Tammerfors", "Tampere"),
)
BETWEEN = timedelta(days=3)
# Every address of the demo ends in one of these, which no real domain can have (RFC 2606).
INVENTED = ("%.example", "%@example.org")


class NotADemo(Exception):
    """The database has an event or a registration that is not the demo's, so nobody may be invented in it."""


def refuse_real() -> None:
    """Raise NotADemo where an event's address for questions, or anybody's address, may be a real one."""
    event, person = (
        ~or_(*map(column.like, INVENTED)) for column in (Event.contact_email, Registration.email)
    )
    # Registrations without an address count as invented. A person without an address, added by hand, may be real, but
    # nothing in the database shows it.
    if any(
        db.session.scalar(select(exists().where(*real)))
        for real in ([event], [Registration.email != "", person])
    ):
        raise NotADemo


def find_all(number: int, *, now: datetime) -> Iterator[Event]:
    """Yield the demo's current event, then further events, made if missing, until there are `number` events.

    Raises NotADemo where there is no current event.
    """
    current = events.find_current()
    if current is None:
        raise NotADemo
    yield current
    others = [one for one in events.list_events() if one is not current and not events.is_over(one, now)]
    yield from others[: number - 1]
    for place in range(len(others), number - 1):
        yield _copy(current, place, now)


def _copy(current: Event, place: int, now: datetime) -> Event:
    """Add an event in another town that begins some days later, with the questions of the current event."""
    swedish, english = TOWNS[place % len(TOWNS)]
    first_day = (current.starts_at + (place + 1) * BETWEEN).astimezone(current.zone).date()
    name = Text(sv=f"Regionalt forum i {swedish}", en=f"Regional forum in {english}")
    given = {"first_day": first_day, "name": name["sv"], "language": "sv"}
    made = copying.copy_event(current, **given, actor="command", now=now)
    made.name = made.short_name = name
    made.place, made.hashtag = Text(sv=swedish, en=english), ""
    # Registration opens and closes at the same moments as registration for the current event.
    made.opens_at, made.closes_at, made.release_at = current.opens_at, current.closes_at, current.release_at
    copy_questions(current, made)
    copy_organisations(current, made)
    publishing.publish(made, actor="command", now=now)
    return made
