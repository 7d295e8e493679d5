"""Hints for the writer of a text: which marks {{image KEY}} in the text would show readers no image."""

import re
from collections.abc import Mapping

from flask_babel import gettext as _

from forum.images import queries
from forum.images.bodies import BEGINNING, MARK, keys_in
from forum.images.models import Image
from forum.web.forms import LONGEST_TEXT
from forum.web.proofreading import Hint

# Matches a mark for an image as a writer may have meant it, {{image KEY}}, whether or not an image has this key.
MEANT = re.compile(r"\{\{image\b[^{}\n]{0,100}\}{0,2}")


def hints_about_images(text: str) -> list[Hint]:
    """Return a hint for each mark in a Markdown text that names an unknown image or is not alone in a paragraph.

    Returns no hints for a text longer than LONGEST_TEXT, which cannot be saved.
    """
    meant = list(MEANT.finditer(text)) if len(text) <= LONGEST_TEXT else []
    if not meant:
        return []
    known, shown = queries.find_all(MARK.findall(text)), _shown(text)
    hints = []
    for place in meant:
        if advice := _advice(MARK.match(text, place.start()), known, shown):
            hints.append(Hint(1 + text.count("\n", 0, place.start()), place[0], advice))
    return hints


def _advice(mark: re.Match[str] | None, known: Mapping[str, Image], shown: set[int]) -> str:
    if mark is None or mark[1] not in known:
        return _("No library has this image. Copy the line below one of the images that are offered.")
    if mark.start() not in shown:
        return _(
            "Readers would see the mark itself. It has to be alone on its line, between two empty lines."
        )
    return ""


def _shown(text: str) -> set[int]:
    """Return the positions of the marks that are alone in a paragraph, and so would show their image."""
    numbered = MARK.sub(lambda mark: f"{BEGINNING}{mark.start():016x}}}}}", text)
    return {int(key, 16) for key in keys_in(numbered)}
