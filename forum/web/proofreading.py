"""Hints for the editor of a text: words that soon become untrue, terms to avoid, unpaired quotation marks.

Hints neither change nor refuse a text, because a quotation must keep its words.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from babel.dates import format_date
from flask_babel import force_locale
from flask_babel import gettext as _

DAY = timedelta(days=1)
WORDS = re.compile(r"\w+")
SENTENCE_ENDS = re.compile(r"[.!?:](?=\s|$)|\n\s*\n")
WORDS_A_MINUTE = 200
LONG_WORD = 7  # the fewest letters of a word that the readability index LIX calls long


@dataclass(frozen=True)
class Advice:
    """What to write instead of a word, and why; the reason may be ""."""

    better: str
    reason: str = ""


# Advice by the word to avoid, in lower case.
Glossary = Mapping[str, Advice]


@dataclass(frozen=True)
class Hint:
    """A hint for an editor: the number of the line, counted from 1, the words that it is about, and the advice.

    `part` is the label of the field that has the words, or "" for the body.
    """

    line: int
    words: str
    meant: str
    part: str = ""


@dataclass(frozen=True)
class Care:
    """A text's number of words, its LIX (an index of readability; below 40 is easy), and the hints about it."""

    words: int
    lix: int
    hints: list[Hint]

    @property
    def minutes(self) -> int:
        """How many minutes it takes to read the text, at least one."""
        return max(1, round(self.words / WORDS_A_MINUTE))


def proofread(
    text: str,
    language: str,
    day: date,
    glossary: Glossary,
    *,
    above: Sequence[tuple[str, str]] = (),
    more: Sequence[Hint] = (),
) -> Care:
    """Check a Markdown text for its language; hints about words such as "today" name dates counted from `day`.

    `glossary` is that of the language. `above` are the label and the text of each field above the body, such as its
    headline: they are checked too, but not counted. `more` are hints about the body from other checks.
    """
    words = WORDS.findall(text)
    sentences = max(1, len([part for part in SENTENCE_ENDS.split(text) if part and part.strip()]))
    long = sum(len(word) >= LONG_WORD for word in words)
    lix = round(len(words) / sentences + 100 * long / len(words)) if words else 0
    hints = [
        replace(hint, part=label) for label, said in above for hint in _hints(said, language, day, glossary)
    ]
    hints += sorted([*_hints(text, language, day, glossary), *more], key=lambda hint: hint.line)
    return Care(len(words), lix, hints)


def has_word(text: str) -> bool:
    """Return whether the text has a word that a glossary can point out."""
    return WORDS.search(text) is not None


def _hints(text: str, language: str, day: date, glossary: Glossary) -> Iterator[Hint]:
    relative = RELATIVE.get(language, {})
    for number, line in enumerate(text.split("\n"), 1):
        for words in _named(line, relative):
            better = relative[words.lower()](day, language)
            yield Hint(number, words, _("It will not be true for long. Better: %(better)s", better=better))
        for words in _named(line, glossary):
            yield Hint(number, words, _advised(glossary[words.lower()]))
        if mark := _unpaired(line, language):
            yield Hint(number, mark, _("A quotation mark is not paired in this paragraph."))


def _advised(advice: Advice) -> str:
    words = _("This is not what we call it. Better: %(better)s", better=advice.better)
    return f"{words}. {advice.reason}" if advice.reason else words


def _named(line: str, phrases: Mapping[str, object]) -> list[str]:
    """Return the phrases that the line contains, spelt as in the line; at each word only the longest one."""
    words, most = list(WORDS.finditer(line)), 1 + max((phrase.count(" ") for phrase in phrases), default=0)
    found, at = [], 0
    while at < len(words):
        said = (line[words[at].start() : word.end()] for word in words[at : at + most])
        known = [part for part in said if part.lower() in phrases]
        found += known[-1:]
        at += known[-1].count(" ") + 1 if known else 1
    return found


def _unpaired(line: str, language: str) -> str:
    """Return a quotation mark without its pair, or ""; Swedish begins and ends a quotation with the same mark."""
    for begins, ends in (("“", "”"), ("«", "»")):
        if language == "en" and line.count(begins) != line.count(ends):
            return begins if line.count(begins) > line.count(ends) else ends
    same = ('"', "”") if language == "sv" else ('"',)
    return next((mark for mark in same if line.count(mark) % 2), "")


def _near(days: int) -> Callable[[date, str], str]:
    return lambda day, language: format_date(day + days * DAY, "d MMMM y", locale=language)


def _week(weeks: int) -> Callable[[date, str], str]:
    def said(day: date, language: str) -> str:
        monday = day - day.weekday() * DAY + 7 * weeks * DAY
        # These words go into the text: use its language, not the one that the organiser has chosen for the console.
        with force_locale(language):
            return _("the week of %(day)s", day=format_date(monday, "d MMMM y", locale=language))

    return said


def _month(months: int) -> Callable[[date, str], str]:
    def said(day: date, language: str) -> str:
        number = day.year * 12 + day.month - 1 + months
        return format_date(date(number // 12, number % 12 + 1, 1), "MMMM y", locale=language)

    return said


def _year(years: int) -> Callable[[date, str], str]:
    return lambda day, _language: str(day.year + years)


RELATIVE: dict[str, dict[str, Callable[[date, str], str]]] = {
    "en": {
        "yesterday": _near(-1),
        "today": _near(0),
        "tomorrow": _near(1),
        "last week": _week(-1),
        "this week": _week(0),
        "next week": _week(1),
        "last month": _month(-1),
        "this month": _month(0),
        "next month": _month(1),
        "last year": _year(-1),
        "this year": _year(0),
        "next year": _year(1),
    },
    "sv": {
        "igår": _near(-1),
        "i går": _near(-1),
        "idag": _near(0),
        "i dag": _near(0),
        "imorgon": _near(1),
        "i morgon": _near(1),
        "förra veckan": _week(-1),
        "den här veckan": _week(0),
        "nästa vecka": _week(1),
        "förra månaden": _month(-1),
        "den här månaden": _month(0),
        "nästa månad": _month(1),
        "förra året": _year(-1),
        "i fjol": _year(-1),
        "i år": _year(0),
        "nästa år": _year(1),
    },
}
