"""Posts of an import, written into the database."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select

from forum.accounts import autosaves
from forum.content import posts, stored
from forum.content.documents import BODY
from forum.content.shapes import Document, text_of
from forum.content.site import BY_LANGUAGE, Site
from forum.events.models import Event
from forum.extensions import db
from forum.images import queries as images
from forum.news import revisions, searching
from forum.news.models import Correction, FormerSlug, Post, PostText, Source, Withdrawal

COLUMNS = ("slug", "label", "headline", "lead")


def write(wanted: Site, changed: set[str], *, names_changed: bool, now: datetime) -> None:
    """Store the posts with these keys as the documents describe them, and make the search find their new texts.

    With `names_changed`, categories or hashtags have new names, so the search texts of all posts are renewed.
    """
    known = {post.key: post for post in stored.list_posts()}
    for key in sorted(changed & known.keys() & wanted.posts.keys()):
        revisions.keep_first(known[key], now=now)
    _free_slugs(wanted, changed, known)
    shelf = _Shelf()
    for key in sorted(changed):
        if key in wanted.posts:
            _write_post(known.get(key) or Post(key=key, texts=[]), wanted.posts[key], shelf)
        else:
            number = known[key].id
            db.session.delete(known[key])
            autosaves.forget_removed("post", number)
    db.session.flush()
    db.session.expire_all()
    for post in stored.list_posts():
        if names_changed or post.key in changed:
            searching.make_findable(post)
        if post.key in changed:
            revisions.keep(post, user_id=None, now=now)
    db.session.flush()


class _Shelf:
    """The stored events, categories, hashtags and images by the names that documents use for them."""

    def __init__(self) -> None:
        self.events = {slug: id_ for id_, slug in db.session.execute(select(Event.id, Event.slug))}
        self.categories = {category.key: category for category in stored.list_categories()}
        self.tags = {tag.name: tag for tag in stored.list_tags()}
        self.images = {image.key: image for image in images.list_all()}


def _free_slugs(wanted: Site, changed: set[str], known: Mapping[str, Post]) -> None:
    """Give temporary slugs to posts whose slugs change, so that two posts can exchange their slugs."""
    for key in changed & known.keys():
        for text in known[key].texts:
            document = wanted.posts.get(key, {}).get(text.language)
            if document is None or document["slug"] != text.slug:
                text.slug = f"-{text.post_id}"
        db.session.execute(delete(FormerSlug).where(FormerSlug.post_id == known[key].id))
    db.session.flush()


def _write_post(post: Post, languages: BY_LANGUAGE, shelf: _Shelf) -> None:
    first = next(iter(languages.values()))
    post.event_id = shelf.events[first["event"]] if "event" in first else None
    post.author = text_of(languages, "author")
    post.updated_at = posts.moment_of(first, "updated")
    _publish(post, posts.moment_of(first, "published"), posts.moment_of(first, "withdrawn"))
    post.has_help_box = first.get("help_box", False)
    cover = shelf.images[first["cover"]] if "cover" in first else None
    if post.cover is not cover:
        post.cover = cover
    post.categories = [shelf.categories[key] for key in first.get("categories", [])]
    post.tags = [shelf.tags[name] for name in first.get("tags", [])]
    post.sources = [
        Source(position=place, title=title, url=entry.get("url"), published_on=entry.get("date"))
        for place, (entry, title) in enumerate(posts.entries_of(languages, "sources"))
    ]
    post.corrections = [
        Correction(made_on=entry["date"], made_at=posts.moment_of(entry, "at"), text=text)
        for entry, text in posts.entries_of(languages, "corrections")
    ]
    texts = {text.language: text for text in post.texts}
    post.texts = [
        _write_text(texts.get(language) or PostText(language=language, search_text=""), document)
        for language, document in languages.items()
    ]
    db.session.add(post)
    # Flush after each post, so that the ids of its sources and corrections follow the order of the document.
    db.session.flush()
    for language, document in languages.items():
        for slug in document.get("former_slugs", []):
            # Replace the row of this former slug if there is one: another post may have had the slug in this language
            # before.
            db.session.merge(FormerSlug(language=language, slug=slug, post_id=post.id))


def _publish(post: Post, published: datetime | None, withdrawn: datetime | None) -> None:
    """Set the time at which the worker announces the post. A withdrawn post keeps its time in its `Withdrawal` row.

    The worker deletes that row when it announces the post again.
    """
    if withdrawn is None or published is None:
        post.published_at = published
        if published is None:
            post.withdrawal = None
        return
    post.published_at = post.announced_at = None
    if post.withdrawal is None:
        post.withdrawal = Withdrawal(made_at=withdrawn, published_at=published)
    post.withdrawal.made_at, post.withdrawal.published_at = withdrawn, published


def _write_text(text: PostText, document: Document) -> PostText:
    for name in COLUMNS:
        setattr(text, name, document.get(name, ""))
    text.body = document[BODY]
    text.content_note = document.get("content_note")
    action = document.get("action", {})
    text.action_label, text.action_url = action.get("label"), action.get("url")
    return text
