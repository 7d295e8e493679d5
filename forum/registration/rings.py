"""The ring of an event: visitors see the places left; organisers also see held places and who waits."""

from collections.abc import Callable
from datetime import datetime

from flask_babel import gettext as _

from forum.events.enums import SectorPolicy
from forum.events.models import Event, Sector
from forum.registration import listing, places
from forum.registration.enums import Status
from forum.registration.ring import RingView, SectorShare, draw_ring
from forum.web.languages import in_language


def ring_of(event: Event, now: datetime, sector_url: Callable[[Sector], str] | None = None) -> RingView:
    """Return the ring for visitors; `sector_url` gives the link of an arc, "" for a sector that cannot be chosen."""
    left = places.places_left(event, now)
    shares = [_share(sector, left[sector.id], event, sector_url) for sector in event.sectors]
    return draw_ring(shares, event.capacity, left=min(event.capacity - event.taken, sum(left.values())))


def balance_of(
    event: Event, counts: listing.Counts, now: datetime, sector_url: Callable[[Sector], str]
) -> RingView:
    """Return the ring for organisers. A place counts as taken once it is confirmed, and as held before that."""
    left = places.places_left(event, now)
    shares = [_counted_share(sector, counts, left[sector.id], sector_url(sector)) for sector in event.sectors]
    return draw_ring(shares, event.capacity, left=min(event.capacity - event.taken, sum(left.values())))


def _share(
    sector: Sector, left: int, event: Event, sector_url: Callable[[Sector], str] | None
) -> SectorShare:
    return SectorShare(
        key=sector.key,
        name=in_language(sector.name),
        places=sector.ceiling,
        taken=sector.taken,
        left=left,
        note=_note(sector, left, event),
        url=sector_url(sector) if sector_url else "",
    )


def _note(sector: Sector, left: int, event: Event) -> str:
    if sector.policy == SectorPolicy.INVITATION:
        return _("By invitation")
    if left == 0:
        return _("Full, waiting list open") if event.has_waiting_list else _("Full")
    return ""


def _counted_share(sector: Sector, counts: listing.Counts, left: int, url: str) -> SectorShare:
    confirmed = counts.get((sector.id, Status.CONFIRMED), 0)
    return SectorShare(
        key=sector.key,
        name=in_language(sector.name),
        places=sector.ceiling,
        taken=confirmed,
        held=max(0, sector.taken - confirmed),
        waiting=counts.get((sector.id, Status.WAITING), 0),
        left=left,
        url=url,
    )
