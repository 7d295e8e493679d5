"""Organisations that may be the same, because their names are similar; organisers decide whether they are."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from forum.organisations.models import Merge
from forum.organisations.queries import Unlisted
from forum.registration.names import organisation_key
from forum.registration.organisation_models import MarkKind, Organisation

# Similarity from 0 to 100, in any order of words: 85 tolerates one or two wrong, missing or extra letters in a name.
LIKE_ENOUGH = 85
# Each name is compared with every other one, so the number of names is limited: 2,000 take less than a second.
MOST_COMPARED = 2_000
Apart = Collection[tuple[int, int]]


@dataclass(frozen=True)
class Pair:
    """Two organisations with similar names; `older` was added first."""

    younger: Organisation
    older: Organisation


@dataclass(frozen=True)
class Named:
    """A name to compare, its organisation, and whether the name is the canonical one there.

    `counts_as` is the organisation itself or, if it was merged, the one into which it was merged.
    """

    value: str
    owner_id: int
    counts_as: Organisation
    is_first: bool


def list_names(known: Sequence[Organisation], merges: Sequence[Merge]) -> list[Named]:
    """Return the names of these organisations, and of the organisations that were merged into them.

    At most MOST_COMPARED are returned, canonical names before other names.
    """
    standing = {one.id: one for one in known}
    merged = [(row.merged, standing.get(row.merged.counts_as_id or 0)) for row in merges]
    owners = [(one, one) for one in known] + [(one, other) for one, other in merged if other is not None]
    named = [
        Named(mark.value, owner.id, counts_as, is_first=mark.value == owner.key)
        for owner, counts_as in owners
        for mark in owner.marks
        if mark.kind == MarkKind.NAME
    ]
    if len(named) > MOST_COMPARED:
        named.sort(key=lambda one: not one.is_first)
    return named[:MOST_COMPARED]


def find_pairs(named: Sequence[Named], apart: Apart = (), *, most: int) -> list[Pair]:
    """Return pairs of organisations with similar names, each pair once, at most `most` pairs.

    `apart` are the pairs of ids that organisers have marked as different.
    """
    pairs: dict[tuple[int, int], Pair] = {}
    for number, one in enumerate(named, start=1):
        for pair in _pairs_of(one, named[number:], apart):
            pairs[pair.younger.id, pair.older.id] = pair
            if len(pairs) == most:
                return list(pairs.values())
    return list(pairs.values())


def find_similar(organisation: Organisation, named: Sequence[Named], apart: Apart = ()) -> set[int]:
    """Return the ids of the organisations with a name similar to one of this organisation's."""
    mine = [one for one in named if one.counts_as is organisation]
    others = [one for one in named if one.counts_as is not organisation]
    pairs = [pair for one in mine for pair in _pairs_of(one, others, apart)]
    return {one.id for pair in pairs for one in (pair.older, pair.younger)} - {organisation.id}


def find_likely(unlisted: Sequence[Unlisted], named: Sequence[Named]) -> dict[str, Organisation]:
    """Return, by the `reference` of each name that no organisation has, the organisation whose name is most like it."""
    likely = {one.reference: next(_like(organisation_key(one.name), named), None) for one in unlisted}
    return {reference: name.counts_as for reference, name in likely.items() if name}


def _pairs_of(one: Named, others: Sequence[Named], apart: Apart) -> Iterator[Pair]:
    """Yield each pair of the name's organisation and one with a similar name, unless they are marked as different."""
    for other in _like(one.value, others):
        older, younger = sorted((one.counts_as, other.counts_as), key=lambda organisation: organisation.id)
        owners = min(one.owner_id, other.owner_id), max(one.owner_id, other.owner_id)
        if older is not younger and owners not in apart and (older.id, younger.id) not in apart:
            yield Pair(younger, older)


def _like(name: str, named: Sequence[Named]) -> Iterator[Named]:
    """Yield the names that are similar to this name, the most similar first."""
    values = [one.value for one in named]
    alike = process.extract(name, values, scorer=fuzz.token_sort_ratio, score_cutoff=LIKE_ENOUGH, limit=None)
    for _value, _score, number in alike:
        yield named[number]
