"""Facts that become known later are put into the drafts of an event's pages, as long as nobody has edited them."""

from datetime import datetime

from forum.audit import actions as audit
from forum.columns import Text
from forum.events import drafts
from forum.events.drafts import Known
from forum.events.models import Event, Page
from forum.events.queries import list_page_texts


def fill_drafts(event: Event, before: Known, *, actor: str, now: datetime) -> list[Page]:
    """Fill what is known now into each draft that says just what it was drafted to say; return the changed pages.

    `before` is what was known of the event until this change. A text in which somebody has changed a word is left as
    it is, in that language.
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
