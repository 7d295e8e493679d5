"""The form in which posts are searched: casefolded, without marks, so that "oresund" finds "Øresund"."""

import unicodedata

SPECIAL = str.maketrans(
    {"æ": "a", "ø": "o", "ð": "d", "đ": "d", "þ": "th", "ł": "l", "ŧ": "t", "ŋ": "n", "ı": "i", "œ": "oe"}
)


def search_fold(text: str) -> str:
    """Return text folded for searching, its white space as single spaces."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(SPECIAL))
    return " ".join("".join(mark for mark in plain if not unicodedata.combining(mark)).split())


def search_text(headline: str, lead: str, body: str, tags: tuple[str, ...] = ()) -> str:
    """Return what `PostText.search_text` holds for a post's words and hashtags."""
    return search_fold(" ".join((headline, lead, body, *tags)))
