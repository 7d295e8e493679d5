"""Every form behind a personal link names whom its page is about, or its URL holds the link's token (S19).

So a form does nothing once the browser has opened another person's link (tests/registration/test_two_links.py).
"""

from urllib.parse import urljoin

from bs4 import BeautifulSoup

from forum.accounts.access import AUDIENCES, Face
from forum.registration import page_of
from tests.guards.addresses import Address, readable
from tests.guards.kept_state import KeptState, prepare
from tests.guards.world import HERE, PERSON, World

# Forms that no page of the test data shows, each with the reason.
NOT_SHOWN = {
    "self_service.unsubscribe": "the person has no calendar feed",
}
# Forms that do not say whose they are, each with the reason.
UNNAMED = {
    "own_everything.close": "closes the page of all data that is open in this browser, whosever it is, as leaving does",
}
# The form that accepts an offered place, which only a person with an offer is shown.
TO_ACCEPT = "self_service.accept"


def forms_behind_links(world: World) -> set[str]:
    """Return the endpoints of forms behind a personal link whose URL has no token: a cookie says whose they are."""
    return {
        rule.endpoint
        for rule in world.app.url_map.iter_rules()
        if AUDIENCES.get(rule.endpoint) == Face.LINK
        and "token" not in rule.arguments
        and "POST" in (rule.methods or ())
    }


def named_on_pages(world: World) -> dict[str, set[bool]]:
    """Open every page that shows such forms; return by endpoint whether its forms name whom their page is about."""
    wanted, kept, named = forms_behind_links(world), KeptState(world), {}
    for page in readable(world, (HERE,)):
        if AUDIENCES[page.endpoint] == Face.LINK:
            for state in (page.endpoint, TO_ACCEPT):
                kept.restore()
                prepare(world, state)
                for endpoint, is_named in _forms_on(world, page):
                    if endpoint in wanted:
                        named.setdefault(endpoint, set()).add(is_named)
    kept.restore()
    return named


def _forms_on(world: World, page: Address) -> list[tuple[str, bool]]:
    """Return for each form on the page the endpoint to which it is sent, and whether it says whom it is about."""
    urls = world.app.url_map.bind("localhost")
    soup = BeautifulSoup(world.browsers[PERSON].get(page.path).data, "html.parser")
    found = []
    for form in soup.select("form[method=post]"):
        target = urljoin(page.path, form.get("action") or page.path)
        path = target.partition("#")[0].partition("?")[0]
        found.append((urls.match(path, "POST")[0], len(form.select(f"[name={page_of.FIELD}]")) == 1))
    return found


def test_every_form_behind_a_personal_link_names_whom_its_page_is_about(fresh_world):
    named = named_on_pages(fresh_world)
    assert [endpoint for endpoint, found in named.items() if found != {True}] == list(UNNAMED)
    assert forms_behind_links(fresh_world) - named.keys() == set(NOT_SHOWN)


def test_forms_that_name_nobody_are_found(fresh_world, monkeypatch):
    """Control: when pages do not say whom they are about, the forms on them are reported."""
    monkeypatch.setattr(page_of, "number", lambda: "")
    monkeypatch.setitem(fresh_world.app.jinja_env.globals, "page_of", page_of.number)
    named = named_on_pages(fresh_world)
    assert {"self_service.cancel", "substitutions.ask", "own_delegation.change"} <= {
        endpoint for endpoint, found in named.items() if found == {False}
    }
