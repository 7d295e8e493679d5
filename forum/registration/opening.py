"""What a person who registers now can get: one answer for all pages that offer registration."""

from datetime import datetime
from enum import StrEnum

from forum.events import queries as events
from forum.events.enums import RegistrationState, SectorPolicy
from forum.events.models import Event
from forum.registration import deadlines, intake, places


class Opening(StrEnum):
    """The best that registering now can bring in any sector: a place, a place on the waiting list, or nothing."""

    PLACE = "place"
    WAITING_LIST = "waiting_list"
    NOTHING = "nothing"  # nobody can register in any sector


def opening_of(event: Event, now: datetime) -> Opening:
    """Return what registering for the event gives now, by its dates and by each sector's policy and places."""
    if events.registration_state(event, now) != RegistrationState.OPEN:
        return Opening.NOTHING
    events.load_sectors(event)
    left = places.places_left(event, now)
    accepting = [sector for sector in event.sectors if intake.find_refusal(sector, now, left) is None]
    if any(left[sector.id] for sector in accepting):
        return Opening.PLACE
    return Opening.WAITING_LIST if accepting else Opening.NOTHING


class Afterwards(StrEnum):
    """What the page shown once a registration has ended can offer its reader: registering again, or the sectors."""

    AGAIN = "again"
    LOOK = "look"  # some sectors accept people, and the others do so only by invitation or not at all
    NOTHING = "nothing"


def offered_afterwards(event: Event | None, now: datetime) -> Afterwards:
    """Return what the page shown once a registration for this event has ended can offer; nothing without an event."""
    if event is None or opening_of(event, now) == Opening.NOTHING:
        return Afterwards.NOTHING
    takes_all = all(one.policy != SectorPolicy.INVITATION and one.ceiling for one in event.sectors)
    return Afterwards.AGAIN if takes_all else Afterwards.LOOK


def seconds_unchanged(event: Event, now: datetime) -> float:
    """Return for how many seconds no date changes what `opening_of` returns; 0 while any place taken may change it."""
    is_open = events.registration_state(event, now) == RegistrationState.OPEN
    if is_open and not places.takes_waiters(event, now):
        return 0
    moments: list[datetime | None] = [event.opens_at, event.closes_at, event.release_at, event.freezes_at]
    moments += [deadlines.offers_end_at(event), event.starts_at, event.ends_at]
    return min(
        ((moment - now).total_seconds() for moment in moments if moment and moment > now),
        default=float("inf"),
    )
