"""Addresses of earlier sites as old-addresses.toml: each leads to a post, a category or a path of this site."""

from collections.abc import Mapping

from forum.columns import OWN_PATH
from forum.content.shapes import LANGUAGES, Document, Where, key, line, listing, matching, table, unique
from forum.news.models import OldAddress
from forum.news.old_paths import LONGEST, is_old, plain_path

FILE = "old-addresses.toml"
ADDRESSES = "addresses"
TARGETS = ("post", "category", "leads_to")


def _is_own_path(text: str) -> bool:
    return OWN_PATH.fullmatch(text) is not None


def _is_language(text: str) -> bool:
    return text in LANGUAGES


SHAPE = table(
    {
        ADDRESSES: listing(
            table(
                {"old": line(LONGEST), "language": matching(_is_language, f"one of {', '.join(LANGUAGES)}")},
                {
                    "post": key(80),
                    "category": key(60),
                    "leads_to": matching(_is_own_path, 'a path of this site, such as "/sv/news/"', LONGEST),
                },
            ),
            most=100_000,
        )
    }
)


def tell(old: OldAddress, posts: Mapping[int, str], categories: Mapping[int, str]) -> Document:
    """Return an old address as an entry of the file; `posts` and `categories` give their keys by id."""
    told = {
        "old": old.path,
        "language": old.language,
        "post": posts.get(old.post_id) if old.post_id else None,
        "category": categories.get(old.category_id) if old.category_id else None,
        "leads_to": old.leads_to,
    }
    return {name: value for name, value in told.items() if value is not None}


def read(raw: Document, where: Where) -> Document:
    """Return the content of old-addresses.toml as a document, sorted. Raises BadFile."""
    entries = SHAPE(raw, where)[ADDRESSES]
    for place, entry in enumerate(entries, start=1):
        at = where.at(ADDRESSES).at(place)
        if sum(name in entry for name in TARGETS) != 1:
            at.refuse(f"leads to one of {', '.join(TARGETS)}")
        if not is_old(entry["old"]):
            at.at("old").refuse('has to be a path such as "/blogg/2016/11/25/slug"')
        entry["old"] = plain_path(entry["old"])
    unique(entries, "old", where.at(ADDRESSES))
    return {ADDRESSES: sorted(entries, key=lambda entry: entry["old"])}
