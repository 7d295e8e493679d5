"""The mail of an invitation: neutral outside, with the organisers' own words and a link of its own (P26)."""

from datetime import datetime

from flask import current_app
from flask_babel import lazy_gettext as _l

from forum.columns import digest, new_token
from forum.invitations.models import Invitation
from forum.outbox import actions as outbox
from forum.outbox.enums import Lane
from forum.outbox.models import OutboxMessage
from forum.registration.review_words import paragraphs

# Other people may see the first line of a mail in a list of mails, so it names neither the event nor the person (P26).
OPENING = _l("This is an invitation to take part in something. What it is about stands below.")


def queue(invitation: Invitation, *, now: datetime) -> OutboxMessage:
    """Queue the mail behind the mails that single people wait for; only the digest of its link is stored (S18)."""
    token = new_token()
    invitation.link_digest = digest(token)
    link = f"{current_app.config['BASE_URL']}/{invitation.language}/r/invitation/{token}"
    message = outbox.queue(
        kind="invitation",
        recipient=invitation.email,
        language=invitation.language,
        context={
            "opening": OPENING,
            "event": invitation.event,
            "sector": invitation.sector,
            "paragraphs": paragraphs(invitation.words),
            "until": invitation.expires_at,
            "is_held": invitation.holds_place,
            "link": link,
        },
        now=now,
        event_id=invitation.event_id,
        lane=Lane.BULK,
        reply_to=invitation.event.contact_email,
    )
    invitation.message = message
    return message
