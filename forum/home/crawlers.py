"""robots.txt, sitemap.xml and security.txt."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, render_template, url_for

from forum import clock
from forum.events import queries as events
from forum.images.pictures import shared_image_of
from forum.news import queries as news
from forum.news.dates import day_of
from forum.news.teasers import post_url
from forum.web import cache
from forum.web.languages import NAMES
from forum.web.seo import absolute

bp = Blueprint("crawlers", __name__)

CLOSED_PATHS = ("/console/", "/account/", "/sv/r/", "/en/r/", "/sv/events/*/r/", "/en/events/*/r/")
SECURITY_TXT_LASTS = timedelta(days=180)


@bp.get("/robots.txt")
@cache.page()
def robots() -> Response:
    """Ask crawlers to leave out the console, accounts and personal links."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED_PATHS)]
    return _plain([*lines, "", f"Sitemap: {absolute(url_for('.sitemap'))}"])


@bp.get("/sitemap.xml")
@cache.page()
def sitemap() -> Response:
    """List every public page with its other languages."""
    xml = render_template("feeds/sitemap.xml", pages=[*_standing_pages(), *_posts()])
    return Response(xml, mimetype="application/xml")


@bp.get("/.well-known/security.txt")
def security_txt() -> Response:
    """Say where to report a security problem (RFC 9116)."""
    event = events.find_current()
    expires = (clock.now() + SECURITY_TXT_LASTS).replace(microsecond=0).isoformat()
    contact = [f"Contact: mailto:{event.contact_email}"] if event else []
    languages = f"Preferred-Languages: {', '.join(NAMES)}"
    return _plain(
        [*contact, f"Expires: {expires}", languages, f"Canonical: {absolute(url_for('.security_txt'))}"]
    )


def _standing_pages() -> list[dict[str, Any]]:
    """Return URLs of all news and of the pages of published events, without registration and news of earlier forums."""
    entries, now = [_in_every_language("news.index")], clock.now()
    for event in events.list_published():
        slug = events.slug_in_url(event)
        codes = event.offered_languages
        if not events.is_over(event, now):
            cache.hold_at_most((event.ends_at - now).total_seconds())
        if not events.is_earlier(event, now):
            entries.append(_in_every_language("registration.choose", codes, event=slug))
            entries += [_in_every_language("news.index", codes, event=slug)] if slug else []
        entries.append(_in_every_language("home.front", codes, event=slug))
        entries += [
            _in_every_language("events.page", codes, event=slug, slug=page.slug) for page in event.pages
        ]
    return entries


def _posts() -> list[dict[str, Any]]:
    """Return every post with its URL in each of its languages."""
    entries: dict[int, dict[str, Any]] = {}
    for text in news.list_for_sitemap():
        changed = day_of(max(text.updated_at or text.published_at, text.published_at)).isoformat()
        image = absolute(shared_image_of(text.Image).path) if text.Image else ""
        entry = entries.setdefault(text.post_id, {"changed": changed, "urls": {}, "image": image})
        entry["urls"][text.language] = absolute(post_url(text.language, text.published_at, text.slug))
    return list(entries.values())


def _in_every_language(endpoint: str, codes: Iterable[str] = NAMES, **values: Any) -> dict[str, Any]:
    urls = {code: absolute(url_for(endpoint, lang=code, **values)) for code in codes}
    return {"changed": "", "urls": urls, "image": ""}


def _plain(lines: list[str]) -> Response:
    return Response("\n".join(lines) + "\n", mimetype="text/plain")
