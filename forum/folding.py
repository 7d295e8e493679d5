"""The form in which texts are searched, so that "oresund" finds "Øresund", and the form that addresses have."""

import re
import unicodedata
from functools import lru_cache

from forum.tidying import UNSEEN

PLAIN = str.maketrans(
    {"æ": "a", "ø": "o", "ð": "d", "đ": "d", "þ": "th", "ł": "l", "ŧ": "t", "ŋ": "n", "ı": "i", "œ": "oe"}
)
# What an address writes for a letter, where that differs from what a search compares: Danish and Icelandic æ is "ae".
IN_ADDRESS = str.maketrans({"æ": "ae", "ß": "ss"})
NOT_IN_ADDRESS = re.compile(r"[^a-z0-9]+")
NOT_SEEN = re.compile(f"[{UNSEEN}]")


def search_fold(text: str) -> str:
    """Return the text casefolded, without diacritics and invisible characters, its white space as single spaces."""
    plain = unicodedata.normalize("NFKD", NOT_SEEN.sub("", text).casefold().translate(PLAIN))
    return " ".join("".join(mark for mark in plain if not unicodedata.combining(mark)).split())


def slug_of(words: str, longest: int = 80) -> str:
    """Return words as the last part of an address, such as "sa-fordelas-platserna", or "" when no letter is left.

    Letters of the Nordic languages become ASCII: å ä → a, ö ø → o, æ → ae, þ → th, ð → d. No word is cut, unless the
    first one alone is longer than `longest`.
    """
    plain = search_fold(words.casefold().translate(IN_ADDRESS)).encode("ascii", "ignore").decode()
    whole = NOT_IN_ADDRESS.sub("-", plain).strip("-")
    if len(whole) <= longest:
        return whole
    cut = whole[: longest + 1].rpartition("-")[0]
    return cut or whole[:longest]


def fold_with_origins(text: str) -> tuple[str, list[int]]:
    """Return the text folded letter by letter, and for each folded letter the place of the one that it comes from.

    White space becomes single blanks, but is left where it stands.
    """
    folded, origins = [], []
    for place, letter in enumerate(text):
        plain = _fold_letter(letter)
        folded.append(plain)
        origins += [place] * len(plain)
    return "".join(folded), origins


@lru_cache(maxsize=4096)
def _fold_letter(letter: str) -> str:
    # Between two others, so that a letter which folds to a blank keeps it.
    return search_fold(f"x{letter}x")[1:-1]
