"""What a process remembers of the database until public content changes, for pages that are made anew each time.

Footers are remembered apart (`home/footers`), because each of them also ends at a time.
"""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from flask import current_app

Value = TypeVar("Value")
KEPT_AT_MOST = 200  # when a process remembers this many values, it forgets all of them before the next


def of_version(name: Hashable, version: int | None, read: Callable[[], Value]) -> Value:
    """Return the value called `name` at this content version: the remembered one, else the result of `read`.

    The version must have been read before this call: so a remembered value is never older than its version. Without a
    version nothing is remembered. `read` returns a value that belongs to no session, and that nobody changes.
    """
    if version is None:
        return read()
    kept: dict[Hashable, tuple[int, Any]] = current_app.extensions.setdefault("kept_values", {})
    versioned = kept.get(name)
    if versioned is None or versioned[0] != version:
        if len(kept) >= KEPT_AT_MOST:
            kept.clear()
        versioned = kept[name] = version, read()
    value: Value = versioned[1]
    return value
