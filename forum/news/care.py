"""The proofreader's remarks on an organiser's text, made with the glossary of its language and the image libraries."""

from collections.abc import Mapping
from datetime import date

from flask_babel import lazy_gettext as _l

from forum import clock
from forum.images.hints import hints_about_images
from forum.news import glossary
from forum.news.dates import day_of
from forum.news.models import Post
from forum.web.proofreading import Care, proofread

ABOVE = {"headline": _l("Headline"), "lead": _l("Lead")}


def care_for(said: Mapping[str, str], above: Mapping[str, str], code: str, day: date) -> Care:
    """Return the proofreader's remarks on a text in a language: on its body, and on fields such as the headline.

    `above` has the labels of these fields by name; `day` is the day for which the proofreader checks the text.
    """
    parts = [(name, str(label), said.get(name) or "") for name, label in above.items()]
    body = said.get("body") or ""
    more = hints_about_images(body)
    return proofread(body, code, day, glossary.read().get(code, {}), above=parts, more=more)


def care_for_post(post: Post | None, said: Mapping[str, str], code: str) -> Care:
    """Return the proofreader's remarks on a post's text in a language, as of the day of a public or planned post."""
    day = day_of((post.published_at if post is not None else None) or clock.now())
    return care_for(said, ABOVE, code, day)
