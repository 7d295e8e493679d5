"""An organiser's browser, and people in every state."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest

from forum import clock
from forum.accounts import sign_ins
from forum.accounts.enums import Role
from forum.accounts.models import Membership, SignIn, User
from forum.columns import digest, new_token
from forum.events.models import Event
from tests.factories.events import NOW, make_archive, make_event
from tests.factories.saving import save
from tools.pages import Pages

_numbers = count(1)
SignInAs = Callable[..., Pages]


@pytest.fixture
def now() -> Iterator:
    """The clock stands at NOW."""
    clock.freeze(NOW)
    yield NOW
    clock.freeze(None)


@pytest.fixture
def sign_in_as(app, now) -> SignInAs:
    """Return a browser that is signed in: `sign_in_as(Role.ORGANISER, event, language="sv", fresh=False)`."""

    def sign_in(
        role: Role = Role.ORGANISER,
        event: Event | None = None,
        *,
        language: str = "en",
        fresh: bool = True,
        at: datetime = NOW,
    ) -> Pages:
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
        save(
            SignIn(digest=digest(token), user=user, created_at=at, last_seen_at=at, confirmed_at=confirmed_at)
        )
        pages = Pages(app, language)
        with pages.client.session_transaction() as session:
            session[sign_ins.TOKEN] = token
        return pages

    return sign_in


@pytest.fixture
def event(database) -> Event:
    """The current event: five sectors, 250 places."""
    return make_event()


@pytest.fixture
def organiser(sign_in_as, event) -> Pages:
    """A browser of an organiser of the event, in English."""
    return sign_in_as(Role.ORGANISER, event)


@pytest.fixture
def archive(database) -> Event:
    """An earlier event, another organiser's."""
    return make_archive()
