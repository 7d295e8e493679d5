"""Reading an event's organisations, and how many registrations and places belong to each.

Sealed answers are never read: protected identity makes no difference here (P21).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import joinedload, selectinload

from forum.columns import LARGEST_ID
from forum.events.models import Event
from forum.extensions import db
from forum.organisations.models import Distinction, Merge
from forum.registration import caps, held_places
from forum.registration.enums import LIVE
from forum.registration.models import Registration
from forum.registration.organisation_models import Organisation

UNLISTED_SHOWN = 50


@dataclass(frozen=True)
class Numbers:
    """How many registrations of an organisation have not ended, and how many places they hold."""

    registrations: int = 0
    places: int = 0


@dataclass(frozen=True)
class Unlisted:
    """A typed name of registrations that belong to no organisation; `reference` is that of one of them."""

    name: str
    reference: str
    numbers: Numbers


def find(event: Event, number: int) -> Organisation | None:
    """Return the event's organisation with this id, unless it is merged into another one."""
    organisation = db.session.get(Organisation, number) if number <= LARGEST_ID else None
    if organisation is None or organisation.counts_as_id is not None or organisation.event_id != event.id:
        return None
    return organisation


def find_merge(event: Event, number: int) -> Merge | None:
    """Return the merge of the event's organisation with this id into another one."""
    row = db.session.get(Merge, number) if number <= LARGEST_ID else None
    return row if row is not None and row.merged.event_id == event.id else None


def list_merges(event: Event) -> Sequence[Merge]:
    """Return the event's merges, the first one first, and load names, mail domains and caps of merged organisations."""
    query = select(Merge).join(Merge.merged).where(Organisation.event_id == event.id)
    merged = joinedload(Merge.merged)
    loaded = merged.selectinload(Organisation.marks), merged.selectinload(Organisation.sector_caps)
    rows = query.order_by(Merge.merged_at, Merge.merged_id).options(*loaded, joinedload(Merge.kept))
    return db.session.scalars(rows).all()


def list_all(event: Event) -> Sequence[Organisation]:
    """Return the event's organisations that are not merged, with their names and mail domains, by name."""
    query = select(Organisation).where(Organisation.event_id == event.id, Organisation.counts_as_id.is_(None))
    return db.session.scalars(
        query.order_by(Organisation.key, Organisation.id).options(
            selectinload(Organisation.marks), selectinload(Organisation.sector_caps)
        )
    ).all()


def list_distinctions(event: Event) -> set[tuple[int, int]]:
    """Return the pairs of ids of organisations marked as different, the lower id first."""
    query = select(Distinction.older_id, Distinction.younger_id)
    of_event = query.join(Organisation, Organisation.id == Distinction.older_id)
    rows = db.session.execute(of_event.where(Organisation.event_id == event.id))
    return {(older, younger) for older, younger in rows}


def count_by_key(event: Event) -> dict[str, Numbers]:
    """Return by `organisation_key` how many of the event's registrations have not ended, and how many hold places."""
    held = func.sum(case((Registration.holds_place, 1), else_=0))
    rows = db.session.execute(
        select(Registration.organisation_key, func.count(), held)
        .where(Registration.event_id == event.id, Registration.status.in_(LIVE))
        .group_by(Registration.organisation_key)
    )
    return {key: Numbers(registrations, places) for key, registrations, places in rows}


def count_in_sectors(event: Event) -> caps.Held:
    """Return how many places each organisation holds in each sector, together with the organisations' own caps."""
    held = caps.Held()
    held.own = caps.own_caps(event)
    held.know((), held_places.count_by_organisation(event))
    return held


def list_unlisted(
    event: Event, counts: Mapping[str, Numbers], known: Sequence[Organisation]
) -> list[Unlisted]:
    """Return names that belong to no organisation, the most frequent first, at most UNLISTED_SHOWN of them."""
    keys = counts.keys() - {organisation.key for organisation in known}
    most = sorted(keys, key=lambda key: (-counts[key].registrations, key))[:UNLISTED_SHOWN]
    first = select(func.min(Registration.id)).where(
        Registration.event_id == event.id,
        Registration.organisation_key.in_(most),
        Registration.status.in_(LIVE),
    )
    columns = Registration.organisation_key, Registration.organisation, Registration.reference
    rows = db.session.execute(
        select(*columns).where(Registration.id.in_(first.group_by(Registration.organisation_key)))
    )
    named = {key: Unlisted(name, reference, counts[key]) for key, name, reference in rows}
    return [named[key] for key in most]


def count_spellings(organisation: Organisation) -> list[tuple[str, int]]:
    """Return the typed names in the organisation's live registrations with their numbers, the most frequent first."""
    number = func.count()
    rows = db.session.execute(
        select(Registration.organisation, number)
        .where(
            Registration.event_id == organisation.event_id,
            Registration.organisation_key == organisation.key,
            Registration.status.in_(LIVE),
        )
        .group_by(Registration.organisation)
        .order_by(number.desc(), Registration.organisation)
    )
    return [(name, count) for name, count in rows]
