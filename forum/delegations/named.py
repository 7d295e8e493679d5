"""The people of a delegation as its contact has named them, and which of them have yet to confirm their address.

The contact reads only what the contact has typed, never what a person changes afterwards (P20). Until a person has
confirmed the address, what the contact reads does not depend on the registration: there is none if the address was
registered already, and only its owner may learn so (S24).
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
    """Return until when a person can confirm an address; None if it is confirmed, or if the person has none."""
    mine = one.registration
    is_open = (
        mine is not None and mine.has_address and mine.confirmed_at is None and mine.status in UNANSWERED
    )
    if one.state != DelegateState.ASKED and not (one.state == DelegateState.REGISTERED and is_open):
        return None
    return one.confirm_by or begun_at(one) + CONFIRM_TIME


def begun_at(one: Delegate) -> datetime:
    """Return the moment at which a person's time to confirm an address begins."""
    return one.asked_at or one.delegation.confirmed_at or one.delegation.asked_at


def is_forgotten(one: Delegate, now: datetime) -> bool:
    """Return whether a day has passed since the person's deadline to confirm: then the names are deleted (P07)."""
    until = asked_until(one)
    return until is not None and now >= until + DAY


def person_of(one: Delegate, now: datetime) -> Person | None:
    """Return the person as the contact has typed them; None for a substitute whom a registered person has named."""
    mine = one.registration
    if one.state == DelegateState.WITHDRAWN or is_forgotten(one, now):
        return NOBODY
    if mine is None:
        return Person(one.given_name, one.family_name, one.title, one.email)
    if one.typed:
        return Person(**one.typed)
    return None if mine.has_address else Person(mine.given_name, mine.family_name, mine.title)


def keep(one: Delegate, person: Person) -> None:
    """Store what the contact has typed of a registered person, encrypted, because it may reveal who uses an alias."""
    one.typed = asdict(person)
    one.given_name = one.family_name = one.title = one.email = ""


def forget(one: Delegate) -> None:
    """Delete what the contact has typed of a person."""
    one.typed = None
    one.given_name = one.family_name = one.title = one.email = ""


def part(one: Delegate, now: datetime) -> None:
    """Unlink a person from an unconfirmed registration before its erasure; the contact's page stays the same."""
    person = person_of(one, now) or NOBODY
    one.registration, one.typed, one.told = None, None, ""
    for name, value in asdict(person).items():
        setattr(one, name, value)
    if one.state == DelegateState.REGISTERED:
        one.state = DelegateState.ASKED
