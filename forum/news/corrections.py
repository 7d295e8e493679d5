"""The public list of corrections: what was wrong in posts or has changed, the newest first."""

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum.news.corrected import list_newest
from forum.news.post_page import correction_words
from forum.news.teasers import post_url
from forum.web import cache
from forum.web.languages import language
from forum.web.routes import localised
from forum.web.seo import Seo

bp = Blueprint("corrections", __name__)


@localised(bp, "/news/corrections")
@cache.page()
def index() -> ResponseReturnValue:
    """List the latest corrections of posts that can be read in the page's language."""
    code = language()
    corrections = [
        {
            **correction_words(note, code),
            "headline": text.headline,
            "url": post_url(code, text.post.public_since, text.slug),
        }
        for note, text in list_newest(code)
    ]
    lead = _("What was wrong in our posts or has changed since, the newest first.")
    seo = Seo(_("Corrections"), lead, feed_url=url_for("feeds.whole"))
    return render_template(
        "public/news/corrections.html", corrections=corrections, lead=lead, **seo.context()
    )
