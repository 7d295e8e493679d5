"""The last parts of posts' addresses: made from headlines, unique in their language, and found again after a rename."""

from itertools import count

from sqlalchemy import inspect, select

from forum.database import read_locked
from forum.events.models import ContentVersion
from forum.extensions import db
from forum.folding import slug_of
from forum.news.models import FormerSlug, Post, PostText

# What the address of a headline without any Latin letter is made from.
NAMELESS = "post"


def lock() -> None:
    """Let one transaction at a time choose what is unique among posts: slugs and the names of hashtags.

    Every post that is stored raises the content version, so its row is one that all of them write anyway.
    """
    db.session.execute(read_locked(select(ContentVersion.id)))


def choose(post: Post, language: str, words: str) -> str:
    """Return a slug made from these words that no other post has, or had, in this language."""
    wanted = slug_of(words) or NAMELESS
    numbered = (f"{wanted}-{number}" for number in count(2))
    taken = _taken_by_others(post, language, wanted)
    return wanted if wanted not in taken else next(slug for slug in numbered if slug not in taken)


def rename(text: PostText, slug: str) -> None:
    """Give a text this slug; its present one keeps leading to it if readers may have seen it."""
    if slug != text.slug:
        keep(text)
    if back := db.session.get(FormerSlug, (text.language, slug)):
        db.session.delete(back)
    text.slug = slug


def keep(text: PostText) -> None:
    """Have the slug that a text gives up lead to its post still, if readers may have seen it.

    Nobody has seen the slug of a text that is not stored yet: another post may have the same.
    """
    post = text.post
    was_public = post.announced_at is not None or post.withdrawal is not None
    if was_public and inspect(text).persistent:
        db.session.add(FormerSlug(language=text.language, slug=text.slug, post_id=post.id))


def _taken_by_others(post: Post, language: str, wanted: str) -> set[str]:
    """Return the slugs of other posts that begin with the wanted one, their former ones included."""
    taken: set[str] = set()
    for model in (PostText, FormerSlug):
        begins_so = model.slug.startswith(wanted, autoescape=True)
        query = select(model.slug).where(model.language == language, begins_so, model.post_id != post.id)
        taken.update(db.session.scalars(query))
    return taken
