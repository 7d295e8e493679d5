"""Finding search entries that differ from their texts, and writing them again.

An earlier version of the forum, which may run beside this one, writes texts without entries: the worker checks these
texts. `forum rebuild-search` checks all texts.
"""

from collections.abc import Sequence
from datetime import datetime

from flask import current_app
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text, union
from sqlalchemy.exc import DatabaseError

from forum.events import queries as events
from forum.events.models import Event, Page
from forum.extensions import db
from forum.news.matching import OF_POST, TEXT
from forum.news.models import Post, PostText
from forum.news.search_entries import SearchEntry, entries_of, owner_of, write

BATCH = 200
# The key in app.extensions for the content versions at which all entries, of posts and of pages, were last found right.
CHECKED = "search_checked"
SQLITE_CHECK = text("INSERT INTO search_index(search_index, rank) VALUES ('integrity-check', 1)")
SQLITE_REBUILD = text("INSERT INTO search_index(search_index) VALUES ('rebuild')")
POSTGRES_CHECK = text(
    "SELECT count(*) FROM search_entries AS e LEFT JOIN search_index AS i ON i.id = e.id"
    " WHERE i.words IS DISTINCT FROM search_words(e.language, e.title, e.lead, e.body)"
)
# Changes no value, but makes the database's trigger index each row anew.
POSTGRES_REBUILD = text("UPDATE search_entries SET language = language")


def list_outdated(*, now: datetime) -> Sequence[int]:
    """Return the numbers of the batches of posts with outdated search entries; batch 3 begins with the id 3 * BATCH.

    Every change of public content raises the content version, whichever version of the forum makes it: while the
    content version stays the same, no entry is compared again.
    """
    version = events.content_version()
    if _checked().get("posts") == version:
        return []
    outdated = db.session.scalars(select(Post.id).where(_is_outdated()).order_by(Post.id)).all()
    if not outdated:
        _checked()["posts"] = version
    return sorted({number // BATCH for number in outdated})


def refill(batch: int, *, now: datetime) -> int:
    """Write the outdated search entries of a batch of posts; return for how many posts.

    Posts that are being changed are left for the next run.
    """
    within = range(batch * BATCH, (batch + 1) * BATCH)
    outdated = select(Post).where(_is_outdated(within)).order_by(Post.id)
    posts = db.session.scalars(outdated.with_for_update(skip_locked=True, key_share=True)).all()
    return sum([write(post) for post in posts])


def refill_pages(*, now: datetime) -> int:
    """Write the outdated search entries of standing pages and front pages; return for how many pages."""
    version = events.content_version()
    if _checked().get("pages") == version:
        return 0
    written = sum([write(row) for row in _outdated_pages()])
    if not written:
        _checked()["pages"] = version
    return written


def count_outdated() -> int:
    """Return how many posts, standing pages and front pages have outdated search entries."""
    posts = db.session.scalar(select(func.count()).select_from(Post).where(_is_outdated())) or 0
    return posts + len(_outdated_pages())


def is_index_whole() -> bool:
    """Return whether the database's index agrees with the search entries. Call after `start_write`."""
    if db.engine.dialect.name == "postgresql":
        return not db.session.scalar(POSTGRES_CHECK)
    try:
        db.session.execute(SQLITE_CHECK)
    except DatabaseError:
        return False
    return True


def rebuild() -> int:
    """Rebuild the database's index, and write outdated entries anew; return how many posts and pages had any."""
    db.session.execute(SQLITE_REBUILD if db.engine.dialect.name == "sqlite" else POSTGRES_REBUILD)
    posts = db.session.scalars(select(Post).where(_is_outdated())).all()
    return sum([write(row) for row in (*posts, *_outdated_pages())])


def _is_outdated(within: range | None = None) -> ColumnElement[bool]:
    """Return the condition for posts with a missing or differing search entry, or an entry in a language they lack.

    With `within`, only posts with these ids are compared.

    `PostText.search_text`, which earlier versions write too, is the whole text of the entry, with one blank between
    words. The entries that a migration has made from this column have no title.
    """
    one_blank = func.trim(func.replace(func.replace(TEXT, "  ", " "), "  ", " "))
    lacks_title = and_(SearchEntry.title == "", PostText.headline != "")
    differs = or_(SearchEntry.id.is_(None), one_blank != PostText.search_text, lacks_title)
    texts: Select = select(PostText.post_id).outerjoin(SearchEntry, OF_POST).where(differs)
    entries = select(SearchEntry.post_id).outerjoin(PostText, OF_POST)
    left_over = entries.where(SearchEntry.post_id.is_not(None), PostText.post_id.is_(None))
    if within is not None:
        texts = texts.where(PostText.post_id.between(within[0], within[-1]))
        left_over = left_over.where(SearchEntry.post_id.between(within[0], within[-1]))
    return Post.id.in_(union(texts, left_over))


def _outdated_pages() -> list[Page | Event]:
    stored = {
        ((page_id, event_id), language): tuple(entry)
        for page_id, event_id, language, *entry in db.session.execute(
            select(
                SearchEntry.page_id,
                SearchEntry.event_id,
                SearchEntry.language,
                SearchEntry.title,
                SearchEntry.lead,
                SearchEntry.body,
            ).where(SearchEntry.post_id.is_(None))
        )
    }
    rows = [*db.session.scalars(select(Page)), *db.session.scalars(select(Event))]
    return [row for row in rows if any(stored.get(key) != entry for key, entry in _wanted(row).items())]


def _wanted(row: Page | Event) -> dict[tuple[tuple[int | None, int | None], str], tuple[str, str, str]]:
    key = (row.id, None) if owner_of(row) == "page_id" else (None, row.id)
    return {(key, language): entry for language, entry in entries_of(row).items()}


def _checked() -> dict[str, int]:
    return current_app.extensions.setdefault(CHECKED, {})
