"""Organisers who are signed in without the sign-in pages, for tests that do not test signing in."""

from datetime import datetime, timedelta
from itertools import count

from flask import Flask

from forum.accounts import sign_ins
from forum.accounts.enums import Role
from forum.accounts.models import Membership, SignIn, User
from forum.columns import digest, new_token
from forum.events.models import Event
from tests.factories.events import NOW
from tests.factories.saving import save
from tools.pages import Pages

_numbers = count(1)


def sign_in_somebody(
    app: Flask,
    role: Role = Role.ORGANISER,
    event: Event | None = None,
    *,
    language: str = "en",
    fresh: bool = True,
    at: datetime = NOW,
) -> Pages:
    """Make an organiser with this role, for one event or all, and return a signed-in browser."""
    number, token = next(_numbers), new_token()
    confirmed_at = at if fresh else at - timedelta(minutes=10)
    user = User(
        email=f"organiser{number}@example.org",
        name=f"Organiser {number}",
        password_hash="not used: the sign-in is made by hand",
        language=language,
        created_at=at,
    )
    user.memberships = [Membership(role=role, event_id=event.id if event else None)]
    save(SignIn(digest=digest(token), user=user, created_at=at, last_seen_at=at, confirmed_at=confirmed_at))
    pages = Pages(app, language)
    with pages.client.session_transaction() as session:
        session[sign_ins.TOKEN] = token
    return pages
