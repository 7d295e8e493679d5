"""Simplifies the letters of a text, for searches ("oresund" finds "Øresund") and for URLs."""

import re
import unicodedata
from functools import lru_cache

from forum.tidying import UNSEEN

PLAIN = str.maketrans(
    {"æ": "a", "ø": "o", "ð": "d", "đ": "d", "þ": "th", "ł": "l", "ŧ": "t", "ŋ": "n", "ı": "i", "œ": "oe"}
)
# Letters that `slug_of` spells otherwise than `search_fold`: it writes Danish and Icelandic æ as "ae".
IN_ADDRESS = str.maketrans({"æ": "ae", "ß": "ss"})
NOT_COMPARED = re.compile(r"[^\w#]+|_")
NOT_IN_ADDRESS = re.compile(r"[^a-z0-9]+")
NOT_SEEN = re.compile(f"[{UNSEEN}]")


def search_fold(text: str) -> str:
    """Return the text casefolded, without diacritics and invisible characters, its white space as single spaces."""
    plain = unicodedata.normalize("NFKD", NOT_SEEN.sub("", text).casefold().translate(PLAIN))
    return " ".join("".join(mark for mark in plain if not unicodedata.combining(mark)).split())


def fold_words(text: str) -> str:
    """Return a text without case, accents and punctuation, for comparing headings and names."""
    return " ".join(NOT_COMPARED.sub(" ", search_fold(text)).split())


def slug_of(words: str, longest: int = 80) -> str:
    """Return words as the last part of a URL, such as "sa-fordelas-platserna", or "" when no letter is left.

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
    """Return the text folded letter by letter, and for each folded letter the index of its original in `text`.

    Each white-space character becomes one blank; none is removed.
    """
    folded, origins = [], []
    for place, letter in enumerate(text):
        plain = _fold_letter(letter)
        folded.append(plain)
        origins += [place] * len(plain)
    return "".join(folded), origins


@lru_cache(maxsize=4096)
def _fold_letter(letter: str) -> str:
    # Fold the letter between two letters x: a blank at the end of a text would be removed by `search_fold`.
    return search_fold(f"x{letter}x")[1:-1]
