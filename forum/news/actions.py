"""Writing, publishing, withdrawing and correcting posts."""

from datetime import datetime

from sqlalchemy import delete, or_, select, update

from forum.audit import actions as audit
from forum.columns import Text
from forum.extensions import db
from forum.folding import slug_of
from forum.images import queries as images
from forum.news import drafts, revisions, slugs
from forum.news.dates import day_of
from forum.news.drafts import Draft
from forum.news.enums import PostState
from forum.news.errors import CoverRemoved, Incomplete, NotLater, WrongState
from forum.news.models import Correction, Post, Withdrawal


def announce_due(now: datetime) -> int:
    """Publish the planned posts whose moment of publication has come; return how many.

    The worker calls this every few seconds, so that posts whose moment came while no worker ran, or over which the
    clock jumped, are published as well (R18). A post that is moved to a later time is hidden until that time and then
    announced again. A withdrawn post that is planned anew stays withdrawn until its new time.
    """
    unannounced = or_(Post.announced_at.is_(None), Post.announced_at < Post.published_at)
    due = update(Post).where(Post.published_at <= now, unannounced).values(announced_at=now)
    announced = db.session.scalars(due.returning(Post.id)).all()
    if announced:
        db.session.execute(delete(Withdrawal).where(Withdrawal.post_id.in_(announced)))
    return len(announced)


def create(draft: Draft, *, form_key: str, user_id: int, actor: str, now: datetime) -> Post:
    """Store a new post, which only organisers see; return the stored post when the same form is sent twice.

    `form_key` identifies the form and its content. Call after `start_write`. Raises CoverRemoved.
    """
    _keep_cover(draft.cover)
    slugs.lock()
    headline = next((said["headline"] for said in draft.texts.values() if said["headline"]), "")
    key = f"{slug_of(headline, 60)}-{form_key}"
    if known := db.session.scalars(select(Post).where(Post.key == key)).one_or_none():
        return known
    post = Post(key=key, author=Text())
    db.session.add(post)
    drafts.store(post, draft)
    revisions.keep(post, user_id=user_id, now=now)
    audit.record("post.created", post, actor=actor, at=now, languages=sorted(draft.texts))
    return post


def change(post: Post, draft: Draft, *, user_id: int | None, actor: str, now: datetime) -> None:
    """Replace the content of a stored post by the draft; a draft with the same content changes nothing.

    Raises Incomplete when the post is public or planned and a text lacks something, and CoverRemoved.
    """
    before = Draft.of(post).values()
    if draft.cover != before["cover"]:
        _keep_cover(draft.cover)
    if post.state in {PostState.PUBLISHED, PostState.SCHEDULED}:
        _refuse_incomplete(draft)
    revisions.keep_first(post, now=now)
    drafts.store(post, draft)
    db.session.refresh(post)
    after = Draft.of(post).values()
    if after == before:
        return
    if post.state == PostState.PUBLISHED or post.withdrawal is not None:
        post.updated_at = now
    revisions.keep(post, user_id=user_id, now=now)
    fields = sorted(name for name in after if after[name] != before[name])
    audit.record("post.changed", post, actor=actor, at=now, fields=fields)


def publish(post: Post, *, actor: str, now: datetime) -> None:
    """Let everybody read the post from now on; a withdrawn post returns with its former URL.

    Raises WrongState when readers see it already, Incomplete when a text lacks something.
    """
    if post.state == PostState.PUBLISHED:
        raise WrongState
    _refuse_incomplete(Draft.of(post))
    post.published_at = post.withdrawal.published_at if post.withdrawal else now
    post.announced_at = now
    post.withdrawal = None
    audit.record("post.published", post, actor=actor, at=now)


def schedule(post: Post, moment: datetime, *, actor: str, now: datetime) -> None:
    """Plan the post: the worker publishes it at a later moment. Until then a withdrawn post stays withdrawn.

    Raises WrongState, Incomplete, NotLater.
    """
    if post.state == PostState.PUBLISHED:
        raise WrongState
    if moment <= now:
        raise NotLater
    _refuse_incomplete(Draft.of(post))
    post.published_at, post.announced_at = moment, None
    audit.record("post.scheduled", post, actor=actor, at=now, moment=moment.isoformat())


def take_back(post: Post, *, actor: str, now: datetime) -> None:
    """Cancel the planned publication: the post becomes a draft again, or withdrawn. Raises WrongState."""
    if post.state != PostState.SCHEDULED:
        raise WrongState
    post.published_at = post.announced_at = None
    audit.record("post.unscheduled", post, actor=actor, at=now)


def withdraw(post: Post, *, actor: str, now: datetime) -> None:
    """Withdraw a public post: its URLs then say so. Raises WrongState for a post that is not public."""
    if post.state != PostState.PUBLISHED:
        raise WrongState
    post.withdrawal = Withdrawal(made_at=now, published_at=post.public_since)
    post.published_at = post.announced_at = None
    audit.record("post.withdrawn", post, actor=actor, at=now)


def correct(post: Post, text: Text, *, actor: str, now: datetime) -> None:
    """Add a correction under a public post. Raises WrongState when nobody can read it.

    A correction that the post already has, as when its form is sent twice, is not added again.
    """
    if post.state != PostState.PUBLISHED:
        raise WrongState
    if any(correction.text == text for correction in post.corrections):
        return
    post.corrections.append(Correction(made_on=day_of(now), made_at=now, text=text))
    post.updated_at = now
    audit.record("post.corrected", post, actor=actor, at=now, languages=sorted(text))


def _keep_cover(key: str) -> None:
    """Lock the cover image against removal until the commit. Raises CoverRemoved if it has been removed already."""
    if key and images.keep_until_commit(key) is None:
        raise CoverRemoved


def _refuse_incomplete(draft: Draft) -> None:
    if lacking := draft.lacking():
        raise Incomplete(lacking)
