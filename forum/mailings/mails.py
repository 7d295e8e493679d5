"""The mails of mailings: queued one by one, or rendered as a preview."""

from datetime import datetime
from typing import Any

from flask import current_app

from forum.events.models import Event
from forum.mailings.facts import Facts, differing, event_with
from forum.mailings.models import Mailing, MailingRecipient
from forum.outbox import rendering
from forum.outbox.models import OutboxMessage
from forum.outbox.rendering import Rendered
from forum.registration import links
from forum.registration import mails as registration_mails
from forum.registration.review_words import paragraphs

EVENT_CHANGED = "event-changed"
SAMPLE = "••••••••"  # a preview shows this instead of a person's reference and link


def queue(recipient: MailingRecipient, *, now: datetime) -> OutboxMessage | None:
    """Queue the recipient's mail with the lowest priority and a link of its own; return None without an address."""
    mailing, registration = recipient.mailing, recipient.registration
    told = _told(mailing, recipient.step, registration.language)
    return registration_mails.queue_of_mailing(registration, EVENT_CHANGED, now=now, **told)


def preview(mailing: Mailing, language: str, step: int) -> Rendered:
    """Return the mail for people who read this language and know the facts of `step`; the mail's link leads nowhere."""
    event: Event = mailing.event
    return rendering.render(
        EVENT_CHANGED,
        language,
        {
            "event": event,
            "reference": SAMPLE,
            "link": f"{current_app.config['BASE_URL']}/{language}/r/{SAMPLE}",
            "link_until": links.managing_ends(event),
            **_told(mailing, step, language),
        },
    )


def _told(mailing: Mailing, step: int, language: str) -> dict[str, Any]:
    """Return what the mail's templates need: the former facts, the parts that differ now, the organisers' own words."""
    was: Facts = mailing.steps[step]["facts"]
    parts = differing(was, mailing.steps[-1]["facts"], language)
    return {"was": event_with(was), "parts": parts, "paragraphs": paragraphs(mailing.words.get(language))}
