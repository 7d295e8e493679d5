"""The texts with which a new event begins, in every language, with blanks where organisers fill in facts.

The texts are in `first_texts/`: the standing pages as Markdown, and `front.toml`. A blank stands in square brackets,
such as "[controller’s name]". The facts that are known when the event is made (`Known`) are filled in at once.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import frontmatter
from babel.core import get_global

from forum.columns import Text
from forum.events.models import Event, Page, Sector
from forum.tidying import trim

FOLDER = Path(__file__).with_name("first_texts")
# A blank is text in square brackets, but not a link, "[words](address)" or "[words][name]", or a picture's text.
BLANK = re.compile(r"(?<![!\]\\])\[([^\[\]\n]+)\](?![(\[:])")
# A placeholder in the texts that a new event begins with, such as "{contact}": a fact about the event replaces it.
FACT = re.compile(r"\{(controller|contact|authority|directions)\}")
# `front.toml` gives floors (places kept) and ceilings (most places) in thousandths of the capacity.
WHOLE = 1000


@dataclass(frozen=True)
class Known:
    """The facts that an event's first texts state; an empty fact stays a blank in the texts."""

    organiser_name: Text
    contact_email: str
    country: str  # the code of the country in which the event's time zone lies, or ""
    has_directions: bool = False  # whether the event has directions to its venue


def known_of(event: Event) -> Known:
    """Return the facts of an event that its organisers have given so far."""
    country = get_global("zone_territories").get(event.timezone, "")
    has_directions = any(event.directions.values())
    return Known(Text(event.organiser_name), event.contact_email, country, has_directions)


def draft_pages(known: Known, languages: Collection[str], now: datetime) -> list[Page]:
    """Return the standing pages as drafts: practical, privacy, accessibility and code of conduct."""
    by_slug: dict[str, dict[str, frontmatter.Post]] = defaultdict(dict)
    for slug, language, document in _documents():
        if language not in languages:
            continue
        by_slug[slug][language] = document
    return [
        Page(
            slug=slug,
            position=next(iter(texts.values())).metadata["order"],
            title=Text({code: document.metadata["title"] for code, document in texts.items()}),
            summary=Text({code: document.metadata["summary"] for code, document in texts.items()}),
            body=Text({code: _fill(document.content, code, known) for code, document in texts.items()}),
            updated_at=now,
        )
        for slug, texts in by_slug.items()
    ]


def draft_of(slug: str, language: str, known: Known) -> dict[str, str]:
    """Return a standing page's drafted title, summary and body in a language, by name; {} if the page has no draft."""
    document = _drafts().get((slug, language))
    if document is None:
        return {}
    told = {name: str(document.metadata[name]) for name in ("title", "summary")}
    return {**told, "body": _fill(document.content, language, known)}


def draft_body(slug: str, language: str, known: Known) -> str | None:
    """Return the drafted text of a standing page in a language; None if the page has no draft."""
    return draft_of(slug, language, known).get("body")


def draft_sectors(template: str, capacity: int) -> list[Sector]:
    """Return the sectors of a template, with their shares of the event's places; none for "blank"."""
    return [
        Sector(
            key=source["key"],
            position=position,
            name=Text(source["name"]),
            invited=Text(source["invited"]),
            floor=capacity * source["floor"] // WHOLE,
            ceiling=-(-capacity * source["ceiling"] // WHOLE),
        )
        for position, source in enumerate(_front()["sectors"].get(template, ()))
    ]


def draft_lead(languages: Collection[str]) -> Text:
    """Return the front page's first lead: in each language a blank, which organisers fill in."""
    return Text({code: _front()["lead"][code] for code in languages})


def draft_sharing(template: str, languages: Collection[str]) -> Text:
    """Return the front page's text on how places are shared between the sectors of a template."""
    return Text({code: trim(_front()["sharing"][template][code]) for code in languages})


def list_blanks(text: str) -> list[str]:
    """Return the words between the square brackets of each blank in a text, in order."""
    return BLANK.findall(text)


@cache
def _front() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "front.toml").read_text(encoding="utf-8"))


@cache
def _drafts() -> dict[tuple[str, str], frontmatter.Post]:
    return {(slug, language): document for slug, language, document in _documents()}


def _documents() -> Iterator[tuple[str, str, frontmatter.Post]]:
    for path in sorted(FOLDER.glob("*.md")):
        slug, language, _ending = path.name.rsplit(".", 2)
        yield slug, language, frontmatter.loads(path.read_text(encoding="utf-8"))


def _fill(text: str, language: str, known: Known) -> str:
    """Return a page's text with the known facts of the event filled in, and with blanks for unknown facts."""
    front = _front()
    blanks: Mapping[str, Mapping[str, str]] = front["blanks"]
    words = {
        "controller": _escape(known.organiser_name.in_language(language)),
        "contact": f"[{known.contact_email}](mailto:{known.contact_email})" if known.contact_email else "",
        "authority": front["authorities"].get(known.country, blanks["authority"])[language],
        "directions": "{{directions}}" if known.has_directions else "",
    }
    return FACT.sub(lambda fact: words[fact[1]] or blanks[fact[1]][language], text)


def _escape(name: str) -> str:
    """Return a name as Markdown that shows it as it was typed."""
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", name)
