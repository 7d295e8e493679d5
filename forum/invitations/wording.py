"""Words about invitations on organisers' pages: states, numbers, the reminder rule, refusals."""

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import ngettext, pgettext

from forum.events.models import Event
from forum.invitations.enums import InvitationState, Standing
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
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.web.languages import day_text, hour_text, in_language

# States in which a registration does not prove that its person owns the address, unless `confirmed_at` is set.
UNCONFIRMED = (Status.PENDING, Status.EXPIRED, Status.CANCELLED)


def standings() -> Mapping[Standing, tuple[str, str]]:
    """Return the label and icon (templates/components/status.html) of each state, in the order of lists."""
    return {
        Standing.WAITING: (_("Not sent yet"), "wait"),
        Standing.PAUSED: (_("Perhaps sent before a restore"), "wait"),
        Standing.SENT: (pgettext("invitation", "Sent"), "offered"),
        Standing.OPENED: (_("Answer begun"), "review"),
        Standing.YES: (_("Yes"), "in"),
        Standing.NO: (_("No"), "out"),
        Standing.FORWARDED: (_("Passed on"), "out"),
        Standing.EXPIRED: (pgettext("invitation", "Expired"), "out"),
        Standing.FAILED: (_("Message failed"), "failed"),
        Standing.WITHDRAWN: (pgettext("invitation", "Withdrawn"), "out"),
    }


def status(invitation: Invitation) -> dict[str, str]:
    """Return the label and the kind of icon of the invitation's state."""
    label, kind = standings()[standing_of(invitation)]
    if invitation.state == InvitationState.EXPIRED and invitation.link_digest is None:
        label = _("Expired, never sent")
    return {"label": label, "kind": kind}


def shown_as(invitation: Invitation) -> Invitation | Registration:
    """Return the row whose name and organisation pages show: the registration once its address is confirmed.

    Before, that row is the invitation. Beside a registered alias the invited name would reveal whose alias it is (P20),
    also if the person has registered without the link, and after any change of the name. The rule is the same for
    everybody (P21).
    """
    known = [one for one in invitation.people if one.confirmed_at or one.status not in UNCONFIRMED]
    return invitation.registration or (known[-1] if known else invitation)


def full_name(invitation: Invitation) -> str:
    """Return the full name of an invited person: the registered name, once there is one, else the invited name."""
    shown = shown_as(invitation)
    return f"{shown.given_name} {shown.family_name}".strip()


def count_facts(counts: Mapping[Standing, int]) -> list[dict[str, str]]:
    """Return how many invitations are in each state, as label and value; states without invitations are left out."""
    return [
        {"label": label, "value": str(counts[one])}
        for one, (label, _kind) in standings().items()
        if counts[one]
    ]


def sent_text(event: Event, number: int) -> str:
    """Return the message that invitations are on their way, or when they will be sent."""
    if not event.is_published:
        return ngettext(
            "%(num)s invitation is sent once the event is published.",
            "%(num)s invitations are sent once the event is published.",
            number,
        )
    return ngettext("%(num)s invitation is on its way.", "%(num)s invitations are on their way.", number)


def silence_rule_text(event: Event) -> str:
    """Return when the event's rule reminds people, such as "after 5 days without an answer, at 09:00"."""
    if not event.invitation_reminder_days:
        return _("never, if they have no day of their own")
    return ngettext(
        "after %(num)s day without an answer, at %(hour)s",
        "after %(num)s days without an answer, at %(hour)s",
        event.invitation_reminder_days,
        hour=hour_text(event.invitation_reminder_hour),
    )


def reminder_hint(event: Event) -> str:
    """Return who is reminded if no day is chosen for an invitation (the template filter `reminder_hint`)."""
    if not event.invitation_reminder_days:
        return _("Nobody is reminded if you leave it empty. Each person is reminded once at most.")
    return _(
        "If you leave it empty, the event’s rule holds: %(rule)s. Each person is reminded once at most.",
        rule=silence_rule_text(event),
    )


def refusal_text(refusal: InvitationRefused) -> str:
    """Return the sentence that says why an invitation was refused."""
    if isinstance(refusal, AlreadyRegistered):
        return _("Registration %(reference)s has this address", reference=refusal.registration.reference)
    if isinstance(refusal, AlreadyInvited):
        return _("This address has an open invitation already")
    if isinstance(refusal, NoPlaceToHold):
        return _("No place is free in the sector that could be held")
    if isinstance(refusal, SectorGone):
        return _("This sector has become part of another one, or is gone. Choose again.")
    if isinstance(refusal, EventOver):
        return _("The forum is over or cancelled")
    return _("Nothing was changed: the invitation has been answered or has ended meanwhile.")


def row_faults(refusals: Mapping[int, InvitationRefused]) -> list[str]:
    """Return, for each row of a table whose person cannot be invited, a sentence that says why."""
    return [
        _("Row %(number)s: %(fault)s", number=number, fault=refusal_text(refusal))
        for number, refusal in sorted(refusals.items())
    ]


def evidence_text(invitation: Invitation, registration: Registration) -> str:
    """Return, for reviewers, when a person was invited, the invitation's state, and its sector if that is another."""
    day, told = day_text(invitation.made_at, invitation.event.zone), status(invitation)["label"]
    if invitation.from_colleague:
        told = _("passed on by a colleague, %(status)s", status=told)
    if invitation.sector_id == registration.sector_id:
        return _("Invited on %(day)s: %(status)s", day=day, status=told)
    sector = in_language(invitation.sector.name)
    return _("Invited on %(day)s to %(sector)s: %(status)s", day=day, sector=sector, status=told)
