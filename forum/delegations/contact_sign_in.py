"""A browser's sign-in to the page of a delegation, by the contact's link (S22).

It ends half an hour after its last page, twelve hours after it began, and with the link, as one to a person's own page.
The session's cookie says which link was followed and when, and nothing of anybody.
"""

from datetime import UTC, datetime
from typing import Any

from flask import session

from forum.delegations import contact_links
from forum.delegations.enums import ContactLink
from forum.delegations.models import Delegation
from forum.registration.errors import SignInEnded
from forum.registration.own_sign_in import IDLE, LONGEST

KEY = "delegation"
SHAPE = {"link": str, "began": float, "seen": float}


def begin(token_digest: str, *, now: datetime) -> None:
    """Sign this browser in by the link with this digest."""
    session[KEY] = {"link": token_digest, "began": now.timestamp(), "seen": now.timestamp()}


def follow(*, now: datetime) -> Delegation:
    """Return the delegation to which this browser is signed in. Raises LinkRefused; SignInEnded where it is not."""
    kept: Any = session.get(KEY)
    is_known = isinstance(kept, dict) and kept.keys() == SHAPE.keys()
    if not is_known or not all(isinstance(kept[name], kind) for name, kind in SHAPE.items()):
        raise SignInEnded
    delegation = contact_links.follow_digest(kept["link"], ContactLink.MANAGE, now=now)
    if now >= _at(kept["began"]) + LONGEST or now >= _at(kept["seen"]) + IDLE:
        raise SignInEnded
    session[KEY] = {**kept, "seen": now.timestamp()}
    return delegation


def leave() -> None:
    """Take the sign-in out of this browser."""
    session.pop(KEY, None)


def _at(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
