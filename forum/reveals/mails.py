"""The mail that tells the other handlers of a reveal. The mail never says what was revealed, nor why."""

from datetime import datetime
from urllib.parse import urlsplit

from flask import current_app, url_for

from forum.accounts.models import User
from forum.outbox import actions as outbox
from forum.outbox.enums import Lane
from forum.registration.models import Registration


def queue_revealed(registration: Registration, *, by: User, to: User, now: datetime) -> None:
    """Tell another handler who has revealed whose identity and when.

    The mail belongs to no event and no registration, so that no page about these shows that there was a reveal.
    """
    event, base_url = registration.event, current_app.config["BASE_URL"]
    outbox.queue(
        kind="identity-revealed",
        recipient=to.email,
        recipient_name=to.name,
        language=to.language,
        context={
            "site_name": urlsplit(base_url).hostname or "",
            "handler": by.name,
            "whose": registration.reference,
            "at": now,
            "about": event,
            "link": base_url + url_for("reveals.index", event=event.slug),
        },
        now=now,
        lane=Lane.NOW,
    )
