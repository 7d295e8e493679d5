"""The revisions of standing pages: what a page said in each language. Where a page stands is not part of a revision."""

from datetime import datetime
from typing import Any

from forum.events.models import Page, PageRevision
from forum.events.page_drafts import PageDraft
from forum.revisions import History


def of(page: Page) -> History:
    """Return the revisions of a page."""
    return History(PageRevision, "page_id", page.id)


def said_by(page: Page) -> dict[str, Any]:
    """Return what the page says now as the content of a revision."""
    return {"texts": PageDraft.of(page).values()["texts"]}


def keep(page: Page, *, user_id: int | None, now: datetime) -> None:
    """Keep what the page says now, unless the last revision says the same."""
    of(page).keep(said_by(page), user_id=user_id, now=now)


def keep_first(page: Page, *, now: datetime) -> None:
    """Keep the page's present words as its first revision, unless it has one; call this before a change."""
    of(page).keep_first(said_by(page), made_at=min(page.updated_at, now))
