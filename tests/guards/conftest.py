"""Fixtures for the canary world, the test data of world.py: built once for all pytest workers.

A module shares a copy that its tests only read (`world`); a test that writes has a copy of its own (`fresh_world`).
Copies are in SQLite. A module whose results could differ between the databases runs on both; PostgreSQL's part is slow:

    @pytest.fixture(scope="module", params=BOTH)
    def world_kind(request):
        return request.param
"""

import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path

import pytest
from flask import Flask

from forum import clock, create_app
from forum.database import start_write
from forum.demo.loader import load_demo
from forum.extensions import db
from tests.factories.events import NOW
from tests.guards import texts
from tests.guards import world as worlds
from tests.guards.addresses import addresses
from tests.guards.world import ADMIN, HANDLER, HERE, PERSON, VISITOR, World
from tests.shortcuts import compile_once, look_at_once, made_once

BOTH = ("sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.slow]))


@dataclass(frozen=True)
class Built:
    """Test data (a world), a function that copies its database into a folder and gives the copy's URL, and cookies."""

    world: World
    copy: Callable[[Path], AbstractContextManager[str]]
    cookies: worlds.Cookies = field(default_factory=dict)


BuildWorld = Callable[[str, texts.Writer], Built]


@pytest.fixture(autouse=True)
def _frozen() -> Iterator[None]:
    clock.freeze(NOW)
    yield
    clock.freeze(None)


@pytest.fixture(scope="module")
def world_kind() -> str:
    """Give the kind of database for the `world` of a test module."""
    return "sqlite"


@pytest.fixture(scope="module")
def world(settings, built_world, tmp_path_factory) -> Iterator[World]:
    """Give the test data of a module (the canary world), which its tests only read."""
    yield from opened(settings, built_world, tmp_path_factory.mktemp("world"))


@pytest.fixture
def fresh_world(settings, built_world, tmp_path) -> Iterator[World]:
    """Give the test a copy of the test data (the canary world) of its own, in which it may write."""
    yield from opened(settings, built_world, tmp_path)


@pytest.fixture
def demo(app, built_demo, tmp_path) -> Flask:
    """Give an app with a copy of the demo in its database."""
    with app.app_context():
        _close()
    shutil.copyfile(built_demo / "forum.sqlite3", tmp_path / "forum.sqlite3")
    shutil.copytree(built_demo / "instance", tmp_path / "instance", dirs_exist_ok=True)
    return app


@pytest.fixture(scope="module")
def queried(world) -> list[tuple[str, str]]:
    """Give the pages that read parameters of the query string, each with an audience that may open the page."""
    named = {
        "attendees.show",
        "attendees.cancel",
        "attendee_undoing.reinstate",
        *("attendee_merges.choose", "attendee_merges.merge", "attendee_merges.undo"),
        "attendee_answers.change",
        "attendee_answers.care",
        "attendee_files.download",
        "attendees.resend",
        *("bulk.ask", "bulk.show"),
        "attendee_changes.change",
        "attendee_addresses.change",
        "attendee_suppressions.lift",
        "attendee_moves.sector",
        "attendee_notes.index",
        "attendee_notes.remove",
        "attendee_notes.tags",
        "waiting_list.offer",
        "waiting_list.extend",
        "waiting_list.withdraw",
        "questions.edit",
        "organisations.edit",
        "questions.preview",
        "posts.edit",
        *("mailings.show", "own_mailings.new", "own_mailings.write", "sent_mailings.show"),
    }
    console = [
        *(
            (ADMIN, f"/console/{HERE}/{page}")
            for page in (
                *(
                    "attendees",
                    "attendees/export",
                    "attendees/views/new",
                    "attendees/views/1/change",
                    "review/",
                    "images",
                    "images/choose",
                    "mail",
                    "mail-texts/confirmed/en",
                    "news",
                    "news/new",
                ),
                *(
                    "waiting",
                    "delegations",
                    "settings/look",
                    "review/approval",
                    "review/refusal",
                    "review/refusal/confirmation",
                    "invitations/",
                ),
                *("organisations/new", "reception"),
                *("news/hashtags", "news/old-addresses"),
                *("log", "log/export"),
            )
        ),
        (HANDLER, f"/console/{HERE}/reveals"),
        *((ADMIN, f"/console/{page}") for page in ("log", "log/export")),
        *((ADMIN, found.path) for found in addresses(world, (HERE,)) if found.endpoint in named),
    ]
    own = [
        *((PERSON, f"/en/r/{page}") for page in ("", "own-data", "care", "everything", "time-left")),
        *((PERSON, f"/en/r/{page}") for page in ("delegation", "delegation/3/care", "delegation/time-left")),
        *((ADMIN, f"/account/{page}") for page in ("", "confirm")),
    ]
    return [
        *console,
        *own,
        (VISITOR, "/en/news/search"),
        (VISITOR, "/account/sign-in"),
        (VISITOR, "/en/register"),
        (VISITOR, "/en/register/ngo"),
        (VISITOR, "/en/register/ngo/check"),
        (VISITOR, f"/en/events/{HERE}/register/ngo"),
        (VISITOR, "/en/register/ngo/delegation"),
        (VISITOR, "/en/register/received"),
        (VISITOR, "/en/register/link"),
    ]


@pytest.fixture(scope="module")
def built_world(build_world, world_kind) -> Built:
    """Give the test data (the canary world) of which `world` and `fresh_world` are copies."""
    return build_world(world_kind, texts.canary)


@pytest.fixture(scope="session")
def built_demo(settings, sqlite_template, shared_folder) -> Path:
    """Make a folder with the demo, of which `demo` is a copy: once for all workers, for loading it takes seconds."""
    folder = shared_folder / "built-demo"
    with made_once(folder) as is_first:
        if is_first:
            _load_demo(settings, sqlite_template, folder)
    return folder


def _load_demo(settings: dict, template: Path, folder: Path) -> None:
    shutil.copyfile(template, folder / "forum.sqlite3")
    own = {"INSTANCE": folder / "instance", "DATABASE_URL": f"sqlite:///{folder / 'forum.sqlite3'}"}
    app = create_app({**settings, **own})
    compile_once(app)
    clock.freeze(NOW)
    with app.app_context():
        start_write(db.session)
        load_demo(now=NOW)
        db.session.commit()
        _close()


@pytest.fixture(scope="session")
def build_world(request, settings, shared_folder, tmp_path_factory) -> BuildWorld:
    """Return a function that builds test data (a world) on a kind of database.

    It is built once for all pytest workers on SQLite, and once for each on PostgreSQL.
    """

    def build_in(folder: Path, kind: str, write_text: texts.Writer) -> Built:
        url, copy = _empty(request, kind, folder)
        clock.freeze(NOW)
        app = _app(settings, folder, url)
        with app.app_context():
            made = worlds.build(app, write_text)
            _close()
        return Built(made, copy)

    @cache
    def build(kind: str, write_text: texts.Writer) -> Built:
        if kind != "sqlite":
            return build_in(tmp_path_factory.mktemp("built-world"), kind, write_text)
        folder = shared_folder / f"built-world-{write_text.__name__}"
        with made_once(folder) as is_first:
            if is_first:
                made = build_in(folder, kind, write_text).world
                (folder / "world").write_bytes(pickle.dumps(replace(made, app=None)))
        # Unpickling is safe here, because this test run itself has written the file.
        world = pickle.loads((folder / "world").read_bytes())  # noqa: S301
        return Built(world, partial(_copied_file, folder / "forum.sqlite3"))

    return build


def opened(settings: dict, built: Built, folder: Path, **differing) -> Iterator[World]:
    """Yield a copy of the test data with an app and browsers of its own; `differing` are settings for this copy."""
    with built.copy(folder) as url:
        app = _app(settings, folder, url, **differing)
        clock.freeze(NOW)
        yield worlds.open_browsers(replace(built.world, app=app), built.cookies)
        with app.app_context():
            _close()


def _empty(request, kind: str, folder: Path) -> tuple[str, Callable]:
    """Return the URL of an empty, migrated database, and a function that copies that database."""
    if kind == "sqlite":
        path = folder / "forum.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}", partial(_copied_file, path)
    server = request.getfixturevalue("postgres_server")
    name = server.create(template=request.getfixturevalue("postgres_template"))
    return server.url(name), partial(_copied_database, server, name)


@contextmanager
def _copied_file(path: Path, folder: Path) -> Iterator[str]:
    shutil.copyfile(path, folder / "forum.sqlite3")
    yield f"sqlite:///{folder / 'forum.sqlite3'}"


@contextmanager
def _copied_database(server, template: str, _folder: Path) -> Iterator[str]:
    name = server.create(template=template)
    yield server.url(name)
    server.drop(name)


def _close() -> None:
    db.session.remove()
    db.engine.dispose()


def _app(settings: dict, folder: Path, url: str, **differing) -> Flask:
    own = {"INSTANCE": folder / "instance", "DATABASE_URL": url}
    app = create_app({**settings, **own, "LIMITS_ENABLED": False, "FORM_MIN_SECONDS": 0, **differing})
    look_at_once(app)
    compile_once(app)
    worlds.store_images(app)
    return app
