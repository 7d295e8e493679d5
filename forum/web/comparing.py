"""Comparing two versions of a text that has several languages, field by field."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import gettext as _

from forum.web.differences import Difference
from forum.web.languages import NAMES

NOTHING_SHARED: Mapping[str, Any] = {}


def compare(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    said: Mapping[str, Any],
    shared: Mapping[str, Any] = NOTHING_SHARED,
) -> list[Difference]:
    """Return the fields in which two versions, given as values by field, differ.

    `said` has the labels of the fields that a version has in its `texts` by language, `shared` the labels of the fields
    that all languages share.
    """
    return [*_in_languages(before, after, said), *_in_all(before, after, shared)]


def _in_languages(
    before: Mapping[str, Any], after: Mapping[str, Any], said: Mapping[str, Any]
) -> Iterator[Difference]:
    for code in NAMES:
        old, new = (side["texts"].get(code, {}) for side in (before, after))
        for name, label in said.items():
            if (was := old.get(name, "")) != (now := new.get(name, "")):
                yield Difference(str(label), was, now, code)


def _in_all(
    before: Mapping[str, Any], after: Mapping[str, Any], shared: Mapping[str, Any]
) -> Iterator[Difference]:
    for name, label in shared.items():
        was, now = (_shown(side.get(name)) for side in (before, after))
        if was != now:
            yield Difference(str(label), was, now)


def _shown(value: Any) -> str:
    """Return, as lines of text, the value of a field that all languages share."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list | tuple):
        return "\n".join(map(_shown, value))
    if isinstance(value, Mapping):
        return " · ".join(str(part) for part in value.values() if part)
    return str(value or "")
