"""Organisations that may be one, because their names look alike; organisers decide whether they are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from forum.organisations.queries import Unlisted
from forum.registration.names import organisation_key
from forum.registration.organisation_models import MarkKind, Organisation

# From 0 to 100, whatever the order of the words: 85 finds a letter or two more, fewer or others in a name.
LIKE_ENOUGH = 85
Named = tuple[str, Organisation]


@dataclass(frozen=True)
class Pair:
    """Two organisations with names that look alike, the one that was written down first as `older`."""

    younger: Organisation
    older: Organisation


def find_pairs(known: Sequence[Organisation]) -> list[Pair]:
    """Return pairs of organisations of which a name of the one looks like a name of the other, each pair once."""
    named, pairs = _named(known), {}
    for name, organisation in named:
        for other in _like(name, named):
            older, younger = sorted((organisation, other), key=lambda one: one.id)
            if older is not younger:
                pairs[younger.id, older.id] = Pair(younger, older)
    return list(pairs.values())


def find_likely(unlisted: Sequence[Unlisted], known: Sequence[Organisation]) -> dict[str, Organisation]:
    """Return by the registration's reference the organisation that a name in registrations looks like most."""
    named = _named(known)
    likely = {one.reference: next(_like(organisation_key(one.name), named), None) for one in unlisted}
    return {reference: organisation for reference, organisation in likely.items() if organisation}


def _named(known: Sequence[Organisation]) -> list[Named]:
    return [
        (mark.value, organisation)
        for organisation in known
        for mark in organisation.marks
        if mark.kind == MarkKind.NAME
    ]


def _like(name: str, named: Sequence[Named]) -> Iterator[Organisation]:
    """Yield the organisations with a name that looks like this one, the most alike first."""
    values = [value for value, _organisation in named]
    alike = process.extract(name, values, scorer=fuzz.token_sort_ratio, score_cutoff=LIKE_ENOUGH, limit=None)
    for _value, _score, number in alike:
        yield named[number][1]
