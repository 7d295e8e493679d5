"""A form on an own page undoes nothing that somebody else has stored since the page was shown (R30).

Own pages are those behind a personal link. Every form of theirs that test_mass_assignment.py lists with columns that it
changes is sent as from a page that showed other values. It must be refused with what is stored now, or stand in
OTHERWISE with the reason why it undoes nothing.
"""

import pytest

from forum.accounts.access import AUDIENCES, Face
from tests.guards.addresses import addresses
from tests.guards.conftest import BOTH
from tests.guards.test_mass_assignment import FORMS, forged, hidden_fields, rows
from tests.guards.world import HERE, World

BUTTON = "a button: it carries no stored value, and its rule reads the state that is stored"
ONCE = "the link is used once, and a later change of what it is about ends it"
OTHERWISE = {
    **dict.fromkeys(("self_service.enter", "self_service.leave", "self_service.cancel"), BUTTON),
    **dict.fromkeys((f"own_everything.{act}" for act in ("ask", "enter", "close")), BUTTON),
    **dict.fromkeys(("own_delegation.enter", "own_delegation.leave", "own_delegation.confirm"), BUTTON),
    **dict.fromkeys(("own_invitation.show", "own_invitation.decline", "followers.end"), BUTTON),
    **dict.fromkeys(("own_invitation.accept", "own_invitation.forward"), ONCE),
    **dict.fromkeys(("self_service.confirm", "own_moves.confirm_address", "substitutions.confirm"), ONCE),
    "self_service.consents": "gives only consents that the page did not show as given; a no withdraws from any page",
    "self_service.protected_identity": "shows nothing stored, and only the person gives this answer",
    "followers.choose": "only whoever follows the news chooses these values",
}
CHANGING = {
    endpoint
    for endpoint, (_audience, _data, columns, _added) in FORMS.items()
    if AUDIENCES[endpoint] == Face.LINK and (columns is None or columns)
}


@pytest.fixture(scope="module", params=BOTH)
def world_kind(request):
    return request.param


def test_each_form_from_a_page_that_showed_other_values_is_refused(fresh_world):
    paths = paths_of_forms(fresh_world)
    sent = sorted(CHANGING - set(OTHERWISE))
    answered = {endpoint: send(fresh_world, endpoint, paths[endpoint], seen="x" * 32) for endpoint in sent}
    assert answered == dict.fromkeys(sent, (409, []))


def test_a_form_from_a_page_that_showed_what_is_stored_is_taken(fresh_world):
    """Control: a form from a page that showed the stored values changes rows, and the comparison notices that."""
    paths = paths_of_forms(fresh_world)
    status, tables = send(fresh_world, "self_service.change", paths["self_service.change"])
    assert (status, "registrations" in tables, "answers" in tables) == (303, True, True)


def test_each_exception_is_a_form_that_changes_stored_values():
    assert set(OTHERWISE) <= CHANGING


def paths_of_forms(world: World) -> dict[str, str]:
    """Return a URL path for each endpoint; it names the event HERE if the route's URL names an event."""
    return {one.endpoint: one.path for one in reversed(list(addresses(world, (HERE,))))}


def send(world: World, endpoint: str, path: str, **differing: str) -> tuple[int, list[str]]:
    """Send a form with hidden values that differ from those of its page; return the status and the changed tables."""
    audience, data, _columns, _added = FORMS[endpoint]
    hidden = hidden_fields(world, audience, path)
    assert differing.keys() <= hidden.keys(), f"{path} has no such hidden fields"
    before = rows(world)
    answer = world.browsers[audience].post(path, data={**forged(world), **data, **hidden, **differing})
    after = rows(world)
    return answer.status_code, [table for table in before if before[table] != after[table]]
