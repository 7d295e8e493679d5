"""Places that are held for a person whose address is registered already, as they would be for a new address (S24).

An invitation that is forwarded to such a person goes on holding its place like this.

A delegation's contact names addresses of other people, and may ask for more places afterwards. If the place of a new
address were held and that of a registered one were free, the next person to get it would tell the contact which of the
two an address is. So the place is held for as long in both cases; `expiry` ends it like that of a new registration.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update

from forum.events.models import Event, Sector
from forum.extensions import db
from forum.registration import deadlines, places
from forum.registration.bare_hold_models import BareHold
from forum.registration.models import Registration


def take_over(asked: Registration) -> BareHold:
    """Return a new hold of the place that was given to this registration, which will not be stored."""
    places.set_apart(asked.sector)
    names = ("event", "sector", "organisation_key", "requested_at", "confirm_by", "held_until", "asked_from")
    hold = BareHold(**{name: getattr(asked, name) for name in names})
    db.session.add(hold)
    return hold


def hold(sector: Sector, *, until: datetime, now: datetime) -> BareHold:
    """Hold one of the sector's places until a moment; the place counts as taken and set apart already.

    It counts for no organisation, as a place that an invitation holds.
    """
    moments = {"requested_at": now, "confirm_by": until, "held_until": until}
    added = BareHold(event=sector.event, sector=sector, organisation_key="", **moments)
    db.session.add(added)
    return added


def end(hold: BareHold) -> None:
    """Free the place; the caller has locked the event, and offers the place to waiting people afterwards."""
    places.give_back(hold.sector)
    db.session.delete(hold)
    db.session.flush()


def lengthen(hold: BareHold, until: datetime, now: datetime) -> None:
    """Hold the place until the moment `until`; if the time to confirm the address is over, extend it to that moment."""
    hold.held_until = until
    if hold.confirm_by <= now:
        hold.confirm_by = until


def list_over(event: Event, now: datetime) -> Sequence[BareHold]:
    """Return the event's holds whose time is over, the oldest first."""
    mine = select(BareHold).where(BareHold.event_id == event.id, BareHold.held_until <= now)
    return db.session.scalars(mine.order_by(BareHold.id)).all()


def count_in(sector: Sector) -> int:
    """Return how many places of the sector are held without a registration (bare holds)."""
    mine = select(func.count()).where(BareHold.sector_id == sector.id)
    return db.session.scalar(mine) or 0


def outlast_cancellation(event: Event, *, now: datetime) -> None:
    """Give the event's bare holds the longest time to confirm; each place is held no longer than before.

    `expiry.outlast_cancellation` does this for registrations.
    """
    mine = select(BareHold).where(BareHold.event_id == event.id, BareHold.confirm_by > now)
    for hold in db.session.scalars(mine):
        until = hold.requested_at + deadlines.TIMES * deadlines.CONFIRM_TIME
        hold.confirm_by = max(hold.confirm_by, until)


def move_to(sector: Sector, into: Sector) -> None:
    """Move the holds of a sector to the sector into which it is merged (`merging` adds up the counters)."""
    mine = update(BareHold).where(BareHold.sector_id == sector.id)
    db.session.execute(mine.values(sector_id=into.id))
