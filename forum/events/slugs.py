"""The short name of an event in addresses."""

import re

from sqlalchemy import select

from forum.events.models import Event
from forum.extensions import db
from forum.folding import slug_of

# The most characters of the words that a slug takes from an event's name, before year and number, and of a typed slug.
LONGEST, LONGEST_TYPED = 40, 60
# Words that cannot be slugs, because URLs of the console have them where other URLs have an event's slug.
TAKEN = {"new", "styleguide", "events"}
# The word from which the slug is made when the event's name has no Latin letter.
NAMELESS = "forum"
PATTERN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def free_slug(name: str, year: int) -> str:
    """Return a short name that no event has: the name's words with the year, and with a number if that one is taken."""
    words = slug_of(name, LONGEST) or NAMELESS
    base = words if str(year) in words.split("-") else f"{words}-{year}"
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
