"""Revisions: what a post said after each time that it was saved, to compare with and to go back to."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import load_only

from forum.columns import LARGEST_ID
from forum.extensions import db
from forum.news.drafts import Draft
from forum.news.models import Post, PostRevision


def keep(post: Post, *, user_id: int | None, now: datetime) -> None:
    """Keep what the post says now, unless the last revision says the same."""
    said = Draft.of(post).values()
    last = find_last(post)
    if last is None or last.content != said:
        db.session.add(PostRevision(post_id=post.id, user_id=user_id, made_at=now, content=said))


def keep_first(post: Post, *, now: datetime) -> None:
    """Store the post's present words as its first revision, unless it has one; call this before a change."""
    if find_last(post) is None:
        made_at = post.updated_at or post.published_at or now
        keep(post, user_id=None, now=min(made_at, now))
        db.session.flush()


def restored(revision: PostRevision, *, event: str) -> Draft:
    """Return a revision as a draft, without its slugs and in this event: the post keeps its event and addresses."""
    said = revision.content
    texts = {code: {**text, "slug": ""} for code, text in said["texts"].items()}
    return Draft(**{**said, "texts": texts, "event": event})


def find_last(post: Post) -> PostRevision | None:
    """Return the post's newest revision."""
    query = select(PostRevision).where(PostRevision.post_id == post.id).order_by(PostRevision.id.desc())
    return db.session.scalars(query.limit(1)).first()


def find(post: Post, number: int) -> PostRevision | None:
    """Return the post's revision with this id."""
    if number > LARGEST_ID:
        return None
    query = select(PostRevision).where(PostRevision.post_id == post.id, PostRevision.id == number)
    return db.session.scalars(query).one_or_none()


def find_before(revision: PostRevision) -> PostRevision | None:
    """Return the revision before this one."""
    query = select(PostRevision).where(
        PostRevision.post_id == revision.post_id, PostRevision.id < revision.id
    )
    return db.session.scalars(query.order_by(PostRevision.id.desc()).limit(1)).first()


def list_all(post: Post) -> Sequence[PostRevision]:
    """Return when and by whom each of the post's revisions was made, the newest first, without what they say."""
    query = select(PostRevision).where(PostRevision.post_id == post.id).order_by(PostRevision.id.desc())
    shown = load_only(PostRevision.id, PostRevision.post_id, PostRevision.user_id, PostRevision.made_at)
    return db.session.scalars(query.options(shown)).all()
