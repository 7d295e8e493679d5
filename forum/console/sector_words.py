"""An event's capacity and its sectors' floors (places kept) and ceilings (most places), explained in sentences."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from forum.events import queries as events
from forum.events.enums import SectorPolicy
from forum.events.models import Event, Sector
from forum.registration import listing, places, waiting_list
from forum.registration.balance import Balance, SectorBalance, balance_of
from forum.web.languages import day_text, grouped, in_language


def idle_text(event: Event) -> str:
    """Return a sentence on the places that stay empty because the ceilings let fewer people in; "" for none."""
    if not event.idle:
        return ""
    return _(
        "Ceilings let %(ceilings)s people in, so %(idle)s of %(places)s places stay empty.",
        ceilings=grouped(event.capacity - event.idle),
        idle=grouped(event.idle),
        places=grouped(event.capacity),
    )


@dataclass(frozen=True)
class Effects:
    """The meaning of an event's capacity and shares in words: `rows` by sector, `kept` on places kept for sectors,
    and `release` on their release to all sectors; `idle` warns of places that no ceiling lets anybody take.

    `offers` has sentences on the sectors in which saving would offer or give places at once.
    """

    balance: Balance
    rows: dict[str, str]
    kept: str
    release: str
    idle: str
    offers: list[str]


def effects_of(event: Event, counts: listing.Counts, now: datetime) -> Effects:
    """Return in words what an event's capacity and shares mean now; the event may be a copy (`places.trial_of`)."""
    balance, left = balance_of(event, counts, now), places.places_left(event, now)
    is_released = event.release_at is not None and now >= event.release_at
    rows = {
        sector.key: " ".join(_row(sector, own, left[sector.id], is_released=is_released))
        for sector, own in zip(event.sectors, balance.sectors, strict=True)
    }
    return Effects(
        balance=balance,
        rows=rows,
        kept=", ".join(f"{own.name} {own.kept}" for own in balance.sectors if own.kept),
        release="" if balance.is_off else _release(event, balance, is_released=is_released),
        idle="" if balance.is_off else idle_text(event),
        offers=_offers(event, now),
    )


def _row(sector: Sector, own: SectorBalance, left: int, *, is_released: bool) -> list[str]:
    told = [_floor_words(own, is_released=is_released)]
    if sector.policy == SectorPolicy.INVITATION:
        told.append(_("The public form takes nobody for this sector."))
    elif left:
        told.append(ngettext("Up to %(num)s more can come.", "Up to %(num)s more can come.", left))
    else:
        told.append(_("Nobody more can come now."))
    if own.in_review:
        told.append(ngettext("%(num)s is in review.", "%(num)s are in review.", own.in_review))
    if own.waiting:
        told.append(ngettext("%(num)s waits.", "%(num)s wait.", own.waiting))
    return told


def _floor_words(own: SectorBalance, *, is_released: bool) -> str:
    floor, kept = own.floor, own.kept
    if not floor:
        return ngettext("%(num)s is in; no place is kept.", "%(num)s are in; no place is kept.", own.taken)
    if is_released:
        return ngettext(
            "%(num)s is in; kept places have been released.",
            "%(num)s are in; kept places have been released.",
            own.taken,
        )
    if kept:
        return ngettext(
            "%(num)s is in; a floor of %(floor)s keeps %(kept)s.",
            "%(num)s are in; a floor of %(floor)s keeps %(kept)s.",
            own.taken,
            floor=floor,
            kept=kept,
        )
    return ngettext(
        "%(num)s is in; the floor of %(floor)s is reached and keeps none.",
        "%(num)s are in; the floor of %(floor)s is reached and keeps none.",
        own.taken,
        floor=floor,
    )


def _release(event: Event, balance: Balance, *, is_released: bool) -> str:
    if is_released:
        return _("Kept places have been released: what is free is open to every sector below its ceiling.")
    if not balance.kept:
        return ""
    if event.release_at is None:
        return _("No day is set on which kept places are released: they are kept until the end.")
    return ngettext(
        "On %(day)s the kept place becomes open to every sector below its ceiling.",
        "On %(day)s the %(num)s kept places become open to every sector below its ceiling.",
        balance.kept,
        day=day_text(event.release_at, event.zone),
    )


def _offers(event: Event, now: datetime) -> list[str]:
    """Return sentences on how many places would be offered or given at once in each sector to those who wait."""
    if events.is_off(event, now):
        return []
    trial = places.trial_of(event)
    served = waiting_list.count_offers_on_trial(trial, now)
    offered = [
        ngettext(
            "%(name)s: %(num)s place is offered at once to the next in line, for %(hours)s hours.",
            "%(name)s: %(num)s places are offered at once to those next in line, for %(hours)s hours.",
            served.offered[sector.id],
            name=in_language(sector.name),
            hours=event.offer_hours,
        )
        for sector in trial.sectors
        if served.offered[sector.id]
    ]
    given = [
        ngettext(
            "%(name)s: %(num)s person without an address gets a place at once and is not written to.",
            "%(name)s: %(num)s people without an address get a place at once and are not written to.",
            served.given[sector.id],
            name=in_language(sector.name),
        )
        for sector in trial.sectors
        if served.given[sector.id]
    ]
    return [*offered, *given]
