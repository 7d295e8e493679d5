"""The texts of standing pages and front pages without markup, for the search and its extracts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from forum.columns import Text
from forum.events.models import Event, Page
from forum.images.bodies import without_marks
from forum.web.markdown import paragraphs

# Matches a placeholder: a name alone on a line of a page's text, which the template replaces (`events.public`).
PLACEHOLDER = re.compile(r"\{\{[a-z-]+\}\}")


@dataclass(frozen=True)
class Said:
    """The texts of a page that the search uses: title, lead, and the paragraphs below."""

    title: str
    lead: str
    below: tuple[str, ...]


def said_on_page(page: Page, language: str) -> Said:
    """Return the texts of a standing page in a language."""
    below = paragraphs(without_marks(page.body.in_language(language)))
    return Said(
        page.title.in_language(language),
        page.summary.in_language(language),
        tuple(words for words in below if not PLACEHOLDER.fullmatch(words)),
    )


def said_on_front(event: Event, language: str) -> Said:
    """Return the texts of an event's front page in a language: name, lead, sharing of places, programme, facts."""
    points, facts = (
        _told(event.programme_points, "title", "text", language),
        _told(event.facts, "label", "value", language),
    )
    below = (*paragraphs(event.sharing.in_language(language)), *points, *facts)
    return Said(event.name.in_language(language), event.lead.in_language(language), below)


def _told(entries: Iterable[dict[str, Any]], head: str, words: str, language: str) -> list[str]:
    return [
        f"{Text(entry[head]).in_language(language)}: {Text(entry[words]).in_language(language)}"
        for entry in entries
    ]
