"""Each route answers each audience as forum/accounts/routes declares (S12).

The console's filters show nothing of another event (S13); test_other_events.py tests the ids in its URLs.

The expected answers are computed here from the access table and the roles in the test data, not by the forum's code.
No GET request among them writes (S11); tests/guards/test_get_changes_nothing.py says what a write is.
"""

import re
from datetime import timedelta
from itertools import cycle, product

import pytest
from flask import request

from forum import clock
from forum.accounts import access, sign_ins
from forum.accounts.access import AUDIENCES, Face, Roles
from forum.accounts.audiences import HANDLERS
from forum.accounts.enums import Role
from forum.database import start_write
from forum.extensions import db
from forum.registration import offers, places, sharing
from forum.registration.enums import OfferEnd, Status
from tests.factories.events import NOW
from tests.guards import refusals
from tests.guards.addresses import Address, addresses, readable
from tests.guards.conftest import BOTH
from tests.guards.refusals import refused_briefly
from tests.guards.test_get_changes_nothing import QUERIES, forbidden, writes
from tests.guards.test_mass_assignment import FORMS, hidden_fields
from tests.guards.world import (
    ADMIN,
    AUDIENCE,
    ELSEWHERE,
    HANDLER,
    HERE,
    PERSON,
    UNSEEN,
    VISITOR,
    World,
    find_registration,
)

SLUGS = (HERE, ELSEWHERE, UNSEEN)
HIDDEN = {UNSEEN}  # the unpublished event has no public pages
SPECIAL = {
    "accounts.second_factor": 303,  # redirects to the page for the password, because no password was given yet
    "accounts.set_up": 303,
    "accounts.open_demo": 410,  # 410, because the token in this test's URL is invented
    # 200 in spite of an undeliverable mail: in a demo that is no fault for /status, and these tests run as a demo
    "health.status": 200,
    "home.preview": 404,  # 404, because the token in this test's URL is invented
    **dict.fromkeys((f"own_invitation.{act}" for act in ("show", "accept", "decline", "forward")), 200),
    "own_delegation.confirm": 200,  # 200: whoever has the token in the URL may open the page
    "own_delegation.enter": 200,  # 200: whoever has the token in the URL may open the page
    "self_service.feed": 200,  # 200: whoever has the token in the URL may read the feed
    "own_moves.confirm_address": 200,  # 200: whoever has the token in the URL may open the page
    "own_everything.enter": 200,  # 200: whoever has the token in the URL may open the page
    "substitutions.confirm": 200,  # 200: whoever has the token in the URL may open the page
    "refusing.show": 200,  # 200: the page is the same for every token
    "followers.leave": 200,  # 200: the page is the same for every token
    # 200: whoever has the token may open the page.
    **dict.fromkeys(("followers.confirm", "followers.choose"), 200),
    "self_service.enter": 200,  # 200: whoever has the token in the URL may open the page
    "self_service.confirm": 200,  # 200: whoever has the token in the URL may open the page
}
# Forms that mail programs send, too, which have no CSRF token.
WITHOUT_TOKEN = {"refusing.show", "followers.leave"}
OF_SOMEBODY = re.compile(
    r"/registrations/|/(requests|review|invitations|imports)/(?!refusal/)[^/]+/"
    r"|/review/(?!(approval|refusal)$)[^/]+$"
)
# Pages about one account, which in this test is the admin's; for everybody else there is no such page.
OF_ONE_ACCOUNT = {
    *("passkeys.show", "passkeys.remove"),
    *("import_tables.show", "import_tables.stop", "import_tables.report"),
}
# The status that a registration must have for each organisers' page about offers.
IN_LINE = {
    "waiting_list.offer": Status.WAITING,
    "waiting_list.extend": Status.OFFERED,
    "waiting_list.withdraw": Status.OFFERED,
}


@pytest.fixture(scope="module", params=BOTH)
def world_kind(request):
    return request.param


def expected(world: World, audience: str, address: Address, method: str) -> set[int]:
    """Return the HTTP statuses that the access table allows for the audience's request to this URL."""
    wanted = AUDIENCES[address.endpoint]
    if isinstance(wanted, Roles):
        found = _of_roles(world, audience, wanted, address.event, method)
        # The hidden event has no registrations or invitations, so the pages about one of them are 404.
        is_empty = address.event in HIDDEN and OF_SOMEBODY.search(address.path) is not None
        is_empty |= address.endpoint in OF_ONE_ACCOUNT and audience != ADMIN
        return {404} if is_empty and found == {200, 303} else found
    if address.endpoint in WITHOUT_TOKEN:
        return {200}
    return {400} if method == "POST" else _of_face(audience, wanted, address)


def _of_roles(world: World, audience: str, wanted: Roles, slug: str | None, method: str) -> set[int]:
    if audience in {VISITOR, PERSON}:
        return {303}
    if not holds(world, audience, wanted, slug):
        return {404}
    return {400} if method == "POST" else {200, 303}  # 400: access is allowed, but the CSRF token is missing


def _of_face(audience: str, wanted: Face, address: Address) -> set[int]:
    if address.endpoint in SPECIAL:
        return {SPECIAL[address.endpoint]}
    if wanted == Face.LINK:
        is_theirs = audience == PERSON and address.event in {None, HERE}
        return {200, 302, 303} if is_theirs else {404}
    return {404} if address.event in HIDDEN else {200, 301, 302, 303, 308}


def holds(world: World, audience: str, wanted: Roles, slug: str | None) -> bool:
    """Return whether the audience has one of the roles for the URL's event, or for any event if it names none."""
    if wanted.of_all:
        return (Role.ADMIN, None) in world.held[audience]
    held = {role for role, of in world.held[audience] if slug is None or of in {None, slug}}
    return not wanted.roles or bool(held & wanted.roles)


def differing(world: World, endpoints: set[str] | None = None, slugs: tuple[str, ...] = SLUGS) -> list[str]:
    """Send every possible request; return those whose answer differs from the access table, and GETs that write.

    Each GET has query parameters that pages read, because these might cause a write; audiences send different ones.
    """
    found = []
    listed = [
        address for address in addresses(world, slugs) if endpoints is None or address.endpoint in endpoints
    ]
    queries = dict(zip(world.browsers, cycle(QUERIES), strict=False))
    with refused_briefly(), writes(world) as written:
        for audience, address in product(world.browsers, listed):
            for method in sorted(address.methods & {"GET", "POST"}):
                path = address.path + (queries[audience] if method == "GET" else "")
                written.clear()
                status = world.browsers[audience].open(path, method=method).status_code
                wanted = expected(world, audience, address, method)
                if status not in wanted:
                    found.append(f"{audience}: {method} {path}: {status}, not {wanted}")
                if method == "GET" and (wrongly := forbidden(address, written)):
                    found.append(f"{audience}: {method} {path}: {wrongly}")
    return found


@pytest.mark.long
@pytest.mark.parametrize(
    "slugs", [(HERE, ELSEWHERE), pytest.param((UNSEEN,), marks=pytest.mark.slow)], ids=["public", "hidden"]
)
def test_every_route_answers_every_audience_as_declared_and_reading_writes_nothing(world, slugs):
    assert differing(world, slugs=slugs) == []


def test_matrix_finds_a_route_that_is_open_to_too_many(world, monkeypatch):
    """Control: opening the list of attendees to anybody is noticed."""
    console = {"attendees.index", "attendees.show"}
    before = {endpoint: AUDIENCES[endpoint] for endpoint in console}
    monkeypatch.setattr(access.sign_ins, "require", lambda roles: None)
    assert {endpoint: AUDIENCES[endpoint] for endpoint in console} == before
    found = [
        line
        for line in differing(world, {"waiting_list.index"})
        if line.startswith(f"{VISITOR}: GET /console/nf27/")
    ]
    assert len(found) == 1


def test_matrix_finds_a_page_that_writes(fresh_world):
    """Control: a GET a minute after the last one stores when the audience was last seen, and this write is reported."""
    clock.freeze(NOW + sign_ins.TOUCH)
    found = differing(fresh_world, {"posts.index"})
    assert len(found) == len(fresh_world.held)
    assert all("GET" in line and "UPDATE sign_ins SET last_seen_at" in line for line in found)


@pytest.mark.parametrize("where", ["posts.index", HANDLER, ELSEWHERE])
def test_matrix_finds_an_error_page_that_falls_over_somewhere(world, monkeypatch, where):
    """Control: an error page that fails for one view, audience or event is found, though most are not rendered."""

    def fall_over(template, **shown):
        if where in {request.endpoint, request.environ[AUDIENCE], request.view_args["event"]}:
            raise RuntimeError("falls over")
        return "an error page"

    monkeypatch.setattr(refusals, "render_template", fall_over)
    with pytest.raises(RuntimeError, match="falls over"):
        differing(world, {"posts.index", "reveals.index"})


def test_own_ids_do_lead_somewhere(fresh_world):
    """Control: requests with the references and mails of the organiser's own event succeed."""
    organiser = f"{Role.ORGANISER} of {HERE}"
    for address in addresses(fresh_world, (HERE,)):
        is_theirs = AUDIENCES[address.endpoint] != HANDLERS
        if is_theirs and re.search(r"/(registrations|mail)/", address.path) and "POST" in address.methods:
            if address.endpoint in IN_LINE:
                put_in_line(fresh_world, IN_LINE[address.endpoint])
            sent = {**FORMS[address.endpoint][1], **hidden_fields(fresh_world, organiser, address.path)}
            answer = fresh_world.browsers[organiser].post(address.path, data=sent)
            assert answer.status_code == 303, address.path
    person = f"/console/{HERE}/registrations/{fresh_world.references[PERSON]}"
    assert fresh_world.browsers[HANDLER].get(f"{person}/reveal").status_code == 200


def put_in_line(world: World, status: Status) -> None:
    """Put the person on the waiting list of the twin's sector (the twin has equal data), or offer its last place."""
    with world.app.app_context():
        start_write(db.session)
        person, twin = (find_registration(world, name) for name in (PERSON, "twin"))
        for waiter in (person, twin):
            offers.end(waiter, OfferEnd.WITHDRAWN, now=NOW)
            places.release(waiter)
            # Move the person to the twin's sector, because a form sent before has moved the person elsewhere.
            waiter.sector = twin.sector
            waiter.move_to(Status.WAITING, now=NOW)
            waiter.offer_expires_at, waiter.waiting_since = None, NOW
        if status == Status.OFFERED:
            assert places.admit(person, NOW)
            # An offer can only be withdrawn if somebody else can take the place.
            taken = person.sector.taken
            sharing.change_share(person.sector, floor=taken, ceiling=taken)
            offers.make(person, {}, until=NOW + timedelta(hours=6), now=NOW)
        db.session.commit()


def test_nobody_ends_anothers_session(fresh_world):
    browser = fresh_world.browsers[f"{Role.ADMIN} of {HERE}"]
    (path,) = [
        address.path for address in addresses(fresh_world) if address.endpoint == "own_account.end_session"
    ]
    assert browser.post(path, data={"csrf_token": csrf_token(browser)}).status_code == 404
    assert fresh_world.browsers[ADMIN].get("/account/").status_code == 200


def test_filters_and_cursors_of_another_event_show_nothing_of_it(world):
    browser, other = world.browsers[f"{Role.ORGANISER} of {HERE}"], world.references["elsewhere"]
    plain = browser.get(f"/console/{HERE}/attendees").get_data(as_text=True)
    for query in (f"after={other}", f"before={other}", f"q={other}"):
        answer = browser.get(f"/console/{HERE}/attendees?{query}")
        people = {
            canary
            for canary, where in world.canaries.items()
            if where.event == ELSEWHERE
            and where.column.startswith("registrations.")
            and canary in answer.text
        }
        assert (answer.status_code, people - ({other} if query.startswith("q=") else set())) == (
            200,
            set(),
        ), query
    assert other not in plain


def test_every_endpoint_is_in_the_matrix(world):
    """The list of URLs must contain every route, or the tests would prove nothing about a missing one."""
    assert {address.endpoint for address in addresses(world, SLUGS)} == set(AUDIENCES)
    assert {address.event for address in readable(world, SLUGS)} == {*SLUGS, None}


def csrf_token(browser) -> str:
    """Return the CSRF token of a signed-in browser."""
    return re.search(r'name="csrf_token"[^>]* value="([^"]+)"', browser.get("/account/").text)[1]
