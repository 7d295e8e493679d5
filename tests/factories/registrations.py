"""Registrations for tests, made by the forum's own actions.

register(event, "justice", email="a@example.org")   takes a registration as the public form does
confirmed(event, "justice")                          takes a registration and confirms its address
register_elsewhere(archive, "justice")               registers for a past event, which the public form refuses
write(actions.cancel, registration, actor="person", now=NOW)   runs any action and commits
"""

import os
from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import select

from forum.database import start_write
from forum.events.models import Event
from forum.events.queries import find_sector
from forum.extensions import db
from forum.registration import actions, intake, places, sharing
from forum.registration.applicant import Applicant
from forum.registration.models import Registration
from forum.registration.senders import UNBOUNDED, Sender
from tests.factories.events import NOW

Result = TypeVar("Result")
# The numbers in people's names and addresses. Each pytest process has a range of its own, because it may add people to
# a database that another process has filled.
_numbers = count(1 + 100_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))


def make_applicant(**differing: Any) -> Applicant:
    """Return the answers that a new person gives in the registration form."""
    number = next(_numbers)
    values = {
        "given_name": "Åsa",
        "family_name": f"Bergström {number}",
        "organisation": f"Exempelstads myndighet {number}",
        "title": "Handläggare",
        "country": "SE",
        "language": "en",
        "phone": None,
        "email": f"person{number}@example.org",
        "submission_key": f"form-{number}",
    }
    return Applicant(**{**values, **differing})


def register(event: Event, sector: str = "justice", *, now: datetime = NOW, **differing: Any) -> Registration:
    """Register a person and commit; `consents`, if any, are given in the same transaction."""
    consents, sender = differing.pop("consents", frozenset()), differing.pop("sender", UNBOUNDED)
    start_write(db.session)
    applicant = make_applicant(**differing)
    places.lock(event)
    registration = intake.register(event, find_sector(event, sector), applicant, sender=sender, now=now)
    if consents:
        actions.set_consents(registration, consents, now=now)
    db.session.commit()
    return registration


def confirmed(
    event: Event, sector: str = "justice", *, now: datetime = NOW, **differing: Any
) -> Registration:
    """Register a person, confirm the address and the consents, and commit."""
    consents = differing.pop("consents", frozenset())
    registration = register(event, sector, now=now, **differing)
    start_write(db.session)
    actions.confirm(registration, consents=consents, now=now)
    db.session.commit()
    return registration


def too_many(_address: str) -> bool:
    """Refuse to send a mail, as to a mailbox that has got too many mails: `register(event, sender=SILENCED)`."""
    return False


SILENCED = Sender(too_many)


def write(rule: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Run an action in a write transaction and commit, as a view does."""
    start_write(db.session)
    result = rule(*args, **kwargs)
    db.session.commit()
    return result


def change_capacity(event: Event, capacity: int) -> None:
    """Change the event's capacity as its settings do, and leave each sector's floor and ceiling as they are."""
    shares = {sector.key: (sector.floor, sector.ceiling) for sector in event.sectors}
    sharing.change_shares(event, capacity=capacity, shares=shares)


def read_care(registration: Registration) -> dict[str, Any]:
    """Return the sealed answers about diet and access by the question's key."""
    sealed = registration.care_answer.answer if registration.care_answer else {}
    return dict(sealed.get("given", {}))


def register_elsewhere(event: Event, sector: str, **differing: Any) -> Registration:
    """Register and confirm a person for a past event, at the time when its registration opened."""
    current = db.session.scalars(select(Event).where(Event.is_current)).one()
    _swap(current, event)
    registration = confirmed(event, sector, now=event.opens_at, **differing)
    _swap(event, current)
    return registration


def _swap(before: Event, after: Event) -> None:
    for event, is_current in ((before, False), (after, True)):
        start_write(db.session)
        event.is_current = is_current
        db.session.commit()
