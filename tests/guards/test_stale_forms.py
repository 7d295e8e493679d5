"""A form on an own page undoes nothing that somebody else has stored since the page was shown (R30).

Own pages are those behind a personal link. Every form of theirs that test_mass_assignment.py lists with columns that it
changes is sent as from a page that showed other values. It must be refused with what is stored now, or stand in
OTHERWISE with the reason why it undoes nothing.
"""

import pytest

from forum.accounts.access import AUDIENCES, Face
from tests.guards.addresses import addresses
from tests.guards.conftest import BOTH
from tests.guards.test_mass_assignment import FORMS, forged, hidden_fields
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
    paths = {one.endpoint: one.path for one in reversed(list(addresses(fresh_world, (HERE,))))}
    sent = sorted(CHANGING - set(OTHERWISE))
    answered = {endpoint: send_outdated(fresh_world, endpoint, paths[endpoint]) for endpoint in sent}
    assert answered == dict.fromkeys(sent, 409)


def test_each_exception_is_a_form_that_changes_stored_values():
    assert set(OTHERWISE) <= CHANGING


def send_outdated(world: World, endpoint: str, path: str) -> int:
    """Send a form as from a page that showed other values; return the HTTP status."""
    audience, data, _columns, _added = FORMS[endpoint]
    sent = {**forged(world), **data, **hidden_fields(world, audience, path), "seen": "x" * 32}
    return world.browsers[audience].post(path, data=sent).status_code
