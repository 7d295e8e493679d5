"""Hints for the editor of a text: words that soon become untrue, terms to avoid, unpaired quotation marks.

Hints neither change nor refuse a text by themselves, because a quotation must keep its words. Where a hint knows
exactly one safe replacement, the editor may ask for it.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from flask_babel import gettext as _

from forum.web.forms import LONGEST_TEXT
from forum.web.markdown import code_lines
from forum.web.quotation_marks import find_unpaired
from forum.web.relative_dates import RELATIVE, stands_alone

WORDS = re.compile(r"\w+")
SENTENCE_ENDS = re.compile(r"[.!?:](?=\s|$)|\n\s*\n")
# Matches signs by which a glossary's advice offers several words, so that it gives no single replacement.
CHOICE = re.compile(r"[/,;()|…]|\.\.|\b(?:or|eller)\b", re.IGNORECASE)
# Signs of addresses, code and markup: a word beside one of them is not plain text.
NOT_PLAIN = frozenset("/@{}<>`=_#&")
# Signs after a word that attach an ending or another word to it: such a word is not replaced.
ENDINGS = frozenset("-'’")
# Characters that may stand between the end of a sentence and the first word of the next sentence.
OPENING = " “”«»\"'(["
LONGEST_ABBREVIATION = 4
WORDS_A_MINUTE = 200
LONG_WORD = 7  # words of at least this many letters are long for the readability index LIX
LONGEST_NUMBER = 9


@dataclass(frozen=True)
class Advice:
    """What to write instead of a word, and why; the reason may be ""."""

    better: str
    reason: str = ""


# The type of a glossary: maps each word to avoid, in lower case, to advice on what to write instead.
Glossary = Mapping[str, Advice]


@dataclass(frozen=True)
class Hint:
    """A hint for an editor: the number of the line, counted from 1, the words that it is about, and the advice.

    `part` is the label of the field that has the words, or "" for the body, and `field` the field's name. `better` is
    the only safe replacement of the words at `column` of the line `within`, or ""; `line_digest` is that line's digest.
    """

    line: int
    words: str
    meant: str
    part: str = ""
    field: str = "body"
    column: int = 0
    better: str = ""
    within: str = ""
    line_digest: str = ""

    @property
    def key(self) -> str:
        """The hint's key: `Care.find` recognises the hint by it even after lines above were added or removed."""
        return f"{self.field}:{self.line}:{self.digest}"

    @property
    def digest(self) -> str:
        """A digest of the hint's line, its words and its column."""
        return _digest_of(f"{self.column} {self.words}\n{self.line_digest}")

    def replace_in(self, text: str) -> str:
        """Return the text with the hint's words replaced by `better`, at the hint's position only."""
        lines = text.split("\n")
        line = lines[self.line - 1]
        lines[self.line - 1] = line[: self.column] + self.better + line[self.column + len(self.words) :]
        return "\n".join(lines)


@dataclass(frozen=True)
class Care:
    """The remarks on a text: its number of words, its LIX (an index of readability; below 40 is easy), and hints."""

    words: int
    lix: int
    hints: list[Hint]

    @property
    def minutes(self) -> int:
        """How many minutes it takes to read the text, at least one."""
        return max(1, round(self.words / WORDS_A_MINUTE))

    def find(self, key: str) -> Hint | None:
        """Return the hint with this key that has a replacement, of several that on the nearest line, or else None."""
        field, _colon, rest = key.partition(":")
        line, _colon, digest = rest.partition(":")
        number = int(line) if line.isdecimal() and len(line) <= LONGEST_NUMBER else 0
        same = (hint for hint in self.hints if hint.better and (hint.field, hint.digest) == (field, digest))
        return min(same, key=lambda hint: abs(hint.line - number), default=None)


def proofread(
    text: str,
    language: str,
    day: date,
    glossary: Glossary,
    *,
    above: Sequence[tuple[str, str, str]] = (),
    more: Sequence[Hint] = (),
) -> Care:
    """Check a Markdown text for its language; hints about words such as "today" name dates counted from `day`.

    `glossary` is that of the language. `above` are the name, label and text of each field above the body, such as its
    headline: they are checked too, but not counted. `more` are further hints about the body.
    """
    words = WORDS.findall(text)
    sentences = max(1, len([part for part in SENTENCE_ENDS.split(text) if part and part.strip()]))
    long = sum(len(word) >= LONG_WORD for word in words)
    lix = round(len(words) / sentences + 100 * long / len(words)) if words else 0
    hints = [
        replace(hint, part=label, field=name)
        for name, label, said in above
        for hint in _hints(said, language, day, glossary)
    ]
    # Find the lines of code: a hint about code offers no replacement, because code keeps its words and marks.
    code = code_lines(text) if len(text) <= LONGEST_TEXT else frozenset()
    own_hints = (
        replace(hint, better="") if hint.line in code else hint
        for hint in _hints(text, language, day, glossary)
    )
    hints += sorted([*own_hints, *more], key=lambda hint: hint.line)
    return Care(len(words), lix, hints)


def has_word(text: str) -> bool:
    """Return whether the text has any word: a glossary can point out words only, not signs."""
    return WORDS.search(text) is not None


def _hints(text: str, language: str, day: date, glossary: Glossary) -> Iterator[Hint]:
    # Skip a text that is too long to be saved: the button "Replace" sends a text without checking its length.
    if len(text) > LONGEST_TEXT:
        return
    for number, line in enumerate(text.split("\n"), 1):
        digest = ""
        for hint in _hints_of_line(number, line, language, day, glossary):
            # Each line is digested once: a long line may have thousands of hints.
            digest = digest or _digest_of(line)
            yield replace(hint, line_digest=digest)


def _hints_of_line(number: int, line: str, language: str, day: date, glossary: Glossary) -> Iterator[Hint]:
    relative = RELATIVE.get(language, {})
    is_loud = _is_in_capitals(line)
    for column, words in _named(line, relative):
        before, after = line[:column], line[column + len(words) :]
        better = _cased(relative[words.lower()].absolute(day, language, before), words, before, is_loud)
        meant = _("It will not be true for long. Better: %(better)s", better=better)
        safe = better if stands_alone(before, after) else ""
        yield _replaceable(Hint(number, words, meant, column=column, better=safe, within=line))
    for column, words in _named(line, glossary):
        advice = glossary[words.lower()]
        better = "" if CHOICE.search(advice.better) else _cased(advice.better, words, line[:column], is_loud)
        yield _replaceable(Hint(number, words, _advised(advice), column=column, better=better, within=line))
    if mark := find_unpaired(line, language):
        meant = _unpaired_words(mark.better)
        yield Hint(number, mark.mark, meant, column=mark.column, better=mark.better, within=line)


def _digest_of(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _cased(better: str, words: str, before: str, is_loud: bool) -> str:
    """Return the replacement `better`, with a capital first letter where the replaced `words` have a capital.

    `before` is the line's text before the words. Only in a line in capitals (`is_loud`) is the replacement in capitals;
    elsewhere capitals mark an abbreviation.
    """
    is_upper = len(words) > 1 and words.isupper()
    if is_upper and is_loud:
        return better.upper()
    has_capital = _begins_sentence(before) if is_upper else words[:1].isupper()
    return better[:1].upper() + better[1:] if has_capital else better


def _is_in_capitals(line: str) -> bool:
    return line.isupper() and any(len(word[0]) > LONGEST_ABBREVIATION for word in WORDS.finditer(line))


def _begins_sentence(before: str) -> bool:
    """Return whether a word that follows this text on the same line is the first word of a sentence."""
    return not WORDS.search(before) or before.rstrip(OPENING).endswith((".", "!", "?"))


def _replaceable(hint: Hint) -> Hint:
    """Return the hint; without its replacement if its words are not plain text, or a sign joins an ending to them."""
    before, after = hint.within[: hint.column], hint.within[hint.column + len(hint.words) :]
    beside = before.rsplit(" ", 1)[-1] + after.split(" ", 1)[0]
    is_plain = not NOT_PLAIN & set(beside) and before[-1:] != "-" and after[:1] not in ENDINGS
    return hint if is_plain else replace(hint, better="")


def _unpaired_words(better: str) -> str:
    if better:
        return _("A quotation mark is not paired in this paragraph. Better: %(better)s", better=better)
    return _("A quotation mark is not paired in this paragraph.")


def _advised(advice: Advice) -> str:
    words = _("This is not what we call it. Better: %(better)s", better=advice.better)
    return f"{words}. {advice.reason}" if advice.reason else words


def _named(line: str, phrases: Mapping[str, object]) -> list[tuple[int, str]]:
    """Return (column, words) wherever the line has one of these phrases; the words are as the line spells them.

    Where several phrases begin at one word, only the longest is returned.
    """
    words, most = list(WORDS.finditer(line)), 1 + max((phrase.count(" ") for phrase in phrases), default=0)
    named: list[tuple[int, str]] = []
    at = 0
    while at < len(words):
        start = words[at].start()
        said = (line[start : word.end()] for word in words[at : at + most])
        known = [part for part in said if part.lower() in phrases]
        named += [(start, part) for part in known[-1:]]
        at += known[-1].count(" ") + 1 if known else 1
    return named
