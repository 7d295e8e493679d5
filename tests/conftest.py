"""Fixtures for all tests: an app on a migrated database, a mail server, a browser.

`app` runs on SQLite. A test module whose results could differ between the databases runs on both with this fixture:

    @pytest.fixture
    def app(make_app, database_url):
        return make_app(database_url)

Tests that begin with the same people share a database in which they have been saved once: the module has a function
`fill`, which needs no fixture and returns nothing, and its fixture `people` asks for the fixture `filled`
and reads the people.
"""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import select
from sqlalchemy.orm import scoped_session

from forum import clock, create_app
from forum.accounts.enums import Role
from forum.commands.preparing import compile_translations
from forum.events.models import Event
from forum.extensions import db
from forum.settings.keys import new_data_keys, read_or_make
from forum.settings.project import PROJECT
from forum.web.static import build_static
from tests.clocks import Clock, frozen_at
from tests.factories.events import NOW, make_archive, make_event
from tests.factories.organisers import sign_in_somebody
from tests.ordering import begin_with_long
from tests.shortcuts import (
    TEMPLATES,
    compile_once,
    compile_writes_once,
    describe_files_once,
    hash_quickly,
    is_roomy,
    look_at_once,
    made_once,
    make_images_once,
    share_routes,
)
from tools import page_checks, servers
from tools.forking import Forked
from tools.pages import Pages
from tools.spares import SpareDatabases

# Hypothesis does not limit the time of an example, because a busy machine is slow. The fixtures of a test may serve all
# examples of that test.
hypothesis.settings.register_profile(
    "forum",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("forum")

# Let pytest explain failed assertions in these modules of helpers too, although they hold no tests.
pytest.register_assert_rewrite("tests.faults")

MakeApp = Callable[..., Flask]
SignInAs = Callable[..., Pages]
OwnProcess = Callable[..., Forked]
# Databases of tests lie in a folder in memory, because they need not be kept.
MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own in it


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-snapshots", action="store_true", help="write the snapshots of mails anew")


def pytest_configure(config: pytest.Config) -> None:
    """Compile the translations once, before the pytest workers start, and apply tests/shortcuts.py."""
    share_routes()
    compile_writes_once()
    describe_files_once()
    hash_quickly()
    make_images_once()
    if not hasattr(config, "workerinput"):
        if is_roomy(MEMORY):
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
        compile_translations(PROJECT)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules of long tests, so that no worker still runs one when all other workers have finished."""
    items[:] = begin_with_long(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def pytest_collection_finish() -> None:
    """Leave all imported modules out of the garbage collection, because they stay until the end."""
    gc.freeze()


@pytest.fixture(autouse=True)
def settings_of_the_environment(request) -> Iterator[None]:
    """Undo changes of the environment after each test, so that no later test or process inherits them."""
    before = _settings_in_environment()
    yield
    after = _settings_in_environment()
    for name in after.keys() - before.keys():
        del os.environ[name]
    assert after == before, f"{request.node.nodeid} has changed the settings of the environment"


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """Restore the umask after each test: `forum.cli.main` narrows it, and other users must read files of servers."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def real_time() -> Iterator[None]:
    """Unfreeze the clock before and after each test, so that no test or shared fixture stops the time of another."""
    clock.freeze(None)
    yield
    clock.freeze(None)


def _settings_in_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("FORUM_")}


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory) -> Path:
    """Give a folder that all pytest workers of a test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def static_folder(shared_folder) -> Path:
    """Give the folder of built static files, which the pytest workers share."""
    folder = shared_folder / "forum-static"
    build_static(PROJECT / "static", folder)
    return folder


@pytest.fixture(scope="session")
def settings(shared_folder, static_folder) -> dict:
    """Give the settings of test apps; all pytest workers have the same keys, so that they can share databases."""
    return {
        "TESTING": True,
        "SECRET_KEY": "only-for-tests-0123456789abcdefghijklmnop",
        "DATA_KEYS": read_or_make(shared_folder / "data_keys.json", new_data_keys),
        "STATIC": static_folder,
        # Send mails to many people without a limit a minute: tests send hundreds of them to one domain.
        "BULK_MAILS_PER_MINUTE": 0,
        "BULK_MAILS_PER_MINUTE_AND_DOMAIN": 0,
    }


@pytest.fixture(scope="session", autouse=True)
def compiled_templates(shared_folder) -> None:
    """Share the compiled templates of this process with all pytest workers."""
    folder = shared_folder / "forum-templates"
    folder.mkdir(exist_ok=True)
    TEMPLATES.directory = str(folder)


@pytest.fixture(scope="session", autouse=True)
def checked_pages(shared_folder) -> None:
    """Let all pytest workers know of each page that one of them has found valid, or free of faults."""
    for known, name in ((page_checks.VALID, "valid-skeletons"), (page_checks.SOUND, "sound-pages")):
        known.folder = shared_folder / name
        known.folder.mkdir(exist_ok=True)


@pytest.fixture
def make_app(settings, tmp_path) -> Iterator[MakeApp]:
    """Return a function that makes an app on a database: `make_app(url, BASE_URL="https://forum.example")`."""
    with ExitStack() as stack:

        def make(url: str, **overrides) -> Flask:
            app = create_app(
                {**settings, "INSTANCE": tmp_path / "instance", "DATABASE_URL": url, **overrides}
            )
            look_at_once(app)
            compile_once(app)
            stack.callback(_dispose, app)
            return app

        yield make


@pytest.fixture
def app(make_app, sqlite_url) -> Flask:
    """Give an app on an empty, migrated SQLite database."""
    return make_app(sqlite_url)


@pytest.fixture
def pages(app) -> Pages:
    """Give a test client that checks every page, as in `pages.get("home.front").h1`; see tools/pages.py."""
    return Pages(app)


@pytest.fixture
def database(app) -> Iterator[scoped_session]:
    """Give a session in an app context that lasts for the whole test."""
    with app.app_context():
        yield db.session


@pytest.fixture
def frozen() -> Iterator[datetime]:
    """Freeze the clock at tests.factories.events.NOW."""
    clock.freeze(NOW)
    yield NOW
    clock.freeze(None)


@pytest.fixture
def time() -> Iterator[Clock]:
    """Give a frozen clock that the test can move."""
    yield Clock()
    clock.freeze(None)


@pytest.fixture
def sign_in_as(app, frozen) -> SignInAs:
    """Return a function that signs a browser in: `sign_in_as(Role.ORGANISER, event, language="sv", fresh=False)`."""
    return partial(sign_in_somebody, app)


@pytest.fixture
def event(request, database) -> Event:
    """Save the current event, with five sectors and 250 places; or give the event that the module's `fill` saved."""
    if "filled" not in request.fixturenames:
        return make_event()
    request.getfixturevalue("filled")
    return db.session.scalars(select(Event).where(Event.is_current)).one()


@pytest.fixture
def filled(request, database) -> None:
    """Fill the database by the module's function `fill`; a SQLite database is a copy of `filled_template`."""
    if db.engine.dialect.name != "sqlite":
        request.module.fill()


@pytest.fixture
def organiser(sign_in_as, event) -> Pages:
    """Give a signed-in browser of an organiser of the event, in English."""
    return sign_in_as(Role.ORGANISER, event)


@pytest.fixture
def archive(database) -> Event:
    """Save an earlier event, for which the fixture `organiser` has no role."""
    return make_archive()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request) -> str:
    """Give the URL of an empty, migrated database; the test runs once on SQLite and once on PostgreSQL."""
    return request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])


@pytest.fixture
def sqlite_url(request, tmp_path) -> str:
    """Give the URL of a migrated SQLite database, empty unless the test has the fixture `filled`."""
    template = "filled_template" if "filled" in request.fixturenames else "sqlite_template"
    shutil.copyfile(request.getfixturevalue(template), tmp_path / "forum.sqlite3")
    (tmp_path / "forum.sqlite3").chmod(0o600)
    return f"sqlite:///{tmp_path / 'forum.sqlite3'}"


@pytest.fixture
def postgres_url(postgres_server, spare_databases) -> Iterator[str]:
    """Give the URL of an empty, migrated PostgreSQL database."""
    name = spare_databases.lend()
    yield postgres_server.url(name)
    spare_databases.take_back(name)


@pytest.fixture
def blank_database_url(request, database_kind, tmp_path) -> Iterator[str]:
    """Give the URL of a database without tables; the test runs once on SQLite and once on PostgreSQL."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'blank.sqlite3'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_kind(request) -> str:
    """Give "sqlite" or "postgresql"; the test runs once with each of the two."""
    return request.param


@pytest.fixture(scope="session")
def sqlite_template(settings, shared_folder) -> Path:
    """Make a migrated SQLite file, once for all pytest workers."""
    folder = shared_folder / "sqlite-template"
    with made_once(folder) as is_first:
        if is_first:
            url = f"sqlite:///{folder / 'template.sqlite3'}"
            _migrate({**settings, "INSTANCE": folder, "DATABASE_URL": url})
    return folder / "template.sqlite3"


@pytest.fixture(scope="module")
def filled_template(request, settings, sqlite_template, tmp_path_factory) -> Path:
    """Make a SQLite file with all that the module's `fill` saves at NOW: once for the module; each test gets a copy."""
    folder = tmp_path_factory.mktemp("filled-template")
    shutil.copyfile(sqlite_template, folder / "template.sqlite3")
    url = f"sqlite:///{folder / 'template.sqlite3'}"
    app = create_app({**settings, "INSTANCE": folder, "DATABASE_URL": url})
    compile_once(app)
    with app.app_context(), frozen_at(NOW):
        request.module.fill()
    _dispose(app)
    return folder / "template.sqlite3"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.PostgresServer]:
    """Start a PostgreSQL server, one for each pytest worker; its data lie in memory where that is large."""
    with servers.run_postgres(within=MEMORY if is_roomy(MEMORY) else None) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(settings, postgres_server, tmp_path_factory) -> str:
    """Make a migrated PostgreSQL database, once for each pytest worker, and give its name."""
    name = postgres_server.create()
    folder = tmp_path_factory.mktemp("postgres-template")
    _migrate({**settings, "INSTANCE": folder, "DATABASE_URL": postgres_server.url(name)})
    return name


@pytest.fixture(scope="session")
def spare_databases(postgres_server, postgres_template) -> SpareDatabases:
    """Give the reusable PostgreSQL databases for `postgres_url`."""
    return SpareDatabases(postgres_server, postgres_template)


@pytest.fixture
def own_process(settings, app) -> Iterator[OwnProcess]:
    """Return a function that runs the `main` of a module in a process of its own, on the app's database.

    `own_process("tests.outbox.processes", MAIL_PORT=25)`: further settings are FORUM_* without the prefix. Whatever
    still runs after the test is killed.
    """
    shared = {name: settings[name] for name in ("SECRET_KEY", "DATA_KEYS", "STATIC")}
    shared |= {"INSTANCE": app.config["INSTANCE"], "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"]}
    started: list[Forked] = []

    def start(module: str, **further: Any) -> Forked:
        told = {f"FORUM_{name}": str(value) for name, value in {**shared, **further}.items()}
        started.append(Forked(f"from {module} import main; main()", env={**os.environ, **told}))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def smtp_server(running_smtp) -> servers.SmtpServer:
    """Give a mail server without mails, with `.port`, `.messages` and `.envelopes`."""
    running_smtp.clear()
    return running_smtp


@pytest.fixture
def to_server(app):
    """Return a function that sets the app's mail server: `to_server(port, MAIL_USE_TLS=True)`."""

    def point(port: int, **differing) -> None:
        state = app.extensions["mail"]
        app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, **differing)
        state.server, state.port = "127.0.0.1", port
        state.use_tls = app.config["MAIL_USE_TLS"]
        state.use_ssl = app.config["MAIL_USE_SSL"]
        state.username, state.password = app.config["MAIL_USERNAME"], app.config["MAIL_PASSWORD"]

    return point


@pytest.fixture(scope="session")
def running_smtp() -> Iterator[servers.SmtpServer]:
    """Run the mail server for the fixture `smtp_server`, one for each pytest worker."""
    with servers.run_smtp() as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start a Chromium browser, one for each pytest worker."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=servers.headless_path(), args=list(servers.CHROMIUM_FLAGS)
        )
        yield browser
        browser.close()


def _migrate(settings: dict) -> None:
    app = create_app(settings)
    with app.app_context():
        upgrade()
    _dispose(app)


def _dispose(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
