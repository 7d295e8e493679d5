"""The conditions of a search for people: every term must be met, by the registration or by its delegation."""

import json
import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    and_,
    any_,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
)

from forum import clock
from forum.events.models import Event
from forum.extensions import db
from forum.people.models import RegistrationTag
from forum.registration import awaited, delegated, searching, text_index
from forum.registration.delegated import Delegated
from forum.registration.models import Registration

MAY_BE_ADDRESS = re.compile(r"[@.]")  # matches a word that may be a part of an e-mail address


def narrow(
    query: Select, event: Event, words: str, delegations: Sequence[Delegated] | None = None
) -> tuple[Select, bool]:
    """Return the query limited to the event's registrations that meet each term of a search.

    `delegations` are the event's confirmed ones, if the caller has read them. The second value says whether the
    database's text index has found only few people.
    """
    terms = searching.terms(words)
    if delegations is None:
        delegations = delegated.list_all(event) if terms else ()
    entered = _list_entered(event, terms)
    by_text = [
        term
        for term in terms
        if not term.countries and term not in entered and not _is_held(delegations, term)
    ]
    few = text_index.find_few(by_text, select_ids(event, by_text))
    narrowed = query.where(
        *(_meets(term, delegations, entered.get(term), by_index=few is None) for term in terms)
    )
    return (narrowed, False) if few is None else (_among(narrowed, few), True)


def select_ids(event: Event, terms: Sequence[searching.Term]) -> Select[int]:
    """Select the ids of the event's people who meet each of these terms, in no order."""
    mine = Registration.event_id == event.id, *(_meets(term, ()) for term in terms)
    return select(Registration.id).where(*mine)


def _among(narrowed: Select, few: Sequence[int]) -> Select:
    """Return the query limited to these people, who are read by their ids."""
    if db.session.get_bind().dialect.name == "postgresql":
        return narrowed.where(Registration.id == any_(literal([*few], ARRAY(Integer))))
    ids = func.json_each(json.dumps(list(few))).table_valued("value")
    among = narrowed.where(Registration.id.in_(select(ids.c.value)))
    # Without this hint SQLite would walk through all people in the order of another index.
    return among.with_hint(Registration, "NOT INDEXED", dialect_name="sqlite")


def _list_entered(event: Event, terms: Sequence[searching.Term]) -> dict[searching.Term, Select[int]]:
    """Return, for each term that entered but unconfirmed addresses have, the query for the ids of their people.

    Only a term with "@" or a full stop is looked for in them: a search by name takes no statement more.
    """
    now, entered = clock.now(), {}
    for term in terms:
        if term.texts and MAY_BE_ADDRESS.search(term.texts[0]):
            holding = awaited.select_holding(event, term.texts[0], now)
            if db.session.scalar(holding.limit(1)) is not None:
                entered[term] = holding
    return entered


def _meets(
    term: searching.Term,
    delegations: Sequence[Delegated],
    entered: Select[int] | None = None,
    *,
    by_index: bool = True,
) -> ColumnElement[bool]:
    if term.tag:
        tagged = (RegistrationTag.registration_id == Registration.id, RegistrationTag.name == term.tag)
        return exists().where(*tagged)
    ways = [_holds(text, by_index=by_index) for text in term.texts]
    if term.countries:
        ways.append(Registration.country.in_(sorted(term.countries)))
    if entered is not None:
        ways.append(Registration.id.in_(entered))
    delegated_here = delegated.holding(delegations, term.texts)
    return or_(*ways) if delegated_here is None else or_(*ways, delegated_here)


def _is_held(delegations: Sequence[Delegated], term: searching.Term) -> bool:
    """Return whether one of these delegations contains one of the term's texts."""
    return delegated.holding(delegations, term.texts) is not None


def _holds(text: str, *, by_index: bool) -> ColumnElement[bool]:
    """Return the condition that a registration has this text.

    Without `by_index` the condition is one that PostgreSQL tests person by person. It would else search its index for
    the text once more, in addition to reading the few people by their ids, which takes longer than all the rest.
    """
    searched: list[Any] = [Registration.search_text, Registration.search_extra]
    if not by_index:
        searched = [column.concat(literal_column("''")) for column in searched]
    in_text, in_extra = (column.contains(text, autoescape=True) for column in searched)
    return or_(in_text, and_(in_extra, searching.EXTRA_HOLDS))
