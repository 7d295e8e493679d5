"""The people of a delegation as its contact has named them, and which of them have yet to confirm their address.

The contact reads only what the contact has typed: what a person changes afterwards is their own (P20). And until a
person has confirmed the address, nothing that the contact reads goes by the registration, because there is none where
the address is registered already, and only its owner is told that (S24).
"""

from dataclasses import asdict
from datetime import datetime, timedelta

from forum.delegations.asking import Person
from forum.delegations.enums import DelegateState
from forum.delegations.models import Delegate
from forum.registration.deadlines import CONFIRM_TIME
from forum.registration.enums import Status

DAY = timedelta(days=1)
NOBODY = Person("", "", "")
UNANSWERED = (Status.PENDING, Status.EXPIRED, Status.CANCELLED)


def asked_until(one: Delegate) -> datetime | None:
    """Return until when a person has been asked to confirm an address; None once they have, or where there is none."""
    mine = one.registration
    is_open = (
        mine is not None and mine.has_address and mine.confirmed_at is None and mine.status in UNANSWERED
    )
    if one.state != DelegateState.ASKED and not (one.state == DelegateState.REGISTERED and is_open):
        return None
    return (one.asked_at or one.delegation.confirmed_at or one.delegation.asked_at) + CONFIRM_TIME


def is_forgotten(one: Delegate, now: datetime) -> bool:
    """Return whether a day has passed since the person could confirm: then nothing is left of them (P07)."""
    until = asked_until(one)
    return until is not None and now >= until + DAY


def person_of(one: Delegate, now: datetime) -> Person | None:
    """Return the person as the contact has typed them; None for a newcomer whom somebody else has named."""
    mine = one.registration
    if one.state == DelegateState.WITHDRAWN or is_forgotten(one, now):
        return NOBODY
    if mine is None:
        return Person(one.given_name, one.family_name, one.title, one.email)
    if one.typed:
        return Person(**one.typed)
    return None if mine.has_address else Person(mine.given_name, mine.family_name, mine.title)


def keep(one: Delegate, person: Person) -> None:
    """Keep what the contact has typed of somebody who is registered; it is sealed, for beside it may be an alias."""
    one.typed = asdict(person)
    one.given_name = one.family_name = one.title = one.email = ""


def forget(one: Delegate) -> None:
    """Forget what the contact has typed of a person."""
    one.typed = None
    one.given_name = one.family_name = one.title = one.email = ""


def part(one: Delegate, now: datetime) -> None:
    """Part a person from a registration that nobody has confirmed, before it is erased; the contact reads the same."""
    person = person_of(one, now) or NOBODY
    one.registration, one.typed, one.told = None, None, ""
    for name, value in asdict(person).items():
        setattr(one, name, value)
    if one.state == DelegateState.REGISTERED:
        one.state = DelegateState.ASKED
