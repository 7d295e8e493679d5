"""The mails of mailings: queueing a recipient's mail, and rendering a mail as a preview."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l

from forum.accounts.models import User
from forum.columns import new_token
from forum.events.models import Event
from forum.mailings.enums import Category
from forum.mailings.facts import Facts, differing, event_with
from forum.mailings.models import Mailing, MailingRecipient
from forum.mailings.wording import category_name
from forum.outbox import actions as outbox
from forum.outbox import placeholders, rendering
from forum.outbox.enums import Lane
from forum.outbox.models import OutboxMessage
from forum.outbox.placeholders import EVENT, FAMILY_NAME, GIVEN_NAME, SECTOR
from forum.outbox.rendering import Rendered
from forum.registration import links
from forum.registration import mails as registration_mails
from forum.registration.models import Registration
from forum.registration.review_words import paragraphs
from forum.web.languages import NAMES

EVENT_CHANGED, OWN_WORDS = "event-changed", "own-words"
# The first line of a message beyond the event, which is not about the reader's registration. The line must not name the
# event: other people may see it in a list of mails (P26).
OF_FURTHER = _l("You get this message because you are registered with us.")
# The kinds of mails that go to many people at once.
KINDS = (EVENT_CHANGED, OWN_WORDS)
SAMPLE = "••••••••"  # a preview shows this instead of a person's reference and link


def queue(recipient: MailingRecipient, *, now: datetime) -> OutboxMessage | None:
    """Queue the mail about a change, with lowest priority and a new personal link; return None without address."""
    mailing, registration = recipient.mailing, recipient.registration
    told = _told(mailing, recipient.step, registration.language)
    return registration_mails.queue_of_mailing(registration, EVENT_CHANGED, now=now, **told)


def queue_own_words(
    recipient: MailingRecipient, code: str, leave: Mapping[str, str], *, now: datetime
) -> OutboxMessage | None:
    """Queue the mail in the organisers' own words, in the language `code`, for one recipient.

    `leave` has the URL, and perhaps the mail address, by which the person refuses further messages.
    """
    registration = recipient.registration
    written = _written(recipient.mailing, code, _values(registration, code))
    return registration_mails.queue_of_mailing(registration, OWN_WORDS, now=now, **leave, **written)


def queue_trial(
    mailing: Mailing, user: User, code: str, *, leave_address: str, now: datetime
) -> OutboxMessage:
    """Queue the mail in the organisers' own words to an organiser, as an example; its links do not work.

    The mail has the organiser's name: it must not tell the name of any recipient.
    """
    event: Event = mailing.event
    site = f"{current_app.config['BASE_URL']}/{code}/r/"
    leave_link = f"{site}messages/{new_token()}"
    return outbox.queue(
        kind=OWN_WORDS,
        recipient=user.email,
        language=code,
        context={
            **_of_sample(event),
            "link": f"{site}{new_token()}",
            "leave_link": leave_link,
            "leave_address": leave_address,
            **_written(mailing, code, sample_values(event, user, code)),
        },
        now=now,
        event_id=event.id,
        lane=Lane.NOW,
        reply_to=event.contact_email,
    )


def preview(mailing: Mailing, language: str, step: int) -> Rendered:
    """Return the mail about a change for people who know the facts of `step`; its link leads nowhere."""
    context = {"link": _sample_link(language), **_told(mailing, step, language)}
    return rendering.render(EVENT_CHANGED, language, {**_of_sample(mailing.event), **context})


def preview_own_words(mailing: Mailing, user: User, registration: Registration | None, code: str) -> Rendered:
    """Return the mail in the organisers' own words as this person would get it; with None, as the organiser would."""
    # A newer version may have stored a language that this version lacks: then use the language of the words.
    language = registration.language if registration and registration.language in NAMES else code
    values = _values(registration, code) if registration else sample_values(mailing.event, user, code)
    context = {
        **_of_sample(mailing.event),
        "link": _sample_link(language),
        "leave_link": f"{current_app.config['BASE_URL']}/{language}/r/messages/{SAMPLE}",
        **({"reference": registration.reference} if registration else {}),
        **_written(mailing, code, values),
    }
    return rendering.render(OWN_WORDS, language, context)


def sample_values(event: Event, user: User, code: str) -> dict[str, str]:
    """Return the values of placeholders in a mail to an organiser: the organiser's name, the event's first sector."""
    given, _, family = user.name.partition(" ")
    return {
        GIVEN_NAME: given,
        FAMILY_NAME: family or given,
        EVENT: event.name.in_language(code),
        SECTOR: event.sectors[0].name.in_language(code) if event.sectors else "",
    }


def _values(registration: Registration, code: str) -> dict[str, str]:
    """Return the values of placeholders for a registration. The name is the registered one, perhaps an alias (P20)."""
    return {
        GIVEN_NAME: registration.given_name,
        FAMILY_NAME: registration.family_name,
        EVENT: registration.event.name.in_language(code),
        SECTOR: registration.sector.name.in_language(code),
    }


def _written(mailing: Mailing, code: str, values: dict[str, str]) -> dict[str, Any]:
    """Return the template's context for a mail in the organisers' own words, with the placeholders filled in."""
    return {
        "own_subject": mailing.subjects.get(code, ""),
        "own_code": code,
        "category_name": category_name(mailing.category),
        "list_name": mailing.category.value,
        "paragraphs": placeholders.fill(mailing.words.get(code, ""), values),
        **({"opening": OF_FURTHER} if mailing.category == Category.FURTHER else {}),
    }


def _of_sample(event: Event) -> dict[str, Any]:
    return {"event": event, "reference": SAMPLE, "link_until": links.managing_ends(event)}


def _sample_link(language: str) -> str:
    return f"{current_app.config['BASE_URL']}/{language}/r/{SAMPLE}"


def _told(mailing: Mailing, step: int, language: str) -> dict[str, Any]:
    """Return the template's values for a mail about a change of the event to people who know the facts of `step`.

    `was` is an event with these facts, `parts` names the facts that have changed since, and `paragraphs` has the
    organisers' own words.
    """
    was: Facts = mailing.steps[step]["facts"]
    parts = differing(was, mailing.steps[-1]["facts"], language)
    return {"was": event_with(was), "parts": parts, "paragraphs": paragraphs(mailing.words.get(language))}
