"""A browser's sign-in to the page of a delegation, by the contact's link (S22).

The sign-in ends after half an hour without use, after twelve hours, and with the link, like a sign-in to a person's own
page. The session cookie has only the link's digest and times, nothing about a person. Signing out is stored in the
link's row, so that a copy of the cookie is worthless too (F5); the link in the message begins another sign-in.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from flask import session

from forum.delegations import contact_links
from forum.delegations.enums import ContactLink
from forum.delegations.models import Delegation
from forum.registration import sign_in_end
from forum.registration.errors import LinkRefused, SignInEnded
from forum.registration.own_sign_in import IDLE, LONGEST, note_end

KEY = "delegation"
SHAPE = {"link": str, "began": float, "seen": float}


def begin(token_digest: str, *, now: datetime) -> None:
    """Sign this browser in to the delegation's page by the link with this digest."""
    session[KEY] = {"link": token_digest, "began": now.timestamp(), "seen": now.timestamp()}


def follow(*, now: datetime) -> Delegation:
    """Return the delegation to which this browser is signed in.

    Raises LinkRefused; SignInEnded if it is not signed in.
    """
    kept = _find()
    if kept is None:
        raise SignInEnded
    link = contact_links.find(kept["link"], ContactLink.MANAGE, now=now)
    has_left = link.left_at is not None and _at(kept["began"]) <= link.left_at
    if has_left or now >= _at(kept["began"]) + LONGEST or now >= _at(kept["seen"]) + IDLE:
        raise SignInEnded
    session[KEY] = {**kept, "seen": now.timestamp()}
    ends = _at(kept["began"]), link.expires_at
    note_end(*ends, blueprint="own_delegation", number=link.delegation_id, now=now)
    return link.delegation


def leave(*, now: datetime) -> None:
    """End the sign-ins by this browser's link, also those of copied cookies. The caller has begun a write.

    A sign-in that has expired in this browser is ended too: a copied cookie may still be in use.
    """
    kept = _find()
    if kept is not None:
        with suppress(LinkRefused):
            contact_links.find(kept["link"], ContactLink.MANAGE, now=now).left_at = now
    forget()


def forget() -> None:
    """Remove the sign-in from this browser's session."""
    session.pop(KEY, None)
    sign_in_end.forget()


def _find() -> dict[str, Any] | None:
    """Return the sign-in in this browser's session, if there is one."""
    kept: Any = session.get(KEY)
    if not isinstance(kept, dict) or kept.keys() != SHAPE.keys():
        return None
    return kept if all(isinstance(kept[name], kind) for name, kind in SHAPE.items()) else None


def _at(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
