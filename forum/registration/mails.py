"""The mails of a registration: each is rendered once into the outbox, in the transaction that causes it.

A registration that organisers have added may have no address: then a function queues nothing and returns None. All
mails have neutral subjects and first lines, without event, place, organisation or name (P26), so that the mail of a
protected person looks like any other. The mails contain no text that a visitor typed, so that a stranger cannot make
the forum send their words to other people (M12, L01).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from forum.outbox import actions as outbox
from forum.outbox.enums import Lane
from forum.outbox.models import OutboxMessage
from forum.registration import deadlines, links, missing_answers, offer_words
from forum.registration.enums import Status, TokenPurpose
from forum.registration.models import Registration, Submission
from forum.registration.review_words import paragraphs, told

SECTOR = _l("Sector")
# The first line of a mail to a new address, which may belong to somebody else: it names no registration.
OF_NEW_ADDRESS = _l("Somebody, perhaps you, has entered this e-mail address for a registration.")
OF_FIRST_ADDRESS = _l("The organisers have entered this e-mail address for a registration.")
REPEATED, NEW_ADDRESS, ADDRESS_LEAVING = "already-registered", "new-address", "address-leaving"
SUBSTITUTE_ASKED, SUBSTITUTE_REGISTERED = "substitute-asked", "substitute-registered"
# The kinds of mails that go to an address which may not belong to the person who typed it.
TO_OTHERS = {NEW_ADDRESS, SUBSTITUTE_ASKED}
# The kind of mail for each status; for an unconfirmed address it depends on whether a place is held (`_received`).
FOR_STATE = {
    Status.IN_REVIEW: "in-review",
    Status.WAITING: "waiting",
    Status.OFFERED: "offered",
    Status.CONFIRMED: "confirmed",
}


def queue_received(
    registration: Registration,
    submission: Submission | None = None,
    *,
    withheld: bool = False,
    by_contact: bool = False,
    now: datetime,
) -> OutboxMessage | None:
    """Queue the mail that asks to confirm the address; its text says whether a place is held until then.

    `by_contact`: a contact has typed the address. A `withheld` mail is rendered, to take as long, but never sent.
    """
    told = {"submission": submission, "by_contact": by_contact, "withheld": withheld, "lane": Lane.NOW}
    return _queue_confirming(registration, _received(registration, now), now, **told)


def queue_received_anew(
    registration: Registration, submissions: Sequence[Submission], *, now: datetime
) -> None:
    """Queue a new confirming mail for each sent form, because only the address's owner knows which form is theirs."""
    forms: list[Submission | None] = [*submissions] or [None]
    first, *others = forms
    queue_received(registration, first, now=now)
    for submission in others:
        queue_already_registered(registration, submission, now=now)


def queue_already_registered(
    registration: Registration, submission: Submission | None = None, *, withheld: bool = False, now: datetime
) -> OutboxMessage | None:
    """Queue the mail that tells the owner of the address, and only them, that it is registered (S24).

    While the address is not confirmed, the link carries the answers of `submission`, the form that was sent.
    """
    told: dict[str, Any] = {"withheld": withheld, "lane": Lane.NOW}
    if registration.status == Status.PENDING:
        return _queue_confirming(registration, REPEATED, now, submission=submission, **told)
    return _queue_managing(registration, REPEATED, now, until=None, **told)


def queue_confirmed(registration: Registration, *, now: datetime) -> OutboxMessage | None:
    """Queue the mail that confirms the place. It carries no calendar file: the personal page has that (M14, P26)."""
    return _queue_managing(registration, FOR_STATE[Status.CONFIRMED], now)


def queue_waiting(registration: Registration, *, now: datetime, **moved: Any) -> OutboxMessage | None:
    """Queue the mail that says that the person waits, and how offers work; `moved` is a move that led to it."""
    return _queue_managing(registration, FOR_STATE[Status.WAITING], now, **moved)


def queue_in_review(registration: Registration, *, now: datetime, **moved: Any) -> OutboxMessage | None:
    """Queue the mail that says that organisers will review the registration; `moved` is a move that led to it."""
    return _queue_managing(registration, FOR_STATE[Status.IN_REVIEW], now, **moved)


def queue_about_review(
    registration: Registration, kind: str, *, words: str = "", now: datetime, **moved: Any
) -> OutboxMessage | None:
    """Queue the mail that says that a change is reviewed, or what ended a review, with organisers' words."""
    reason = told(registration.decline_reason)
    return _queue_managing(registration, kind, now, reason=reason, paragraphs=paragraphs(words), **moved)


def queue_offered(
    registration: Registration, *, why: Mapping[str, Any] | None = None, now: datetime
) -> OutboxMessage | None:
    """Queue the mail that offers a place until a deadline, and says why it is this person's turn."""
    told_why, until = offer_words.for_person(why or {}), registration.offer_expires_at
    return _queue_managing(registration, FOR_STATE[Status.OFFERED], now, until=until, why=told_why)


def queue_about_offer(
    registration: Registration, kind: str, *, words: str = "", now: datetime
) -> OutboxMessage | None:
    """Queue a mail about an offer: its reminder, a new deadline, or that it was withdrawn, with organisers' words."""
    until = registration.offer_expires_at
    return _queue_managing(registration, kind, now, until=until, paragraphs=paragraphs(words))


def queue_offer_declined(registration: Registration, *, now: datetime) -> OutboxMessage | None:
    """Queue the mail that says that the person has declined the place."""
    return queue(registration, "offer-declined", now)


def queue_offer_lapsed(registration: Registration, *, now: datetime) -> OutboxMessage | None:
    """Queue the mail that says that the offer has expired."""
    return queue(registration, "offer-lapsed", now, lane=Lane.BULK)


def queue_cancelled(
    registration: Registration, *, words: str = "", now: datetime, **context: bool
) -> OutboxMessage | None:
    """Queue the mail that says that the registration or the wait (`left_line`) ended, and if a contact ended it."""
    told: dict[str, Any] = {"left_line": False, "by_contact": False, **context}
    return queue(registration, "cancelled", now, paragraphs=paragraphs(words), **told)


def queue_link(registration: Registration, *, now: datetime, **more: Any) -> OutboxMessage | None:
    """Queue a fresh personal link for the person who requested it; `beside` are links to their delegations."""
    return _queue_managing(registration, "link", now, **{"beside": (), "lane": Lane.NOW, **more})


def queue_link_to_confirm(
    registration: Registration, submission: Submission | None, *, now: datetime, **more: Any
) -> OutboxMessage | None:
    """Queue a fresh confirming link for the person who requested it; it carries the answers of `submission`."""
    told = {"submission": submission, "beside": (), "lane": Lane.NOW, **more}
    return _queue_confirming(registration, "link-to-confirm", now, **told)


def queue_of_mailing(
    registration: Registration, kind: str, *, now: datetime, **context
) -> OutboxMessage | None:
    """Queue a mail of a message to many people, with a fresh personal link, at the lowest priority."""
    return _queue_managing(registration, kind, now, lane=Lane.BULK, **context)


def queue_changed(
    registration: Registration, fields: Sequence[Any], *, words: str, now: datetime
) -> OutboxMessage | None:
    """Queue the mail about an organiser's change: the names of the changed fields, and the organiser's own words."""
    return _queue_managing(registration, "changed", now, fields=fields, paragraphs=paragraphs(words))


def queue_new_address(
    registration: Registration,
    email: str,
    token: str,
    *,
    until: datetime,
    withheld: bool = False,
    now: datetime,
) -> OutboxMessage | None:
    """Queue the mail that asks to confirm a new address; until then no other mail goes there."""
    link = links.new_address_address(registration, token)
    opening = OF_NEW_ADDRESS if registration.has_address else OF_FIRST_ADDRESS
    more: dict[str, Any] = {"link": link, "until": until, "is_first": not registration.has_address}
    return queue(registration, NEW_ADDRESS, now, to=email, withheld=withheld, opening=opening, **more)


def queue_address_leaving(registration: Registration, *, now: datetime) -> OutboxMessage | None:
    """Queue the mail that tells the address in use that a new address has been entered."""
    return queue(registration, ADDRESS_LEAVING, now)


def kind_for_state(registration: Registration, now: datetime) -> str | None:
    """Return the kind of mail that tells the status once more; None for an ended registration or an expired offer.

    The mail that offers a place names the last moment to accept it, so it is not sent after that moment.
    """
    if registration.status == Status.PENDING:
        return _received(registration, now)
    if deadlines.is_past_offer(registration, now):
        return None
    return FOR_STATE.get(registration.status)


def queue_for_state(
    registration: Registration,
    submission: Submission | None = None,
    *,
    why: Mapping[str, Any] | None = None,
    replaces_failed: bool = True,
    now: datetime,
) -> OutboxMessage | None:
    """Queue the mail that fits the registration's status; return None for an offer whose time is over.

    `submission` is the form whose answers count once the mail's link confirms the registration. `why` holds the
    reasons for the offer of a place. The mail replaces the person's dead letters (failed mails), unless
    `replaces_failed` is False, so no organiser has to deal with them any more.

    The worker ends an offer whose time is over, or extends it, and sends a mail that says so.
    """
    if deadlines.is_past_offer(registration, now):
        return None
    if replaces_failed:
        outbox.settle_failed(registration.id)
    if registration.status == Status.PENDING:
        return queue_received(registration, submission, now=now)
    if registration.status == Status.OFFERED:
        return queue_offered(registration, why=why, now=now)
    return _queue_managing(registration, FOR_STATE[registration.status], now, until=None)


def take_back(registrations: Sequence[Registration], *, kind: str | None = None) -> None:
    """Cancel these registrations' unsent mails (of this kind). Lock order: call before any audit entry is recorded."""
    if registrations:
        outbox.take_back([registration.id for registration in registrations], kind=kind)


def _received(registration: Registration, now: datetime) -> str:
    return "received" if deadlines.is_held(registration, now) else "received-without-place"


def _queue_confirming(registration: Registration, kind: str, now: datetime, **more) -> OutboxMessage | None:
    until, held_until = deadlines.confirming_ends(registration, now), registration.held_until
    told = {"leads_to": TokenPurpose.CONFIRM, "until": until, "held_until": held_until or until, **more}
    # Use the language of the form that this mail confirms: one registration may have several forms, in two languages.
    carried = more["submission"].answers if more.get("submission") else None
    return queue(registration, kind, now, language=(carried or {}).get("language", ""), **told)


def _queue_managing(registration: Registration, kind: str, now: datetime, **more) -> OutboxMessage | None:
    return queue(registration, kind, now, leads_to=TokenPurpose.MANAGE, **more)


def queue(
    registration: Registration,
    kind: str,
    now: datetime,
    *,
    leads_to: TokenPurpose | None = None,
    submission: Submission | None = None,
    withheld: bool = False,
    lane: Lane = Lane.SOON,
    to: str = "",
    language: str = "",
    **context,
) -> OutboxMessage | None:
    """Put a mail into the outbox, with a fresh link for the purpose `leads_to`; a `withheld` mail is never sent.

    `to` and `language` replace the registration's. Without an address nothing is queued. A mail that its recipient may
    refuse to get again has a `leave_link` for that (M08).
    """
    if not (to or registration.has_address):
        return None
    event, language = registration.event, language or registration.language
    if leads_to:
        told: dict[str, Any] = {"submission": submission, "is_dead": withheld, "language": language}
        context["link"] = links.issue_address(registration, leads_to, now=now, **told)
    if kind in missing_answers.LAST_STEPS:
        context["has_to_answer"] = missing_answers.can_be_given(registration, now)
    return outbox.queue(
        kind=kind,
        recipient=to or registration.email,
        language=language,
        context=_facts_of(registration, now) | context,
        now=now,
        event_id=event.id,
        registration_id=registration.id,
        withheld=withheld,
        lane=lane,
        reply_to=event.contact_email,
    )


def _facts_of(registration: Registration, now: datetime) -> dict[str, Any]:
    """Return by name the values that the templates of every mail to the person can use."""
    return {
        "event": registration.event,
        "sector": registration.sector,
        "reference": registration.reference,
        "moved": None,
        "status": registration.status,
        "is_past_offer": deadlines.is_past_offer(registration, now),
        "answer_by": registration.answer_by if (registration.answer_by or now) > now else None,
        "link_until": links.managing_ends(registration.event),
        "register_link": links.registering_address(registration, now=now),
    }
