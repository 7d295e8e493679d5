"""The revisions of posts."""

from datetime import datetime

from forum.images import queries as images
from forum.news.drafts import Draft
from forum.news.models import Post, PostRevision
from forum.revisions import History


def of(post: Post) -> History:
    """Return the history of a post: its revisions."""
    return History(PostRevision, "post_id", post.id)


def keep(post: Post, *, user_id: int | None, now: datetime) -> None:
    """Store the post's present content as a revision, unless the last revision has the same content."""
    of(post).keep(Draft.of(post).values(), user_id=user_id, now=now)


def keep_first(post: Post, *, now: datetime) -> None:
    """Store the post's content as its first revision if the post has no revision; call this before a change."""
    made_at = post.updated_at or post.published_at or now
    of(post).keep_first(Draft.of(post).values(), made_at=min(made_at, now))


def restored(revision: PostRevision, *, event: str) -> Draft:
    """Return a revision as a draft, but with the post's present event and without slugs, so that its URLs stay.

    An image that was removed since is left out as cover. Call after `start_write`.
    """
    said = revision.content
    if said.get("cover") and images.keep_until_commit(said["cover"]) is None:
        said = {**said, "cover": ""}
    texts = {code: {**text, "slug": ""} for code, text in said["texts"].items()}
    return Draft(**{**said, "texts": texts, "event": event})
