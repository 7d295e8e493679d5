"""Why a sector accepts no registration: one rule for the page, which then shows no form, and for registering."""

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

# The names that templates/public/registration/refused.html uses for the reasons.
REASONS: dict[type[Exception], str] = {
    RegistrationClosed: "closed",
    SectorByInvitation: "invitation",
    SectorFull: "full",
    SubmissionReused: "reused",
}


def refuse(sector: Sector, now: datetime) -> None:
    """Raise RegistrationClosed, SectorByInvitation or SectorFull if the sector accepts no registration at `now`."""
    if registration_state(sector.event, now) != RegistrationState.OPEN:
        raise RegistrationClosed
    if sector.policy == SectorPolicy.INVITATION:
        raise SectorByInvitation
    places.has_room(sector, now)


def find_refusal(sector: Sector, now: datetime) -> type[RegistrationRefused] | None:
    """Return why the sector accepts no registration at `now`, or None; a later registration may still be refused."""
    try:
        refuse(sector, now)
    except RegistrationRefused as refusal:
        return type(refusal)
    return None
