"""The content of a post's page in one language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_date
from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from forum.columns import leads_somewhere
from forum.events import own_links
from forum.events.models import Event
from forum.events.organisers import organisation_data
from forum.images.bodies import illustrate
from forum.images.pictures import picture_of, shared_image_of
from forum.news.dates import ZONE, day_of
from forum.news.feed_links import feed_of
from forum.news.models import Category, Correction, Post, PostText, Source, Tag
from forum.news.teasers import post_url
from forum.web.languages import in_language, language, moment_text
from forum.web.markdown import render_with_parts
from forum.web.seo import Seo, absolute, article_data


@dataclass(frozen=True)
class Day:
    """A date as readable text and in ISO format."""

    text: str
    iso: str


def shown_post(text: PostText, event: Event | None) -> dict[str, Any]:
    """Return the context of templates/public/news/post.html, without the links to older and newer posts.

    `event` is the event in whose layout the post is shown; its organiser is the publisher.
    """
    post, code = text.post, text.language
    url = post_url(code, post.public_since, text.slug)
    body = render_with_parts(text.body)
    return {
        "text": text,
        "body": illustrate(own_links.stay(body.html)),
        "cover": picture_of(post.cover) if post.cover else None,
        "parts": _parts(body.parts, post),
        "action": _action(text),
        "byline": _byline(post, code),
        "corrections": [correction_words(correction, code) for correction in post.corrections],
        "sources": [_source(source, code) for source in post.sources],
        "categories": [category_link(category) for category in post.categories],
        "tags": [tag_link(tag) for tag in post.tags],
        "has_help_box": post.has_help_box,
        "share_url": absolute(url),
        **_seo(text, url, event).context(),
    }


def addresses(post: Post) -> dict[str, str]:
    """Return the post's URL by language."""
    return {text.language: post_url(text.language, post.public_since, text.slug) for text in post.texts}


def category_link(category: Category) -> dict[str, str]:
    """Return a category's name and URL in the page's language."""
    url = url_for("news.category", slug=in_language(category.slug))
    return {"label": in_language(category.name), "url": url}


def tag_link(tag: Tag) -> dict[str, str]:
    """Return a hashtag's name and URL in the page's language."""
    url = url_for("news.tag", name=tag.address_in(language()))
    return {"label": tag.in_language(language()), "url": url}


def _byline(post: Post, code: str) -> dict[str, Any]:
    published, corrected = day_of(post.public_since), [correction.made_on for correction in post.corrections]
    updated = day_of(post.changed_at)
    return {
        "author": in_language(post.author),
        "published": _day(published, code),
        "updated": _day(updated, code) if updated not in {published, *corrected} else None,
        "corrected": _day(max(corrected), code) if corrected else None,
    }


def _parts(parts: Sequence[tuple[str, str]], post: Post) -> list[tuple[str, str]]:
    """Return the table of contents as (id, words): the text's headings, then corrections and sources, if any."""
    below = []
    if post.corrections:
        below.append(("corrections", ngettext("Correction", "Corrections", len(post.corrections))))
    if post.sources:
        below.append(("sources", _("Sources")))
    return [*parts, *below]


def correction_words(correction: Correction, code: str) -> dict[str, str]:
    """Return date and text of a correction; the date has a time, unless an earlier version stored the day only."""
    made = correction.made_at
    when = moment_text(made, ZONE, code) if made else _day(correction.made_on, code).text
    return {"day": when, "text": correction.text.in_language(code)}


def _action(text: PostText) -> dict[str, str] | None:
    """Return the label and the URL of the button after the text; None for a text without a button."""
    if not text.action_label or not text.action_url or not leads_somewhere(text.action_url):
        return None
    return {"label": text.action_label, "url": own_links.own_address(text.action_url)}


def _source(source: Source, code: str) -> dict[str, Any]:
    day = _day(source.published_on, code) if source.published_on else None
    return {"title": in_language(source.title), "url": source.url, "day": day}


def _day(day: date, code: str) -> Day:
    return Day(format_date(day, "d MMMM y", locale=code), day.isoformat())


def _seo(text: PostText, url: str, event: Event | None) -> Seo:
    post, picture = text.post, f"{url}/share.png"
    # Other sites show no image beside a link to a post with a content note, just as lists on this site show none.
    has_note = any(each.content_note for each in post.texts)
    image = shared_image_of(post.cover) if post.cover and not has_note else None
    data = article_data(
        headline=text.headline,
        lead=text.lead,
        language=text.language,
        author=in_language(post.author),
        published_at=post.public_since,
        modified_at=post.changed_at,
        url=url,
        picture=image.path if image else picture,
        publisher=organisation_data(event) if event else None,
    )
    return Seo(
        text.headline,
        text.lead,
        kind="article",
        data=data,
        **feed_of(event),
        alternates=addresses(post),
        picture=picture,
        image=image,
        published_at=post.public_since,
        modified_at=post.changed_at,
    )
