"""The mails of substitutions and delegations, as neutral as all mails of `registration.mails` (P26, M12)."""

from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l

from forum.delegations.enums import ContactLink
from forum.delegations.models import Delegation
from forum.events import queries as events
from forum.events.freezing import is_frozen
from forum.outbox import actions as outbox
from forum.outbox.enums import Lane
from forum.outbox.models import OutboxMessage
from forum.registration import mails
from forum.registration.enums import TokenPurpose
from forum.registration.models import Registration

OPENING = _l("This is about a registration.")
ASKED, REPLACED, REVIEWED = mails.SUBSTITUTE_ASKED, "substituted", "substitute-in-review"
REGISTERED = mails.SUBSTITUTE_REGISTERED
# The kinds of mails to the contact of a delegation.
TO_CONTACT = (
    *("delegation-asked", "delegation-again", "delegation-registered", "delegation-changed"),
    "delegation-link",
)
TO_CONFIRM, AGAIN, DONE, CHANGED, LINK = TO_CONTACT
OF_SEVERAL = _l("This is about the registration of several people.")
PATHS = {ContactLink.CONFIRM: "confirm/", ContactLink.MANAGE: ""}


def queue_asked(
    registration: Registration,
    email: str,
    token: str,
    *,
    until: datetime,
    withheld: bool = False,
    now: datetime,
) -> OutboxMessage | None:
    """Queue the mail that asks somebody to come instead; it names nobody, because a visitor typed its address."""
    link = f"{current_app.config['BASE_URL']}/{registration.language}/r/instead/{token}"
    return mails.queue(
        registration,
        ASKED,
        now,
        to=email,
        withheld=withheld,
        lane=Lane.NOW,
        link=link,
        until=until,
        opening=OPENING,  # stands in place of the person's reference, which the substitute must not learn
    )


def queue_registered(
    registration: Registration, *, withheld: bool = False, now: datetime
) -> OutboxMessage | None:
    """Queue the mail that tells the owner of a named address, and nobody else, that it is registered already (S24)."""
    return mails.queue(
        registration, REGISTERED, now, leads_to=TokenPurpose.MANAGE, withheld=withheld, lane=Lane.NOW
    )


def queue_replaced(registration: Registration, *, by_contact: bool, now: datetime) -> OutboxMessage | None:
    """Queue the mail that tells a person that a substitute has taken over; cancel the person's unsent mails.

    `by_contact`: not the person has named the substitute, but the contact of their delegation.
    """
    mails.take_back([registration])
    return mails.queue(registration, REPLACED, now, by_contact=by_contact)


def queue_to_contact(
    delegation: Delegation,
    kind: str,
    token: str,
    *,
    purpose: ContactLink = ContactLink.MANAGE,
    withheld: bool = False,
    lane: Lane = Lane.SOON,
    now: datetime,
    **context: Any,
) -> OutboxMessage:
    """Queue a mail to the contact with a link; it has no text that a visitor typed."""
    return outbox.queue(
        kind=kind,
        recipient=delegation.email,
        language=delegation.language,
        context={
            "opening": OF_SEVERAL,
            "event": delegation.event,
            "sector": delegation.sector,
            "until": delegation.confirm_by,
            "link": address_of(delegation, token, purpose),
            "can_act": not events.is_off(delegation.event, now) and not is_frozen(delegation.event, now),
            "has_to_answer": False,
            **context,
        },
        now=now,
        event_id=delegation.event_id,
        withheld=withheld,
        lane=lane,
        reply_to=delegation.event.contact_email,
    )


def address_of(delegation: Delegation, token: str, purpose: ContactLink = ContactLink.MANAGE) -> str:
    """Return the URL of a contact's link, under BASE_URL whatever the request's Host is (S39)."""
    base = f"{current_app.config['BASE_URL']}/{delegation.language}/r/delegation/"
    return f"{base}{PATHS[purpose]}{token}"
