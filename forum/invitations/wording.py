"""Invitations in words, for organisers."""

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import pgettext

from forum.invitations.enums import Standing
from forum.invitations.errors import (
    AlreadyInvited,
    AlreadyRegistered,
    EventOver,
    InvitationRefused,
    NoPlaceToHold,
    SectorGone,
)
from forum.invitations.models import Invitation
from forum.invitations.queries import standing_of
from forum.web.languages import day_text


def standings() -> Mapping[Standing, tuple[str, str]]:
    """Return the label and the kind of sign (templates/components/status.html) of each standing, in their order."""
    return {
        Standing.WAITING: (_("Not sent yet"), "wait"),
        Standing.SENT: (pgettext("invitation", "Sent"), "offered"),
        Standing.OPENED: (_("Answer begun"), "review"),
        Standing.YES: (_("Yes"), "in"),
        Standing.NO: (_("No"), "out"),
        Standing.EXPIRED: (pgettext("invitation", "Expired"), "out"),
        Standing.FAILED: (_("Message failed"), "failed"),
        Standing.WITHDRAWN: (pgettext("invitation", "Withdrawn"), "out"),
    }


def status(invitation: Invitation) -> dict[str, str]:
    """Return the label and kind of the invitation's status."""
    label, kind = standings()[standing_of(invitation)]
    return {"label": label, "kind": kind}


def full_name(invitation: Invitation) -> str:
    """Return the name of the person who is invited, or as the person has registered."""
    return f"{invitation.given_name} {invitation.family_name}".strip()


def count_facts(counts: Mapping[Standing, int]) -> list[dict[str, str]]:
    """Return how many invitations stand how, as label and value, in their order; nothing is said of none."""
    return [
        {"label": label, "value": str(counts[one])}
        for one, (label, _kind) in standings().items()
        if counts[one]
    ]


def refusal_text(refusal: InvitationRefused) -> str:
    """Return why nobody was invited."""
    if isinstance(refusal, AlreadyRegistered):
        return _("Registration %(reference)s has this address", reference=refusal.registration.reference)
    if isinstance(refusal, AlreadyInvited):
        return _("This address has an open invitation already")
    if isinstance(refusal, NoPlaceToHold):
        return _("No place is free in the sector that could be held")
    if isinstance(refusal, SectorGone):
        return _("This sector has become part of another one, or is gone. Choose again.")
    if isinstance(refusal, EventOver):
        return _("The forum is over")
    return _("Nothing was changed: the invitation has been answered or has ended meanwhile.")


def row_faults(refusals: Mapping[int, InvitationRefused]) -> list[str]:
    """Return why some rows of a table cannot be invited, by the rows' numbers."""
    return [
        _("Row %(number)s: %(fault)s", number=number, fault=refusal_text(refusal))
        for number, refusal in sorted(refusals.items())
    ]


def evidence_text(invitation: Invitation) -> str:
    """Return what a reviewer reads about an invitation of the person's address."""
    day = day_text(invitation.made_at, invitation.event.zone)
    return _("Invited on %(day)s: %(status)s", day=day, status=status(invitation)["label"])
