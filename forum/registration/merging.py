"""Merging a sector into another one: its people and places move there, and the sector is deleted.

Places move through `places.merge` alone. A registration keeps everything but its sector: status, place, time of
registering, links. So people who wait join the other sector's line by the time of registering. The remaining sector
stores the key of the deleted one, so that URLs and open forms still work.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from forum.accounts import reviewers
from forum.audit import actions as audit
from forum.audit.queries import SECTOR_MERGED
from forum.events.models import Sector
from forum.extensions import db
from forum.registration import answers, bare_holds, places, question_changes
from forum.registration.errors import SharesRefused
from forum.registration.models import Registration
from forum.registration.organisation_models import Organisation, OrganisationCap
from forum.registration.sectors import Fault, FaultKind, count_registrations


@dataclass(frozen=True)
class Limits:
    """The floor (places kept) and the ceiling (most places) of the sector into which two are merged."""

    floor: int
    ceiling: int


def propose(sector: Sector, into: Sector) -> Limits:
    """Return the sums of both floors and ceilings: a ceiling of at most the capacity, and at least the places taken."""
    floor = sector.floor + into.floor
    ceiling = min(sector.ceiling + into.ceiling, into.event.capacity)
    return Limits(floor, max(ceiling, floor, sector.taken + into.taken))


def find_faults(sector: Sector, into: Sector, limits: Limits) -> list[Fault]:
    """Return every limit that the merged sector would break."""
    event, taken = into.event, sector.taken + into.taken
    floors = limits.floor + sum(other.floor for other in event.sectors if other not in (sector, into))
    faults = []
    if floors > event.capacity:
        faults.append(Fault(FaultKind.FLOORS_ABOVE_CAPACITY, event.capacity, floors))
    if limits.ceiling < taken:
        faults.append(Fault(FaultKind.CEILING_BELOW_TAKEN, limits.ceiling, taken, into.key))
    if limits.floor > limits.ceiling:
        faults.append(Fault(FaultKind.FLOOR_ABOVE_CEILING, limits.floor, limits.ceiling, into.key))
    return faults


def merge(sector: Sector, into: Sector, limits: Limits, *, actor: str, now: datetime) -> int:
    """Merge a sector of a locked event into another of the same event; return how many registrations have moved.

    Raises SharesRefused.
    """
    if faults := find_faults(sector, into, limits):
        raise SharesRefused(faults)
    event, taken, number = into.event, [sector.taken, into.taken], count_registrations(sector)
    into.merged_keys = [*into.merged_keys, sector.key, *sector.merged_keys]
    places.merge(sector, into, floor=limits.floor, ceiling=limits.ceiling)
    db.session.flush()
    answers.move_carried(sector, into)
    question_changes.follow_merged(event, sector.key, into.key)
    organised = update(Organisation).where(Organisation.sector_id == sector.id)
    db.session.execute(organised.values(sector_id=into.id))
    _add_caps(sector, into)
    bare_holds.move_to(sector, into)
    reviewers.follow(sector, into)
    mine = Registration.event_id == event.id, Registration.sector_id == sector.id
    moved = {"sector_id": into.id, "version": Registration.version + 1}
    db.session.execute(update(Registration).where(*mine).values(moved))
    audit.record(
        SECTOR_MERGED,
        into,
        actor=actor,
        at=now,
        merged=sector.key,
        registrations=number,
        taken=taken,
        limits=[limits.floor, limits.ceiling],
    )
    event.sectors.remove(sector)
    db.session.flush()
    return number


def _add_caps(sector: Sector, into: Sector) -> None:
    """Add up an organisation's caps for both sectors, if it has a separate cap for each.

    A cap for only one of the two sectors does not apply to the other's people; caps for the deleted sector are deleted.
    """
    caps = select(OrganisationCap)
    gone = {
        cap.organisation_id: cap
        for cap in db.session.scalars(caps.where(OrganisationCap.sector_id == sector.id))
    }
    for kept in db.session.scalars(caps.where(OrganisationCap.sector_id == into.id)):
        if kept.organisation_id in gone:
            kept.cap += gone[kept.organisation_id].cap
    for cap in gone.values():
        db.session.delete(cap)
