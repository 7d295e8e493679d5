"""The people who are let in at the reception: those with a confirmed place, found by name or reference (S14)."""

from collections.abc import Sequence
from itertools import islice

from sqlalchemy import ColumnElement, Select, false, func, or_, select

from forum.events.models import Event
from forum.extensions import db
from forum.folding import search_fold
from forum.registration import searching
from forum.registration.enums import Status
from forum.registration.listing import BY_NAME
from forum.registration.models import Registration
from forum.registration.restrictions import IS_FREE

SHOWN = 50  # the most people on the page; typing more letters of a name finds the others
# How many letters longer a folded name may be than the name itself: folding turns "ß" into "ss".
LONGER = 9


def list_expected(event: Event, words: str) -> Sequence[Registration]:
    """Return at most SHOWN + 1 people with a confirmed place, by name; with words, only those whom every word matches.

    A word matches a part of the name, which for a protected identity is the alias (P22), or a whole reference. A word
    never matches an organisation, address or phone number, which the reception does not see. People whose data may not
    be used because of a restriction are left out.
    """
    terms = searching.terms(words)
    with db.session.scalars(_query(event, terms)) as people:
        named = (one for one in people if all(_is_named(one, term) for term in terms))
        return list(islice(named, SHOWN + 1))


def _query(event: Event, terms: Sequence[searching.Term]) -> Select[Registration]:
    has_place = (Registration.event_id == event.id, Registration.status == Status.CONFIRMED, IS_FREE)
    query = select(Registration).where(*has_place, *map(_names, terms))
    # The query has no limit: it also returns people whose names do not match the words, and a limit could cut off
    # people whose names do.
    return query.order_by(*BY_NAME).execution_options(yield_per=SHOWN)


def _names(term: searching.Term) -> ColumnElement[bool]:
    """Return the condition that a term is in the names (at the beginning of the search text), or is the reference."""
    names = func.length(Registration.given_name) + func.length(Registration.family_name) + LONGER
    beginning = func.substr(Registration.search_text, 1, names)
    ways = [beginning.contains(text, autoescape=True) for text in term.texts]
    ways += [Registration.reference == text.upper() for text in term.texts]
    return or_(false(), *ways)


def _is_named(person: Registration, term: searching.Term) -> bool:
    """Return whether a term is part of the person's names, or is the reference.

    The query also finds people by the first letters of their organisation, which stand behind the names.
    """
    names = search_fold(f"{person.given_name} {person.family_name}")
    return any(text in names or text.upper() == person.reference for text in term.texts)
