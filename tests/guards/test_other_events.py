"""A URL of the console finds nothing that belongs to another event than the one that it names (S13).

The routes come from the URL map, and the ids from the test data of two events (world.py). Each argument of each route,
alone and with all others, names something of the other event. The answer must be the one to an id that nobody has.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import flask.templating
import pytest
from flask import Flask, abort
from jinja2 import Template
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from forum.accounts.access import AUDIENCES
from forum.accounts.audiences import HANDLERS
from forum.accounts.enums import Role
from forum.console import organisations
from forum.extensions import db
from forum.registration.organisation_models import Organisation
from tests.factories.events import make_page, make_sector
from tests.factories.saving import save
from tests.guards.addresses import arguments, path_of
from tests.guards.conftest import BOTH
from tests.guards.test_access_matrix import csrf_token
from tests.guards.test_get_changes_nothing import writes
from tests.guards.test_mass_assignment import FORMS
from tests.guards.world import ADMIN, ELSEWHERE, HERE, World

OF_ALL = "belongs to all events"
A_WORD = "a word of the code, with one meaning in every event"
OF_NO_EVENT = {  # arguments that name nothing of one event, by endpoint and name
    **{
        (f"{part}.{act}", "number"): OF_ALL
        for part in ("categories", "hashtags")
        for act in ("edit", "merge")
    },
    **{(f"{part}.remove", "number"): OF_ALL for part in ("categories", "hashtags", "glossary")},
    ("glossary.edit", "number"): OF_ALL,
    **{(f"redirects.{act}", "path"): OF_ALL for act in ("edit", "remove")},
    **{(f"mail_texts.{act}", name): A_WORD for act in ("edit", "reset") for name in ("kind", "code")},
    ("bulk.ask", "act"): A_WORD,
    ("figures.file", "figure"): A_WORD,
    ("questions.add", "kind"): A_WORD,
    ("questions.take_over", "name"): A_WORD,
}
# Forms that answer an unknown id otherwise than by 404: a sign-in that is not there has ended already, and what was
# typed into a page that was removed meanwhile is kept.
OTHERWISE = {"colleagues.end_sign_in": 303, "pages.edit": 409}
# Both events have the usual sectors and pages; these keys are of rows that only one event has.
OWN_KEYS = {"sector": "one-of-{}", "into": "two-of-{}", "slug": "page-of-{}"}
ERROR_PAGE = "errors/error.html"
NOBODYS_NUMBER = 2_000_000_000
NOBODYS = {"reference": "0000-0000", "other": "0000-0000", "key": "0" * 16, "file_key": "0" * 32}


@pytest.fixture(scope="module", params=BOTH)
def world_kind(request):
    return request.param


@pytest.fixture
def two_events(fresh_world) -> World:
    """Give the test data, in which each of the two events has sectors and a page whose keys the other has not."""
    with fresh_world.app.app_context():
        for slug in (HERE, ELSEWHERE):
            event = db.session.merge(fresh_world.events[slug], load=False)
            for name in ("sector", "into"):
                save(make_sector(OWN_KEYS[name].format(slug), event_id=event.id))
            make_page(event, OWN_KEYS["slug"].format(slug))
    return fresh_world


@contextmanager
def pages_in_brief(*, is_whole: bool = False) -> Iterator[None]:
    """Within the block, give each page only its template's name; an error page also its status and kept fields.

    With `is_whole`, pages that are no error pages are rendered as usual.
    """
    render = flask.templating._render

    def name_template(app: Flask, template: Template, context: dict) -> str:
        if template.name == ERROR_PAGE:
            return f"{template.name} {context['status']} {context['kept']}"
        if is_whole:
            return render(app, template, context)
        app.update_template_context(context)
        return str(template.name)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(flask.templating, "_render", name_template)
        yield


def ids_of(rule: Rule) -> list[str]:
    """Return the names of those arguments of a route that name something of one event."""
    named = rule.arguments - {"event"}
    return sorted(name for name in named if (rule.endpoint, name) not in OF_NO_EVENT)


def foreign(world: World, mine: str, other: str) -> Iterator[tuple[Rule, dict, dict]]:
    """Yield routes with arguments: ids of the other event under the URL of one's own, and ids that nobody has."""
    for (rule, own), (_rule, given) in zip(arguments(world, mine), arguments(world, other), strict=True):
        names = ids_of(rule)
        theirs = {name: _only_theirs(name, given[name], other) for name in names}
        for some in dict.fromkeys([*((name,) for name in names), tuple(names)] if names else []):
            unknown = {name: NOBODYS.get(name, "nowhere") for name in some}
            unknown |= {name: NOBODYS_NUMBER for name in some if isinstance(theirs[name], int)}
            yield rule, own | {name: theirs[name] for name in some}, own | unknown


def _only_theirs(name: str, given: object, slug: str) -> object:
    return OWN_KEYS[name].format(slug) if isinstance(given, str) and name in OWN_KEYS else given


def audience(rule: Rule, slug: str) -> str:
    """Return who may open all of the event's pages of a route, so that only a wrong id can be refused."""
    return f"{Role.PROTECTED_HANDLER} of {slug}" if AUDIENCES[rule.endpoint] == HANDLERS else ADMIN


def leading_elsewhere(world: World, mine: str, other: str, endpoints: set[str] | None = None) -> list[str]:
    """Ask for everything of the other event under the URL of one's own; return what is not refused as it must be."""
    found = []
    tokens = {name: csrf_token(world.browsers[name]) for name in world.held}
    with writes(world) as written, pages_in_brief(is_whole=True):
        for rule, theirs, unknown in foreign(world, mine, other):
            if endpoints is not None and rule.endpoint not in endpoints:
                continue
            who = audience(rule, mine)
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                data = {"csrf_token": tokens[who]}
                data |= FORMS[rule.endpoint][1] if method == "POST" else {}
                path = path_of(rule, theirs)
                written.clear()
                refused, expected = (
                    refusal(world, other, world.browsers[who].open(one, method=method, data=data))
                    for one in (path, path_of(rule, unknown))
                )
                is_refused = refused[0] in {404, OTHERWISE.get(rule.endpoint)}
                if refused != expected or not is_refused or written:
                    found.append(f"{method} {path}: {refused}, not {expected}; {written}")
    return found


def refusal(world: World, slug: str, answer: TestResponse) -> tuple[int, list[str], str, set[str]]:
    """Return the status, the names of the headers, an error page's text, and texts of this event on any other page."""
    # A page that shows a message of the request before, such as "Signed out.", takes it out of the session.
    names = sorted({name for name, _value in answer.headers} - {"Set-Cookie"})
    if answer.text.startswith(ERROR_PAGE):
        return answer.status_code, names, answer.text, set()
    words = {word for word, where in world.canaries.items() if where.event == slug and word in answer.text}
    return answer.status_code, names, "", words


@pytest.mark.parametrize(("mine", "other"), [(HERE, ELSEWHERE), (ELSEWHERE, HERE)])
def test_whatever_belongs_to_another_event_is_refused_as_an_id_that_nobody_has(two_events, mine, other):
    assert leading_elsewhere(two_events, mine, other) == []


def test_each_argument_names_something_of_one_event_or_says_why_not(two_events):
    """An argument whose value is the same in both events could hide an id that is looked up without the event."""
    here, elsewhere = (
        {rule.endpoint: given for rule, given in arguments(two_events, slug)} for slug in (HERE, ELSEWHERE)
    )
    alike = {
        (endpoint, name)
        for endpoint, given in here.items()
        for name in given.keys() - {"event", *OWN_KEYS}
        if given[name] == elsewhere[endpoint][name]
    }
    assert alike == set(OF_NO_EVENT)
    assert {
        rule.endpoint
        for rule in two_events.app.url_map.iter_rules()
        if rule.rule.startswith("/console/") and rule.arguments
    } == set(here)


def test_each_id_leads_somewhere_in_its_own_event(two_events):
    """Control: the same people open these pages with ids of the URL's own event, so only the wrong event is refused."""
    tokens = {name: csrf_token(two_events.browsers[name]) for name in two_events.held}
    refused: dict[str, set[str]] = {}
    with pages_in_brief():
        for slug in (HERE, ELSEWHERE):
            for rule, given in arguments(two_events, slug):
                if ids_of(rule):
                    who, method = audience(rule, slug), "GET" if "GET" in (rule.methods or ()) else "POST"
                    data = {"csrf_token": tokens[who]} | (FORMS[rule.endpoint][1] if method == "POST" else {})
                    answer = two_events.browsers[who].open(path_of(rule, given), method=method, data=data)
                    if answer.status_code == 404:
                        refused.setdefault(slug, set()).add(rule.endpoint)
    assert refused == {}


def test_a_page_that_forgets_the_event_is_found(two_events, monkeypatch):
    """Control: an organisation that is found by its number alone is shown and removed under another event."""

    def find_anywhere(_event, number):
        return db.session.get(Organisation, number) or abort(404)

    monkeypatch.setattr(organisations, "get_organisation_or_404", find_anywhere)
    found = leading_elsewhere(two_events, HERE, ELSEWHERE, {"organisations.edit", "organisations.remove"})
    assert [line.split()[0] for line in found] == ["GET", "GET", "POST"]
    assert ["UPDATE" in line or "DELETE" in line for line in found] == [False, False, True]
