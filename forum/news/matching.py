"""The search for words in the database's own index: FTS5 on SQLite, full text on PostgreSQL.

The index is queried first: it finds whole words and their beginnings, on PostgreSQL also inflected forms, and ranks the
texts. If it finds fewer texts than the limit, others follow that contain the words within longer words, such as
"läkare" in "barnläkare", or contain signs, which the index leaves out.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, column, func, select, table
from sqlalchemy.orm import contains_eager, defer

from forum.events import queries as events
from forum.events.models import Event, Page
from forum.extensions import db
from forum.news import queries
from forum.news.models import Post, PostText
from forum.news.search_entries import SearchEntry

POSTS_AT_MOST = 50
PAGES_AT_MOST = 20
WORDS_AT_MOST = 50
WORD = re.compile(r"[^\W_]+")
LONGEST_WORD = 60  # how many letters of a word are searched for: PostgreSQL refuses very long words
WEIGHTS = (8.0, 3.0, 1.0)  # weights in FTS5's ranking for a match in the title, the lead and the body
INDEX = table("search_index", column("rowid"), column("search_index"), column("id"), column("words"))
TEXT = SearchEntry.title + " " + SearchEntry.lead + " " + SearchEntry.body
OF_POST = and_(SearchEntry.post_id == PostText.post_id, SearchEntry.language == PostText.language)


class Match(NamedTuple):
    """Parts of a query of the index: how it joins the search entries, the condition, and the rank (lowest is best)."""

    on: ColumnElement[bool]
    condition: ColumnElement[bool]
    rank: ColumnElement[float]


def find_posts(language: str, wanted: Sequence[str], within: Event | None = None) -> list[PostText]:
    """Return the public posts with every one of these folded words, the best first, at most POSTS_AT_MOST.

    With the event `within` only posts of this event are returned.
    """
    public = select(PostText).join(PostText.post).join(SearchEntry, OF_POST)
    public = public.where(*queries.is_public(language))
    if within is not None:
        public = public.where(Post.event_id == within.id)
    whole = public.options(contains_eager(PostText.post), defer(PostText.search_text))
    rows = _find(whole, language, wanted, queries.NEWEST_FIRST, PostText.post_id, POSTS_AT_MOST)
    return [text for (text,) in rows]


def find_pages(
    language: str, wanted: Sequence[str], within: Event | None = None
) -> list[tuple[Page | None, Event]]:
    """Return the pages of published events that contain every word, with their events, at most PAGES_AT_MOST.

    None stands for the event's front page. Texts stored in a language that the event does not offer are left out. Pages
    of the current event come first, then better matches before others. With the event `within` only pages of this event
    are returned.
    """
    of_event = Event.id == func.coalesce(SearchEntry.event_id, Page.event_id)
    entries = select(Page, Event).select_from(SearchEntry).outerjoin(Page, Page.id == SearchEntry.page_id)
    public = entries.join(Event, of_event).where(
        SearchEntry.post_id.is_(None),
        SearchEntry.language == language,
        Event.is_published,
        events.is_offered(language),
    )
    if within is not None:
        public = public.where(Event.id == within.id)
    order = Event.starts_at.desc(), Page.position
    rows = _find(public, language, wanted, order, SearchEntry.id, PAGES_AT_MOST, Event.is_current.desc())
    return [(page, event) for page, event in rows]


def _find(
    public: Select,
    language: str,
    wanted: Sequence[str],
    order: Sequence[Any],
    key: Any,
    at_most: int,
    *first: ColumnElement,
) -> list[Any]:
    """Return rows whose words the index finds, the best first, then rows that contain the words inside other words."""
    holds = {word: TEXT.contains(word, autoescape=True) for word in wanted[:WORDS_AT_MOST]}
    words = [part[:LONGEST_WORD] for word in holds for part in WORD.findall(word)][:WORDS_AT_MOST]
    rows: list[Any] = []
    if words:
        match = _match(language, words)
        signs = [held for word, held in holds.items() if not WORD.search(word)]
        asked = public.join(INDEX, match.on).where(match.condition, *signs)
        ordered = asked.order_by(*first, match.rank, *order).add_columns(key)
        rows = list(db.session.execute(ordered.limit(at_most)))
    if holds and len(rows) < at_most:
        others = public.where(*holds.values(), key.not_in([row[-1] for row in rows])).add_columns(key)
        rows += db.session.execute(others.order_by(*first, *order).limit(at_most - len(rows)))
    return [row[:-1] for row in rows]


def _match(language: str, words: Sequence[str]) -> Match:
    """Return the parts of a query for texts with words that begin with these words of letters and digits."""
    if db.session.get_bind().dialect.name == "sqlite":
        asked = " ".join(f'"{word}"*' for word in words)
        whole = INDEX.c.search_index
        is_met, rank = whole.op("MATCH", is_comparison=True)(asked), func.bm25(whole, *WEIGHTS)
        return Match(INDEX.c.rowid == SearchEntry.id, is_met, rank)
    asked = " & ".join(f"{word}:*" for word in words)
    query = func.to_tsquery(func.search_config(language), asked)
    is_met = INDEX.c.words.op("@@", is_comparison=True)(query)
    # The argument 1 makes ts_rank weigh a word in a short text higher than one in a long text.
    return Match(INDEX.c.id == SearchEntry.id, is_met, -func.ts_rank(INDEX.c.words, query, 1))
