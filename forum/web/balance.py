"""The ring of an event as organisers see it: taken, held, waiting and left of each sector."""

from collections.abc import Callable
from datetime import datetime

from forum.events.models import Event, Sector
from forum.registration import listing, places
from forum.registration.enums import Status
from forum.web.languages import in_language
from forum.web.ring import RingView, SectorShare, draw_ring


def balance_of(
    event: Event, counts: listing.Counts, now: datetime, sector_url: Callable[[Sector], str]
) -> RingView:
    """Return the ring. A place is taken when it is confirmed, and held for an address or an offer until then."""
    left = places.places_left(event, now)
    shares = [_share(sector, counts, left[sector.id], sector_url(sector)) for sector in event.sectors]
    return draw_ring(shares, event.capacity, left=min(event.capacity - event.taken, sum(left.values())))


def _share(sector: Sector, counts: listing.Counts, left: int, url: str) -> SectorShare:
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
