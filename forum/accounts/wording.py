"""Texts about organisers' roles, and about colleagues who have them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from babel.dates import format_datetime, format_timedelta
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum import clock
from forum.accounts.enums import Role
from forum.accounts.errors import (
    AccountDisabled,
    DisabledAbove,
    HasPassword,
    HasRole,
    LastAdmin,
    NoSecondFactor,
    OutOfReach,
    PasskeyCloned,
    PasskeyKnown,
    PasskeyRefused,
    RoleTooWide,
    TooManyInvitations,
    TooManyPasskeys,
)
from forum.accounts.models import Membership
from forum.accounts.roster import Colleague, Standing
from forum.events.models import Event
from forum.web.edits import ChangedMeanwhile
from forum.web.languages import in_language, language, short_moment_text

ROLES = {
    Role.ADMIN: _l("Administrator"),
    Role.ORGANISER: _l("Organiser"),
    Role.REGISTRAR: _l("Registrar"),
    Role.REVIEWER: _l("Reviewer"),
    Role.VIEWER: _l("Viewer"),
    Role.EDITOR: _l("Editor"),
    Role.MAILER: _l("Sender of messages"),
    Role.DOOR: _l("Reception"),
    Role.CARE: _l("Care (food and access)"),
    Role.PROTECTED_HANDLER: _l("Handler of protected identities"),
}
# What a role lets somebody do in the console.
REACHES = {
    Role.ADMIN: _l("All that an organiser may, and managing colleagues."),
    Role.ORGANISER: _l("Registrations, invitations, messages, news, pages and settings."),
    Role.REGISTRAR: _l("Registrations, review, waiting list, invitations and exports. No settings, no news."),
    Role.REVIEWER: _l(
        "Decides about people in review, of the sectors chosen below alone. Sees nobody else and nothing else."
    ),
    Role.VIEWER: _l("Reads the list, people’s registrations and the figures. Changes and exports nothing."),
    Role.EDITOR: _l("News, pages and images. Sees nobody’s registration."),
    Role.MAILER: _l("The event’s messages: who is written to, what has failed, and telling of changes."),
    Role.DOOR: _l("Finds by name who has a place, and sees nothing else."),
    Role.CARE: _l("Reads who needs what food and access, by name."),
    Role.PROTECTED_HANDLER: _l("Looks up who has a protected identity, one person at a time."),
}
REFUSALS: dict[type[Exception], Any] = {
    RoleTooWide: _l("You may not give or take this role. Nobody gives roles to themselves."),
    LastAdmin: _l("Nobody else could manage colleagues then. Make somebody else an administrator first."),
    AccountDisabled: _l("This colleague cannot be invited. Ask whoever runs the forum."),
    HasRole: _l("This colleague has this role already"),
    OutOfReach: _l(
        "This colleague has roles that you do not manage. "
        "An administrator who manages all of them can do this, or whoever runs the forum."
    ),
    DisabledAbove: _l(
        "This account was not disabled by an administrator of this event. "
        "An administrator of all events can enable it if one of them disabled it, else whoever runs the forum."
    ),
    NoSecondFactor: _l("This colleague has no second factor that could be reset."),
    TooManyInvitations: _l(
        "Too many invitations were sent within an hour, to this colleague or by you. "
        "Nothing was sent now: try again in an hour."
    ),
    HasPassword: _l("The invitation has been accepted meanwhile."),
    ChangedMeanwhile: _l(
        "Somebody has changed these roles meanwhile. "
        "The page shows what you chose. Open it again to see what is stored."
    ),
}
NOT_ACCEPTED = _l("The passkey was not accepted. Try again, or enter a code instead.")
NOT_ADDED = _l("The passkey could not be added. Try again.")
PASSKEY_REFUSALS: dict[type[Exception], Any] = {
    PasskeyCloned: _l(
        "The passkey was not accepted: it seems that there is a copy of it. "
        "Enter a code instead, and remove this passkey on the page of your account."
    ),
    PasskeyKnown: _l("This passkey has been added before."),
    TooManyPasskeys: _l("You have ten passkeys. Remove one to add another."),
}
STANDINGS = {
    Standing.DISABLED: (_l("Disabled"), "out"),
    Standing.INVITED: (_l("Invited"), "wait"),
    Standing.EXPIRED: (_l("Invitation has ended"), "failed"),
    Standing.ACTIVE: (_l("Active"), "in"),
}


def role_names(roles: Iterable[Role]) -> str:
    """Return the names of roles, with commas between them."""
    return ", ".join(str(ROLES[role]) for role in roles)


def roles_text(colleague: Colleague, event: Event) -> str:
    """Return a colleague's roles for the event in words; a reviewer's sectors follow the role."""
    names = [in_language(sector.name) for sector in event.sectors if sector.id in colleague.sectors]
    return ", ".join(_role_text(role, names) for role in colleague.here)


def _role_text(role: Role, sectors: Sequence[str]) -> str:
    if role != Role.REVIEWER:
        return str(ROLES[role])
    if not sectors:
        return _("%(role)s of no sector", role=ROLES[role])
    return _("%(role)s of %(sectors)s", role=ROLES[role], sectors=", ".join(sectors))


def held_text(memberships: Iterable[Membership], events: Mapping[int, Event]) -> str:
    """Return the roles that an organiser holds, in words and event by event; `events` are all events by id."""
    held: dict[int | None, list[str]] = {}
    for membership in memberships:
        event = events[membership.event_id] if membership.event_id else None
        held.setdefault(membership.event_id, []).append(_membership_text(membership, event))
    return "; ".join(
        _("%(roles)s (%(event)s)", roles=", ".join(roles), event=in_language(events[event_id].name))
        if event_id
        else _("%(roles)s (all events)", roles=", ".join(roles))
        for event_id, roles in held.items()
    )


def _membership_text(membership: Membership, event: Event | None) -> str:
    if membership.role != Role.REVIEWER or event is None:
        return str(ROLES[membership.role])
    mine = {row.sector_id for row in membership.reviewed}
    return _role_text(
        membership.role, [in_language(sector.name) for sector in event.sectors if sector.id in mine]
    )


def refusal_text(refusal: Exception) -> str:
    """Return why a change of colleagues was refused."""
    return str(REFUSALS[type(refusal)])


def passkey_refusal_text(refusal: PasskeyRefused, *, is_new: bool) -> str:
    """Return in words why a passkey was refused: a new one if `is_new`, else one that was used."""
    return str(PASSKEY_REFUSALS.get(type(refusal), NOT_ADDED if is_new else NOT_ACCEPTED))


def seen_text(moment: datetime, event: Event, *, is_exact: bool) -> str:
    """Return when a colleague was last seen: to the minute if `is_exact`, else only the day.

    A minute at which a handler was seen and a registration was made by hand would name who added a protected person.
    """
    if is_exact:
        return short_moment_text(moment, event.zone)
    if moment.astimezone(event.zone).date() == clock.now().astimezone(event.zone).date():
        return _("Today")
    return format_datetime(moment.astimezone(event.zone), "d MMM y", locale=language())


def ago_text(moment: datetime) -> str:
    """Return how long ago a moment was, such as "3 minutes ago"; at least one second, or Babel says "in 0 seconds"."""
    since = min(moment - clock.now(), timedelta(seconds=-1))
    return format_timedelta(since, add_direction=True, locale=language())
