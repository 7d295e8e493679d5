"""Views of a registration, and views or exports of lists that it may have been in, for the person (P18).

Every person reads whether a handler has looked up a protected identity, never what was found (P21). The audit trail
does not name the people in a list, so a person reads of each list that had people in the same state at the time. It
makes no difference whether the person has answered about food and access, so the page does not reveal it (S23).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, func, or_

from forum.accounts import queries as accounts
from forum.accounts.enums import Role
from forum.accounts.wording import ROLES
from forum.audit import queries as audit
from forum.audit.models import AuditDetails, AuditEntry
from forum.events.models import Event
from forum.registration import owners, reviewing
from forum.registration.enums import ExportPurpose, ExportRecipient, Status
from forum.registration.exports import PURPOSES, RECIPIENTS
from forum.registration.models import Registration
from forum.web.languages import day_text

# An organiser who has several roles is named to the person by the first of them in this order.
NAMED_FIRST = (
    *(Role.ORGANISER, Role.REGISTRAR, Role.VIEWER, Role.REVIEWER, Role.DOOR, Role.CARE, Role.MAILER),
    *(Role.EDITOR, Role.ADMIN, Role.PROTECTED_HANDLER),
)
# STAYS has for each kind of list the steps (`_steps`) that begin and end a registration's time on it: the list of those
# who wait for a decision or a place, of those who keep a place or rank while a change is reviewed, and of confirmed
# people with needs for food or access. An approval does not end the time on the first list: a place or a rank in line
# follows at once.
ENDED = frozenset({"cancelled", "merged_away", "substituted", "declined", "offer_declined", "offer_lapsed"})
RESTORED = ("reinstated", "separated")
WAITS = (Status.IN_REVIEW, Status.WAITING)
STAYS = (
    (
        audit.WAITING_LIST_VIEWED,
        frozenset({"address_confirmed", "moved:reviewed", "waiting", "offered", "offer_withdrawn"})
        | {f"{step}:{status}" for step in ("received", *RESTORED) for status in WAITS},
        ENDED | {"confirmed"},
    ),
    (
        audit.WAITING_LIST_VIEWED,
        frozenset({"review_reopened", "substitute_in_review"})
        | {f"{step}:{reviewing.GOES_ON}" for step in RESTORED},
        ENDED
        | {"approved", "moved:reviewed"}
        | {f"{step}:{reviewing.ENDS}" for step in ("moved", "changed")},
    ),
    (
        audit.CARE_ANSWERS_VIEWED,
        frozenset({"confirmed"}) | {f"{step}:{Status.CONFIRMED}" for step in RESTORED},
        ENDED | {"waiting", "moved:reviewed"},
    ),
)
MOVED = "registration.moved"  # the audit action of a move to another sector
# The keys of the sectors in which a person was, since when, and until when (None: until now).
Stay = tuple[Collection[str], datetime, datetime | None]
# For this long after a recorded view, further views may go unrecorded (`audit.traces`).
UNRECORDED = timedelta(hours=1)
LISTS = {
    audit.ATTENDEES_VIEWED: _l("Looked at a list of people"),
    audit.WAITING_LIST_VIEWED: _l("Looked at the list of those who wait for a place or a decision"),
    audit.CARE_ANSWERS_VIEWED: _l("Looked at the list of who needs what food and access"),
}


@dataclass(frozen=True)
class Reading:
    """A view of the registration, or an export of a list: the day, and the organiser's role."""

    day: date
    day_text: str
    role: str
    what: str


def list_readings(registration: Registration) -> list[Reading]:
    """Return views and exports, the latest first; equal ones of one day are listed once.

    An export names its filters, not its people: lists that the person may have been in are included. Views of a
    registration that was merged with this one, or ended with the same address, are included, too. A look-up of a
    protected identity, or opening its page, is included only for readers of the sealed answers.
    """
    mine = [registration, *owners.list_joined(registration)]
    entries, others = _list_entries(mine), _list_entries(owners.list_former(registration))
    if not owners.may_read_sealed(registration):
        entries = _without_reveals(entries)
    entries += _without_reveals(others)
    roles = _roles_of(entries, registration)
    zone = registration.event.zone
    told = {
        Reading(at.date(), day_text(entry.at, zone), _role(entry, roles), _what(entry))
        for entry in entries
        for at in (entry.at.astimezone(zone),)
    }
    return sorted(told, key=lambda reading: (reading.day, reading.role, reading.what), reverse=True)


def _list_entries(registrations: Iterable[Registration]) -> list[AuditEntry]:
    return [
        entry
        for one in registrations
        for entry in (*audit.find_views(one), *audit.find_of_lists(one.event, on_lists(one)))
    ]


def _without_reveals(entries: Iterable[AuditEntry]) -> list[AuditEntry]:
    look_ups = (audit.IDENTITY_ASKED, audit.IDENTITY_REVEALED)
    return [entry for entry in entries if entry.action not in look_ups]


def on_lists(registration: Registration) -> ColumnElement[bool]:
    """Return the condition for entries about the event that record exports and views of lists with this person.

    An export names its filters, not its people: the condition includes lists that the person may have been in.
    """
    history = audit.find_history(registration)
    stays = [_during(*stay) for stay in list_stays(history)]
    made = [
        condition(*stay) for stay in _sectors_of(registration, history) for condition in (_exports, _seen)
    ]
    return or_(*made, *stays)


def _sectors_of(registration: Registration, history: Sequence[AuditEntry]) -> Iterator[Stay]:
    """Yield in which sectors the person has been, one after the other."""
    began, key = registration.requested_at, None
    for entry in history:
        told = entry.details.payload if entry.details else {}
        if entry.action == audit.REGISTRATION_RECEIVED:
            key = told.get("sector")
        elif entry.action == MOVED and "was" in told:
            yield from _until_moved(registration.event, key, told["was"], began, entry.at)
            began, key = max(entry.at, registration.requested_at), told.get("sector")
    yield from _until_moved(registration.event, key, registration.sector.key, began, None)


def _until_moved(
    event: Event, first: str | None, last: str, began: datetime, ended: datetime | None
) -> Iterator[Stay]:
    """Yield the stays between two moves: two when the sector with the key `first` was merged away in between.

    Where it is not known how somebody came from `first` to `last`, the stay has both keys, and those of sectors that
    were merged into the last one: an export of one of these may have included the person.
    """
    if first == last:
        yield {last}, began, ended
        return
    keys = {last, *chain(*(sector.merged_keys for sector in event.sectors if sector.key == last))}
    at = audit.find_merge(event, first, began) if first else None
    if first and at:
        yield {first}, began, at
        yield keys - {first}, at, ended
    else:
        yield keys | ({first} if first else set()), began, ended


def _exports(keys: Collection[str], began: datetime, ended: datetime | None) -> ColumnElement[bool]:
    """Return the condition for exports of all sectors, or of one with these keys, made between the two times.

    A list of nobody had nobody in it. Older entries do not say how many people a list had.
    """
    is_other = or_(
        _is_of_others(keys), AuditEntry.details.has(AuditDetails.payload["count"].as_integer() == 0)
    )
    # Compare with the time at which a prepared file was asked for: the file contains the people registered then.
    asked = AuditDetails.payload["asked"].as_integer()
    is_older = AuditEntry.details.has(asked < int(began.timestamp()))
    kinds = AuditEntry.action.in_((audit.REGISTRATIONS_EXPORTED, audit.EXPORT_FETCHED))
    made = and_(kinds, AuditEntry.at >= began, ~is_other, ~is_older)
    if ended is None:
        return made
    return and_(made, or_(AuditEntry.at <= ended, AuditEntry.details.has(asked <= int(ended.timestamp()))))


def _seen(keys: Collection[str], began: datetime, ended: datetime | None) -> ColumnElement[bool]:
    """Return the condition for views of the attendee list with one of these sectors between the two times.

    Views that were recorded up to an hour earlier count, too (UNRECORDED).
    """
    seen = and_(AuditEntry.action == audit.ATTENDEES_VIEWED, AuditEntry.at > began - UNRECORDED)
    seen = and_(seen, ~_is_of_others(keys))
    return and_(seen, AuditEntry.at <= ended) if ended else seen


def _is_of_others(keys: Collection[str]) -> ColumnElement[bool]:
    """Return the condition for entries about lists of sectors of which none has one of these keys."""
    sectors = func.coalesce(AuditDetails.payload["sector"].as_string(), "")
    # Several sectors are recorded in one text with blanks between them; no sector's key has a blank.
    mine = or_(*((" " + sectors + " ").contains(f" {key} ", autoescape=True) for key in sorted(keys)))
    return AuditEntry.details.has(and_(sectors != "", ~mine))


def list_stays(
    history: Sequence[AuditEntry],
) -> Iterator[tuple[str, AuditEntry, AuditEntry | None]]:
    """Yield which lists a registration with this history has been on, from which entry, and to which (None: until now).

    A list is given by the action with which a view of it is recorded.
    """
    for kind, begins, ends in STAYS:
        for began, ended in _stays(history, begins, ends):
            yield kind, began, ended


def _stays(
    history: Sequence[AuditEntry], begins: Collection[str], ends: Collection[str]
) -> Iterator[tuple[AuditEntry, AuditEntry | None]]:
    """Yield pairs of audit entries: one that put the person on a list, and one that took them off, or None."""
    began = None
    for entry in history:
        steps = _steps(entry)
        if began is None and not steps.isdisjoint(begins):
            began = entry
        elif began is not None and not steps.isdisjoint(ends):
            yield began, entry
            began = None
    if began is not None:
        yield began, None


def _steps(entry: AuditEntry) -> set[str]:
    """Return the entry's action, and the action with each detail that says where it led, such as "moved:reviewed"."""
    step, told = entry.action.partition(".")[2], entry.details.payload if entry.details else {}
    return {step, *(f"{step}:{told[name]}" for name in ("outcome", "status", "review") if name in told)}


def _during(kind: str, began: AuditEntry, ended: AuditEntry | None) -> ColumnElement[bool]:
    """Return the condition for recorded views of a list while the person was on it, or shortly before (UNRECORDED)."""
    seen = AuditEntry.action == kind
    # Both audit entries may have the same time: then compare their ids.
    if ended is not None and ended.at == began.at:
        return and_(seen, AuditEntry.id > began.id, AuditEntry.id < ended.id)
    since = AuditEntry.at > began.at - UNRECORDED
    return and_(seen, since, AuditEntry.id <= ended.id) if ended else and_(seen, since)


def _role(entry: AuditEntry, roles: Mapping[str, str]) -> str:
    """Return the role in which an organiser acted. A protected identity is looked up by handlers only."""
    if entry.action == audit.IDENTITY_REVEALED:
        return str(ROLES[Role.PROTECTED_HANDLER])
    return roles.get(entry.actor, _("Organiser"))


def _what(entry: AuditEntry) -> str:
    if entry.action == audit.IDENTITY_REVEALED:
        return _("Looked up what you have told us about a protected identity")
    if entry.action in (audit.REGISTRATION_VIEWED, audit.IDENTITY_ASKED):
        return _("Looked at your registration")
    if entry.action == audit.FILE_DOWNLOADED:
        return _("Downloaded a file among your answers")
    if entry.action in LISTS:
        return str(LISTS[entry.action])
    if entry.action == audit.EXPORT_FETCHED:
        return fetched_text(entry.details.payload if entry.details else {})
    return export_text(entry.details.payload) if entry.details else _("Exported a list")


def export_text(told: Mapping[str, Any]) -> str:
    """Return in words for what purpose and for whom a list was exported; `told` are the details of the audit entry."""
    purpose = PURPOSES.get(told.get("purpose", ExportPurpose.EVERYTHING), "")
    recipient = RECIPIENTS.get(told.get("recipient", ExportRecipient.OFFICE), "")
    return _("Exported a list: %(purpose)s. For: %(recipient)s", purpose=purpose, recipient=recipient)


def fetched_text(told: Mapping[str, Any]) -> str:
    """Return in words which prepared file was downloaded; `told` are the details of the audit entry."""
    purpose = PURPOSES.get(told.get("purpose", ExportPurpose.EVERYTHING), "")
    return _("Downloaded a prepared file: %(purpose)s", purpose=purpose)


def _roles_of(entries: Sequence[AuditEntry], registration: Registration) -> dict[str, str]:
    """Return the present role of each organiser ("user:7") in these entries."""
    ids = {int(actor[5:]) for entry in entries if (actor := entry.actor).startswith("user:")}
    held = accounts.roles_of(ids, registration.event_id)
    return {
        f"user:{user_id}": str(ROLES[role])
        for user_id, roles in held.items()
        for role in [next(role for role in NAMED_FIRST if role in roles)]
    }
