"""A word-by-word difference of two versions of a text, for revisions and for simultaneous edits of two people."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

LINES = re.compile(r"(?<=\n)")
WORDS = re.compile(r"\s+|\w+|[^\w\s]")
# Comparing n words with m may take n·m steps: beyond this number, differing texts count as wholly replaced (S35).
MOST_STEPS = 1_000_000


class Kind(StrEnum):
    """Whether a piece of text was kept, removed or added."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True)
class Piece:
    """A piece of text that was kept, removed or added."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Difference:
    """A field whose text differs between two versions; `language` is "" for a field that all languages share."""

    label: str
    before: str
    after: str
    language: str = ""

    @property
    def pieces(self) -> list[Piece]:
        """The pieces of text that turn `before` into `after`."""
        return compare_words(self.before, self.after)


def compare_words(before: str, after: str) -> list[Piece]:
    """Return the kept, removed and added pieces of text that turn an older text into a newer one.

    Lines are compared first, then the words of lines that differ. Changes with only blanks between them become one
    change: the blanks count as removed and added again.
    """
    pieces: list[Piece] = []
    gone = new = ""
    for kind, text in [*_by_lines(before, after), (Kind.SAME, "")]:
        if kind == Kind.GONE:
            gone += text
        elif kind == Kind.NEW:
            new += text
        elif text.isspace() and (gone or new):
            gone, new = gone + text, new + text
        else:
            pieces += _changed(gone, new)
            gone = new = ""
            if text and pieces and pieces[-1].kind == Kind.SAME:
                text = pieces.pop().text + text
            pieces += [Piece(Kind.SAME, text)] if text else []
    return pieces


def _changed(gone: str, new: str) -> list[Piece]:
    """Return the removed and the added text as pieces; blanks with which both texts end become a kept piece."""
    stay = ""
    while gone and new and gone[-1] == new[-1] and gone[-1].isspace():
        stay, gone, new = gone[-1] + stay, gone[:-1], new[:-1]
    pieces = [Piece(Kind.GONE, gone), Piece(Kind.NEW, new), Piece(Kind.SAME, stay)]
    return [piece for piece in pieces if piece.text]


def _by_lines(before: str, after: str) -> Iterator[tuple[Kind, str]]:
    old, new = LINES.split(before), LINES.split(after)
    if len(old) * len(new) > MOST_STEPS:
        yield from ((Kind.GONE, before), (Kind.NEW, after))
        return
    for same, (i, j), (k, m) in _runs(old, new):
        gone, come = "".join(old[i:j]), "".join(new[k:m])
        yield from ((Kind.SAME, gone),) if same else _by_words(gone, come)


def _by_words(before: str, after: str) -> Iterator[tuple[Kind, str]]:
    old, new = WORDS.findall(before), WORDS.findall(after)
    if len(old) * len(new) > MOST_STEPS:
        yield from ((Kind.GONE, before), (Kind.NEW, after))
        return
    for same, (i, j), (k, m) in _runs(old, new):
        if same:
            yield Kind.SAME, "".join(old[i:j])
        else:
            yield Kind.GONE, "".join(old[i:j])
            yield Kind.NEW, "".join(new[k:m])


def _runs(old: list[str], new: list[str]) -> Iterator[tuple[bool, tuple[int, int], tuple[int, int]]]:
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        yield tag == "equal", (i, j), (k, m)
