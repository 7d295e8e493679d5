"""Queries of the editor's desk: an event's posts in every state, and posts with missing texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select
from sqlalchemy.orm import selectinload

from forum.columns import LARGEST_ID
from forum.database import read_locked
from forum.events.models import Event
from forum.extensions import db
from forum.news.enums import PostState
from forum.news.models import Post, PostText, Withdrawal
from forum.web.languages import NAMES

PER_PAGE = 50
LAST_PAGE = 9999
NEEDS_WORK = "needs-work"
WAS_WITHDRAWN = select(Withdrawal.post_id).where(Withdrawal.post_id == Post.id).exists()
IS_WITHDRAWN = and_(Post.published_at.is_(None), WAS_WITHDRAWN)
STATE = case(
    (IS_WITHDRAWN, PostState.WITHDRAWN.value),
    (Post.published_at.is_(None), PostState.DRAFT.value),
    (Post.announced_at >= Post.published_at, PostState.PUBLISHED.value),
    else_=PostState.SCHEDULED.value,
)
# Sorts drafts first, then the other posts by their moment of publishing, the latest first.
DRAFTS_FIRST = (Post.published_at.is_not(None), Post.published_at.desc(), Post.id.desc())


class UnknownView(ValueError):
    """The URL names a view of the list of posts that does not exist."""


@dataclass(frozen=True)
class Desk:
    """The posts that an organiser may see on an event's pages: the event's, `with_general` also posts of no event."""

    event_id: int
    with_general: bool = False

    @property
    def holds(self) -> ColumnElement[bool]:
        """The SQL condition that selects the posts which the desk lists."""
        general = Post.event_id.is_(None) if self.with_general else false()
        return or_(Post.event_id == self.event_id, general)


@dataclass(frozen=True)
class PostsPage:
    """Page `number`, counted from 1, of a list of posts (all, one state, or those that need work).

    `total` counts the posts of the whole list.
    """

    posts: Sequence[Post]
    number: int
    total: int

    @property
    def pages(self) -> int:
        """The number of pages of the list, at least one."""
        return max(1, -(-self.total // PER_PAGE))


def desk_of(event: Event, *, with_general: bool) -> Desk:
    """Return the desk of an event; `with_general` for organisers who may also see posts that belong to no event."""
    return Desk(event.id, with_general)


def find_post(desk: Desk, number: int) -> Post | None:
    """Return the desk's post with this id, with all editable parts loaded; None for any other post (S13)."""
    if not 0 < number <= LARGEST_ID:
        return None
    parts = (
        Post.texts,
        Post.corrections,
        Post.sources,
        Post.categories,
        Post.tags,
        Post.withdrawal,
        Post.cover,
    )
    query = select(Post).where(Post.id == number, desk.holds)
    return db.session.scalars(query.options(*map(selectinload, parts))).one_or_none()


def lock_post(desk: Desk, number: int) -> None:
    """Lock the desk's post with this id until the commit."""
    db.session.execute(read_locked(select(Post).where(Post.id == number, desk.holds)))


def read_list(desk: Desk, view: str, number: int) -> PostsPage:
    """Return a page of a list of posts; `view` is "" for all posts, a state, or NEEDS_WORK. Raises UnknownView."""
    condition = and_(desk.holds, _in_view(view))
    total = db.session.scalar(select(func.count()).select_from(Post).where(condition)) or 0
    shown = select(Post).where(condition).order_by(*DRAFTS_FIRST)
    texts = selectinload(Post.texts).defer(PostText.search_text)
    whole = shown.options(texts, selectinload(Post.withdrawal))
    rows = db.session.scalars(whole.limit(PER_PAGE).offset((number - 1) * PER_PAGE)).all()
    return PostsPage(rows, number, total)


def count_views(desk: Desk) -> Mapping[str, int]:
    """Return how many posts each view of the list has."""
    by_state: Select = select(STATE, func.count()).select_from(Post).where(desk.holds).group_by(STATE)
    counts = dict(db.session.execute(by_state).all())
    needing = select(func.count()).select_from(Post).where(desk.holds, _needs_work())
    return {**counts, "": sum(counts.values()), NEEDS_WORK: db.session.scalar(needing) or 0}


def coverage(post: Post) -> dict[str, bool]:
    """Return, by language of the post's texts, whether the text has a headline, a lead and a body."""
    return {text.language: _is_whole(text) for text in post.texts}


def headline(post: Post, language: str) -> str:
    """Return the post's headline in the language, else in any other language."""
    by_language = {text.language: text.headline for text in post.texts}
    return by_language.get(language) or next(filter(None, by_language.values()), "")


def _is_whole(text: PostText) -> bool:
    return all((text.headline, text.lead, text.body))


def _in_view(view: str) -> ColumnElement[bool]:
    if not view:
        return Post.id.is_not(None)
    if view == NEEDS_WORK:
        return _needs_work()
    if view not in list(PostState):
        raise UnknownView(view)
    return STATE.in_([view])


def _needs_work() -> ColumnElement[bool]:
    """Return the condition for a post, not withdrawn, without headline, lead or body in one of the languages."""
    whole = and_(PostText.headline != "", PostText.lead != "", PostText.body != "")
    texts = select(func.count()).where(PostText.post_id == Post.id, PostText.language.in_(list(NAMES)), whole)
    return and_(texts.scalar_subquery() < len(NAMES), ~IS_WITHDRAWN)


def list_planned(desk: Desk) -> Sequence[Post]:
    """Return the desk's posts that are planned and not public yet, in the order of their publication."""
    planned = select(Post).where(desk.holds, _in_view(PostState.SCHEDULED.value))
    texts = selectinload(Post.texts).defer(PostText.search_text)
    return db.session.scalars(planned.options(texts).order_by(Post.published_at, Post.id)).all()


def count_public(event_id: int) -> int:
    """Return how many posts about the event are public."""
    about = Post.event_id == event_id, Post.announced_at >= Post.published_at
    return db.session.scalar(select(func.count()).select_from(Post).where(*about)) or 0
