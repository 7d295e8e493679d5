"""Feeds of all news, of an event, a category and a hashtag: in one language, as Atom (RFC 4287) and JSON Feed 1.1."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import escape

from forum.events import queries as events
from forum.events.in_url import event_of_page, get_published_or_404, of_event
from forum.images.bodies import without_marks
from forum.news import queries
from forum.news.feed_links import feed_title
from forum.news.models import PostText
from forum.news.post_page import category_link, correction_words
from forum.news.public import get_category_or_404, get_tag_or_404
from forum.news.teasers import post_url
from forum.web import cache
from forum.web.languages import in_language, language
from forum.web.markdown import render
from forum.web.routes import localised
from forum.web.seo import absolute

bp = Blueprint("feeds", __name__)

BEFORE_ANY_POST = datetime(1970, 1, 1, tzinfo=UTC)
# The type of a function that makes a feed from posts' texts, its title, and the path of the page with the same posts.
MakeFeed = Callable[[Sequence[PostText], str, str], Response]
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@of_event(bp, "/news/feed.atom")
@cache.page()
def whole(event: str | None = None) -> ResponseReturnValue:
    """Return the feed of all news, or the feed of an event other than the one on the site's front page."""
    return _of_all(event, _feed)


@of_event(bp, "/news/feed.json")
@cache.page()
def whole_as_json(event: str | None = None) -> ResponseReturnValue:
    """Return the feed of all news, or of an event's news, as JSON Feed, for programs that do not read XML."""
    return _of_all(event, _json_feed)


@localised(bp, "/news/categories/<slug>/feed.atom")
@cache.page()
def category(slug: str) -> ResponseReturnValue:
    """Return the feed of a category."""
    return _of_category(slug, _feed)


@localised(bp, "/news/categories/<slug>/feed.json")
@cache.page()
def category_as_json(slug: str) -> ResponseReturnValue:
    """Return the feed of a category as JSON."""
    return _of_category(slug, _json_feed)


@localised(bp, "/news/tags/<name>/feed.atom")
@cache.page()
def tag(name: str) -> ResponseReturnValue:
    """Return the feed of a hashtag."""
    return _of_tag(name, _feed)


@localised(bp, "/news/tags/<name>/feed.json")
@cache.page()
def tag_as_json(name: str) -> ResponseReturnValue:
    """Return the feed of a hashtag as JSON."""
    return _of_tag(name, _json_feed)


def _of_all(event: str | None, make: MakeFeed) -> ResponseReturnValue:
    shown = get_published_or_404(event, sectors=False) if event else None
    return make(queries.list_for_feed(language(), event=shown), _("News"), url_for("news.index"))


def _of_category(slug: str, make: MakeFeed) -> ResponseReturnValue:
    category = get_category_or_404(slug)
    if (right := category.slug.in_language(language())) != slug:
        return redirect(url_for(str(request.endpoint), slug=right), 301)
    link = category_link(category)
    return make(queries.list_for_feed(language(), category=category), feed_title(link["label"]), link["url"])


def _of_tag(name: str, make: MakeFeed) -> ResponseReturnValue:
    hashtag = get_tag_or_404(name)
    if (right := hashtag.address_in(language())) != name:
        return redirect(url_for(str(request.endpoint), name=right), 301)
    posts, title = queries.list_for_feed(language(), tag=hashtag), hashtag.in_language(language())
    return make(posts, feed_title(title), url_for("news.tag", name=name))


def _feed(texts: Sequence[PostText], title: str, page_path: str) -> Response:
    began_on = events.began_on()
    xml = render_template(
        "feeds/news.atom.xml",
        title=title,
        self_url=absolute(request.path),
        page_url=absolute(page_path),
        updated=max((text.post.changed_at for text in texts), default=BEFORE_ANY_POST).isoformat(),
        entries=[_entry(text, began_on) for text in texts],
    )
    return Response(NOT_XML.sub("", xml), mimetype="application/atom+xml")


def _json_feed(texts: Sequence[PostText], title: str, page_path: str) -> Response:
    began_on, event = events.began_on(), event_of_page()
    site_name = in_language(event.short_name) if event else ""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": " – ".join(part for part in (title, site_name) if part),
        "home_page_url": absolute(page_path),
        "feed_url": absolute(request.path),
        "language": language(),
        "items": [_item(_entry(text, began_on)) for text in texts],
    }
    return Response(json.dumps(feed, ensure_ascii=False), content_type="application/feed+json; charset=utf-8")


def _entry(text: PostText, began_on: date) -> dict[str, Any]:
    post, url = text.post, absolute(post_url(text.language, text.post.public_since, text.slug))
    return {
        "id": _lasting_id(text, began_on),
        "url": url,
        "title": text.headline,
        "summary": text.lead,
        "note": text.content_note,
        "content": _with_whole_addresses(without_marks(render(text.body)), url),
        "corrections": [correction_words(note, text.language) for note in post.corrections],
        "author": in_language(post.author),
        "published": post.public_since.isoformat(),
        "updated": post.changed_at.isoformat(),
        "categories": [category_link(category) for category in post.categories],
    }


def _item(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of a feed, as `_entry` makes it, in the form of an item of a JSON Feed."""
    correction, about = escape(_("Correction")), _("About this text")
    below = "".join(
        f"<p><strong>{correction}, {escape(note['day'])}:</strong> {escape(note['text'])}</p>"
        for note in entry["corrections"]
    )
    note = f"{about}: {entry['note']} " if entry["note"] else ""
    return {
        "id": entry["id"],
        "url": entry["url"],
        "title": entry["title"],
        "summary": note + entry["summary"],
        "content_html": entry["content"] + below,
        "date_published": entry["published"],
        "date_modified": entry["updated"],
        "authors": [{"name": entry["author"]}],
        "tags": [category["label"] for category in entry["categories"]],
    }


def _lasting_id(text: PostText, began_on: date) -> str:
    """Return the entry's id, a tag: URI (RFC 4151) that does not change with the post's headline, slug or date."""
    host = urlsplit(current_app.config["BASE_URL"]).hostname
    return f"tag:{host},{began_on.isoformat()}:{text.post.key}:{text.language}"


def _with_whole_addresses(html: str, url: str) -> str:
    """Return the HTML with absolute links, because feed readers do not know a base URL."""
    return str(html).replace('href="/', f'href="{absolute("/")}').replace('href="#', f'href="{url}#')
