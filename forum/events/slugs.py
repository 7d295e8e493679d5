"""The short name of an event in addresses, made from its name by Nordic rules: å and ä become a, ø and ö become o."""

import re
import unicodedata

from sqlalchemy import select

from forum.events.models import Event
from forum.extensions import db

# What is made leaves room for year and number, and the column holds what is typed.
LONGEST, LONGEST_TYPED = 40, 60
# Addresses of the console that stand where an event's short name would.
TAKEN = {"new", "styleguide"}
SPELT = str.maketrans({"æ": "ae", "ø": "o", "œ": "oe", "ð": "d", "đ": "d", "þ": "th", "ß": "ss", "ł": "l"})
PATTERN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def free_slug(name: str, year: int) -> str:
    """Return a short name that no event has: the name's words with the year, and with a number if that one is taken."""
    words = _words(name)
    base = "-".join(words if str(year) in words else [*words, str(year)])
    taken = _taken()
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


def is_free(slug: str) -> bool:
    """Return whether an event may have this short name in its addresses."""
    return len(slug) <= LONGEST_TYPED and bool(PATTERN.fullmatch(slug)) and slug not in _taken()


def _taken() -> set[str]:
    return TAKEN | set(db.session.scalars(select(Event.slug)))


def _words(name: str) -> list[str]:
    """Return the name's words in ASCII, as many as fit."""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(SPELT))
    words = re.findall(r"[a-z0-9]+", "".join(mark for mark in plain if not unicodedata.combining(mark))) or [
        "forum"
    ]
    kept = [words[0][:LONGEST]]
    for word in words[1:]:
        if len("-".join([*kept, word])) > LONGEST:
            break
        kept.append(word)
    return kept
