"""Fixtures for browser tests: running forums and browsers.

`start_forum` starts a forum for one test: web and worker in processes, mail written to files. `visit` opens a page in
one of the prepared test forums ("worlds", see worlds.py), which this process serves and tests only read;
`change_world` gives a copy of a world that the test may change.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.message import EmailMessage

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from forum import clock
from tests.browser.looks import Axe
from tests.browser.sights import Sight, arrival_problems
from tests.browser.visitor import Tab, Visitor
from tests.browser.worlds import NOW, World, Worlds
from tools.running import Running, run_forum


def link_in(mail: EmailMessage) -> str:
    """Return the personal link in a mail's plain text."""
    return re.search(r"https?://\S+/r/\S+", mail.get_body(("plain",)).get_content())[0]


@pytest.fixture
def start_forum(settings, tmp_path, app: Flask) -> Iterator[Callable[[], Running]]:
    """Return a function that starts `forum run` on the test's database, which must be filled before."""
    with ExitStack() as stack:

        def start() -> Running:
            own = {name: settings[name] for name in ("SECRET_KEY", "DATA_KEYS")}
            url = app.config["SQLALCHEMY_DATABASE_URI"]
            return stack.enter_context(run_forum("run", tmp_path, **own, DATABASE_URL=url, DEMO=1))

        yield start


@pytest.fixture(scope="session")
def worlds(settings, sqlite_template, shared_folder, tmp_path_factory) -> Iterator[Worlds]:
    """Give the test forums ("worlds") by name; each is made at its first use."""
    shared = shared_folder / "forum-worlds"
    shared.mkdir(exist_ok=True)
    with ExitStack() as stack:
        yield Worlds(settings, sqlite_template, tmp_path_factory.mktemp("worlds"), shared, stack)


@pytest.fixture
def still_clock() -> Iterator[None]:
    """Freeze the clock of this process, which serves the test forums (worlds), at NOW."""
    clock.freeze(NOW)
    yield
    clock.freeze(None)


@pytest.fixture
def new_visitor(chromium, still_clock) -> Iterator[Callable[..., Visitor]]:
    """Return a function that opens a new browser in a test forum: `new_visitor(world, "sv", viewport=…)`."""
    contexts, complaints = [], []

    def open_browser(world: World, language: str = "en", **options) -> Visitor:
        context = chromium.new_context(locale=language, **options)
        contexts.append(context)
        return Visitor(Tab(context.new_page(), complaints), world, language)

    yield open_browser
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def axe() -> Axe:
    """Give axe-core, which remembers what it has judged on all pages, so that it judges nothing twice."""
    return Axe()


@pytest.fixture(scope="session")
def tabs(chromium) -> Iterator[Callable[[str], Tab]]:
    """Give a browser tab for each language, shared by tests because a new one would take longer than a test."""
    opened: dict[str, Tab] = {}

    def tab(language: str) -> Tab:
        if language not in opened:
            opened[language] = Tab(chromium.new_context(locale=language).new_page(), [])
        return opened[language]

    yield tab
    for each in opened.values():
        each.page.context.close()


@pytest.fixture
def visit(worlds, tabs, still_clock) -> Iterator[Callable[..., Visitor]]:
    """Return a function that opens a page in a state: `visit(BY_NAME["front"], "sv", width=320, scheme="dark")`.

    Fails when another page opens, when a page requests anything from another site (P17), or when the browser reports
    an error.
    """
    used: list[Tab] = []

    def show(sight: Sight, language: str = "en", *, width: int = 1280, scheme: str = "light") -> Visitor:
        tab = tabs(language)
        used.append(tab)
        tab.clear(width, scheme)
        visitor = Visitor(tab, worlds[sight.world], language)
        worlds.forget_tries()
        sight.show(visitor)
        assert arrival_problems(visitor, sight) == []
        return visitor

    yield show
    assert [complaint for tab in used for complaint in tab.complaints] == []


@pytest.fixture
def change_world(worlds, still_clock, tmp_path) -> Iterator[Callable]:
    """Return a function that copies a test forum, which the test may change: `world = change_world("demo")`."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(worlds.copy(name, tmp_path))


@pytest.fixture
def new_context(chromium, start_forum) -> Iterator[Callable[..., BrowserContext]]:
    """Return a function that opens a new browser; the test fails for errors in pages or requests to other sites."""
    contexts, complaints = [], []

    def open_context(**options) -> BrowserContext:
        context = chromium.new_context(**options)
        context.on("page", lambda page: _listen(page, complaints))
        contexts.append(context)
        return context

    yield open_context
    for context in contexts:
        context.close()
    assert complaints == []


def _listen(page: Page, complaints: list[str]) -> None:
    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{page.url}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("http://127.0.0.1:", "data:"))
            else complaints.append(f"{page.url} asked {request.url}")
        ),
    )
