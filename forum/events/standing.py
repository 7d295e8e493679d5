"""Standing pages of an event, such as the privacy notice: writing, adding, ordering and removing them."""

from datetime import datetime
from itertools import count

from forum.audit import actions as audit
from forum.events import page_revisions as revisions
from forum.events.models import Event, Page
from forum.events.page_drafts import PageDraft, fill
from forum.extensions import db
from forum.folding import slug_of

# Slugs of pages to which other pages link, so that they cannot be removed.
LINKED = frozenset({"practical", "privacy"})
# No page may have these slugs: the console uses them in URLs below the list of pages.
OWN_WORDS = frozenset({"new", "preview"})
STEP = 10
NAMELESS = "page"


class StillLinked(Exception):
    """The page cannot be removed: the navigation or the registration leads to it."""


def create(
    event: Event, draft: PageDraft, *, slug: str, user_id: int | None, actor: str, now: datetime
) -> Page:
    """Add a page to the event; its address is made from the slug, else from a title.

    If a page with this address and the same text exists already, as when the form is sent twice, that page is returned.
    The caller holds the lock on the event.
    """
    wanted = slug or next((said["title"] for said in draft.texts.values()), "")
    for page in event.pages:
        if PageDraft.of(page).texts == draft.texts and _is_address_for(page.slug, wanted):
            return page
    page = Page(slug=_free_slug(event, wanted), updated_at=now)
    fill(page, draft)
    event.pages.append(page)
    _place(event, page, draft.after)
    db.session.flush()
    revisions.keep(page, user_id=user_id, now=now)
    audit.record("page.created", page, actor=actor, at=now, slug=page.slug)
    return page


def change(page: Page, draft: PageDraft, *, user_id: int | None, actor: str, now: datetime) -> None:
    """Store the page's new texts, also as a revision."""
    before, after = PageDraft.of(page).values(), draft.values()
    if after == before:
        return
    revisions.keep_first(page, now=now)
    fill(page, draft)
    _place(page.event, page, draft.after)
    if after["texts"] != before["texts"]:
        page.updated_at = now
    revisions.keep(page, user_id=user_id, now=now)
    audit.record("page.changed", page, actor=actor, at=now, slug=page.slug)


def remove(page: Page, *, actor: str, now: datetime) -> None:
    """Remove a page for good. Raises StillLinked if other pages link to it."""
    if page.slug in LINKED:
        raise StillLinked
    audit.record("page.removed", page, actor=actor, at=now, slug=page.slug)
    page.event.pages.remove(page)


def _free_slug(event: Event, words: str) -> str:
    """Return a slug that is made of these words and that no page of the event has yet."""
    wanted = slug_of(words, 50) or NAMELESS
    taken = OWN_WORDS | {page.slug for page in event.pages}
    numbered = (f"{wanted}-{number}" for number in count(2))
    return wanted if wanted not in taken else next(slug for slug in numbered if slug not in taken)


def _is_address_for(slug: str, words: str) -> bool:
    """Return whether the slug is made of these words, perhaps with a number added."""
    wanted = slug_of(words, 50) or NAMELESS
    stem, _hyphen, number = slug.rpartition("-")
    return slug == wanted or (stem == wanted and number.isdecimal())


def _place(event: Event, page: Page, after: str) -> None:
    """Move the page behind the page whose slug is `after`, or to the front; the other pages keep their order."""
    others = sorted((each for each in event.pages if each is not page), key=lambda each: each.position)
    index = next((number for number, each in enumerate(others, 1) if each.slug == after), 0)
    for number, each in enumerate([*others[:index], page, *others[index:]], 1):
        each.position = number * STEP
