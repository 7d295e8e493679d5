"""Comparing two versions of a post."""

from collections.abc import Mapping
from typing import Any

from forum.images import queries as images
from forum.news.drafts import SAID
from forum.news.wording import FIELDS
from forum.web import comparing
from forum.web.differences import Difference
from forum.web.languages import in_language

SHARED = ("event", "has_help_box", "cover", "categories", "tags", "sources")


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return the fields in which two versions of a post differ; a version is the values of a `Draft`."""
    said, shared = ({name: FIELDS[name] for name in names} for names in (SAID, SHARED))
    return comparing.compare(_named(before), _named(after), said, shared)


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a draft's values with the cover image's description instead of its key."""
    key = values.get("cover")
    image = images.find(key) if key else None
    return {**values, "cover": in_language(image.alt)} if image else {**values}
