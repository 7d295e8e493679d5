"""The several choices of one answer as one line: writing them, and reading what a table's cell says.

Choices stand with semicolons between them, because labels often have commas. A line that would have another reading, as
when a label has a semicolon itself, has each label in quotation marks, with marks inside doubled. Commas between
choices are read as well: earlier exports had them, and people write them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from forum.folding import fold_words
from forum.questions.models import Question
from forum.web.languages import in_language

SEPARATOR = "; "
MARK = '"'
BETWEEN = re.compile(r"[,;]")
# Signs because of which a line that names several choices could have two readings.
UNCLEAR = re.compile(r'[,;"]')
PIECE = re.compile(r'[,;"]|[^,;"]+')


@dataclass(frozen=True)
class Part:
    """A part of a line: the separator before it, its text, and whether it stood in quotation marks, alone."""

    separator: str
    text: str
    is_quoted: bool = False


class Offered:
    """The choices of a question, to be looked up by their key or their label in any language.

    Withdrawn choices are left out, unless `with_withdrawn`.
    """

    def __init__(self, question: Question, *, with_withdrawn: bool = False) -> None:
        kept = [one for one in question.choices if with_withdrawn or not one.withdrawn_at]
        self.keys = [one.key for one in kept]
        self.exact: dict[str, set[str]] = {}
        self.folded: dict[str, set[str]] = {}
        # The keys of choices that have a semicolon in a label.
        self.with_semicolon: set[str] = set()
        # Into how many parts the label with the most commas and semicolons is split: one more than it has of these.
        self.most_parts = 1
        for choice in kept:
            for text in (choice.key, *choice.label.values()):
                self.exact.setdefault(text, set()).add(choice.key)
                self.folded.setdefault(_folded_label(text), set()).add(choice.key)
                self.most_parts = max(self.most_parts, 1 + len(BETWEEN.findall(text)))
                if ";" in text:
                    self.with_semicolon.add(choice.key)

    def find(self, text: str) -> str | None:
        """Return the key of the choice that a text names, None if none or several fit."""
        keys = self.exact.get(text) or self.folded.get(fold_words(text)) or set()
        return next(iter(keys)) if len(keys) == 1 else None

    def find_run(self, run: Sequence[Part]) -> str | None:
        """Return the key of the choice whose label these parts of a line are together, None if none or several fit."""
        if len(run) > 1 and any(part.is_quoted for part in run):
            return None
        key = self.find(", ".join(part.text for part in run))
        is_cut = any(part.separator == ";" for part in run[1:])
        return None if is_cut and key not in self.with_semicolon else key


def write_several(question: Question, keys: Sequence[str]) -> str:
    """Return the labels of choices as one line in the page's language; `read_several` gives the choices back."""
    labels = {choice.key: in_language(choice.label) for choice in question.choices}
    named = [labels.get(key, str(key)) for key in keys]
    plain = SEPARATOR.join(named)
    if not any(UNCLEAR.search(label) for one in question.choices for label in one.label.values()):
        return plain
    if set(_read(Offered(question, with_withdrawn=True), plain)) == set(keys):
        return plain
    return SEPARATOR.join(f"{MARK}{label.replace(MARK, MARK * 2)}{MARK}" for label in named)


def read_several(question: Question, text: str) -> list[str]:
    """Return the keys of the choices that a line names; an empty list if it has two readings, or none."""
    return _read(Offered(question), text)


def _read(choices: Offered, text: str) -> list[str]:
    """Return the keys of the choices that a line names, where exactly one reading is possible.

    A label may have commas itself, so each run of parts is tried as a label.
    """
    parts = _split(text)
    if len(parts) > choices.most_parts * len(choices.keys):
        return []
    # ways[n] has the sets of choices that the first n parts of the line can mean. Two sets show that the line is
    # ambiguous.
    ways: list[list[frozenset[str]]] = [[frozenset()], *([] for _part in parts)]
    for end in range(1, len(parts) + 1):
        for start in range(max(0, end - choices.most_parts), end):
            key = choices.find_run(parts[start:end]) if ways[start] else None
            ways[end] += [way | {key} for way in ways[start] if key and way | {key} not in ways[end]]
        del ways[end][2:]
    keys = ways[-1][0] if len(ways[-1]) == 1 else frozenset()
    return [key for key in choices.keys if key in keys]


def _split(text: str) -> list[Part]:
    """Return the parts of a line between commas and semicolons; what stands in quotation marks alone is one part."""
    parts: list[Part] = []
    separator = words = ""
    is_inside = False
    for piece in [*PIECE.findall(text), ";"]:
        if piece == MARK and (is_inside or not words.strip() or words.endswith(MARK)):
            is_inside = not is_inside
        if piece in ",;" and not is_inside:
            parts += _parts_of(separator, words.strip())
            separator, words = piece, ""
        else:
            words += piece
    # A quotation mark that no second one closes is a character like others.
    return [*parts, *_parts_of(separator, words.strip().removesuffix(";"))] if is_inside else parts


def _parts_of(separator: str, words: str) -> list[Part]:
    if len(words) > 1 and words.startswith(MARK) and words.endswith(MARK):
        return [Part(separator, words[1:-1].replace(MARK * 2, MARK), is_quoted=True)]
    if MARK not in words:
        return [Part(separator, words)] if words else []
    separators = [separator, *BETWEEN.findall(words)]
    texts = [one.strip() for one in BETWEEN.split(words)]
    return [Part(before, one) for before, one in zip(separators, texts, strict=True) if one]


@lru_cache(maxsize=2048)
def _folded_label(text: str) -> str:
    return fold_words(text)
