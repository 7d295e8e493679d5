"""The ring that draws an event's places, with texts in the page's language and the numbers of the list beside it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from forum.events import queries as events
from forum.events.enums import RegistrationState, SectorPolicy
from forum.events.in_url import is_preview
from forum.events.models import Event, Sector
from forum.registration import intake, places, queries
from forum.registration.opening import Opening, opening_of
from forum.registration.ring import RingView, SectorShare, draw_ring
from forum.web.languages import day_text, in_language

Address = Callable[[Sector], str]


def form_address(now: datetime, endpoint: str = "registration.details") -> Address:
    """Return a function that gives the URL of a sector's form, or "" while nobody can register there.

    In a preview nobody can register.
    """

    def address(sector: Sector) -> str:
        return "" if is_preview() or intake.find_refusal(sector, now) else _form(endpoint, sector)

    return address


def _form(endpoint: str, sector: Sector) -> str:
    return url_for(endpoint, event=events.slug_in_url(sector.event), sector=sector.key)


def ring_of(event: Event, now: datetime, sector_url: Address | None = None) -> RingView:
    """Return the ring of an event's places; `sector_url` gives the link of a sector's arc, "" for no link."""
    return _draw(event, now, queries.count_undecided(event), sector_url)


def offered_ring(event: Event, now: datetime) -> dict[str, Any]:
    """Return the ring whose arcs link to the form, the words in its middle, and what registering would lead to now."""
    ring, opening = ring_of(event, now, form_address(now)), opening_of(event, now)
    return {"ring_view": ring, "ring_said": middle_words(event, opening, ring, now), "opening": opening}


def small_ring_of(event: Event, now: datetime) -> RingView:
    """Return the ring in bands and with numbers, for pages on which a dot would be too small."""
    return _draw(event, now, queries.count_undecided(event), small=True)


def middle_words(event: Event, opening: Opening, ring: RingView, now: datetime) -> dict[str, Any] | None:
    """Return the words in the ring's middle when no place can be had; None when the number of free places is shown."""
    state = events.registration_state(event, now)
    if state == RegistrationState.UPCOMING:
        day = day_text(event.opens_at, event.zone)
        return {"number": ring.left, "words": _("places from %(day)s", day=day)}
    if opening == Opening.PLACE or (state == RegistrationState.OPEN and ring.is_full):
        return None
    return {"number": ring.taken, "words": ngettext("has a place", "have a place", ring.taken)}


def draw_seats(
    shares: Iterable[SectorShare],
    capacity: int,
    *,
    left: int | None = None,
    small: bool = False,
    offers: bool = True,
) -> RingView:
    """Draw the ring; at each sector's arc stands its name and, while places are offered, how many are left."""
    given = tuple(shares)
    free = max(0, capacity - sum(share.used for share in given)) if left is None else left
    shared = sum(share.offered for share in given) > free
    named = tuple(replace(share, words=_words(share, shared) if offers else "") for share in given)
    return draw_ring(named, capacity, left=free, small=small)


def _draw(
    event: Event,
    now: datetime,
    undecided: queries.Undecided,
    sector_url: Address | None = None,
    *,
    small: bool = False,
) -> RingView:
    left, shares = places.places_left(event, now), []
    for sector in event.sectors:
        held, waiting = undecided.get(sector.id, (0, 0))
        held = min(held + sector.reserved, sector.taken)
        share = SectorShare(
            key=sector.key,
            name=in_language(sector.name),
            places=sector.ceiling,
            taken=sector.taken - held,
            held=held,
            waiting=waiting,
            kept=places.kept_for(sector, event, now),
            left=left[sector.id],
            note=_note(sector),
            url=sector_url(sector) if sector_url else "",
        )
        shares.append(share)
    free = min(event.capacity - event.taken, sum(left.values()))
    # Organisers' ring (no `sector_url`) always shows the places left, the public ring only while registration is open.
    offers = sector_url is None or events.registration_state(event, now) == RegistrationState.OPEN
    # Places that no ceiling lets anybody take are not offered, so they are no part of what visitors see as all places.
    return draw_seats(shares, event.capacity - event.idle, left=free, small=small, offers=offers)


def _note(sector: Sector) -> str:
    """Return the words that replace the number of a sector that offers no place; "" for other sectors."""
    if sector.policy == SectorPolicy.INVITATION:
        return _("By invitation")
    if sector.ceiling == 0:
        return _("Closed")
    return ""


def _words(share: SectorShare, shared: bool) -> str:
    """Return the words under the sector's name at its arc, which the list beside the ring has, too."""
    if share.note:
        return share.note
    if share.open == 0:
        return ngettext("%(num)s waiting", "%(num)s waiting", share.waiting) if share.waiting else _("full")
    if shared:
        return ngettext("up to %(num)s left", "up to %(num)s left", share.open)
    return ngettext("%(num)s left", "%(num)s left", share.open)
