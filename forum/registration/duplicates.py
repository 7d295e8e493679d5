"""Registrations with similar data, which may belong to one person; organisers decide whether they do.

Only data that every list shows are compared, so protected identity makes no difference (P21).
"""

from collections.abc import Sequence
from typing import Generic, TypeVar

from rapidfuzz import fuzz
from sqlalchemy import Row, select

from forum.events.models import Event
from forum.extensions import db
from forum.folding import search_fold
from forum.registration import listing
from forum.registration.applicant import Details
from forum.registration.models import Registration
from forum.registration.uniting import STANDING

# Similarity from 0 to 100, in any order of words: 85 tolerates one or two wrong, missing or extra letters in a name.
LIKE_ENOUGH = 85
# Addresses are compared by their local part (before the @) if it has at least so many characters.
SHORTEST_PART = 5
MOST = 20
# Telephone numbers are compared by their last digits, so that it makes no difference whether the country is given.
# Icelandic numbers have seven without it.
DIGITS = 7
# How many people with one telephone number are compared by name: a number that more people have is a switchboard's.
MOST_WITH_NUMBER = 50
COMPARED = (
    Registration.id,
    Registration.given_name,
    Registration.family_name,
    Registration.organisation,
    Registration.email_canonical,
    Registration.phone,
)


Told = TypeVar("Told")


class Known(Generic[Told]):
    """People with whom others are compared, each with a value that tells who it is, such as a reference.

    Two people are taken for one if they have the same name and organisation, or the same telephone number and a similar
    name: colleagues have the number of their switchboard. Names are compared as searches fold them, numbers by digits.
    """

    def __init__(self) -> None:
        self._by_name: dict[tuple[str, str], Told] = {}
        self._by_phone: dict[str, list[tuple[str, Told]]] = {}

    def add(self, person: Row | Details, told: Told) -> None:
        """Remember a person; of several that are alike, the first is found."""
        self._by_name.setdefault(_name_with_organisation(person), told)
        if digits := _digits(person.phone):
            same_number = self._by_phone.setdefault(digits, [])
            if len(same_number) < MOST_WITH_NUMBER:
                same_number.append((_name(person), told))

    def find_by_name(self, person: Details) -> Told | None:
        """Return who has the person's name and organisation."""
        return self._by_name.get(_name_with_organisation(person))

    def find_by_phone(self, person: Details) -> Told | None:
        """Return who has the person's telephone number and a similar name."""
        name, same_number = _name(person), self._by_phone.get(_digits(person.phone), ())
        return next((told for other, told in same_number if _is_like(name, other)), None)


def list_known(event: Event) -> Known[str]:
    """Return the people of the event's live registrations, with their references."""
    theirs = Registration.event_id == event.id, Registration.status.in_(STANDING)
    known: Known[str] = Known()
    for row in db.session.execute(
        select(*COMPARED, Registration.reference).where(*theirs).order_by(Registration.id)
    ):
        known.add(row, row.reference)
    return known


def find_alike(registration: Registration) -> Sequence[Registration]:
    """Return live registrations that may be the same person's.

    They have a similar name and organisation, the same name, or the same part of the address before the @. Or they have
    the same telephone number and names that are similar or have a word in common: colleagues, whose names differ, have
    the number of their switchboard.
    """
    others = select(*COMPARED).where(*_others(registration)).order_by(Registration.id)
    rows = db.session.execute(others).all()
    alike = [row.id for row in rows if _is_alike(row, registration)][:MOST]
    return db.session.scalars(_by_id(alike)).all() if alike else ()


def search(registration: Registration, typed: str) -> Sequence[Registration]:
    """Return the event's other live registrations that match a search for the typed words."""
    others = listing.matching(registration.event, listing.Filters(q=typed)).where(*_others(registration))
    return db.session.scalars(others.order_by(*listing.BY_NAME).limit(MOST)).all()


def _others(registration: Registration) -> tuple:
    event: Event = registration.event
    return (
        Registration.event_id == event.id,
        Registration.id != registration.id,
        Registration.status.in_(STANDING),
    )


def _by_id(ids: Sequence[int]):
    return select(Registration).where(Registration.id.in_(ids)).order_by(*listing.BY_NAME)


def _is_alike(row: Row, registration: Registration) -> bool:
    mine, theirs = _name(registration), _name(row)
    organisations = search_fold(registration.organisation), search_fold(row.organisation)
    if mine == theirs:
        return True
    if (
        _digits(row.phone)
        and _digits(row.phone) == _digits(registration.phone)
        and _shares_name(mine, theirs)
    ):
        return True
    if _is_like(mine, theirs):
        return _is_like(*organisations)
    part = _part(row.email_canonical)
    return len(part) >= SHORTEST_PART and part == _part(registration.email_canonical)


def _is_like(mine: str, theirs: str) -> bool:
    return fuzz.token_sort_ratio(mine, theirs) >= LIKE_ENOUGH


def _shares_name(mine: str, theirs: str) -> bool:
    """Return whether the names are similar or have a word in common, as before and after a marriage."""
    return _is_like(mine, theirs) or not set(mine.split()).isdisjoint(theirs.split())


def _name_with_organisation(person: Row | Details) -> tuple[str, str]:
    return _name(person), search_fold(person.organisation)


def _name(person: Row | Registration | Details) -> str:
    return search_fold(f"{person.given_name} {person.family_name}")


def _digits(phone: str | None) -> str:
    """Return the digits by which a telephone number is compared, "" if there are none."""
    return "".join(sign for sign in phone or "" if sign.isdecimal())[-DIGITS:]


def _part(email: str) -> str:
    """Return the part before the @; "" for a reference, which is stored for a registration without an address."""
    return email.partition("@")[0] if "@" in email else ""
