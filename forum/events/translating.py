"""Changing the languages of an event: standing pages are drafted in a new language, and hidden in a removed one.

No text is deleted: texts in a removed language are shown again when the language is added again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from forum.columns import Text
from forum.events import changes, drafts
from forum.events.models import Event, Page
from forum.events.queries import list_page_texts
from forum.web.languages import NAMES


@dataclass(frozen=True)
class NewLanguages:
    """The languages that an event has got and lost, by code, and the pages that were drafted in the new ones."""

    added: list[str]
    removed: list[str]
    drafted: list[Page]


def set_languages(event: Event, codes: Collection[str], *, actor: str, now: datetime) -> NewLanguages:
    """Give a locked event these languages, at least one, and draft its standing pages in the new languages.

    A page that has a text in a new language keeps it.
    """
    before, after = event.offered_languages, [code for code in NAMES if code in codes]
    changes.change(event, {"languages": after}, actor=actor, now=now)
    added = [code for code in after if code not in before]
    return NewLanguages(
        added=added,
        removed=[code for code in before if code not in after],
        drafted=[page for page in list_page_texts(event) if _draft(page, added, event, now)],
    )


def _draft(page: Page, codes: Collection[str], event: Event, now: datetime) -> bool:
    """Fill the page with its draft in those languages in which its text is empty; return whether there was a draft."""
    known = drafts.known_of(event)
    made = {
        code: draft
        for code in codes
        if not page.body.get(code) and (draft := drafts.draft_of(page.slug, code, known))
    }
    for code, draft in made.items():
        for name, words in draft.items():
            setattr(page, name, Text({**getattr(page, name), code: words}))
    if made:
        page.updated_at = now
    return bool(made)
