"""Who has looked at a registration, or has looked at or exported a list that it may have been in (P18).

A look-up of a protected identity is told to every person alike: that a handler has looked, not what there was (P21).
The trail names no people of a list, so a person is told of each list in which somebody of the same state was at the
time. Whether somebody has answered about food and access makes no difference: being told must not tell it (S23).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum.accounts import queries as accounts
from forum.accounts.enums import Role
from forum.audit import queries as audit
from forum.audit.models import AuditEntry
from forum.registration import owners
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
# What begins and what ends a stay on the lists that each kind of view shows: the first review, the review of a change,
# the line, and the list of those with a place who need food or access.
ENDED = frozenset({"cancelled", "merged_away", "declined", "offer_declined", "offer_lapsed"})
IN_REVIEW = frozenset({"address_confirmed", "moved:reviewed"})
STAYS = (
    (audit.WAITING_LIST_VIEWED, IN_REVIEW, ENDED | {"approved", "waiting", "confirmed"}),
    (audit.WAITING_LIST_VIEWED, frozenset({"review_reopened"}), ENDED | {"approved"}),
    (
        audit.WAITING_LIST_VIEWED,
        frozenset({"waiting", "offered", "offer_withdrawn"}),
        ENDED | {"confirmed", "moved:reviewed"},
    ),
    (audit.CARE_ANSWERS_VIEWED, frozenset({"confirmed"}), ENDED | {"waiting", "moved:reviewed"}),
)
# How long after an entry about a view later views may have none of their own (`audit.traces`).
UNRECORDED = timedelta(hours=1)


@dataclass(frozen=True)
class Reading:
    """One line: on which day somebody of a role saw the registration, or exported a list."""

    day: date
    day_text: str
    role: str
    what: str


def list_readings(registration: Registration) -> list[Reading]:
    """Return who has looked and exported, the latest first; the same on one day is told once.

    An export names the filters that it had, not the people: told are the lists that the person may have been in. What
    concerned a registration that was merged with this one is told, too. A look-up of a protected identity tells that
    handlers had a reason for one, so it is told where the answers themselves are.
    """
    entries = [
        entry
        for one in (registration, *owners.list_joined(registration))
        for entry in (*audit.find_views(one), *_find_exports(one), *_find_views_of_lists(one))
    ]
    if not owners.may_read_sealed(registration):
        entries = [entry for entry in entries if entry.action != audit.IDENTITY_REVEALED]
    roles = _roles_of(entries, registration)
    zone = registration.event.zone
    told = {
        Reading(at.date(), day_text(entry.at, zone), _role(entry, roles), _what(entry))
        for entry in entries
        for at in (entry.at.astimezone(zone),)
    }
    return sorted(told, key=lambda reading: (reading.day, reading.role, reading.what), reverse=True)


def _find_exports(registration: Registration) -> Iterator[AuditEntry]:
    exports = (audit.REGISTRATIONS_EXPORTED,)
    for entry in audit.find_of_lists(registration.event, exports, since=registration.requested_at):
        sector = entry.details.payload.get("sector", "") if entry.details else ""
        if sector in ("", registration.sector.key):
            yield entry


def _find_views_of_lists(registration: Registration) -> Iterator[AuditEntry]:
    """Yield the views of the lists on which the registration stood at the time, as its own history tells."""
    kinds, since = {kind for kind, *_ in STAYS}, registration.requested_at - UNRECORDED
    views = audit.find_of_lists(registration.event, kinds, since=since)
    history = audit.find_history(registration) if views else ()
    for kind, begins, ends in STAYS:
        for began, ended in _stays(history, begins, ends):
            yield from (view for view in views if view.action == kind and _is_during(view, began, ended))


def _stays(
    history: Sequence[AuditEntry], begins: Collection[str], ends: Collection[str]
) -> Iterator[tuple[AuditEntry, AuditEntry | None]]:
    """Yield the entries that begin and end each stay; a stay that goes on has no end."""
    began = None
    for entry in history:
        step = _step(entry)
        if began is None and step in begins:
            began = entry
        elif began is not None and step in ends:
            yield began, entry
            began = None
    if began is not None:
        yield began, None


def _step(entry: AuditEntry) -> str:
    step, told = entry.action.partition(".")[2], entry.details.payload if entry.details else {}
    return f"{step}:{told.get('outcome', '')}" if step == "moved" else step


def _is_during(view: AuditEntry, began: AuditEntry, ended: AuditEntry | None) -> bool:
    """Return whether the view, or a later one that it stands for, was during a stay; one act may begin and end it."""
    if ended is not None and (view.id > ended.id or ended.at == began.at):
        return began.id < view.id < ended.id
    return view.at > began.at - UNRECORDED


def _role(entry: AuditEntry, roles: Mapping[str, str]) -> str:
    """Return the role in which an organiser acted: a handler's for a reveal, which no other role allows."""
    if entry.action == audit.IDENTITY_REVEALED:
        return str(ROLES[Role.PROTECTED_HANDLER])
    return roles.get(entry.actor, _("Organiser"))


def _what(entry: AuditEntry) -> str:
    if entry.action == audit.IDENTITY_REVEALED:
        return _("Looked up what you have told us about a protected identity")
    if entry.action == audit.REGISTRATION_VIEWED:
        return _("Looked at your registration")
    if entry.action == audit.FILE_DOWNLOADED:
        return _("Downloaded a file that you sent")
    if entry.action == audit.WAITING_LIST_VIEWED:
        return _("Looked at the list of those who wait for a place or a decision")
    if entry.action == audit.CARE_ANSWERS_VIEWED:
        return _("Looked at the list of who needs what food and access")
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
