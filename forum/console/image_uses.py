"""Where images of the library are shown: in posts (as cover or in the text), on standing pages, and by an event itself.

An event shows an image as its logo or as its share picture.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from forum.accounts import sign_ins
from forum.accounts.access import may_open
from forum.events import queries as events
from forum.events.models import Event, Page
from forum.extensions import db
from forum.images.bodies import BEGINNING, keys_in
from forum.images.models import Image
from forum.news import desk
from forum.news.models import Post, PostText, post_covers
from forum.web.languages import in_language, language


@dataclass(frozen=True)
class Use:
    """A post, page or event that shows an image; title and URL are empty if the organiser may not open its page."""

    title: str
    url: str


def find_uses(images: Iterable[Image]) -> Mapping[str, list[Use]]:
    """Return by image key what shows each image: posts, standing pages, and events by their logo or share picture."""
    wanted = {image.id: image.key for image in images}
    own = {event.id: event for event in events.list_events() if may_open("library.index", event)}
    uses: dict[str, list[Use]] = defaultdict(list)
    for key, page in _pages(set(wanted.values())):
        uses[key].append(_use_of_page(page, own.get(page.event_id)))
    for event in events.list_events():
        for key in wanted.values():
            if key in (event.logo_key, event.share_key):
                uses[key].append(_use_of_event(own.get(event.id)))
    posts = _posts(wanted)
    for post in _load_posts({id_ for ids in posts.values() for id_ in ids}):
        for key, ids in posts.items():
            if post.id in ids:
                uses[key].append(_use_of_post(post, own))
    return uses


def _pages(wanted: set[str]) -> Iterator[tuple[str, Page]]:
    """Yield each standing page that shows one of the images with these keys, together with the image's key."""
    for page in db.session.scalars(select(Page).order_by(Page.event_id, Page.position)):
        shown = {key for body in page.body.values() for key in keys_in(body or "")}
        yield from ((key, page) for key in sorted(shown & wanted))


def _posts(wanted: Mapping[int, str]) -> dict[str, set[int]]:
    """Return by image key the ids of the posts that show the image. `wanted` has the images' keys by id."""
    posts: dict[str, set[int]] = defaultdict(set)
    covers = select(post_covers).where(post_covers.c.image_id.in_(wanted))
    for post_id, image_id in db.session.execute(covers):
        posts[wanted[image_id]].add(post_id)
    illustrated = select(PostText.post_id, PostText.body).where(PostText.body.contains(BEGINNING))
    for post_id, body in db.session.execute(illustrated):
        for key in keys_in(body) & {*wanted.values()}:
            posts[key].add(post_id)
    return posts


def _load_posts(ids: set[int]) -> Iterable[Post]:
    if not ids:
        return []
    texts = selectinload(Post.texts).load_only(PostText.language, PostText.headline)
    return db.session.scalars(select(Post).where(Post.id.in_(ids)).order_by(Post.id).options(texts)).all()


def _use_of_page(page: Page, event: Event | None) -> Use:
    if event is None:
        return Use("", "")
    return Use(in_language(page.title) or page.slug, url_for("pages.edit", event=event.slug, slug=page.slug))


def _use_of_event(event: Event | None) -> Use:
    if event is None or not may_open("settings.look", event):
        return Use("", "")
    return Use(_("Look"), url_for("settings.look", event=event.slug))


def _use_of_post(post: Post, own: Mapping[int, Event]) -> Use:
    """Return a post's use of an image; organisers of every event may open a post that belongs to no event."""
    event = own.get(post.event_id) if post.event_id else None
    if event is None and (post.event_id or not sign_ins.is_admin_of_all()):
        return Use("", "")
    slug = event.slug if event else next(iter(own.values())).slug
    headline = desk.headline(post, language())
    return Use(headline, url_for("posts.edit", event=slug, post=post.id))
