"""The form in which texts are searched: casefolded and without diacritics, so that "oresund" finds "Øresund"."""

import re
import unicodedata

from forum.tidying import UNSEEN

PLAIN = str.maketrans(
    {"æ": "a", "ø": "o", "ð": "d", "đ": "d", "þ": "th", "ł": "l", "ŧ": "t", "ŋ": "n", "ı": "i", "œ": "oe"}
)
NOT_SEEN = re.compile(f"[{UNSEEN}]")


def search_fold(text: str) -> str:
    """Return the text casefolded, without diacritics and invisible characters, its white space as single spaces."""
    plain = unicodedata.normalize("NFKD", NOT_SEEN.sub("", text).casefold().translate(PLAIN))
    return " ".join("".join(mark for mark in plain if not unicodedata.combining(mark)).split())
