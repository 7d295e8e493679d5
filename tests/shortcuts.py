"""Shortcuts that make tests faster without changing what they prove."""

import fcntl
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any, ClassVar, NamedTuple

import whitenoise.base
from argon2 import PasswordHasher
from flask import Blueprint, Flask
from jinja2 import BaseLoader, Environment, FileSystemBytecodeCache, Template
from werkzeug.routing import Map, Rule, RuleFactory
from werkzeug.routing.matcher import StateMachineMatcher
from whitenoise.responders import StaticFile

from forum.accounts import passwords
from forum.database import Base
from forum.extensions import db
from forum.images import making
from forum.web.content_version import PolledVersion

HASHER = passwords.HASHER
ROOM = 6 * 1024**3  # the least free bytes of a folder in memory: more than the folders of a test run need


def is_roomy(folder: Path) -> bool:
    """Return whether the folder in memory exists and has enough room; in containers it is often too small."""
    return folder.is_dir() and shutil.disk_usage(folder).free > ROOM


@contextmanager
def made_once(folder: Path) -> Iterator[bool]:
    """Make a folder that all pytest workers share; yield whether this worker comes first and has to fill it.

    The other workers wait until it is filled. If that fails, the next worker tries anew in an empty folder.
    """
    folder.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        filled = folder.with_suffix(".filled")
        if is_first := not filled.exists():
            shutil.rmtree(folder)
            folder.mkdir()
        yield is_first
        filled.touch()


class Routes(Map):
    """The routes of an app. Apps share what Werkzeug makes of each route, and the table in which it looks up a path.

    They are the same in every app, and making them takes most of the time of creating an app.
    """

    def __init__(self, *args: Any, **options: Any):
        self._added: list[Rule] = []
        super().__init__(*args, **options)

    def add(self, rulefactory: RuleFactory) -> None:
        """Add a route; the table is made when a path is first looked up."""
        self._added += (self._compiled(rule) for rule in rulefactory.get_rules(self))
        self._remap = True

    def add_bound(self, rules: Iterable[Rule]) -> None:
        """Add routes of an app with the same settings."""
        self._added += rules
        self._remap = True

    def listed(self) -> list[Rule]:
        """Return all routes in the order in which they were added."""
        return self._added

    def update(self) -> None:
        """Make the table of all routes that have been added, or take that of an app with the same routes."""
        with self._remap_lock:
            if self._remap:
                self._matcher, self._rules_by_endpoint = self._table()
                self._remap = False

    def _compiled(self, rule: Rule) -> Rule:
        """Return a route as it is after `rule.bind(self)`."""
        key = (*_what_is_compiled(rule), *self.settings())
        if key not in _routes:
            rule.bind(self)
            _routes[key] = rule
        return _routes[key]

    def _table(self) -> tuple[StateMachineMatcher, dict[Any, list[Rule]]]:
        # Ids of routes are a safe key, because `_routes` keeps the routes alive.
        key = (
            *map(id, self._added),
            *self.settings(),
        )
        if key not in _tables:
            table = Map(merge_slashes=self.merge_slashes)
            for rule in self._added:
                if not rule.build_only:
                    table._matcher.add(rule)
                table._rules_by_endpoint.setdefault(rule.endpoint, []).append(rule)
            table.update()
            if len(_tables) >= MOST_TABLES:
                del _tables[next(iter(_tables))]
            _tables[key] = table._matcher, table._rules_by_endpoint
        return _tables[key]

    def settings(self) -> tuple:
        """Return the settings of the map on which its compiled routes depend."""
        domain = self.host_matching, self.default_subdomain
        return *domain, self.strict_slashes, self.merge_slashes, *self.converters.items()


MOST_TABLES = 16  # few route tables are kept: only an app to which a test adds routes needs another one
_routes: dict[tuple, Rule] = {}
_tables: dict[tuple, tuple[StateMachineMatcher, dict[Any, list[Rule]]]] = {}


def share_routes() -> None:
    """Let all apps share their compiled routes, and those of a blueprint in one piece."""
    Flask.url_map_class = Routes
    Blueprint.register = _register  # type: ignore[method-assign]


class Registered(NamedTuple):
    """What the registration of a blueprint has added to an app: its routes with their views."""

    rules: tuple[Rule, ...]
    views: dict[str, Any]


_register_anew = Blueprint.register
_registered: dict[tuple, Registered] = {}


def _register(blueprint: Blueprint, app: Flask, options: dict[str, Any]) -> None:
    """Register a blueprint as Flask does; give an app the routes that an app with the same settings has got.

    Adding the routes of all blueprints one by one takes more than half of the time of creating an app.
    """
    routes = app.url_map
    is_plain = not (options or blueprint._blueprints or blueprint.has_static_folder or blueprint.cli.commands)
    if not (is_plain and isinstance(routes, Routes)) or blueprint.name in app.blueprints:
        _register_anew(blueprint, app, options)
        return
    steps = tuple(map(id, blueprint.deferred_functions))
    key = (id(blueprint), steps, app.config["PROVIDE_AUTOMATIC_OPTIONS"], *routes.settings())
    if key in _registered:
        _register_again(blueprint, app, _registered[key])
        return
    before = len(routes.listed())
    _register_anew(blueprint, app, options)
    added = tuple(routes.listed()[before:])
    if len(added) == sum(map(_adds_route, blueprint.deferred_functions)):
        _registered[key] = Registered(
            added, {each.endpoint: app.view_functions[each.endpoint] for each in added}
        )


def _register_again(blueprint: Blueprint, app: Flask, known: Registered) -> None:
    """Register a blueprint without adding its routes one by one."""
    app.blueprints[blueprint.name] = blueprint
    blueprint._merge_blueprint_funcs(app, blueprint.name)
    state = blueprint.make_setup_state(app, {}, True)
    for step in blueprint.deferred_functions:
        if not _adds_route(step):
            step(state)
    app.url_map.add_bound(known.rules)  # type: ignore[attr-defined]  # `_register` has looked that these are Routes
    app.view_functions.update(known.views)


def _adds_route(step: Callable[..., Any]) -> bool:
    """Return whether a step of a blueprint's registration adds a route, as `Blueprint.add_url_rule` records it."""
    return step.__qualname__ == f"{Blueprint.add_url_rule.__qualname__}.<locals>.<lambda>"


def _what_is_compiled(rule: Rule) -> tuple:
    """Return everything on which a compiled route depends, except the settings of its map."""
    what = rule.rule, rule.endpoint, rule.methods and frozenset(rule.methods), rule.host, rule.subdomain
    how = (
        rule.strict_slashes,
        rule.merge_slashes,
        rule.build_only,
        rule.alias,
        rule.websocket,
        rule.redirect_to,
    )
    options = getattr(rule, "provide_automatic_options", None)
    return type(rule), *what, *how, options, *sorted((rule.defaults or {}).items())


# The compiled templates that all pytest workers share; a fixture sets the folder.
TEMPLATES = FileSystemBytecodeCache("")


class Templates(BaseLoader):
    """Loads an app's templates from their compiled code, which all apps of this process share.

    Compiling a template takes longer than most requests of a test. Reading its file anew for each app, to see whether
    the compiled code is that of the file, takes most of the time of loading it.
    """

    compiled: ClassVar[dict[str, CodeType]] = {}

    def __init__(self, files: BaseLoader):
        self.files = files

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Any]:
        """Read the file of a template."""
        return self.files.get_source(environment, template)

    def list_templates(self) -> list[str]:
        """Return the names of all templates."""
        return self.files.list_templates()

    def load(self, environment: Environment, name: str, globals: Any = None) -> Template:
        """Return a template for the app of this environment."""
        if name not in self.compiled:
            source, file, _is_current = self.get_source(environment, name)
            self.compiled[name] = _compiled(environment, source, name, file)
        return environment.template_class.from_code(environment, self.compiled[name], globals or {})


def _compiled(environment: Environment, source: str, name: str, file: str | None) -> CodeType:
    """Return a template's code: from the folder that pytest workers share, or compiled in a process without it."""
    if not TEMPLATES.directory:
        return environment.compile(source, name, file)
    bucket = TEMPLATES.get_bucket(environment, name, file, source)
    if bucket.code is None:
        bucket.code = environment.compile(source, name, file)
        TEMPLATES.set_bucket(bucket)
    return bucket.code


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
    app.jinja_env.loader = Templates(app.jinja_env.loader)
    with app.app_context():
        db.engine._compiled_cache = STATEMENTS  # type: ignore[assignment]


def compile_writes_once() -> None:
    """Let all engines share the compiled statements that insert, update and delete a model's rows.

    SQLAlchemy keeps them with the model, but apart for each engine.
    """
    for mapper in Base.registry.mappers:
        mapper._compiled_cache = STATEMENTS  # type: ignore[assignment]


def describe_files_once() -> None:
    """Let all apps share the headers with which WhiteNoise answers for a file of static/, while the file is the same.

    WhiteNoise works them out for all files whenever an app is created.
    """
    describe = whitenoise.base.StaticFile
    known: dict[tuple, StaticFile] = {}

    def remembered(path: str, headers: Any, encodings: Any = None, stat_cache: Any = None) -> StaticFile:
        if stat_cache is None:
            return describe(path, headers, encodings, stat_cache)
        states = (stat_cache.get(file) for file in (path, *(encodings or {}).values()))
        key = (path, *headers, *states)
        if key not in known:
            known[key] = describe(path, headers, encodings, stat_cache)
        return known[key]

    whitenoise.base.StaticFile = remembered


def hash_quickly() -> None:
    """Hash passwords in microseconds instead of a tenth of a second, which makes stolen hashes costly to try.

    tests/accounts/test_passwords.py uses HASHER, the hasher of the forum.
    """
    passwords.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


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
