"""The form in which everything is searched: casefolded, without marks and joiners: "oresund" finds "Øresund"."""

import re
import unicodedata

from forum.tidying import UNSEEN

PLAIN = str.maketrans(
    {"æ": "a", "ø": "o", "ð": "d", "đ": "d", "þ": "th", "ł": "l", "ŧ": "t", "ŋ": "n", "ı": "i", "œ": "oe"}
)
NOT_SEEN = re.compile(f"[{UNSEEN}]")


def search_fold(text: str) -> str:
    """Return text folded for searching, its white space as single spaces, with nothing that cannot be seen."""
    plain = unicodedata.normalize("NFKD", NOT_SEEN.sub("", text).casefold().translate(PLAIN))
    return " ".join("".join(mark for mark in plain if not unicodedata.combining(mark)).split())
