"""The form in which texts are searched: casefolded and without diacritics, so that "oresund" finds "Øresund"."""

import re
import unicodedata
from functools import lru_cache

from forum.tidying import UNSEEN

PLAIN = str.maketrans(
    {"æ": "a", "ø": "o", "ð": "d", "đ": "d", "þ": "th", "ł": "l", "ŧ": "t", "ŋ": "n", "ı": "i", "œ": "oe"}
)
NOT_SEEN = re.compile(f"[{UNSEEN}]")


def search_fold(text: str) -> str:
    """Return the text casefolded, without diacritics and invisible characters, its white space as single spaces."""
    plain = unicodedata.normalize("NFKD", NOT_SEEN.sub("", text).casefold().translate(PLAIN))
    return " ".join("".join(mark for mark in plain if not unicodedata.combining(mark)).split())


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
