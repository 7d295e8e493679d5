"""How organisers search for people: the searched values of a registration, and the terms of a search.

A search finds only what an organiser can read on the person's page, so a protected person by the alias only (P22).
Names are found in other spellings, too: "Soerensen" and "Sørensen" find each other, phone numbers with and without
spaces, a reference with and without its hyphen, a country by its name in any Nordic language. A word that begins with
"#" finds the people who have this tag.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from babel import Locale
from sqlalchemy import func

from forum.folding import search_fold
from forum.registration.models import Registration

LONGEST_TEXT, LONGEST_EXTRA = 900, 500
MOST_WORDS = 8
LONGEST_REFERENCE = 40  # the most characters of a typed reference, blanks and invisible characters included
LEAST_DIGITS = 5  # this many digits or more are also searched for as a phone number
# Spellings of æ ø å ä ö on a keyboard that lacks them, and the letters a and o into which folding turns them.
SPELT_OUT = (("aa", "a"), ("ae", "a"), ("oe", "o"))
# The apostrophes of keyboards and telephones: O'Brien, O\u2019Brien and OBrien find each other.
APOSTROPHE = re.compile("['\u2019\u2018\u02bc`\u00b4]")
BETWEEN = re.compile(r"[\s,;]+")
# Matches a typed phone number. Folding turns a non-breaking hyphen into U+2010, and CSV exports add "tel:".
PHONE = re.compile(r"(?<![^\s,;])(?:tel:)?([+(]?[0-9][0-9 ()./+\u2010–-]*[0-9])(?![^\s,;])")
NOT_DIGITS = re.compile(r"[^0-9]+")
TRUNK_ZERO = re.compile(r"\(0\)")  # matches the zero in +46 (0)8 …, which is dialled within the country only
NORDIC_CODES = ("46", "47", "45", "358", "354", "298", "299")
REFERENCE = re.compile(r"([0-9a-z]{4})[ -]?([0-9a-z]{4})")
# Reads o, i and l as 0, 1 and 1: people mistake them for these digits, and no reference contains the letters.
ALIKE = str.maketrans("oil", "011")
LOCALES = ("sv", "en", "nb", "da", "fi", "is")
# Whether `search_extra` was made from the row's present answers. A version of the forum that is older than the
# column changes only the answers: then the column holds a former name, title or phone number, which must find nobody.
EXTRA_HOLDS = Registration.search_extra_from == (
    Registration.search_text + "\n" + Registration.title + "\n" + func.coalesce(Registration.phone, "")
)


@dataclass(frozen=True)
class Term:
    """A part of a search. A registration meets it by having one of `texts`, one of `countries`, or `tag`."""

    texts: tuple[str, ...]
    countries: frozenset[str] = frozenset()
    tag: str = ""


def search_text(registration: Registration) -> str:
    """Return the name, organisation, address and reference, folded; every version of the forum searches in them."""
    shown = (registration.given_name, registration.family_name, registration.organisation, registration.email)
    return search_fold(" ".join((*shown, registration.reference)))[:LONGEST_TEXT]


def search_extra(registration: Registration) -> str:
    """Return the searched values besides `search_text`: title, phone number, and names in a shorter spelling."""
    title = search_fold(registration.title)
    words = f"{search_text(registration)} {title}".split()
    spellings = (spelling(word) for word in words for spelling in (_one_letter, _without_apostrophes))
    spelt = dict.fromkeys(short for short in spellings if short not in words)
    return " ".join(filter(None, (_digits(registration.phone or ""), title, *spelt)))[:LONGEST_EXTRA]


def search_extra_from(registration: Registration) -> str:
    """Return the values of which `search_extra` is made, as one text: a row that has another one is outdated."""
    return "\n".join((registration.search_text, registration.title, registration.phone or ""))


def read_reference(typed: str) -> str:
    """Return the stored form of a reference that was typed, perhaps by ear; "" for a text that cannot be one."""
    if len(typed) > LONGEST_REFERENCE:
        return ""  # a longer text is not folded: folding may take quadratic time (S35)
    parts = REFERENCE.fullmatch(search_fold(typed))
    return f"{parts[1]}-{parts[2]}".translate(ALIKE).upper() if parts else ""


def terms(query: str) -> list[Term]:
    """Return the terms that a registration must all meet, at most MOST_WORDS of them."""
    given = BETWEEN.split(query)
    tags = dict.fromkeys(word[1:].casefold() for word in given if len(word) > 1 and word[0] == "#")
    folded = search_fold(" ".join(word for word in given if word[:1] != "#" or len(word) == 1))
    rest, tags_and_numbers = folded, [Term((), tag=tag) for tag in tags]
    for run in PHONE.finditer(folded):
        if len(NOT_DIGITS.sub("", run[1])) >= LEAST_DIGITS:
            tags_and_numbers.append(_number(run[1]))
            rest = rest.replace(run[0], " ", 1)
    words = [word for word in BETWEEN.split(rest) if word]
    if not tags_and_numbers and not words and (meant := search_fold(query)):
        words = [meant]  # a search for only commas must find nobody, not everybody
    return [*tags_and_numbers, *map(_word, words)][:MOST_WORDS]


def _word(word: str) -> Term:
    spellings = dict.fromkeys((word, _one_letter(word), *_apostrophes(word)))
    return Term((*spellings, *_references(word)), _countries().get(word, frozenset()))


def _number(run: str) -> Term:
    """Return the term for a run of digits: as typed, as a phone number in any form, and as a reference.

    The parts of "33 12 34 56" are not searched separately, because that would also find a person with "33" in the
    reference and the other parts in another number.
    """
    written = " ".join(run.split())
    return Term(tuple(dict.fromkeys((written, *_dialled(run), *_references(written)))))


def _dialled(run: str) -> list[str]:
    """Return the digits that are the same in all forms of a number: 08 123, +46 8 123 and 0046 (0)8 123 are 8123."""
    digits = _digits(run)
    whole = digits.lstrip("0")
    abroad = next((code for code in NORDIC_CODES if whole.startswith(code)), "")
    is_abroad = run.startswith("+") or digits.startswith("00")
    national = whole.removeprefix(abroad) if is_abroad else whole
    return list(dict.fromkeys(text for text in (whole, national) if text))


def _digits(phone: str) -> str:
    return NOT_DIGITS.sub("", TRUNK_ZERO.sub("", phone))


def _references(word: str) -> Iterator[str]:
    if parts := REFERENCE.fullmatch(word):
        yield f"{parts[1]}-{parts[2]}".translate(ALIKE)


def _one_letter(word: str) -> str:
    for spelt, letter in SPELT_OUT:
        word = word.replace(spelt, letter)
    return word


def _without_apostrophes(word: str) -> str:
    return APOSTROPHE.sub("", word)


def _apostrophes(word: str) -> list[str]:
    """Return the word without its apostrophes and with each kind of apostrophe; nothing for a word that has none."""
    if not APOSTROPHE.search(word):
        return []
    return [APOSTROPHE.sub(kind, word) for kind in ("", "'", "\u2019") if APOSTROPHE.sub(kind, word)]


@cache
def _countries() -> Mapping[str, frozenset[str]]:
    """Return by word the codes of the countries with that word in their name, in one of LOCALES."""
    codes: dict[str, set[str]] = {}
    for locale in LOCALES:
        for code, name in Locale.parse(locale).territories.items():
            if len(code) == 2 and code.isalpha():
                for word in BETWEEN.split(search_fold(name)):
                    codes.setdefault(word, set()).add(code)
    return {word: frozenset(of_word) for word, of_word in codes.items()}
