"""Why a sector takes nobody: one rule for the page that does not ask then, and for the act that refuses."""

from datetime import datetime

from forum.events.enums import RegistrationState, SectorPolicy
from forum.events.models import Sector
from forum.events.queries import registration_state
from forum.registration import places
from forum.registration.errors import (
    RegistrationClosed,
    RegistrationRefused,
    SectorByInvitation,
    SectorFull,
    SubmissionReused,
)

# What templates/public/registration/refused.html calls them when it tells a visitor why.
REASONS: dict[type[Exception], str] = {
    RegistrationClosed: "closed",
    SectorByInvitation: "invitation",
    SectorFull: "full",
    SubmissionReused: "reused",
}


def refuse(sector: Sector, now: datetime) -> None:
    """Raise RegistrationClosed, SectorByInvitation or SectorFull where the sector takes nobody at `now`."""
    if registration_state(sector.event, now) != RegistrationState.OPEN:
        raise RegistrationClosed
    if sector.policy == SectorPolicy.INVITATION:
        raise SectorByInvitation
    places.has_room(sector, now)


def find_refusal(sector: Sector, now: datetime) -> type[RegistrationRefused] | None:
    """Return why the sector takes nobody at `now`, or None; who asks later may be refused all the same."""
    try:
        refuse(sector, now)
    except RegistrationRefused as refusal:
        return type(refusal)
    return None
