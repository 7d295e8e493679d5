"""The form in which everything is searched: casefolded, without marks, so that "oresund" finds "Øresund"."""

import unicodedata

PLAIN = str.maketrans(
    {"æ": "a", "ø": "o", "ð": "d", "đ": "d", "þ": "th", "ł": "l", "ŧ": "t", "ŋ": "n", "ı": "i", "œ": "oe"}
)


def search_fold(text: str) -> str:
    """Return text folded for searching, its white space as single spaces."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(PLAIN))
    return " ".join("".join(mark for mark in plain if not unicodedata.combining(mark)).split())
