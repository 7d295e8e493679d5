"""Counts the steps of a regular expression with a simple backtracking matcher, because times depend on the machine.

steps(re.compile(r"(a|a)*b"), "a" * 20, "match")     # how often a part of the pattern was tried at a position
worst_growth(pattern, {"search"})[0]                 # for a doubled text: about 2.0 if linear, 4.0 if quadratic

Python's matcher skips some of these steps and adds none, so a pattern that is linear here is linear in Python.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain, product
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]

SIZE = 48
TOO_MANY = 100_000
CATEGORIES = {kinds.CATEGORY_SPACE: r"\s", kinds.CATEGORY_WORD: r"\w", kinds.CATEGORY_DIGIT: r"\d"}
CATEGORIES |= {
    kinds.CATEGORY_NOT_SPACE: r"\S",
    kinds.CATEGORY_NOT_WORD: r"\W",
    kinds.CATEGORY_NOT_DIGIT: r"\D",
}
SAMPLES = {kinds.CATEGORY_SPACE: " ", kinds.CATEGORY_WORD: "a", kinds.CATEGORY_DIGIT: "1"}
REPEATS = {kinds.MAX_REPEAT, kinds.MIN_REPEAT}
TAILS = ("", "\x01", "\n!")


class TooManySteps(Exception):
    """Matching needs more than TOO_MANY steps, so that counting stops."""


class Matcher:
    """Matches a pattern at positions of a text and counts steps; yields the ends of matches, the preferred first."""

    def __init__(self, pattern: re.Pattern, text: str):
        self.text, self.flags, self.steps = text, pattern.flags, 0
        self.tree, self.known = _parsed(pattern)
        self.groups: dict[int, str] = {}

    def run(self, way: str) -> int:
        """Match once, or find all matches; return the number of steps."""
        at = 0
        while at <= len(self.text):
            end = self.end(way, at)
            if way != "search":
                break
            at = at + 1 if end is None else max(end, at + 1)
        return self.steps

    def end(self, way: str, at: int) -> int | None:
        """Return the end of a match that begins at this position."""
        ends = self.sequence(self.tree, at)
        return next((end for end in ends if way != "fullmatch" or end == len(self.text)), None)

    def sequence(self, nodes: list, at: int, first: int = 0) -> Iterator[int]:
        """Yield the ends of matches of a pattern's nodes, from the node with the index `first` on."""
        if first == len(nodes):
            yield at
            return
        for after in self.node(nodes[first], at):
            yield from self.sequence(nodes, after, first + 1)

    def node(self, node: tuple, at: int) -> Iterator[int]:
        self.steps += 1
        if self.steps > TOO_MANY:
            raise TooManySteps
        kind, value = node
        if kind in REPEATS:
            return self.repeat(kind, *value, at)
        if way := WAYS.get(kind):
            return way(self, value, at)
        return iter([at + 1] if at < len(self.text) and self._is_letter(node, self.text[at]) else [])

    def _is_letter(self, node: tuple, letter: str) -> bool:
        key = id(node), letter
        if key not in self.known:
            self.known[key] = single(node, self.flags).fullmatch(letter) is not None
        return self.known[key]

    def repeat(self, kind, least: int, most: int, body, at: int, done: int = 0) -> Iterator[int]:
        if kind is kinds.MIN_REPEAT and done >= least:
            yield at
        if done < most:
            for after in self.sequence(body.data, at):
                if after > at or done < least:
                    yield from self.repeat(kind, least, most, body, after, done + 1)
        if kind is kinds.MAX_REPEAT and done >= least:
            yield at

    def _branch(self, value, at: int) -> Iterator[int]:
        return chain.from_iterable(self.sequence(choice.data, at) for choice in value[1])

    def _subpattern(self, value, at: int) -> Iterator[int]:
        for end in self.sequence(value[3].data, at):
            self.groups[value[0]] = self.text[at:end]
            yield end

    def _groupref(self, value, at: int) -> Iterator[int]:
        word = self.groups.get(value, "")
        return iter([at + len(word)] if self.text.startswith(word, at) else [])

    def _at(self, value, at: int) -> Iterator[int]:
        is_there = _compiled(ANCHORS[value], 0).match(self.text, at)
        return iter([at] if is_there else [])

    def _assert(self, value, at: int) -> Iterator[int]:
        return iter([at] if self.looks(*value, at) else [])

    def _assert_not(self, value, at: int) -> Iterator[int]:
        return iter([] if self.looks(*value, at) else [at])

    def looks(self, direction: int, body, at: int) -> bool:
        if direction > 0:
            return next(self.sequence(body.data, at), None) is not None
        before = at - body.getwidth()[0]
        return before >= 0 and at in self.sequence(body.data, before)


WAYS = {
    kinds.BRANCH: Matcher._branch,
    kinds.SUBPATTERN: Matcher._subpattern,
    kinds.GROUPREF: Matcher._groupref,
    kinds.AT: Matcher._at,
    kinds.ASSERT: Matcher._assert,
    kinds.ASSERT_NOT: Matcher._assert_not,
}
ANCHORS = {
    kinds.AT_BEGINNING: "^",
    kinds.AT_END: "$",
    kinds.AT_BOUNDARY: r"\b",
    kinds.AT_NON_BOUNDARY: r"\B",
}


def steps(pattern: re.Pattern, text: str, way: str) -> int:
    """Return the number of steps for one match or for all matches of a text; TOO_MANY is the maximum."""
    try:
        return Matcher(pattern, text).run(way)
    except TooManySteps:
        return TOO_MANY


def worst_growth(pattern: re.Pattern, ways: set[str]) -> tuple[float, str]:
    """Return the growth of the steps when a text is doubled, for the worst text, and how that text is built."""
    worst = (0.0, "")
    for way in ways:
        for before, piece, tail in texts(pattern):
            # Double the number of pieces, not the number of letters: a text of 48 letters holds a piece of 26 letters
            # once, a text of 96 letters holds it three times.
            few = max(1, SIZE // len(piece))
            once, twice = (steps(pattern, before + piece * number + tail, way) for number in (few, 2 * few))
            worst = max(
                worst,
                (twice / once if twice < TOO_MANY else float("inf"), f"{way}: {before!r} {piece!r} {tail!r}"),
            )
    return worst


def texts(pattern: re.Pattern) -> set[tuple[str, str, str]]:
    """Return (beginning, repeated part, end) of test texts, made of the pattern's own words and letters."""
    tree = parser.parse(pattern.pattern, pattern.flags)
    atoms = sorted({*words(tree), *letters(tree), "a"})
    pieces = [*atoms, *(first + second for first, second in product(atoms, atoms) if first != second)]
    plain = product([""], pieces, TAILS)
    inside = product(beginnings(tree), atoms, TAILS)
    return {*plain, *inside}


def words(tree) -> Iterator[str]:
    """Yield the literal words in a parsed pattern."""
    run = ""
    for kind, value in [*tree, (None, None)]:
        if kind is kinds.LITERAL:
            run += chr(value)
            continue
        if run:
            yield run
        run = ""
        for inner in _inner(kind, value):
            yield from words(inner)


def letters(tree) -> Iterator[str]:
    """Yield a letter or two of each character set in a parsed pattern."""
    for kind, value in tree:
        if kind is kinds.IN:
            yield from _members(value)
        for inner in _inner(kind, value):
            yield from letters(inner)


def beginnings(tree) -> set[str]:
    """Return texts after which a match reaches each outer repetition of the pattern, and the pattern's end."""
    found, so_far = set(), ""
    for node in tree:
        if node[0] in REPEATS:
            found.add(so_far)
        so_far += shortest([node])
    return {*found, so_far}


def shortest(tree) -> str:
    """Return a short text that the pattern matches, or nearly matches."""
    made = ""
    for kind, value in tree:
        if kind is kinds.LITERAL:
            made += chr(value)
        elif kind is kinds.IN:
            made += next(_members(value), "a")
        elif kind in {kinds.ANY, kinds.NOT_LITERAL}:
            made += "a"
        elif kind in REPEATS:
            made += shortest(value[2]) * value[0]
        elif kind in {kinds.SUBPATTERN, kinds.BRANCH}:
            made += shortest(value[3] if kind is kinds.SUBPATTERN else value[1][0])
    return made


def _inner(kind, value) -> list:
    if kind in REPEATS:
        return [value[2]]
    if kind is kinds.SUBPATTERN:
        return [value[3]]
    if kind is kinds.BRANCH:
        return value[1]
    return [value[1]] if kind in {kinds.ASSERT, kinds.ASSERT_NOT} else []


def _members(values) -> Iterator[str]:
    """Yield sample members of a character set; for a negated set, of the characters that it excludes."""
    for kind, value in values[:4]:
        if kind is kinds.LITERAL:
            yield chr(value)
        elif kind is kinds.RANGE:
            yield chr(value[0])
        elif kind is kinds.CATEGORY and value in SAMPLES:
            yield SAMPLES[value]


@cache
def _parsed(pattern: re.Pattern) -> tuple[list, dict[tuple[int, str], bool]]:
    """Return the nodes of a pattern, and an empty table in which matchers note which node matches which letter.

    Each pattern is matched with some hundred texts of few different letters.
    """
    return parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE | re.UNICODE).data, {}


@cache
def _compiled(source: str, flags: int) -> re.Pattern:
    return re.compile(source, flags)


def single(node: tuple, flags: int) -> re.Pattern:
    """Return the pattern of a single character: a literal, any character or a set."""
    return _compiled(_source(node), flags & (re.IGNORECASE | re.DOTALL))


def _source(node: tuple) -> str:
    kind, value = node
    if kind is kinds.ANY:
        return "."
    if kind in {kinds.LITERAL, kinds.NOT_LITERAL}:
        return ("[^%s]" if kind is kinds.NOT_LITERAL else "[%s]") % _escaped(value)
    parts = ["^" if part[0] is kinds.NEGATE else _part(part) for part in value]
    return f"[{''.join(parts)}]"


def _part(part: tuple) -> str:
    kind, value = part
    if kind is kinds.CATEGORY:
        return CATEGORIES[value]
    return _escaped(value) if kind is kinds.LITERAL else f"{_escaped(value[0])}-{_escaped(value[1])}"


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"
