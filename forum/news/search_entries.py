"""Search entries: the folded texts of each post, standing page and front page, updated with every change.

The session itself writes an entry anew in the transaction that changes its texts. Changes by an earlier version of the
forum, which may run beside this one, are found by the worker (`news.reindexing`).
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, delete, event, inspect, select
from sqlalchemy import Text as LongText
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column, scoped_session

from forum.database import Base
from forum.events.models import Event, Page
from forum.extensions import db
from forum.folding import search_fold
from forum.images.bodies import without_marks
from forum.news.models import Post, PostText, Tag
from forum.news.page_texts import Said, said_on_front, said_on_page
from forum.news.searching import make_findable
from forum.web.languages import NAMES

NOTED = "texts whose search entries are to be written"
# By model, the attributes from which search entries are made: when one changes, the entry is written anew.
INDEXED: Mapping[type[Base], frozenset[str]] = {
    Post: frozenset({"texts", "tags"}),
    PostText: frozenset({"headline", "lead", "body"}),
    Tag: frozenset({"name", "names"}),
    Page: frozenset({"title", "summary", "body"}),
    Event: frozenset({"name", "lead", "sharing", "programme_points", "facts"}),
}
INSERT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

Entry = tuple[str, str, str]  # the folded texts of an entry: title, lead and body


class SearchEntry(Base):
    """The folded texts of a post, a standing page or an event's front page in one language.

    `event_id` is set for a front page alone. Triggers copy each entry into `search_index`, the database's own index,
    which no model maps: a table of FTS5 on SQLite, a table of `tsvector` values on PostgreSQL (migration 0023).
    """

    __tablename__ = "search_entries"
    __table_args__ = (
        UniqueConstraint("post_id", "language"),
        UniqueConstraint("page_id", "language"),
        UniqueConstraint("event_id", "language"),
        CheckConstraint(
            "CASE WHEN post_id IS NULL THEN 0 ELSE 1 END + CASE WHEN page_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN event_id IS NULL THEN 0 ELSE 1 END = 1",
            name="of_one",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(String(8))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    page_id: Mapped[int | None] = mapped_column(ForeignKey("pages.id", ondelete="CASCADE"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(LongText)
    lead: Mapped[str] = mapped_column(LongText)
    body: Mapped[str] = mapped_column(LongText)


def keep_in_step(session: scoped_session) -> None:
    """Make the session write, before each commit, the search entries of all texts that the transaction changes."""
    for name, listener in (
        ("before_flush", _note_changed),
        ("before_commit", _write_noted),
        ("after_transaction_end", _forget),
    ):
        if not event.contains(session, name, listener):
            event.listen(session, name, listener)


def write(row: Post | Page | Event) -> bool:
    """Bring the entries of a post, standing page or front page up to date; return whether any entry was outdated.

    Call after `start_write`.
    """
    if isinstance(row, Post):
        make_findable(row)
        db.session.flush()
    owner, said = owner_of(row), entries_of(row)
    stored = {language: entry for language, *entry in db.session.execute(_select(owner, row.id))}
    differing = {code: entry for code, entry in said.items() if stored.get(code) != list(entry)}
    for language, entry in differing.items():
        _upsert(owner, row.id, language, entry)
    if gone := stored.keys() - said.keys():
        column = getattr(SearchEntry, owner)
        db.session.execute(delete(SearchEntry).where(column == row.id, SearchEntry.language.in_(gone)))
    return bool(differing or gone)


def owner_of(row: Base) -> str:
    """Return the name of the column of a search entry that refers to this post, page or event."""
    return "post_id" if isinstance(row, Post) else "page_id" if isinstance(row, Page) else "event_id"


def entries_of(row: Post | Page | Event) -> dict[str, Entry]:
    """Return, by language, the texts that the search entries of a post, standing page or front page must have."""
    if isinstance(row, Post):
        return {text.language: _entry_of_text(row, text) for text in row.texts}
    return {
        code: _entry_of(said_on_page(row, code) if isinstance(row, Page) else said_on_front(row, code))
        for code in NAMES
    }


def _entry_of(said: Said) -> Entry:
    return search_fold(said.title), search_fold(said.lead), search_fold(" ".join(said.below))


def _entry_of_text(post: Post, text: PostText) -> Entry:
    tags = (tag.in_language(text.language) for tag in post.tags)
    return (
        search_fold(text.headline),
        search_fold(text.lead),
        search_fold(" ".join((without_marks(text.body), *tags))),
    )


def _select(owner: str, number: int):
    columns = SearchEntry.language, SearchEntry.title, SearchEntry.lead, SearchEntry.body
    return select(*columns).where(getattr(SearchEntry, owner) == number)


def _upsert(owner: str, number: int, language: str, entry: Entry) -> None:
    """Insert an entry, or replace it: another process may have inserted the entry meanwhile."""
    values = dict(zip(("title", "lead", "body"), entry, strict=True))
    insert = INSERT[db.session.get_bind().dialect.name](SearchEntry)
    insert = insert.values({owner: number, "language": language, **values})
    db.session.execute(insert.on_conflict_do_update(index_elements=[owner, "language"], set_=values))


def _note_changed(session: Session, *_) -> None:
    changed = {
        row for row in session.dirty if inspect(row).committed_state.keys() & INDEXED.get(type(row), ())
    }
    added = {row for row in session.new if type(row) in INDEXED}
    if changed or added:
        session.info.setdefault(NOTED, set()).update(changed, added)


def _write_noted(session: Session) -> None:
    if session.in_nested_transaction():
        return
    session.flush()
    while noted := session.info.pop(NOTED, None):
        for row in {entry: None for changed in noted for entry in _entered(changed)}:
            write(row)


def _entered(row: Base) -> Iterator[Post | Page | Event]:
    """Yield the posts, pages and events whose entries depend on a changed row; nothing if the row was deleted."""
    if not inspect(row).persistent:
        return
    if isinstance(row, Tag):
        yield from db.session.scalars(select(Post).where(Post.tags.contains(row)))
    elif isinstance(row, PostText):
        yield from chain([row.post] if row.post else [])
    elif isinstance(row, Post | Page | Event):
        yield row


def _forget(session: Session, transaction) -> None:
    if transaction.parent is None:
        session.info.pop(NOTED, None)
