"""Every form for visitors that can be sent wrongly is seen in the browser with its errors; organisers' forms, in parts.

Each form is sent as a browser sends it from its page: what can be typed is left empty, or filled with nonsense; boxes
are unticked, or as they were; and choices stay as the page shows them. So a form with nothing but boxes, hidden fields
and choices of which one is chosen already is refused only if somebody forged it, and needs no sight (A01, A02).

A form for visitors, or behind a personal link, that can be refused needs a sight with the status 422
(tests/browser/sights.py). Organisers' forms share the templates that show errors: their pages with errors differ from
those without, which have sights of their own, by the summary and by the mark at each wrong field. So these forms need
sights of this status that together show what differs: each kind of mark, and each template that asks for errors.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask, template_rendered
from jinja2 import meta
from werkzeug.test import TestResponse

from forum.accounts.access import AUDIENCES, Face
from tests.browser.sights import SIGHTS
from tests.guards.addresses import Address, readable
from tests.guards.kept_state import KeptState, prepare
from tests.guards.test_mass_assignment import FORMS
from tests.guards.world import HERE, PERSON, VISITOR, World
from tools.page_forms import Form

NONSENSE = "<!" + "x" * 20_000
# Types of <input> that look alike when their value is wrong: each is one line to type in.
LINES = {"text", "email", "tel", "url", "search", "password", "number", "date", "time", "datetime-local"}
ASKS_FOR_ERRORS = re.compile(r"\.(form_)?errors\b")
# Templates that ask for errors on every page with a form.
USUAL = {"components/forms.html", "components/page_head.html"}
# Pages on which each audience gets a CSRF token, which stays the same in the session.
FIRST = {VISITOR: "/en/register/ngo", PERSON: "/en/r/"}
# Forms with fields that no page of the test data shows, each with the reason.
BUTTONS = "buttons and choices in a list or in the frame of a page, which lead back to it"
SCRIPT = "sent by a script of the page"
OF_EDITOR = "the fields of the form that saves, sent by a button of its own"
NOT_SHOWN = {
    **dict.fromkeys(("bulk_choice.change", "categories.order", "outbox.dismiss", "questions.order"), BUTTONS),
    **dict.fromkeys(("own_account.choose_language", "own_invitation.show"), BUTTONS),
    **dict.fromkeys((f"passkeys.{act}" for act in ("confirm", "index", "sign_in")), SCRIPT),
    **dict.fromkeys((f"{room}.autosave" for room in ("writing", "page_writing")), SCRIPT),
    **dict.fromkeys((f"{room}.preview" for room in ("writing", "page_writing", "posts", "pages")), OF_EDITOR),
    **dict.fromkeys(
        ("registration.another", "registration.details"), "the fields of the form that was checked"
    ),
    **dict.fromkeys(("review_many.approve", "review_many.decline"), "shown with chosen people only"),
    **dict.fromkeys(("accounts.second_factor", "accounts.set_up"), "shown after the password only"),
    "own_account.recovery_codes_file": "shown with new codes only",
    "previews.index": "shown for an event that is not public only",
}
# Each form for these audiences needs a sight of its own (tests/browser/sights.py), with its errors.
FOR_VISITORS = {Face.PUBLIC, Face.FORM, Face.LINK}
SEEN = {sight.endpoint for sight in SIGHTS if sight.status == 422}


class Attempts:
    """Sends the forms on pages wrongly. `met` are the endpoints of forms with fields; `refused` those that answer 422.

    `refused` says by endpoint what differs on its page: kinds of marks, and templates that ask for errors.
    """

    def __init__(self, world: World, endpoints: set[str]):
        for name, browser in world.browsers.items():
            browser.get(FIRST.get(name, "/account/"))
        self._world, self._kept, self._endpoints = world, KeptState(world), endpoints
        self.met: set[str] = set()
        self.refused: dict[str, set[str]] = {}
        for page in readable(world, (HERE,)):
            is_own = AUDIENCES[page.endpoint] == Face.LINK and page.endpoint not in FORMS
            if page.endpoint in endpoints or is_own:
                self._send_forms_of(page)
        self._kept.restore()

    def _send_forms_of(self, page: Address) -> None:
        browser = self._world.browsers[FORMS[page.endpoint][0] if page.endpoint in FORMS else PERSON]
        self._begin(page)
        for element in BeautifulSoup(browser.get(page.path).data, "html.parser").select("form[method=post]"):
            form = Form(None, page.path, element)
            target, sent = form.target().partition("#")[0], list(attempts(form))
            endpoint = self._world.app.url_map.bind("localhost").match(target.partition("?")[0], "POST")[0]
            if sent and endpoint in self._endpoints - self.met:
                self.met.add(endpoint)
                for data in sent:
                    with templates_in(self._world.app) as rendered:
                        answer = browser.post(target, data=data)
                    if answer.status_code == 422:
                        parts = parts_of(self._world.app, target, answer, rendered)
                        self.refused.setdefault(endpoint, set()).update(parts)
                    else:
                        self._begin(page)

    def _begin(self, page: Address) -> None:
        self._kept.restore()
        prepare(self._world, page.endpoint)


def attempts(form: Form) -> Iterator[dict[str, list[Any]]]:
    """Yield what a browser can send from this form that may be wrong; nothing if there is nothing to fill in."""
    fields = [
        field
        for field in form.element.find_all(["input", "textarea", "select"])
        if field.get("name") and not field.find_parent(class_="honeypot")
    ]
    kinds = {field["name"]: _kind_of(field) for field in fields}
    typed = [name for name, kind in kinds.items() if kind in {"line", "textarea"}]
    files = [name for name, kind in kinds.items() if kind == "file"]
    boxes = [name for name, kind in kinds.items() if kind == "checkbox"]
    if set(kinds.values()) - {"hidden"}:
        shown = form.values()
        yield shown | {name: [""] for name in typed} | {name: [] for name in boxes}
        if typed or files:
            sent = {name: [(BytesIO(b"nonsense"), "nonsense.bin")] for name in files}
            yield shown | {name: [NONSENSE] for name in typed} | sent


def _kind_of(field: Tag) -> str:
    if field.name != "input":
        return field.name
    kind = field.get("type", "text")
    return "line" if kind in LINES else kind


@contextmanager
def templates_in(app: Flask) -> Iterator[list[str]]:
    """Collect the names of the templates that are rendered within the block."""
    names: list[str] = []

    def note(_app, template, context, **_more):
        names.append(template.name)

    with template_rendered.connected_to(note, app):
        yield names


def parts_of(app: Flask, path: str, answer: TestResponse, rendered: list[str]) -> set[str]:
    """Return what differs on a page with errors; fail if a wrong field lies in a part of the page that is closed."""
    page = BeautifulSoup(answer.data, "html.parser")
    assert page.select("details:not([open]) .field-wrong") == [], path
    face = path.split("/")[1]
    marks = {
        f"{'public' if len(face) == 2 else face}: {look_of(mark)}" for mark in page.select(".field-wrong")
    }
    named = frozenset().union(*(all_of(app, name) for name in rendered))
    sources = {name: app.jinja_env.loader.get_source(app.jinja_env, name)[0] for name in named - USUAL}
    return marks | {name for name, source in sources.items() if ASKS_FOR_ERRORS.search(source)}


def look_of(mark: Tag) -> str:
    """Return the element, classes and kinds of control of a wrong field, without its words and ids."""
    controls = {_kind_of(field) for field in mark.find_all(["input", "textarea", "select"])} - {"hidden"}
    return f"{mark.name}.{'.'.join(mark['class'])} with {', '.join(sorted(controls))}"


@cache
def all_of(app: Flask, name: str) -> frozenset[str]:
    """Return the names of a template and of all that it extends, includes or imports, except layouts."""
    if name.startswith("layouts/"):
        return frozenset()
    source = app.jinja_env.loader.get_source(app.jinja_env, name)[0]
    inner = {found for found in meta.find_referenced_templates(app.jinja_env.parse(source)) if found}
    return frozenset({name}).union(*(all_of(app, found) for found in inner))


def unseen(refused: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return, by endpoint, the marks and templates of a refused form that no page of the browser tests shows."""
    shown = set().union(*(refused[endpoint] for endpoint in refused.keys() & SEEN))
    missing = {endpoint: _missing(endpoint, parts, shown) for endpoint, parts in refused.items()}
    return {endpoint: parts for endpoint, parts in missing.items() if parts}


def _missing(endpoint: str, parts: set[str], shown: set[str]) -> set[str]:
    if AUDIENCES[endpoint] in FOR_VISITORS:
        return set() if endpoint in SEEN else {"a sight of its own"}
    return parts - shown


@pytest.mark.long
@pytest.mark.slow
def test_all_that_differs_on_a_page_with_errors_is_seen_in_the_browser(fresh_world):
    tried = Attempts(fresh_world, set(FORMS))
    assert unseen(tried.refused) == {}
    assert {name for name, (_who, data, *_rest) in FORMS.items() if data} - tried.met == set(NOT_SHOWN)


@pytest.mark.parametrize(
    ("endpoint", "is_refused"),
    [("attendee_notes.index", True), ("publication.unpublish", True), ("followers.choose", False)],
)
def test_only_a_form_that_a_browser_can_send_wrongly_is_refused(fresh_world, endpoint, is_refused):
    """Control: words can be missing and a box unticked; a form of choices that are made already is never wrong."""
    tried = Attempts(fresh_world, {endpoint})
    assert (tried.met, set(tried.refused)) == ({endpoint}, {endpoint} if is_refused else set())


def test_what_no_sight_shows_is_named():
    """Control: an error mark that no sight shows, and a form for visitors without a sight of its own, are reported."""
    unlike = "console: div.field-wrong with range"
    refused = {"attendee_notes.index": {"a mark"}, "posts.new": {"a mark", unlike}, "followers.end": set()}
    assert unseen(refused) == {"posts.new": {unlike}, "followers.end": {"a sight of its own"}}
