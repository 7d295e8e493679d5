"""The ring of an event as visitors see it: places left by the rules of floors, ceilings and pool."""

from collections.abc import Callable
from datetime import datetime

from flask_babel import gettext as _

from forum.events.enums import SectorPolicy
from forum.events.models import Event, Sector
from forum.registration import places
from forum.web.languages import in_language
from forum.web.ring import RingView, SectorShare, draw_ring


def ring_of(event: Event, now: datetime, sector_url: Callable[[Sector], str] | None = None) -> RingView:
    """Return the ring; `sector_url` gives where an arc leads, "" for a sector that cannot be chosen."""
    left = places.places_left(event, now)
    shares = [_share(sector, left[sector.id], event, sector_url) for sector in event.sectors]
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
