"""Excerpts of a text for a list of search results, with the searched words marked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forum.folding import fold_with_origins

SHOWN = 220  # the most characters of one piece of an excerpt
LEAST_BEFORE = 60  # how many characters a piece shows before its first searched word, if there are so many
PIECES = 2
CUTS = re.compile("…(?: …)+")


@dataclass(frozen=True)
class Part:
    """A part of a text; `is_hit` says that it matches a searched word."""

    text: str
    is_hit: bool = False


def mark(text: str, wanted: Sequence[str]) -> list[Part]:
    """Split the text into parts, and mark the parts that match one of the searched words `wanted`, which are folded."""
    parts, end = [], 0
    for start, stop in _hits(text, wanted):
        if start > end:
            parts.append(Part(text[end:start]))
        parts.append(Part(text[start:stop], is_hit=True))
        end = stop
    return [*parts, Part(text[end:])] if end < len(text) else parts


def extract(paragraphs: Sequence[str], wanted: Sequence[str]) -> list[Part]:
    """Return an excerpt with the pieces that contain most of the words, marked; [] if the text has none of them."""
    missing = set(wanted)
    pieces: list[tuple[int, str]] = []
    folded = [fold_with_origins(paragraph)[0] for paragraph in paragraphs]
    while missing and len(pieces) < PIECES:
        number = max(range(len(folded)), key=lambda at: _count(folded[at], missing), default=None)
        if number is None or not _count(folded[number], missing):
            break
        pieces.append((number, _piece(paragraphs[number], [word for word in wanted if word in missing])))
        missing -= {word for word in missing if word in folded[number]}
    said = " … ".join(piece for _number, piece in sorted(pieces))
    return mark(CUTS.sub("…", said), wanted)


def _count(folded: str, words: set[str]) -> int:
    return sum(word in folded for word in words)


def _piece(text: str, wanted: Sequence[str]) -> str:
    """Return the text around the first searched word, cut between words, with "…" at each cut."""
    first = next(iter(_hits(text, wanted)))[0]
    start = max(0, min(first - LEAST_BEFORE, len(text) - SHOWN))
    stop = min(len(text), start + SHOWN)
    if start:
        start = text.find(" ", start, first) + 1 or start
    if stop < len(text):
        stop = max(text.rfind(" ", first, stop), start) if " " in text[first:stop] else stop
    return f"{'… ' if start else ''}{text[start:stop].strip()}{' …' if stop < len(text) else ''}"


def _hits(text: str, wanted: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield start and end of each searched word in the text, in order; words that touch or overlap are one hit."""
    folded, origins = fold_with_origins(text)
    spans = sorted((at, at + len(word)) for word in wanted for at in _positions(folded, word))
    start = stop = -1
    for first, last in ((origins[at], origins[end - 1] + 1) for at, end in spans):
        last = _with_marks(text, last)
        if first > stop:
            if stop > 0:
                yield start, stop
            start, stop = first, last
        else:
            stop = max(stop, last)
    if stop > 0:
        yield start, stop


def _positions(folded: str, word: str) -> Iterator[int]:
    at = folded.find(word)
    while at >= 0:
        yield at
        at = folded.find(word, at + 1)


def _with_marks(text: str, end: int) -> int:
    """Return the end of a hit moved behind combining marks and invisible characters that follow its last letter."""
    while end < len(text) and not text[end].isspace() and not fold_with_origins(text[end])[0]:
        end += 1
    return end
