"""The slugs of posts: made from headlines, unique in their language, and redirected after a rename."""

from itertools import count

from sqlalchemy import inspect, select

from forum.database import read_locked
from forum.events.models import ContentVersion
from forum.extensions import db
from forum.folding import slug_of
from forum.news.models import FormerSlug, Post, PostText

# The slug of a post whose headline has no Latin letter; a number is added where posts share it.
NAMELESS = "post"


def lock() -> None:
    """Let only one transaction at a time choose unique values of posts: slugs and names of hashtags.

    The locked row is that of the content version, which every transaction that stores a post writes anyway.
    """
    db.session.execute(read_locked(select(ContentVersion.id)))


def choose(post: Post, language: str, words: str) -> str:
    """Return a slug made from these words that no other post has, or had, in this language."""
    wanted = slug_of(words) or NAMELESS
    numbered = (f"{wanted}-{number}" for number in count(2))
    taken = _taken_by_others(post, language, wanted)
    return wanted if wanted not in taken else next(slug for slug in numbered if slug not in taken)


def rename(text: PostText, slug: str) -> None:
    """Set the slug of a text; the former slug still redirects to the post if readers may have seen it."""
    if slug != text.slug:
        keep(text)
    if back := db.session.get(FormerSlug, (text.language, slug)):
        db.session.delete(back)
    text.slug = slug


def keep(text: PostText) -> None:
    """Make the former slug of a text redirect to its post, if readers may have seen that slug.

    The slug of a text that is not stored yet is not kept: nobody has seen it, and another post may have the same slug.
    """
    post = text.post
    was_public = post.announced_at is not None or post.withdrawal is not None
    if was_public and inspect(text).persistent:
        db.session.add(FormerSlug(language=text.language, slug=text.slug, post_id=post.id))


def _taken_by_others(post: Post, language: str, wanted: str) -> set[str]:
    """Return the present and former slugs of other posts that begin with the wanted slug."""
    taken: set[str] = set()
    for model in (PostText, FormerSlug):
        begins_so = model.slug.startswith(wanted, autoescape=True)
        query = select(model.slug).where(model.language == language, begins_so, model.post_id != post.id)
        taken.update(db.session.scalars(query))
    return taken
