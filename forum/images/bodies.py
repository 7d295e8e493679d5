"""Images within texts: `{{image 0123456789abcdef}}`, alone in a paragraph of Markdown, stands for that image.

Texts can show images of the site's own libraries only: nothing is loaded from another site.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from forum.images import queries
from forum.images.models import Image
from forum.images.pictures import Picture, picture_of
from forum.web.markdown import render

MARK = re.compile(r"\{\{image ([0-9a-f]{16})\}\}")
# Matches a paragraph of HTML that holds nothing but marks such as {{image 0123456789abcdef}}, each for an image.
PARAGRAPH = re.compile(r"<p>(?:\{\{image [0-9a-f]{16}\}\}\n?)+</p>\n?")
BEGINNING = "{{image "


@dataclass(frozen=True)
class Piece:
    """A part of a text as HTML, and the picture that follows it, or None."""

    html: Markup
    picture: Picture | None


def mark_of(image: Image) -> str:
    """Return the mark by which a text shows an image."""
    return f"{BEGINNING}{image.key}}}}}"


def keys_in(text: str) -> set[str]:
    """Return the keys of the images that a Markdown text shows.

    A placeholder for an image counts only in a paragraph that holds nothing else.
    """
    if BEGINNING not in text:
        return set()
    return {key for place in PARAGRAPH.finditer(render(text)) for key in MARK.findall(place[0])}


def without_marks(text: str) -> str:
    """Return the text, Markdown or HTML, without images: for search and feeds."""
    return MARK.sub("", PARAGRAPH.sub("", text)) if BEGINNING in text else text


def illustrate(html: Markup) -> list[Piece]:
    """Split a text's HTML at its images; a mark without an image in any library is left out."""
    if BEGINNING not in html:
        return [Piece(html, None)]
    images = queries.find_all(MARK.findall(html))
    return list(_pieces(html, images))


def _pieces(html: Markup, images: dict[str, Image]) -> Iterator[Piece]:
    done = 0
    for place in PARAGRAPH.finditer(html):
        before = html[done : place.start()]
        for key in MARK.findall(place[0]):
            if key in images:
                yield Piece(before, picture_of(images[key]))
                before = html[:0]
        if before:
            yield Piece(before, None)
        done = place.end()
    yield Piece(html[done:], None)
