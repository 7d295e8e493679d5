"""The words for states, actions and fields of registrations that organisers read."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from forum import clock
from forum.audit.queries import (
    ASKED_AGAIN,
    COUNTED,
    DOMAIN_LIMITED,
    FORMS_BRAKED,
    LINK_ASKED,
    NETWORK_LIMITED,
    REGISTRATION_RECEIVED,
    Brake,
)
from forum.events import queries as events
from forum.events.enums import ListAudience
from forum.outbox.wording import StatusWords
from forum.registration import deadlines
from forum.registration.delegated import Delegated
from forum.registration.enums import (
    ConsentPurpose,
    DeclineReason,
    Group,
    LiftReason,
    ListedAs,
    Membership,
    Status,
)
from forum.registration.models import Registration
from forum.registration.review_words import CHOICES
from forum.registration.suppression_words import REASONS as LIFT_REASONS
from forum.web.languages import language, near_day_text, short_moment_text

STATUSES: Mapping[str, tuple[LazyString, str]] = {
    Status.PENDING: (_l("Address not confirmed"), "wait"),
    Status.IN_REVIEW: (_l("In review"), "review"),
    Status.WAITING: (_l("Waiting"), "wait"),
    Status.OFFERED: (_l("Offered a place"), "offered"),
    Status.CONFIRMED: (_l("Confirmed"), "in"),
    Status.CANCELLED: (_l("Cancelled"), "out"),
    Status.EXPIRED: (_l("Expired"), "out"),
    Status.DECLINED: (_l("Declined"), "out"),
}
GROUPS: Mapping[str, LazyString] = {
    Group.PLACE: _l("Holds a place"),
    Group.HELD: _l("Place held, not confirmed"),
    Group.UNHELD: _l("Address not confirmed, no place held"),
    Group.ENDED: _l("No longer registered"),
}
# The names of statuses that are not final, for use after the event, when a status cannot change any more.
AFTER_THE_EVENT: Mapping[str, LazyString] = {
    Status.PENDING: _l("Address was never confirmed"),
    Status.IN_REVIEW: _l("Was in review"),
    Status.WAITING: _l("Was waiting"),
    Status.OFFERED: _l("Was offered a place"),
}
UNKNOWN_KIND = "review"  # the icon of a status that only a newer version knows
CONSENTS = {
    ConsentPurpose.PARTICIPANT_LIST: _l("List of participants"),
    ConsentPurpose.PHOTOGRAPHS: _l("Photographs"),
}
SHOWN = {
    ListedAs.NAME: _l("Name and organisation"),
    ListedAs.ORGANISATION: _l("Organisation only"),
}
READERS = {
    ListAudience.PUBLIC: _l("on a public list"),
    ListAudience.PARTICIPANTS: _l("on a list for participants"),
}
ACTS = {
    "registration.received": _l("Registration received"),
    "registration.viewed": _l("Viewed by an organiser"),
    "registration.file_downloaded": _l("A file was downloaded by an organiser"),
    "registration.unconfirmed_erased": _l("Erased, because the address was never confirmed"),
    "registration.lapsed_erased": _l(
        "Erased, because the offered place was not accepted and the forum is over"
    ),
    "registration.address_confirmed": _l("Address confirmed"),
    "registration.waiting": _l("Joined the waiting list"),
    "registration.offered": _l("Place offered"),
    "registration.offer_lapsed": _l("Offer ran out"),
    "registration.offer_reminded": _l("Reminded of the offer"),
    "registration.offer_declined": _l("Place declined"),
    "registration.offer_extended": _l("Offer extended"),
    "registration.offer_withdrawn": _l("Offer withdrawn"),
    "registration.offer_lengthened": _l("Offer extended, because its message was not sent in time"),
    "registration.asking_lengthened": _l("Time to confirm extended"),
    "registration.hold_ended": _l("Place no longer held, because the address is not confirmed"),
    "registration.not_confirmed": _l("Address not confirmed in time"),
    "registration.gave_way": _l("Ended unconfirmed, because the owner of the address answered otherwise"),
    "registration.address_wrong": _l("Ended unconfirmed, because the address was wrong"),
    "registration.confirmed": _l("Place confirmed"),
    "registration.cancelled": _l("Registration cancelled"),
    "registration.reinstated": _l("Cancellation undone"),
    "registration.separated": _l("Valid again after a merge was undone"),
    "registration.merged": _l("Another registration of the person merged into this one"),
    "registration.merged_away": _l("Merged into another registration of the person"),
    "registration.merge_undone": _l("Merge undone"),
    "registration.left_merged": _l("Still merged with an erased person, after a backup was restored"),
    "registration.approved": _l("Approved"),
    "registration.declined": _l("Registration declined"),
    "registration.review_reopened": _l("In review again, because name or organisation was changed"),
    "registration.refusal_proposed": _l("Refusal proposed"),
    "registration.refusal_withdrawn": _l("Proposed refusal withdrawn"),
    "registration.recused": _l("Left to others, because the organiser knows the person"),
    "registration.changed": _l("Details changed"),
    "registration.care_changed": _l("Food and access replaced or deleted"),
    "registration.consent": _l("Consent changed"),
    "registration.address_asked": _l("New address entered"),
    "registration.address_changed": _l("New address confirmed"),
    "registration.suppression_lifted": _l("Messages to many go to the address again"),
    "registration.moved": _l("Moved to another sector"),
    "registration.substitute_asked": _l("Somebody else was named to come instead"),
    "registration.substitute_taken_back": _l("Nobody else comes instead after all"),
    "registration.substituted": _l("Somebody else comes instead"),
    "registration.substitute_in_review": _l("In review, because somebody else comes instead"),
    "registration.noted": _l("Note added"),
    "registration.note_removed": _l("Note removed"),
    "registration.tagged": _l("Tags changed"),
    "registration.mail_resent": _l("Message sent again"),
    "registration.feed_made": _l("Calendar feed made"),
    "registration.feed_ended": _l("Calendar feed ended"),
    LINK_ASKED: _l("Asked for a new personal link"),
    "registration.erased": _l("A person was erased"),
    "registration.erased_again": _l("A person was erased again, after a backup was restored"),
    "registration.own_data_asked": _l("Asked for a link to everything held"),
    "registration.own_data_opened": _l("Opened everything held"),
    "registration.erasure_asked": _l("Asked to be erased"),
    "registration.erasure_taken_back": _l("Took the request for erasure back"),
    "registration.erasure_refused": _l("Request for erasure refused"),
    "registration.restriction_asked": _l("Asked for restriction, or objected"),
    "registration.restriction_taken_back": _l("Took the request for restriction back"),
    "registration.restriction_granted": _l("Data restricted"),
    "registration.restriction_declined": _l("Restriction or objection refused"),
    "registration.restriction_ending": _l("Told that the restriction will be lifted"),
    "registration.restriction_lifted": _l("Restriction lifted"),
    ASKED_AGAIN: _l("Registered once more with the same address"),
}
BRAKES = {
    FORMS_BRAKED: _l("A great many forms came from everywhere at once, and each had to be sent twice"),
    DOMAIN_LIMITED: _l("A great many messages to one e-mail domain were asked for"),
    NETWORK_LIMITED: _l("Many forms came from one network"),
}
REFUSALS = ("registration.declined", "registration.refusal_proposed")
FIELDS = {
    "given_name": _l("Given name"),
    "family_name": _l("Family name"),
    "organisation": _l("Organisation"),
    "title": _l("Title or role"),
    "country": _l("Country"),
    "language": _l("Language"),
    "phone": _l("Phone number"),
}
MEMBERSHIPS: Mapping[str, LazyString] = {
    Membership.ANY: _l("In a delegation"),
    Membership.NONE: _l("In no delegation"),
}
SORTS = {  # for each order in filtering.SORTS, its words for ascending and descending
    "name": _l("Name, A–Z"),
    "-name": _l("Name, Z–A"),
    "organisation": _l("Organisation, A–Z"),
    "-organisation": _l("Organisation, Z–A"),
    "sector": _l("Sector"),
    "-sector": _l("Sector, reversed"),
    "status": _l("Status"),
    "-status": _l("Status, reversed"),
    "registered": _l("Registered, oldest first"),
    "-registered": _l("Registered, newest first"),
}
ACTORS = {
    "visitor": _l("by the form"),
    "person": _l("by the person"),
    "contact": _l("by the contact of the delegation"),
    "worker": _l("automatically"),
    "command": _l("by command"),
}


def status_name(status: str) -> str:
    """Return the name of a status or of a group; the code of a status that only a newer version knows."""
    if status in GROUPS:
        return str(GROUPS[status])
    return str(STATUSES[status][0]) if status in STATUSES else str(status)


def state_name(registration: Registration) -> str:
    """Return the name of a registration's status, or that the time to accept the offered place is over."""
    is_past = deadlines.is_past_offer(registration, clock.now())
    return _("Offered, the time is over") if is_past else status_name(registration.status)


def membership_name(chosen: Delegated | Membership) -> str:
    """Return the name of a filter by delegation."""
    return chosen.label if isinstance(chosen, Delegated) else str(MEMBERSHIPS[chosen])


def status_words(registration: Registration, position: int | None, zone: tzinfo) -> StatusWords:
    """Return a registration's status in words, with position or deadline, and its icon."""
    kind = STATUSES[registration.status][1] if registration.status in STATUSES else UNKNOWN_KIND
    if registration.status in AFTER_THE_EVENT and events.is_over(registration.event, clock.now()):
        return StatusWords(str(AFTER_THE_EVENT[registration.status]), "out")
    if registration.status == Status.WAITING and position:
        return StatusWords(_("Waiting, %(ordinal)s in line", ordinal=ordinal(position)), kind)
    until = registration.offer_expires_at if registration.status == Status.OFFERED else None
    if until and not (registration.event.cancelled_at or deadlines.is_past_offer(registration, clock.now())):
        return StatusWords(_("Offered until %(day)s", day=near_day_text(until, zone)), kind)
    return StatusWords(state_name(registration), kind)


def unchanged_text(registration: Registration) -> str:
    """Return why a registration that has ended, or whose event takes place no more, was not changed."""
    if not registration.is_live:
        return _("The registration has already ended. Nothing was changed.")
    if registration.event.cancelled_at:
        return _("The forum is cancelled, so nothing was changed.")
    return _("The forum is over, so nothing was changed.")


def ordinal(number: int) -> str:
    """Return an ordinal such as "3rd", in Swedish "3:e"."""
    return f"{number}{_swedish_ending(number) if language() == 'sv' else _english_ending(number)}"


def listed_name(registration: Any) -> str:
    """Return the name in the form of sorted lists: "Bergström, Åsa"."""
    return ", ".join(name for name in (registration.family_name, registration.given_name) if name)


def full_name(registration: Any) -> str:
    """Return the name in spoken order: "Åsa Bergström"."""
    return " ".join(name for name in (registration.given_name, registration.family_name) if name)


def act_text(action: str) -> str:
    """Return an audit action in words."""
    return str(ACTS[action]) if action in ACTS else _("Another act")


def act_detail(action: str, details: Mapping[str, Any]) -> str:
    """Return details of an audit entry, only from fields that organisers may read (P21)."""
    if action == "registration.changed":
        told = [str(FIELDS[name]) for name in details.get("fields", ()) if name in FIELDS]
        return ", ".join(
            [*told, *([_("Answers to the forum’s own questions")] if details.get("questions") else [])]
        )
    if action in COUNTED and details.get("times", 1) > 1:
        return _("At least %(times)s times", times=details["times"])
    if action == REGISTRATION_RECEIVED:
        return _how_received(details)
    if action in REFUSALS and details.get("reason") in set(DeclineReason):
        return str(CHOICES[DeclineReason(details["reason"])])
    if action == "registration.suppression_lifted" and details.get("reason") in set(LiftReason):
        return str(LIFT_REASONS[LiftReason(details["reason"])])
    if action == "registration.cancelled" and details.get("was") == Status.WAITING:
        return _("From the waiting list")
    if action == "registration.consent" and details.get("purpose") in CONSENTS:
        purpose = CONSENTS[ConsentPurpose(details["purpose"])]
        given = _("%(purpose)s: given", purpose=purpose)
        return given if details.get("given") else _("%(purpose)s: withdrawn", purpose=purpose)
    return ""


def _how_received(details: Mapping[str, Any]) -> str:
    ways = {"by_import": _("Added by an import"), "by_hand": _("Added by hand")}
    ways["instead"] = _("Instead of somebody else")
    return next((words for way, words in ways.items() if details.get(way)), "")


def brake_words(brake: Brake, zone: tzinfo) -> str:
    """Return in words why a rate limit delayed forms, how many at least, and when it delayed the last one."""
    words = BRAKES[brake.action]
    last = short_moment_text(brake.last_at, zone)
    return _(
        "%(why)s. Held back: at least %(times)s, the last at %(moment)s.",
        why=words,
        times=brake.times,
        moment=last,
    )


def actor_text(actor: str, names: Mapping[str, str]) -> str:
    """Return in words who acted; `names` has organisers' names by actor ("user:7")."""
    return names.get(actor) or str(ACTORS.get(actor, _l("by an organiser")))


def _english_ending(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _swedish_ending(number: int) -> str:
    return ":a" if number % 10 in (1, 2) and number % 100 not in (11, 12) else ":e"
