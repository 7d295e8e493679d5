"""The canary world, built once a module for those who only read and once a test for those who write."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from forum import clock, create_app
from forum.extensions import db
from tests.factories.events import NOW
from tests.guards import world as worlds
from tests.guards.world import World


@pytest.fixture(autouse=True)
def _frozen() -> Iterator[None]:
    clock.freeze(NOW)
    yield
    clock.freeze(None)


@pytest.fixture(scope="module")
def world(settings, sqlite_template, tmp_path_factory) -> Iterator[World]:
    """The canary world of the module, to read."""
    yield from _built(settings, sqlite_template, tmp_path_factory.mktemp("world"))


@pytest.fixture
def fresh_world(settings, sqlite_template, tmp_path) -> Iterator[World]:
    """A canary world of the test's own, to write in."""
    yield from _built(settings, sqlite_template, tmp_path)


def _built(settings: dict, template: Path, folder: Path) -> Iterator[World]:
    shutil.copyfile(template, folder / "forum.sqlite3")
    url = f"sqlite:///{folder / 'forum.sqlite3'}"
    app = create_app(
        {**settings, "INSTANCE": folder / "instance", "DATABASE_URL": url, "LIMITS_ENABLED": False, "FORM_MIN_SECONDS": 0}
    )
    with app.app_context():
        clock.freeze(NOW)
        made = worlds.build(app)
        db.session.remove()
    yield made
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
