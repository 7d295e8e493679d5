"""The conditions of a search for people: every term must be met, by the registration or by its delegation."""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, and_, exists, or_

from forum.events.models import Event
from forum.people.models import RegistrationTag
from forum.registration import delegated, searching
from forum.registration.delegated import Delegated
from forum.registration.models import Registration


def conditions(event: Event, query: str) -> Iterator[ColumnElement[bool]]:
    """Yield a condition for each term of a search."""
    terms = searching.terms(query)
    delegations = delegated.list_all(event) if terms else ()
    for term in terms:
        yield _meets(term, delegations)


def _meets(term: searching.Term, delegations: Sequence[Delegated]) -> ColumnElement[bool]:
    if term.tag:
        tagged = (RegistrationTag.registration_id == Registration.id, RegistrationTag.name == term.tag)
        return exists().where(*tagged)
    ways = [_holds(text) for text in term.texts]
    if term.countries:
        ways.append(Registration.country.in_(sorted(term.countries)))
    found = delegated.holding(delegations, term.texts)
    return or_(*ways) if found is None else or_(*ways, found)


def _holds(text: str) -> ColumnElement[bool]:
    columns = Registration.search_text, Registration.search_extra
    in_text, in_extra = (column.contains(text, autoescape=True) for column in columns)
    return or_(in_text, and_(in_extra, searching.EXTRA_HOLDS))
