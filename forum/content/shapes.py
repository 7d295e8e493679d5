"""Checks of what a file may hold: of single values, and of lists and tables of values.

A check takes a value as TOML or YAML gives it and returns it as a `Document` has it. Raises BadFile with the file
and the key. Lines end in "\\n" in a document, whatever they ended in before.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum
from typing import Any, NoReturn

from forum import addresses
from forum.columns import Text, is_link
from forum.content.errors import BadFile
from forum.tidying import trim
from forum.web.languages import NAMES

Document = dict[str, Any]
LANGUAGES = tuple(NAMES)
LONGEST_LINE, LONGEST_TEXT = 600, 200_000
# The form of names of files and folders in an export, and of parts of addresses.
NAME = re.compile(r"[\w-]+")
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
COUNTRY = re.compile(r"[A-Z]{2}")
KINDS = {str: "text", bool: "true or false", int: "number", list: "list", dict: "table"}
QUOTES = {"text": " in quotation marks"}


@dataclass(frozen=True)
class Where:
    """A position in a file of content, for error messages: the file's path, and a key or "" for the whole file."""

    file: str
    key: str = ""

    def at(self, name: object) -> "Where":
        """Return the position of the entry `name` below this position."""
        return replace(self, key=f"{self.key}.{name}" if self.key else str(name))

    def refuse(self, problem: str) -> NoReturn:
        """Raise BadFile for this position; `problem` says what is wrong there."""
        raise BadFile(self.file, self.key, problem)


Check = Callable[[Any, Where], Any]


def unix(text: str) -> str:
    """Return the text with a line feed at the end of each line, whatever the lines ended in before."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def said(told: Mapping[str, str]) -> Text:
    """Return these texts by language as a Text, without the languages whose text is empty."""
    return Text({language: text for language, text in told.items() if text})


def text_of(documents: Mapping[str, Document], name: str) -> Text:
    """Return the text with this name of each language's document, as one text by language."""
    return said({language: document.get(name, "") for language, document in documents.items()})


def of_kind(value: Any, kind: type, where: Where) -> Any:
    """Return the value if it has the type `kind`, else refuse it; true and false do not count as numbers."""
    if type(value) is not kind:
        where.refuse(f"has to be a {KINDS[kind]}{QUOTES.get(KINDS[kind], '')}")
    return value


def line(longest: int = LONGEST_LINE, *, empty: bool = False) -> Check:
    """Return a check for a text of one line; an empty one is refused unless `empty`."""

    def check(value: Any, where: Where) -> str:
        text = of_kind(value, str, where).strip()
        if not empty and not text:
            where.refuse("is empty")
        return _without_controls(text, where, "", longest)

    return check


def prose(longest: int = LONGEST_TEXT) -> Check:
    """Return a check for a text of any number of lines, which may be empty."""

    def check(value: Any, where: Where) -> str:
        return _without_controls(trim(of_kind(value, str, where)), where, "\n\t", longest)

    return check


def _without_controls(text: str, where: Where, kept: str, longest: int) -> str:
    for character in text:
        if unicodedata.category(character) in {"Cc", "Cs"} and character not in kept:
            where.refuse(f"holds the control character U+{ord(character):04X}")
    if len(text) > longest:
        where.refuse(f"has {len(text)} characters, and {longest} are the most")
    return text


def texts(check: Check, *, said: bool = False) -> Check:
    """Return a check for a text per language; every language has to be there, with "" where nothing is translated.

    With `said`, the text has to be there in one language at least.
    """

    def check_texts(value: Any, where: Where) -> Document:
        table_of = of_kind(value, dict, where)
        for name in table_of:
            if name not in LANGUAGES:
                where.at(name).refuse(f"is no language of this site; those are {', '.join(LANGUAGES)}")
        for language in LANGUAGES:
            if language not in table_of:
                where.at(language).refuse('is missing; write "" for a text that is not translated')
        checked = {language: check(table_of[language], where.at(language)) for language in LANGUAGES}
        if said and not any(text.strip() for text in checked.values()):
            where.refuse("is empty in every language")
        return checked

    return check_texts


def number(least: int, most: int = 1_000_000) -> Check:
    """Return a check for a whole number within these bounds."""

    def check(value: Any, where: Where) -> int:
        if not least <= of_kind(value, int, where) <= most:
            where.refuse(f"has to be from {least} to {most}")
        return value

    return check


def none_or(check: Check) -> Check:
    """Return a check that accepts 0, which means "none", and else what `check` accepts."""

    def check_unless_none(value: Any, where: Where) -> Any:
        return 0 if of_kind(value, int, where) == 0 else check(value, where)

    return check_unless_none


def flag(value: Any, where: Where) -> bool:
    """Check that the value is true or false."""
    return of_kind(value, bool, where)


def member(members: type[Enum]) -> Check:
    """Return a check for a code of an enumeration."""
    codes = [one.value for one in members]

    def check(value: Any, where: Where) -> str:
        if value not in codes:
            where.refuse(f"has to be one of {', '.join(codes)}")
        return value

    return check


def matching(fits: Callable[[str], object], what: str, longest: int = LONGEST_LINE) -> Check:
    """Return a check for a text that `fits` accepts; `what` completes the error message: what the text has to be."""

    def check(value: Any, where: Where) -> str:
        if len(of_kind(value, str, where)) > longest or not fits(value):
            where.refuse(f"has to be {what}")
        return value

    return check


def _is_clock(text: str) -> bool:
    return CLOCK.fullmatch(text) is not None


def _is_country(text: str) -> bool:
    return COUNTRY.fullmatch(text) is not None


clock_time = matching(_is_clock, 'a time such as "09:00"')
country = matching(_is_country, 'the code of a country, such as "SE"')


def key(longest: int) -> Check:
    """Return a check for a key or slug, which can be a part of addresses and names of files."""
    return matching(NAME.fullmatch, f"letters, digits and hyphens, {longest} at most", longest)


def or_empty(check: Check) -> Check:
    """Return a check that accepts an empty text, and else what `check` accepts."""

    def check_unless_empty(value: Any, where: Where) -> Any:
        return value if value == "" else check(value, where)

    return check_unless_empty


def link(longest: int) -> Check:
    """Return a check for an address that pages may link to (S32)."""

    def check(value: Any, where: Where) -> str:
        address = line(longest)(value, where)
        if not is_link(address):
            where.refuse("has to be an address that begins with https://, http:// or mailto:")
        return address

    return check


def mail_address(longest: int) -> Check:
    """Return a check for a mail address; "" means no address."""

    def check(value: Any, where: Where) -> str:
        try:
            return line(longest, empty=True)(value, where) and addresses.read(value, takes_utf8=True)
        except addresses.NotAnAddress as problem:
            where.refuse(str(problem))

    return check


def day(value: Any, where: Where) -> date:
    """Check that the value is a day, such as 2027-11-16."""
    if type(value) is not date:
        where.refuse("has to be a day such as 2027-11-16, without quotation marks")
    return value


def moment(value: Any, where: Where) -> datetime:
    """Check a moment such as 2027-11-16 09:00:00; `content.moments` places it in a zone."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if type(value) is not datetime:
        where.refuse("has to be a day and a time such as 2027-11-16 09:00:00")
    return value


def listing(check: Check, most: int = 1000) -> Check:
    """Return a check for a list of at most `most` values that each pass `check`."""

    def check_list(value: Any, where: Where) -> list[Any]:
        if len(of_kind(value, list, where)) > most:
            where.refuse(f"has {len(value)} entries, and {most} are the most")
        return [check(entry, where.at(place)) for place, entry in enumerate(value, start=1)]

    return check_list


def table(needed: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """Return a check for a table with these keys, and no others; the document has them in this order."""
    known = {**needed, **(optional or {})}

    def check(value: Any, where: Where) -> Document:
        for name in of_kind(value, dict, where):
            if name not in known:
                where.at(name).refuse(f"is not known here; what may stand here is {', '.join(known)}")
        for name in needed:
            if name not in value:
                where.at(name).refuse("is missing")
        return {name: part(value[name], where.at(name)) for name, part in known.items() if name in value}

    return check


def unique(entries: list[Document], name: str, where: Where) -> None:
    """Refuse a list in which two entries have the same value under this name."""
    seen = set()
    for place, entry in enumerate(entries, start=1):
        if entry[name] in seen:
            where.at(place).at(name).refuse(f"{entry[name]!r} stands there twice")
        seen.add(entry[name])
