"""Filling facts that become known later into the drafts of an event's pages, unless somebody has edited them."""

from datetime import datetime

from forum.audit import actions as audit
from forum.columns import Text
from forum.events import drafts
from forum.events.drafts import Known
from forum.events.models import Event, Page
from forum.events.queries import list_page_texts


def fill_drafts(event: Event, before: Known, *, actor: str, now: datetime) -> list[Page]:
    """Fill the known facts into each unedited draft of a page; return the changed pages.

    `before` has the facts that were known until this change. A page's text in a language is left as it is if somebody
    has edited it.
    """
    known, filled = drafts.known_of(event), []
    if known == before:
        return []
    for page in list_page_texts(event):
        new = {
            code: drafts.draft_body(page.slug, code, known)
            for code, words in page.body.items()
            if words == drafts.draft_body(page.slug, code, before)
        }
        if any(page.body[code] != words for code, words in new.items()):
            page.body = Text({**page.body, **new})
            page.updated_at = now
            filled.append(page)
            audit.record("page.filled", page, actor=actor, at=now, slug=page.slug)
    return filled
