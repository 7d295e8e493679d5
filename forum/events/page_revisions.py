"""The revisions of standing pages: their texts in each language. The position of a page is not part of a revision."""

from datetime import datetime
from typing import Any

from forum.events.models import Page, PageRevision
from forum.events.page_drafts import PageDraft
from forum.revisions import History


def of(page: Page) -> History:
    """Return the history of a page's revisions."""
    return History(PageRevision, "page_id", page.id)


def said_by(page: Page) -> dict[str, Any]:
    """Return the page's present texts as the content of a revision."""
    return {"texts": PageDraft.of(page).values()["texts"]}


def keep(page: Page, *, user_id: int | None, now: datetime) -> None:
    """Store the page's present texts as a revision, unless the last revision has the same."""
    of(page).keep(said_by(page), user_id=user_id, now=now)


def keep_first(page: Page, *, now: datetime) -> None:
    """Store the page's present texts as its first revision, unless it has one; call this before a change."""
    of(page).keep_first(said_by(page), made_at=min(page.updated_at, now))
