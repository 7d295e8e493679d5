"""Counting the places that are held, row by row: by registrations, and for people without one (`bare_holds`, invited).

Whoever decides about a place counts these rows with the event locked (R01).
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    Integer,
    bindparam,
    column,
    func,
    literal_column,
    select,
    table,
    union_all,
)

from forum.events.models import Event
from forum.extensions import db
from forum.registration.bare_hold_models import BareHold
from forum.registration.models import HOLDS_PLACE, Registration

# The columns of the table of invitations by which held places are counted. Its model is in the package `invitations`,
# which `registration` may not import.
INVITATIONS = table(
    "invitations", column("event_id", Integer), column("sector_id", Integer), column("holds_place", Boolean)
)
IN_EVENT = Registration.event_id == bindparam("event_id")
BARE_IN_EVENT = BareHold.event_id == bindparam("event_id")
KEYS: BindParameter[str] = bindparam("organisation_keys", expanding=True)
# Group by an expression: for the column itself SQLite would take an index that has the sectors in order, and so read
# all registrations of the event to find those of one organisation.
SECTOR_ID = (Registration.sector_id + literal_column("0")).label("sector_id")
OF_ORGANISATIONS = union_all(
    select(Registration.organisation_key, SECTOR_ID, func.count())
    .where(IN_EVENT, Registration.organisation_key.in_(KEYS), HOLDS_PLACE)
    .group_by(Registration.organisation_key, SECTOR_ID),
    select(BareHold.organisation_key, BareHold.sector_id, func.count())
    .where(BARE_IN_EVENT, BareHold.organisation_key.in_(KEYS))
    .group_by(BareHold.organisation_key, BareHold.sector_id),
)
BY_ORGANISATION = union_all(
    select(Registration.organisation_key, Registration.sector_id, func.count())
    .where(IN_EVENT, HOLDS_PLACE)
    .group_by(Registration.organisation_key, Registration.sector_id),
    select(BareHold.organisation_key, BareHold.sector_id, func.count())
    .where(BARE_IN_EVENT)
    .group_by(BareHold.organisation_key, BareHold.sector_id),
)


def count_places(event: Event) -> Counter[int]:
    """Return by sector id how many places are held, by registrations and for people without one."""
    held = Registration.event_id == event.id, HOLDS_PLACE
    query = select(Registration.sector_id, func.count()).where(*held).group_by(Registration.sector_id)
    return Counter(dict(db.session.execute(query).all())) + count_reserved(event)


def count_reserved(event: Event) -> Counter[int]:
    """Return, by sector id, how many places are held for people without a registration."""
    held = INVITATIONS.c.event_id == event.id, INVITATIONS.c.holds_place
    invited = select(INVITATIONS.c.sector_id, func.count()).where(*held).group_by(INVITATIONS.c.sector_id)
    bare = select(BareHold.sector_id, func.count()).where(BareHold.event_id == event.id)
    numbers: Counter[int] = Counter()
    for sector_id, number in db.session.execute(union_all(invited, bare.group_by(BareHold.sector_id))):
        numbers[sector_id] += number
    return numbers


def count_of_organisations(event: Event, organisation_keys: Collection[str]) -> Counter[tuple[str, int]]:
    """Return how many places each of these organisations holds in each sector, by its key and the sector's id."""
    values = {"event_id": event.id, "organisation_keys": list(organisation_keys)}
    return _added_up(db.session.execute(OF_ORGANISATIONS, values))


def count_by_organisation(event: Event) -> Counter[tuple[str, int]]:
    """Return how many places each organisation holds in each sector, by its key and the sector's id."""
    return _added_up(db.session.execute(BY_ORGANISATION, {"event_id": event.id}))


def _added_up(rows: Iterable[Any]) -> Counter[tuple[str, int]]:
    numbers: Counter[tuple[str, int]] = Counter()
    for key, sector_id, number in rows:
        numbers[key, sector_id] += number
    return numbers
