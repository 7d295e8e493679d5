"""Every link on a page leads directly to another page: none ends in a 404 or needlessly redirects.

Links, pictures, scripts, alternates, feeds and GET forms are followed, on every page that a visitor, a person with a
personal link and an admin can open, with the test data of world.py and with the demo, which has real texts.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup, SoupStrainer
from flask import Flask, redirect
from flask.testing import FlaskClient
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import MapAdapter
from werkzeug.test import TestResponse

from forum.accounts.access import AUDIENCES, Face, Roles
from forum.accounts.enums import Role
from forum.database import start_write
from forum.demo.loader import load_demo
from forum.extensions import db
from tests.factories.events import NOW
from tests.guards.addresses import readable
from tests.guards.refusals import refused_briefly
from tests.guards.test_access_matrix import holds
from tests.guards.world import ADMIN, HERE, PERSON, VISITOR, World

LEADING = {"a": "href", "link": "href", "img": "src", "script": "src", "form": "action"}
ONLY_LEADING = SoupStrainer(list(LEADING))
OURS = {"", "localhost", "127.0.0.1"}
# URLs that redirect on purpose, to the reader's language or the organiser's event.
REDIRECTED = {
    "/",
    "/console/",
    # The page for deciding about several people redirects to the queue when nobody is chosen.
    f"/console/{HERE}/review/approval",
    f"/console/{HERE}/review/refusal",
    f"/console/{HERE}/review/refusal/confirmation",
}


def dead_links(browser: FlaskClient, answers: dict[str, TestResponse], *, onward: bool = False) -> list[str]:
    """Return the links that do not answer with 200, each with its page; with `onward`, check linked pages too.

    `answers` are those of the pages whose links are followed; answers of the links are added.
    """
    waiting, found = list(answers), []
    for page in waiting:
        for link in links_in(page, answers[page]):
            if link in answers:
                continue
            answers[link] = browser.get(link)
            status = answers[link].status_code
            if status != 200 and not (link in REDIRECTED and status in {302, 303}):
                found.append(f"{page} -> {link}: {status}")
            elif onward:
                waiting.append(link)
    return found


def fetch(browser: FlaskClient, pages: Iterable[str]) -> dict[str, TestResponse]:
    """Return the answers of the pages that can be opened."""
    with refused_briefly():
        answers = {page: browser.get(page) for page in pages}
    return {page: answer for page, answer in answers.items() if answer.status_code == 200}


def links_in(page: str, answer: TestResponse) -> Iterator[str]:
    """Yield the links of a page to this site, as paths with their queries."""
    if answer.mimetype != "text/html":
        return
    for element in BeautifulSoup(answer.data, "html.parser", parse_only=ONLY_LEADING).find_all(list(LEADING)):
        target = element.get(LEADING[element.name])
        if target is None or (element.name == "form" and element.get("method", "get").lower() == "post"):
            continue
        parts = urlsplit(urldefrag(urljoin(page, target)).url)
        if parts.scheme in {"", "http", "https"} and parts.hostname in OURS | {None}:
            yield parts._replace(scheme="", netloc="").geturl()


@pytest.mark.parametrize("audience", [VISITOR, PERSON, pytest.param(ADMIN, marks=pytest.mark.slow)])
@pytest.mark.parametrize("lang", ["en", pytest.param("sv", marks=pytest.mark.slow)])
def test_every_link_leads_somewhere(world, audience, lang):
    browser, known = world.browsers[audience], {Face.PUBLIC, Face.MACHINE, Face.ACCOUNT, Face.FORM}
    pages = [
        address.path
        for address in readable(world, lang=lang)
        if audience == VISITOR or AUDIENCES[address.endpoint] not in known
    ]
    assert dead_links(browser, fetch(browser, pages)) == []


def closed_links(world: World, role: Role) -> list[str]:
    """Return the links and forms, on the console pages of this role, of routes that the role may not open."""
    browser, found = world.browsers[f"{role} of {HERE}"], set()
    pages = [page.path for page in readable(world, (HERE,)) if isinstance(AUDIENCES[page.endpoint], Roles)]
    routes = world.app.url_map.bind("localhost")
    for page, answer in fetch(browser, pages).items():
        soup = BeautifulSoup(answer.data, "html.parser", parse_only=SoupStrainer(["a", "form", "button"]))
        for element in soup.find_all(["a", "form", "button"]):
            target = element.get("href") or element.get("action") or element.get("formaction") or ""
            path = unquote(urlsplit(urljoin(page, target)).path)
            if not target or not path.startswith("/console/"):
                continue
            endpoint, values = route_of(routes, path)
            if not holds(world, f"{role} of {HERE}", AUDIENCES[endpoint], values.get("event")):
                found.add(f"{page} -> {path}")
    return sorted(found)


def route_of(routes: MapAdapter, path: str) -> tuple[str, Mapping[str, Any]]:
    """Return the endpoint and the URL values of the route that answers a GET of this path, or else a POST."""
    try:
        return routes.match(path, method="GET")
    except MethodNotAllowed:
        return routes.match(path, method="POST")


@pytest.mark.long
@pytest.mark.parametrize("role", [each for each in Role if each != Role.ADMIN])
def test_no_role_is_led_to_a_page_that_it_may_not_open(world, role):
    assert closed_links(world, role) == []


def test_a_link_that_a_role_may_not_follow_is_found(world, monkeypatch):
    """Control: pages that show a viewer all links are noticed."""
    with monkeypatch.context() as patched:
        patched.setitem(world.app.jinja_env.globals, "may_open", lambda endpoint, event: True)
        found = closed_links(world, Role.VIEWER)
    # A template that others import keeps the globals that it met first, so it would show all links to later tests.
    world.app.jinja_env.cache.clear()
    assert f"/console/{HERE}/attendees -> /console/{HERE}/attendees/export" in found


@pytest.mark.slow
def test_every_link_of_the_demo_leads_somewhere(app):
    with app.app_context():
        start_write(db.session)
        load_demo(now=NOW)
        db.session.commit()
    browser = app.test_client()
    opened = fetch(browser, ["/sv/", "/en/"])
    assert len(opened) == 2
    assert dead_links(browser, opened, onward=True) == []


def test_a_dead_link_and_a_detour_are_found():
    """Control: on a site of two pages, a dead link and a redirected one are found."""
    site = Flask(__name__, static_folder=None)
    page = '<a href="b#x">B</a><a href="/old">Old</a><img src="c.png"><a href="https://else.example/">E</a>'
    site.add_url_rule("/a", "a", lambda: page)
    site.add_url_rule(
        "/b", "b", lambda: '<form action="/none"></form><form action="/x" method="post"></form>'
    )
    site.add_url_rule("/old", "old", lambda: redirect("/b"))
    found = ["/a -> /old: 302", "/a -> /c.png: 404", "/b -> /none: 404"]
    browser = site.test_client()
    assert dead_links(browser, fetch(browser, ["/a", "/c"])) == found[:2]
    assert dead_links(browser, fetch(browser, ["/a"]), onward=True) == found
