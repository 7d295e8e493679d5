"""Finding an unpaired quotation mark in a paragraph, and the mark to write instead."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MARKS = re.compile('["“”„«»]')
# The marks that begin and end a quotation; Swedish has the same mark at both ends.
PAIR = {"en": ("“", "”"), "sv": ("”", "”")}
OPENS_AFTER = frozenset("([{–—-*_>#/")
# In a paragraph with more quotation marks than this, no replacement is searched for: that could take long (S35).
MOST_MARKS = 12


@dataclass(frozen=True)
class Mark:
    """An unpaired quotation mark at a column of a line; `better` is the only mark to write instead, or ""."""

    column: int
    mark: str
    better: str = ""


def find_unpaired(line: str, language: str) -> Mark | None:
    """Return the quotation mark of a line that is not paired, or None.

    If there is exactly one mark whose replacement pairs all marks of the line, that mark is returned with its
    replacement.
    """
    mark = _unpaired(line, language)
    if not mark:
        return None
    mended = list(_mended(line, language))
    return mended[0] if len(mended) == 1 else Mark(line.rindex(mark), mark)


def _unpaired(line: str, language: str) -> str:
    for begins, ends in (("“", "”"), ("«", "»")):
        if language == "en" and line.count(begins) != line.count(ends):
            return begins if line.count(begins) > line.count(ends) else ends
    same = ('"', "”") if language == "sv" else ('"',)
    return next((mark for mark in same if line.count(mark) % 2), "")


def _mended(line: str, language: str) -> Iterator[Mark]:
    """Yield each mark whose replacement by the right mark for its position would pair all marks of the line."""
    marks = list(MARKS.finditer(line))
    if language not in PAIR or len(marks) > MOST_MARKS:
        return
    for match in marks:
        before, after = line[: match.start()], line[match.end() :]
        better = _fitting(before, after, language)
        if better and better != match[0] and not _unpaired(before + better + after, language):
            yield Mark(match.start(), match[0], better)


def _fitting(before: str, after: str, language: str) -> str:
    """Return the language's quotation mark that fits between two texts; "" where both or none could stand."""
    opens = not before or before[-1].isspace() or before[-1] in OPENS_AFTER
    closes = not after or not after[0].isalnum()
    if opens == closes:
        return ""
    return PAIR[language][0 if opens else 1]
