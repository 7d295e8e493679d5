"""Comparing two versions of a post, field by field and word by word."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from forum.images import queries as images
from forum.news.drafts import SAID
from forum.news.wording import field_name
from forum.web.differences import Piece, compare_words
from forum.web.languages import NAMES, in_language

SHARED = ("event", "has_help_box", "cover", "categories", "tags", "sources")


@dataclass(frozen=True)
class Difference:
    """A field that differs between two versions: its name, its language or "", and the pieces of its text."""

    name: str
    language: str
    pieces: list[Piece]


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return the fields in which two drafts, as plain values, differ."""
    return list(_differing(before, after))


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for code in NAMES:
        old, new = (side["texts"].get(code, {}) for side in (before, after))
        for name in SAID:
            if (was := old.get(name, "")) != (now := new.get(name, "")):
                yield Difference(field_name(name), code, compare_words(was, now))
    for name in SHARED:
        was, now = (_shown(_named(name, side.get(name))) for side in (before, after))
        if was != now:
            yield Difference(field_name(name), "", compare_words(was, now))


def _named(name: str, value: Any) -> Any:
    """Return what a cover image shows in place of its key, and any other value as it is."""
    image = images.find(value) if name == "cover" and value else None
    return in_language(image.alt) if image else value


def _shown(value: Any) -> str:
    """Return the value of a field that all languages share as lines of text."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list | tuple):
        return "\n".join(map(_shown, value))
    if isinstance(value, Mapping):
        return " · ".join(str(part) for part in value.values() if part)
    return str(value or "")
