"""Who has looked at a registration or exported a list that it may have been in, by role and day (P18)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum.accounts import queries as accounts
from forum.accounts.enums import Role
from forum.audit import queries as audit
from forum.audit.models import AuditEntry
from forum.registration.enums import ExportPurpose, ExportRecipient
from forum.registration.exports import PURPOSES, RECIPIENTS
from forum.registration.models import Registration
from forum.web.languages import day_text

ROLES = {
    Role.ADMIN: _l("Administrator"),
    Role.ORGANISER: _l("Organiser"),
    Role.MAILER: _l("Sender of messages"),
    Role.DOOR: _l("Reception"),
    Role.CARE: _l("Food and access"),
    Role.PROTECTED_HANDLER: _l("Handler of protected identities"),
}
# The order in which one of several roles of a person is named: the narrowest that explains the look first.
NAMED_FIRST = (Role.ORGANISER, Role.DOOR, Role.CARE, Role.MAILER, Role.ADMIN, Role.PROTECTED_HANDLER)


@dataclass(frozen=True)
class Reading:
    """One line: on which day somebody of a role saw the registration, or exported a list."""

    day: date
    day_text: str
    role: str
    what: str


def list_readings(registration: Registration) -> list[Reading]:
    """Return who has looked and exported, the latest first; the same on one day is told once.

    An export names the filters that it had, not the people: told are the lists that the person may have been in.
    """
    entries = [*audit.find_views(registration), *_find_exports(registration)]
    roles = _roles_of(entries, registration)
    zone = registration.event.zone
    told = {
        Reading(at.date(), day_text(entry.at, zone), roles.get(entry.actor, _("Organiser")), _what(entry))
        for entry in entries
        for at in (entry.at.astimezone(zone),)
    }
    return sorted(told, key=lambda reading: (reading.day, reading.role, reading.what), reverse=True)


def _find_exports(registration: Registration) -> Iterator[AuditEntry]:
    for entry in audit.find_exports(registration.event, since=registration.requested_at):
        sector = entry.details.payload.get("sector", "") if entry.details else ""
        if sector in ("", registration.sector.key):
            yield entry


def _what(entry: AuditEntry) -> str:
    if entry.action == audit.REGISTRATION_VIEWED:
        return _("Looked at your registration")
    told = entry.details.payload if entry.details else {}
    purpose = PURPOSES.get(told.get("purpose", ExportPurpose.EVERYTHING), "")
    recipient = RECIPIENTS.get(told.get("recipient", ExportRecipient.OFFICE), "")
    return _("Exported a list: %(purpose)s. For: %(recipient)s", purpose=purpose, recipient=recipient)


def _roles_of(entries: Sequence[AuditEntry], registration: Registration) -> dict[str, str]:
    """Return the role of each organiser ("user:7") who acted, as it is today."""
    ids = {int(actor[5:]) for entry in entries if (actor := entry.actor).startswith("user:")}
    held = accounts.roles_of(ids, registration.event_id)
    return {
        f"user:{user_id}": str(ROLES[role])
        for user_id, roles in held.items()
        for role in [next(role for role in NAMED_FIRST if role in roles)]
    }
