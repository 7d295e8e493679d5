"""The site's icons and manifest, at the addresses where browsers and phones look for them."""

import json

from flask import Blueprint, Response, url_for

from forum.events import queries as events
from forum.home.site import SITE_NAME
from forum.web import cache
from forum.web.languages import DEFAULT
from forum.web.share_picture import PAPER, favicon, icon

bp = Blueprint("icons", __name__)

TOUCH_SIZE = 180
MARGIN = 0.12  # share of the icon's width that is left empty at each edge, because phones cut the corners off
SIZES = (192, 512)


@bp.get("/favicon.ico")
@cache.page()
def favicon_ico() -> Response:
    """Serve the site's icon, a ring, to programs that ask for /favicon.ico only."""
    return Response(favicon(), mimetype="image/x-icon")


@bp.get("/apple-touch-icon.png")
@cache.page()
def touch_icon() -> Response:
    """Serve the icon on an opaque background, for the home screen of a phone."""
    return Response(icon(TOUCH_SIZE, margin=MARGIN, ground=PAPER), mimetype="image/png")


@bp.get("/icon-192.png", defaults={"size": 192})
@bp.get("/icon-512.png", defaults={"size": 512})
@cache.page()
def manifest_icon(size: int) -> Response:
    """Serve an icon of the web app manifest."""
    return Response(icon(size, margin=MARGIN, ground=PAPER), mimetype="image/png")


@bp.get("/site.webmanifest")
@cache.page()
def manifest() -> Response:
    """Serve the web app manifest: the site's name, colours and icons for the home screen of a phone."""
    event = events.find_current()
    name = (event.short_name if event else SITE_NAME).in_language(DEFAULT)
    icons = [
        {"src": url_for(".manifest_icon", size=size), "sizes": f"{size}x{size}", "type": "image/png"}
        for size in SIZES
    ]
    told = {
        "name": name,
        "short_name": name,
        "lang": DEFAULT,
        "start_url": "/",
        "display": "browser",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": icons,
    }
    return Response(json.dumps(told, ensure_ascii=False), mimetype="application/manifest+json")
