"""A round of decisions about many registrations: the chosen people, and one decision after the other.

Each decision is a transaction of its own, as on a person's page: other requests do not wait for all of them, and a
process that dies leaves no decision half made.
"""

from collections.abc import Callable, Mapping, Sequence

from flask import g, request

from forum.accounts import sign_ins
from forum.database import start_write
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.registration import queries as registrations
from forum.registration.errors import NotInReview, NotLive, SectorFull
from forum.registration.models import Registration
from forum.registration.searching import read_reference
from forum.review import queries
from forum.review.errors import (
    AlreadyProposed,
    DecisionRefused,
    NobodyElse,
    NothingProposed,
    OutOfSectors,
    SamePerson,
    SeenChanged,
)

# The reasons for which no decision is made about a person; LEFT has the reason for each type of refusal.
FULL, TOO_LATE, CHANGED, PASSED, PROPOSED_BEFORE = "full", "too_late", "changed", "passed", "proposed_before"
ALONE, WITHDRAWN, OWN = "alone", "withdrawn", "own"
LEFT: Mapping[type[Exception], str] = {
    NotInReview: TOO_LATE,
    NotLive: TOO_LATE,
    OutOfSectors: TOO_LATE,
    SectorFull: FULL,
    SeenChanged: CHANGED,
    AlreadyProposed: PROPOSED_BEFORE,
    NobodyElse: ALONE,
    NothingProposed: WITHDRAWN,
    SamePerson: OWN,
}
# A function that decides about a registration and returns the outcome; its second argument is the digest of the values
# that the page showed.
Decide = Callable[[Registration, str], str]


def selected(event: Event) -> Sequence[Registration]:
    """Return the people ticked in the form about whom this organiser can decide, by time of registering."""
    values = (request.form if request.method == "POST" else request.args).getlist("who")
    # Search only texts in the form of a reference: PostgreSQL refuses a text with a NUL.
    references = {read_reference(value.partition(".")[0]) for value in values[: queries.SHOWN]}
    people = queries.list_by_references(event, references, sign_ins.reviewed_sectors(event))
    recused = queries.find_recused(people, g.user.id)
    return [one for one in people if one.id not in recused]


def decide_one(slug: str, reference: str, seen: str, decide: Decide) -> str:
    """Call `decide` with the person who has this reference, and commit; return the outcome, or why there is none."""
    start_write(db.session)
    # Find people of all sectors: for a reviewer who may see some sectors only, `decide` refuses people of other
    # sectors.
    registration = registrations.find_by_reference(get_any_or_404(slug), reference)
    if registration is None:
        # End the transaction, which holds the database's lock, before the next page is rendered.
        db.session.rollback()
        return TOO_LATE
    try:
        came = decide(registration, seen)
    except (DecisionRefused, NotInReview, NotLive, SectorFull) as refusal:
        came = LEFT.get(type(refusal), PASSED)
    else:
        db.session.commit()
        return came
    db.session.rollback()
    return came
