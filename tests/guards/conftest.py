"""The canary world, built once a worker; opened once a module to read, and once a test to write in."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from forum import clock, create_app
from forum.extensions import db
from tests.factories.events import NOW
from tests.guards import texts
from tests.guards import world as worlds
from tests.guards.world import World


@pytest.fixture(autouse=True)
def _frozen() -> Iterator[None]:
    clock.freeze(NOW)
    yield
    clock.freeze(None)


@pytest.fixture(scope="module")
def world(settings, built_world, tmp_path_factory) -> Iterator[World]:
    """The canary world of the module, to read."""
    yield from opened(settings, *built_world, tmp_path_factory.mktemp("world"))


@pytest.fixture
def fresh_world(settings, built_world, tmp_path) -> Iterator[World]:
    """A canary world of the test's own, to write in."""
    yield from opened(settings, *built_world, tmp_path)


@pytest.fixture(scope="session")
def built_world(settings, sqlite_template, tmp_path_factory) -> tuple[World, Path]:
    """The world and its database, made once a worker."""
    return build(settings, sqlite_template, tmp_path_factory.mktemp("built-world"))


def build(
    settings: dict, template: Path, folder: Path, write_text: texts.Writer = texts.canary
) -> tuple[World, Path]:
    """Build a world in a database file of its own."""
    path = folder / "forum.sqlite3"
    shutil.copyfile(template, path)
    clock.freeze(NOW)
    app = _app(settings, folder, path)
    with app.app_context():
        made = worlds.build(app, write_text)
        db.session.remove()
        db.engine.dispose()
    return made, path


def opened(settings: dict, made: World, path: Path, folder: Path) -> Iterator[World]:
    """Open a copy of the world, with an app and browsers of its own."""
    copy = folder / "forum.sqlite3"
    shutil.copyfile(path, copy)
    app = _app(settings, folder, copy)
    clock.freeze(NOW)
    yield worlds.open_browsers(replace(made, app=app))
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _app(settings: dict, folder: Path, path: Path) -> Flask:
    own = {"INSTANCE": folder / "instance", "DATABASE_URL": f"sqlite:///{path}"}
    return create_app({**settings, **own, "LIMITS_ENABLED": False, "FORM_MIN_SECONDS": 0})
