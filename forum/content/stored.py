"""The content that the database holds."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from forum.content import events, glossary, images, old_addresses, pages, posts, taxonomy
from forum.content.errors import BadFile
from forum.content.shapes import LANGUAGES, NAME, Document
from forum.content.site import Site, event_path, page_path, post_path
from forum.events.models import Event
from forum.extensions import db
from forum.images import queries as images_of_libraries
from forum.mailings import mail_texts
from forum.news import glossary as glossary_of_site
from forum.news.models import Category, FormerSlug, OldAddress, Post, Tag
from forum.questions import queries as questions
from forum.tidying import trim

WHOLE_POSTS = [
    selectinload(part)
    for part in (
        Post.texts,
        Post.corrections,
        Post.sources,
        Post.categories,
        Post.tags,
        Post.withdrawal,
        Post.cover,
    )
]


def read() -> Site:
    """Return all content of the database. Raises BadFile for content that no file can hold."""
    site = Site(_trimmed(taxonomy.tell(list_categories(), list_tags())))
    slugs, zones = {}, {}
    for event in list_events():
        _refuse_unsafe(event.slug, event_path(event.slug))
        slugs[event.id], zones[event.slug] = event.slug, event.zone
        asked, changed = questions.list_all(event.id), mail_texts.list_rows(event)
        site.events[event.slug] = events.tell(event, asked, changed)
        for page in event.pages:
            _refuse_unsafe(page.slug, page_path(event.slug, page.slug, LANGUAGES[0]))
            site.pages[event.slug, page.slug] = _trimmed(pages.tell(page, event.zone))
    for image in images_of_libraries.list_all():
        slug = slugs[image.event_id]
        site.images[slug, image.key] = _trimmed(images.tell(image, zones[slug]))
    former = _list_former_slugs()
    for post in list_posts():
        _refuse_unsafe(post.key, post_path(post.key, LANGUAGES[0]))
        site.posts[post.key] = _trimmed(posts.tell(post, slugs, former.get(post.id, {})))
    site.old_addresses = _tell_old_addresses()
    site.glossary = glossary.tell(glossary_of_site.list_all())
    return site


def list_events() -> Sequence[Event]:
    """Return every event with its sectors and pages, in the order in which they were made."""
    whole = selectinload(Event.sectors), selectinload(Event.pages)
    return db.session.scalars(select(Event).options(*whole).order_by(Event.id)).all()


def list_posts() -> Sequence[Post]:
    """Return every post, with all rows loaded that the post's files need."""
    return db.session.scalars(select(Post).options(*WHOLE_POSTS).order_by(Post.key)).all()


def list_categories() -> Sequence[Category]:
    """Return every category, in the order that organisers have chosen for lists."""
    return db.session.scalars(select(Category).order_by(Category.position, Category.id)).all()


def list_tags() -> Sequence[Tag]:
    """Return every hashtag with its aliases, the oldest first, as posts show them."""
    return db.session.scalars(select(Tag).options(selectinload(Tag.aliases)).order_by(Tag.id)).all()


def _list_former_slugs() -> dict[int, dict[str, list[str]]]:
    """Return the former slugs of posts, by the post's id and the language."""
    former: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for slug in db.session.scalars(select(FormerSlug)):
        former[slug.post_id][slug.language].append(slug.slug)
    return former


def list_old_addresses() -> Sequence[OldAddress]:
    """Return every address of an earlier site."""
    return db.session.scalars(select(OldAddress).order_by(OldAddress.path)).all()


def _tell_old_addresses() -> Document:
    posts_by_id = dict(db.session.execute(select(Post.id, Post.key)).all())
    categories = {category.id: category.key for category in list_categories()}
    told = [old_addresses.tell(old, posts_by_id, categories) for old in list_old_addresses()]
    # Sort in Python: each database sorts texts by rules of its own.
    return {old_addresses.ADDRESSES: sorted(told, key=lambda entry: entry["old"])}


def _trimmed(told: Any) -> Any:
    """Return a document with its texts as an import would store them: without white space at their ends.

    Earlier versions stored texts with such white space.
    """
    if isinstance(told, str):
        return trim(told) if "\n" in told or "\r" in told else told.strip()
    if isinstance(told, dict):
        return {name: _trimmed(value) for name, value in told.items()}
    return [_trimmed(value) for value in told] if isinstance(told, list) else told


def _refuse_unsafe(name: str, file: str) -> None:
    if not NAME.fullmatch(name):
        raise BadFile(file, "", f"{name!r} cannot be the name of a file")
