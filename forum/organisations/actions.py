"""Adding, changing and removing an organisation. Call these with the event locked.

Each change immediately determines anew to which organisation every registration of the event belongs, and offers places
that a higher cap frees to waiting people. Nobody loses a place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.organisations.errors import MarkTaken, TooMany, TooManySuggested
from forum.registration import belonging, names, waiting_list
from forum.registration.organisation_models import MarkKind, Organisation, OrganisationCap, OrganisationMark

# the most organisations of an event: one page lists them, and all their names are compared to find similar ones
MOST = 2_000
MOST_SUGGESTED = 150  # the most names that a form suggests: the page contains them all
Wanted = dict[tuple[MarkKind, str], str]


@dataclass(frozen=True)
class Written:
    """The data that organisers enter about an organisation; `sector` is a sector's key, "" for none.

    `sector_caps` has pairs of a sector's key and the separate cap there, in the order of the sectors.
    """

    name: str
    aliases: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    country: str = ""
    sector: str = ""
    cap: int | None = None
    is_suggested: bool = False
    sector_caps: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Outcome:
    """The result of a change: how many live registrations changed their organisation, and how many got an offer.

    `given` counts people without an address, who got a place at once.
    """

    organisation: Organisation
    is_changed: bool
    settled: int = 0
    offered: int = 0
    given: int = 0


def written_of(event: Event, organisation: Organisation) -> Written:
    """Return the stored data of an organisation."""
    caps = {row.sector_id: row.cap for row in organisation.sector_caps}
    return Written(
        name=organisation.name,
        aliases=tuple(mark.written for mark in aliases_of(organisation)),
        domains=tuple(mark.value for mark in organisation.marks if mark.kind == MarkKind.DOMAIN),
        country=organisation.country,
        sector=next((one.key for one in event.sectors if one.id == organisation.sector_id), ""),
        cap=organisation.cap,
        is_suggested=organisation.is_suggested,
        sector_caps=tuple((one.key, caps[one.id]) for one in event.sectors if one.id in caps),
    )


def aliases_of(organisation: Organisation) -> list[OrganisationMark]:
    """Return the names of the organisation besides its canonical one."""
    return [
        mark for mark in organisation.marks if mark.kind == MarkKind.NAME and mark.value != organisation.key
    ]


def store(
    event: Event, organisation: Organisation | None, written: Written, *, actor: str, now: datetime
) -> Outcome:
    """Store a new or changed organisation of a locked event. Raises MarkTaken, TooMany, TooManySuggested."""
    wanted = _marks_of(written)
    if taken := _find_taken(event, organisation, wanted):
        other = _standing(taken.organisation_id)
        if organisation is None and written_of(event, other) == written:
            # This form was sent twice: the organisation is stored already.
            return Outcome(other, is_changed=False)
        raise MarkTaken(taken.kind, wanted[taken.kind, taken.value], other)
    if organisation is not None and written_of(event, organisation) == written:
        return Outcome(organisation, is_changed=False)
    _refuse_many(event, organisation)
    _refuse_many_suggested(event, organisation, written)
    action = "organisation.changed" if organisation else "organisation.added"
    organisation = organisation or Organisation(event_id=event.id)
    _put(event, organisation, written)
    put_marks(organisation, wanted)
    return _settled(event, organisation, action, actor=actor, now=now)


def remove(event: Event, organisation: Organisation, *, actor: str, now: datetime) -> Outcome:
    """Remove an organisation and those merged into it; its registrations then count by the typed name."""
    merged = db.session.scalars(select(Organisation.id).where(Organisation.counts_as_id == organisation.id))
    audit.record("organisation.removed", organisation, actor=actor, at=now, merged=sorted(merged))
    db.session.delete(organisation)
    db.session.flush()
    return Outcome(organisation, True, *settle(event, now))


def settle(event: Event, now: datetime) -> tuple[int, int, int]:
    """Determine each registration's organisation anew; return how many have changed, then places offered and given."""
    moved = belonging.settle(event)
    served = waiting_list.offer_free_places(event, now=now)
    return moved, served.offered.total(), served.given.total()


def put_marks(organisation: Organisation, wanted: Mapping[tuple[MarkKind, str], str]) -> None:
    """Give an organisation exactly these marks (names and domains); a mark that it has already keeps its row."""
    organisation.marks = [mark for mark in organisation.marks if (mark.kind, mark.value) in wanted]
    # Delete the names and domains that the organisation loses before new ones are stored (SQLAlchemy would insert
    # first): an event may have each name and domain only once.
    db.session.flush()
    kept = {(mark.kind, mark.value): mark for mark in organisation.marks}
    for (kind, value), text in wanted.items():
        if mark := kept.get((kind, value)):
            mark.written = text
        else:
            given: dict[str, Any] = {"kind": kind, "value": value, "written": text}
            organisation.marks.append(OrganisationMark(event_id=organisation.event_id, **given))
    db.session.flush()


def _put(event: Event, organisation: Organisation, written: Written) -> None:
    organisation.name, organisation.key = written.name, names.organisation_key(written.name)
    organisation.country, organisation.cap = written.country, written.cap
    organisation.is_suggested = written.is_suggested
    organisation.sector_id = next((one.id for one in event.sectors if one.key == written.sector), None)
    _put_caps(event, organisation, written)
    db.session.add(organisation)
    db.session.flush()


def _put_caps(event: Event, organisation: Organisation, written: Written) -> None:
    """Give an organisation exactly these sector caps; a cap that it has already keeps its row."""
    ids = {sector.key: sector.id for sector in event.sectors}
    wanted = {ids[key]: cap for key, cap in written.sector_caps if key in ids}
    organisation.sector_caps = [row for row in organisation.sector_caps if row.sector_id in wanted]
    kept = {row.sector_id: row for row in organisation.sector_caps}
    for sector_id, cap in wanted.items():
        if sector_id in kept:
            kept[sector_id].cap = cap
        else:
            organisation.sector_caps.append(OrganisationCap(sector_id=sector_id, cap=cap))


def _marks_of(written: Written) -> Wanted:
    """Return the entered names and domains by kind and value, each as it was typed; the canonical name comes first."""
    wanted: Wanted = {}
    for name in (written.name, *written.aliases):
        wanted.setdefault((MarkKind.NAME, names.organisation_key(name)), name)
    return {**wanted, **{(MarkKind.DOMAIN, domain): domain for domain in written.domains}}


def _find_taken(
    event: Event, organisation: Organisation | None, wanted: Iterable[tuple[MarkKind, str]]
) -> OrganisationMark | None:
    """Return the first of the wanted marks (names and mail domains) that another organisation of the event has."""
    values = [value for _kind, value in wanted]
    query = select(OrganisationMark).where(
        OrganisationMark.event_id == event.id, OrganisationMark.value.in_(values)
    )
    if organisation is not None:
        query = query.where(OrganisationMark.organisation_id != organisation.id)
    known = db.session.scalars(query.order_by(OrganisationMark.id))
    return next((mark for mark in known if (mark.kind, mark.value) in wanted), None)


def _standing(number: int) -> Organisation:
    """Return the organisation with this id or, if it was merged, the one into which it was merged."""
    organisation = db.session.get_one(Organisation, number)
    stands_as = organisation.counts_as_id
    return organisation if stands_as is None else db.session.get_one(Organisation, stands_as)


def _refuse_many(event: Event, organisation: Organisation | None) -> None:
    every = select(func.count()).select_from(Organisation).where(Organisation.event_id == event.id)
    if organisation is None and (db.session.scalar(every) or 0) >= MOST:
        raise TooMany


def _refuse_many_suggested(event: Event, organisation: Organisation | None, written: Written) -> None:
    is_new = written.is_suggested and not (organisation and organisation.is_suggested)
    suggested = select(func.count()).where(Organisation.event_id == event.id, Organisation.is_suggested)
    if is_new and (db.session.scalar(suggested) or 0) >= MOST_SUGGESTED:
        raise TooManySuggested


def _settled(event: Event, organisation: Organisation, action: str, *, actor: str, now: datetime) -> Outcome:
    moved, offered, given = settle(event, now)
    audit.record(action, organisation, actor=actor, at=now, registrations=moved, offers=offered)
    return Outcome(organisation, True, moved, offered, given)
