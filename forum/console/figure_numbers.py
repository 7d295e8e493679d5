"""The numbers of an event's figures, each read by one statement that counts in the database.

Figures count people with protected identity like everybody else, and never read the sealed tables (P21). The numbers of
registrations and places include everybody. Country and organisation are answers of a person, so the counts by them
include only people whose data may be used (`registration/restrictions`), as every count of answers does.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, extract, func, literal, select, union_all

from forum.audit.models import IS_ADDED_BY_HAND, AuditEntry
from forum.delegations.models import Delegate, Delegation, Substitution
from forum.events.models import Event
from forum.extensions import db
from forum.invitations.models import Invitation
from forum.registration.enums import ENDED, LIVE
from forum.registration.models import Registration
from forum.registration.organisation_models import Organisation
from forum.registration.restrictions import IS_FREE

# A quarter of an hour in seconds: in every time zone, midnight falls on a quarter of an hour of UTC.
QUARTER = 900
DAY = timedelta(days=1)
MOST_ORGANISATIONS = 15


class Came(StrEnum):
    """The ways in which a registration can come about."""

    FORM = "form"
    INVITATION = "invitation"
    DELEGATION = "delegation"
    INSTEAD = "instead"  # a substitute, who came instead of a registered person
    BY_HAND = "by_hand"


@dataclass(frozen=True)
class Day:
    """How many registrations came and ended on a day, and how many had come and ended by the end of that day."""

    day: date
    received: int
    ended: int
    received_so_far: int
    ended_so_far: int

    @property
    def remaining(self) -> int:
        """How many registrations had not ended by the end of the day."""
        return self.received_so_far - self.ended_so_far


@dataclass(frozen=True)
class Group:
    """How many registrations of a group have not ended, and how many of them have a place."""

    key: str
    registrations: int
    places: int


@dataclass(frozen=True)
class Organisations:
    """The organisations with most registrations (`groups`), and the sum over the `more` remaining ones (`others`)."""

    groups: Sequence[Group]
    more: int
    others: Group


def list_days(event: Event) -> list[Day]:
    """Return the days on which a registration came or ended, in the event's time zone, the earliest first."""
    counts: dict[date, Counter[str]] = {}
    for what, quarter, number in db.session.execute(_by_quarter(event)):
        counts.setdefault(_day(quarter, event), Counter())[what] += number
    days: list[Day] = []
    received = ended = 0
    for day in sorted(counts):
        came, went = counts[day]["received"], counts[day]["ended"]
        received, ended = received + came, ended + went
        days.append(Day(day, came, went, received, ended))
    return days


def fill_days(days: Sequence[Day], until: date) -> list[Day]:
    """Return a Day for every day from the first of `days` to `until`, or to the last of `days` if that is later."""
    by_day = {one.day: one for one in days}
    filled: list[Day] = []
    at, end = (days[0].day, max(until, days[-1].day)) if days else (until, until - DAY)
    while at <= end:
        known = by_day.get(at)
        filled.append(known or Day(at, 0, 0, filled[-1].received_so_far, filled[-1].ended_so_far))
        at += DAY
    return filled


def count_between(days: Sequence[Day], first: date, last: date) -> int:
    """Return how many registrations came on the days from `first` to `last`, both included."""
    return sum(one.received for one in days if first <= one.day <= last)


def count_countries(event: Event) -> list[Group]:
    """Return how many registrations and places each country code has, the country with most registrations first."""
    query = _count(Registration.country.label("key")).where(_is_live(event), IS_FREE)
    return _groups(query.group_by(Registration.country))


def count_organisations(event: Event) -> Organisations:
    """Return the organisations with most registrations, named as organisers name them, else as people typed them."""
    registrations, places = func.count(), _places()
    sums = func.count().over(), func.sum(registrations).over(), func.sum(places).over()
    query = (
        select(_name(), registrations, places, *sums)
        .select_from(Registration)
        .outerjoin(Organisation, _is_named(event))
        .where(_is_live(event), IS_FREE)
        .group_by(Registration.organisation_key)
        .order_by(registrations.desc(), Registration.organisation_key)
    )
    rows = db.session.execute(query.limit(MOST_ORGANISATIONS)).all()
    groups = [Group(*row[:3]) for row in rows]
    number, people, held = rows[0][3:] if rows else (0, 0, 0)
    others = Group(
        "",
        int(people) - sum(one.registrations for one in groups),
        int(held) - sum(one.places for one in groups),
    )
    return Organisations(groups, number - len(groups), others)


def count_ways(event: Event) -> list[Group]:
    """Return the numbers of registrations and places for each way of coming, in the order of the members of Came."""
    way = way_of(event)
    counted = {
        one.key: one for one in _groups(_count(way.label("key")).where(_is_live(event)).group_by("key"))
    }
    return [counted.get(one, Group(one, 0, 0)) for one in Came]


def way_of(event: Event) -> ColumnElement[str]:
    """Return the SQL expression for the way in which a registration of the event has come, as a member of Came."""
    mine = Registration.event_id == event.id
    instead = select(Substitution.successor_id).join(Substitution.successor).where(mine)
    invited = select(Invitation.registration_id).where(
        Invitation.event_id == event.id, Invitation.registration_id.is_not(None)
    )
    delegated = select(Delegate.registration_id).join(Delegation)
    of_delegations = delegated.where(Delegation.event_id == event.id, Delegate.registration_id.is_not(None))
    by_hand = select(AuditEntry.subject_id).where(AuditEntry.event_id == event.id, IS_ADDED_BY_HAND)
    return case(
        (Registration.id.in_(instead), literal(Came.INSTEAD.value)),
        (Registration.id.in_(invited), literal(Came.INVITATION.value)),
        (Registration.id.in_(of_delegations), literal(Came.DELEGATION.value)),
        (Registration.id.in_(by_hand), literal(Came.BY_HAND.value)),
        else_=literal(Came.FORM.value),
    )


def count_states(event: Event, key: Any) -> Counter[tuple[Any, str]]:
    """Return the number of registrations by value of the column `key` and status, without ended and restricted ones."""
    columns = key.label("key"), Registration.status, func.count()
    query = select(*columns).where(_is_live(event), IS_FREE).group_by("key", Registration.status)
    return Counter({(one, str(status)): number for one, status, number in db.session.execute(query)})


def count_weeks(event: Event) -> Counter[tuple[date, str]]:
    """Return how many registrations came in each week, given as its Monday, by their present status."""
    weeks: Counter[tuple[date, str]] = Counter()
    for (quarter, status), number in count_states(event, _quarter(Registration.requested_at)).items():
        day = _day(quarter, event)
        weeks[day - timedelta(days=day.weekday()), status] += number
    return weeks


def name_organisations(event: Event) -> dict[str, str]:
    """Return by its key each organisation's name: the one that organisers gave it, else the one that people typed."""
    query = select(Registration.organisation_key, _name()).outerjoin(Organisation, _is_named(event))
    return dict(
        db.session.execute(
            query.where(_is_live(event), IS_FREE).group_by(Registration.organisation_key)
        ).all()
    )


def _by_quarter(event: Event) -> Any:
    """Return the query that counts, by quarter of an hour since 1970, the registrations that came or ended."""

    def count(what: str, moment: Any, *more: ColumnElement[bool]) -> Any:
        columns = literal(what).label("what"), _quarter(moment).label("quarter"), func.count()
        mine = select(*columns).where(Registration.event_id == event.id, *more)
        return mine.group_by("quarter")

    has_ended = Registration.status.in_(ENDED), Registration.ended_at.is_not(None)
    return union_all(
        count("received", Registration.requested_at), count("ended", Registration.ended_at, *has_ended)
    )


def _quarter(moment: Any) -> ColumnElement[Any]:
    seconds = extract("epoch", moment)
    # SQLite gives whole seconds, PostgreSQL also fractions, which are cut off.
    is_sqlite = db.session.get_bind().dialect.name == "sqlite"
    return seconds // QUARTER if is_sqlite else func.floor(seconds / QUARTER)


def _day(quarter: Any, event: Event) -> date:
    return datetime.fromtimestamp(int(quarter) * QUARTER, event.zone).date()


def _name() -> ColumnElement[str]:
    return func.coalesce(func.max(Organisation.name), func.min(Registration.organisation))


def _is_named(event: Event) -> ColumnElement[bool]:
    return and_(
        Organisation.event_id == event.id,
        Organisation.key == Registration.organisation_key,
        Organisation.counts_as_id.is_(None),
    )


def _is_live(event: Event) -> ColumnElement[bool]:
    return and_(Registration.event_id == event.id, Registration.status.in_(LIVE))


def _places() -> ColumnElement[int]:
    return func.sum(case((Registration.holds_place, 1), else_=0))


def _count(key: ColumnElement[str]) -> Any:
    return select(key, func.count(), _places())


def _groups(query: Any) -> list[Group]:
    groups = [
        Group(key, registrations, int(places)) for key, registrations, places in db.session.execute(query)
    ]
    return sorted(groups, key=lambda one: (-one.registrations, one.key))
