"""Arranging the list of participants: organisations in alphabetical order, each with the names of people who show them.

A person who shows only the organisation adds no line, so the page does not reveal how many people are left out.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from forum.folding import search_fold
from forum.registration.enums import ListedAs
from forum.registration.names import organisation_key, sort_key
from forum.registration.wording import full_name
from forum.web.languages import language


@dataclass(frozen=True)
class Organisation:
    """An organisation on the list, and the names of its people who are shown by name."""

    name: str
    people: list[str]


def arrange(shown: Iterable[Any]) -> list[Organisation]:
    """Return the organisations of these participants, in the order of the page's language."""
    by_organisation = sorted(shown, key=_key)
    listed = [_organisation([*people]) for _key, people in groupby(by_organisation, key=_key)]
    order = _order()
    return sorted(listed, key=lambda organisation: (order(organisation.name, ""), organisation.name))


def _key(one: Any) -> str:
    """Return the key of the organisation that the person typed; the e-mail's domain may belong to another one."""
    return organisation_key(one.organisation)


def _organisation(people: list[Any]) -> Organisation:
    """Return the organisation of these people in their most frequent spelling (of equals the alphabetically first)."""
    order, spellings = _order(), Counter(one.organisation for one in people)
    name = min(spellings, key=lambda spelling: (-spellings[spelling], spelling))
    named = [one for one in people if one.listed_as == ListedAs.NAME]
    named.sort(key=lambda one: (order(one.family_name, one.given_name), full_name(one)))
    return Organisation(name, [full_name(one) for one in named])


def _order() -> Callable[[str, str], str]:
    """Return the function that makes sort keys: å ä ö come last in Swedish, and are sorted as a and o in English."""
    return sort_key if language() == "sv" else lambda last, first: search_fold(f"{last} {first}")
