"""Ways around work and waiting that no test is about."""

import shutil
from functools import wraps
from pathlib import Path

from flask import Flask
from werkzeug.routing import Rule

from forum.web.content_version import PolledVersion

ROOM = 6 * 1024**3  # bytes that a run of the suite may need for its folders, and to spare


def is_roomy(folder: Path) -> bool:
    """Whether a folder in memory is there and large enough for the tests' databases; a container's often is not."""
    return folder.is_dir() and shutil.disk_usage(folder).free > ROOM


def build_routes_once() -> None:
    """Let apps share the functions that werkzeug compiles for each route, to build its address.

    They are the same for the same rule in every app, and compiling them takes most of the time of making an app.
    """
    compile_builder = Rule._compile_builder
    if hasattr(compile_builder, "__wrapped__"):
        return
    known: dict[tuple, object] = {}

    @wraps(compile_builder)
    def remembered(rule: Rule, append_unknown: bool = True):
        converters = tuple((name, type(each)) for name, each in rule._converters.items())
        defaults = tuple(sorted((rule.defaults or {}).items()))
        key = (rule.rule, append_unknown, tuple(rule._trace), converters, defaults)
        if key not in known:
            known[key] = compile_builder(rule, append_unknown)
        return known[key]

    Rule._compile_builder = remembered  # type: ignore[method-assign]


def look_at_once(app: Flask) -> None:
    """Let the app read the content version at every request, on either database.

    Tests change something and look at once; the thread that polls PostgreSQL would find it half a second later.
    """
    kept = app.extensions["page_cache"]
    reader = getattr(kept._read_version, "__self__", None)
    if isinstance(reader, PolledVersion):
        kept._read_version = reader.read
