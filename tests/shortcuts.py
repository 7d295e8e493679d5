"""Shortcuts that make tests faster without changing what they prove."""

import shutil
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

from forum.database import Base
from forum.extensions import db
from forum.images import making
from forum.web.content_version import PolledVersion

ROOM = 6 * 1024**3  # in bytes: more than a run of the tests needs for its folders


def is_roomy(folder: Path) -> bool:
    """Return whether the folder in memory exists and has enough room; in containers it is often too small."""
    return folder.is_dir() and shutil.disk_usage(folder).free > ROOM


def compile_routes_once() -> None:
    """Let all apps share what Werkzeug compiles of each route: its parts, its converters and its URL builder.

    They are the same in every app, and compiling them takes most of the time of creating an app.
    """
    compile_rule = Rule.compile
    if hasattr(compile_rule, "__wrapped__"):
        return
    known: dict[tuple, tuple] = {}

    @wraps(compile_rule)
    def remembered(rule: Rule) -> None:
        key = _what_is_compiled(rule)
        if key not in known:
            compile_rule(rule)
            builders = rule._build.__func__, rule._build_unknown.__func__  # type: ignore[attr-defined]
            known[key] = rule._parts, rule._trace, rule._converters, *builders
        rule._parts, rule._trace, rule._converters, build, build_unknown = known[key]
        rule._build, rule._build_unknown = build.__get__(rule), build_unknown.__get__(rule)
        rule.arguments.update(rule._converters)

    Rule.compile = remembered  # type: ignore[method-assign]


def _what_is_compiled(rule: Rule) -> tuple:
    """Return all values on which the compiled form of a route depends."""
    defaults = tuple(sorted((rule.defaults or {}).items()))
    domain = rule.map.host_matching, rule.host, rule.subdomain
    return rule.rule, domain, rule.merge_slashes, defaults, tuple(rule.map.converters.items())


class Templates(FileSystemBytecodeCache):
    """The compiled templates of all apps: those of this process in memory, those of all pytest workers in a folder.

    They are the same in every app, and compiling one takes longer than most requests of a test.
    """

    def __init__(self) -> None:
        super().__init__("")
        self._compiled: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket from memory, else from the folder."""
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))
        if bucket.code is None and self.directory:
            super().load_bytecode(bucket)
            self._remember(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Store the compiled template in memory and in the folder."""
        self._remember(bucket)
        if self.directory:
            super().dump_bytecode(bucket)

    def _remember(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._compiled[bucket.key, bucket.checksum] = bucket.code


TEMPLATES = Templates()


class Statements:
    """The compiled statements of all engines, instead of each engine's own cache and each model's.

    Every test has an engine of its own, and compiling the same statements anew for each would take a seventh of the
    time of a test run. Engines for the same kind of database compile a statement to the same SQL.
    """

    def __init__(self) -> None:
        self._compiled: dict[tuple, Any] = {}

    def get(self, key: tuple) -> Any:
        """Return the compiled statement, or None; the first part of the key is the engine's dialect."""
        return self._compiled.get((type(key[0]), *key[1:]))

    def __setitem__(self, key: tuple, compiled: Any) -> None:
        self._compiled[type(key[0]), *key[1:]] = compiled


STATEMENTS = Statements()


def compile_once(app: Flask) -> None:
    """Let the app share its compiled templates and SQL statements with all other apps."""
    app.jinja_env.bytecode_cache = TEMPLATES
    with app.app_context():
        db.engine._compiled_cache = STATEMENTS  # type: ignore[assignment]


def compile_writes_once() -> None:
    """Let all engines share the compiled statements that insert, update and delete a model's rows.

    SQLAlchemy keeps them with the model, but apart for each engine.
    """
    for mapper in Base.registry.mappers:
        mapper._compiled_cache = STATEMENTS  # type: ignore[assignment]


def make_images_once() -> None:
    """Make the demo's images only once in a process: each takes a second, and the result is always the same."""
    making.make_again = lru_cache(maxsize=8)(making.make_again)


def look_at_once(app: Flask) -> None:
    """Make the app read the content version (raised by each change of public content) at every request.

    Tests expect to see a change at once; the thread that polls PostgreSQL would need up to half a second.
    """
    kept = app.extensions["page_cache"]
    reader = getattr(kept._read_version, "__self__", None)
    if isinstance(reader, PolledVersion):
        kept._read_version = reader.read
