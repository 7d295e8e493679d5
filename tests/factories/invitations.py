"""Invitations for tests: saved directly, or made by the forum's own rule."""

from datetime import timedelta
from typing import Any

from forum.columns import digest
from forum.events.models import Event
from forum.events.queries import find_sector
from forum.invitations.models import Invitation
from forum.registration.names import canonical_email
from tests.factories.events import NOW


def new_invitation(event: Event, sector: str, email: str, *, token: str = "", **differing: Any) -> Invitation:
    """Return an open invitation that is not saved; `token` is that of the mailed link, "" if no mail is made yet."""
    values = {
        "event_id": event.id,
        "sector": find_sector(event, sector),
        "given_name": "Kim",
        "family_name": "Andersen",
        "email": email,
        "email_canonical": canonical_email(email),
        "organisation": "Exempelstads tingsrätt",
        "language": "en",
        "words": "You are welcome.",
        "made_at": NOW,
        "expires_at": NOW + timedelta(days=14),
        "link_digest": digest(token) if token else None,
    }
    return Invitation(**{**values, **differing})
