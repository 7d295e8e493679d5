"""The whole content as documents by file, and what differs between two of them."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from forum.content.documents import BODY
from forum.content.glossary import FILE as GLOSSARY
from forum.content.old_addresses import ADDRESSES
from forum.content.old_addresses import FILE as OLD_ADDRESSES
from forum.content.shapes import Document
from forum.content.taxonomy import FILE as TAXONOMY

LONGEST_SHOWN = 60
UPDATED = "updated"
BY_LANGUAGE = dict[str, Document]


@dataclass
class Site:
    """The content of a database or of a folder; pages by event, slug and language, posts by key and language."""

    taxonomy: Document | None = None  # None if the folder has no file taxonomy.toml
    old_addresses: Document | None = None
    glossary: Document | None = None
    events: dict[str, Document] = field(default_factory=dict)
    pages: dict[tuple[str, str], BY_LANGUAGE] = field(default_factory=lambda: defaultdict(dict))
    # Documents of images by slug of the event and key of the image.
    images: dict[tuple[str, str], Document] = field(default_factory=dict)
    posts: dict[str, BY_LANGUAGE] = field(default_factory=lambda: defaultdict(dict))

    @property
    def terms(self) -> Document:
        """The document of categories and hashtags, with empty lists where the content has none."""
        return self.taxonomy or {"categories": [], "hashtags": []}

    @property
    def old(self) -> dict[str, Document]:
        """The documents of old addresses by the address's path; empty if the content has none."""
        return {entry["old"]: entry for entry in (self.old_addresses or {}).get(ADDRESSES, [])}

    def files(self) -> dict[str, Document]:
        """Return all documents by the paths of their files."""
        files = {TAXONOMY: self.taxonomy} if self.taxonomy else {}
        if self.old_addresses:
            files[OLD_ADDRESSES] = self.old_addresses
        if self.glossary:
            files[GLOSSARY] = self.glossary
        files |= {event_path(slug): document for slug, document in self.events.items()}
        for (event, slug), languages in self.pages.items():
            files |= {page_path(event, slug, language): page for language, page in languages.items()}
        files |= {image_path(event, key): image for (event, key), image in self.images.items()}
        for key, languages in self.posts.items():
            files |= {post_path(key, language): post for language, post in languages.items()}
        return files


@dataclass(frozen=True)
class Difference:
    """A difference that an import makes to the content of a file."""

    file: str
    key: str  # the entry of the file that differs; "" if the whole file does
    said: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.key, self.said) if part)


def event_path(slug: str) -> str:
    """Return the path of an event's file."""
    return f"events/{slug}/event.toml"


def page_path(event: str, slug: str, language: str) -> str:
    """Return the path of a page's file."""
    return f"events/{event}/pages/{slug}.{language}.md"


def image_path(event: str, key: str) -> str:
    """Return the path of the file that describes an image."""
    return f"events/{event}/images/{key}.toml"


def original_path(event: str, key: str) -> str:
    """Return the path of the original of an image."""
    return f"events/{event}/images/{key}.jpg"


def post_path(key: str, language: str) -> str:
    """Return the path of a post's file."""
    return f"posts/{key}.{language}.md"


def compare(before: Site, after: Site) -> list[Difference]:
    """Return the differences of two contents, by file and by key within the file."""
    old, new = before.files(), after.files()
    return [
        Difference(file, key, said)
        for file in sorted({*old, *new})
        for key, said in _compare(old.get(file), new.get(file))
    ]


def _compare(old: Document | None, new: Document | None) -> Iterator[tuple[str, str]]:
    if old is None or new is None:
        yield "", "new" if old is None else "removed"
        return
    before, after = dict(_flat("", old)), dict(_flat("", new))
    for key in [*before, *(key for key in after if key not in before)]:
        if before.get(key) == after.get(key):
            continue
        if key == BODY:
            is_dated = before.get(UPDATED) is not None and before.get(UPDATED) == after.get(UPDATED)
            yield (
                "text",
                _tell_lines(before.get(key, ""), after.get(key, ""))
                + ("; updated stays" if is_dated else ""),
            )
        else:
            yield key, f"{_tell(before.get(key))} → {_tell(after.get(key))}"


def _flat(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield each single value with its key, such as `sectors.ngo.floor`; a list's entry has its key or number."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _flat(f"{key}.{name}" if key else name, part)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        names = [_name_of(entry, place) for place, entry in enumerate(value, start=1)]
        yield key, names
        for name, entry in zip(names, value, strict=True):
            yield from _flat(f"{key}.{name}", entry)
    else:
        yield key, value


def _name_of(entry: Document, place: int) -> str:
    """Return the name of an entry of a list: its key, name, old address or word to avoid, else its number."""
    named = next((entry[name] for name in ("key", "name", "old", "avoid") if name in entry), None)
    return named if isinstance(named, str) else str(place)


def _tell(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        told = ", ".join(value) or "nothing"
    else:
        told = str(value) if isinstance(value, date) else json.dumps(value, ensure_ascii=False)
    return told if len(told) <= LONGEST_SHOWN else f"{told[: LONGEST_SHOWN - 1]}…"


def _tell_lines(old: str, new: str) -> str:
    before, after = old.splitlines(), new.splitlines()
    same = sum(
        block.size for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    )
    return f"{len(after) - same} lines added, {len(before) - same} removed"
