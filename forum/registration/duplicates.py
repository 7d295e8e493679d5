"""Registrations with similar data, which may belong to one person; organisers decide whether they do.

Only data that every list shows are compared, so protected identity makes no difference (P21).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

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
COMPARED = (
    Registration.id,
    Registration.given_name,
    Registration.family_name,
    Registration.organisation,
    Registration.email_canonical,
    Registration.phone,
)


class Mark(NamedTuple):
    """A value that registrations of one person have in common: name with organisation, or the telephone number."""

    is_phone: bool
    text: str


def marks_of(person: Row | Details) -> Iterator[Mark]:
    """Yield the marks of a person; different ways to write the same letters and digits give the same mark."""
    yield Mark(False, f"{_name(person)}\n{search_fold(person.organisation)}")
    if digits := _digits(person.phone):
        yield Mark(True, digits)


def list_marks(event: Event) -> dict[Mark, str]:
    """Return the references of the event's live registrations by mark; of several with the same mark, the first."""
    theirs = Registration.event_id == event.id, Registration.status.in_(STANDING)
    rows = db.session.execute(
        select(*COMPARED, Registration.reference).where(*theirs).order_by(Registration.id.desc())
    )
    return {mark: row.reference for row in rows for mark in marks_of(row)}


def find_alike(registration: Registration) -> Sequence[Registration]:
    """Return live registrations that may be the same person's.

    They have a similar name and organisation, or the same name, telephone number or part of the address before the @.
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
    if mine == theirs or (row.phone and _digits(row.phone) == _digits(registration.phone)):
        return True
    if fuzz.token_sort_ratio(mine, theirs) >= LIKE_ENOUGH:
        return fuzz.token_sort_ratio(*organisations) >= LIKE_ENOUGH
    part = _part(row.email_canonical)
    return len(part) >= SHORTEST_PART and part == _part(registration.email_canonical)


def _name(person: Row | Registration | Details) -> str:
    return search_fold(f"{person.given_name} {person.family_name}")


def _digits(phone: str | None) -> str:
    return "".join(sign for sign in phone or "" if sign.isdecimal())[-9:]


def _part(email: str) -> str:
    """Return the part before the @; "" for a reference, which is stored for a registration without an address."""
    return email.partition("@")[0] if "@" in email else ""
