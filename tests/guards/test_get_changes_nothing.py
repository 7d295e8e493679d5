"""No HEAD request changes the database, as a hook on every write shows, nor a GET of a mailed link (S11).

tests/guards/test_access_matrix.py tests the GETs of every audience.

There are two exceptions: the time at which an organiser's browser was last seen, and the audit entry of a view that
must be recorded (S46, P18), which is written after the page in a transaction of its own.
"""

import re
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from forum import clock
from forum.accounts import sign_ins
from forum.accounts.access import AUDIENCES
from forum.accounts.enums import Role
from forum.extensions import db
from tests.factories.events import NOW
from tests.guards.addresses import Address, readable
from tests.guards.conftest import BOTH
from tests.guards.refusals import refused_briefly
from tests.guards.world import ADMIN, HERE, PERSON, VISITOR, World

WRITES = re.compile(
    r"\s*(WITH\b.*\b)?(INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|TRUNCATE|VACUUM)\b",
    re.IGNORECASE | re.DOTALL,
)
LAST_SEEN = re.compile(r"UPDATE sign_ins SET last_seen_at=\S+( WITH TIME ZONE)? WHERE")
TRACED = {
    "attendees.show",
    "attendees.cancel",
    "attendee_undoing.reinstate",
    *("attendee_merges.choose", "attendee_merges.merge", "attendee_merges.undo"),
    "attendee_answers.change",
    "attendee_answers.care",
    "attendee_files.download",
    "attendees.resend",
    "attendee_addresses.change",
    "attendee_suppressions.lift",
    "attendee_changes.change",
    "attendee_moves.sector",
    "attendee_notes.index",
    "attendee_notes.remove",
    "attendee_notes.tags",
    "waiting_list.index",
    "waiting_list.offer",
    "waiting_list.extend",
    "waiting_list.withdraw",
    "attendees.index",
    "bulk.show",
    *("console.overview", "outbox.index"),
    *("attendee_views.show", "reception.index"),
    "counts.people",
    "delegations_console.index",
    *("erasure_requests.carry_out", "erasure_requests.refuse"),
    *("restriction_requests.grant", "restriction_requests.decline", "restriction_requests.lift"),
    *("log.index", "log.site"),
    "invitations.index",
    "organisations.edit",
    "organisations.index",
    *("mailings.send", "mailings.show", "own_mailings.new", "own_mailings.write"),
    *("sent_mailings.send", "sent_mailings.show"),
    "reveals.reveal",
    *("review.index", "review.show"),
    "review.approve",
    "review.decline",
    "review.recuse",
    "review.confirm_refusal",
}
# The page shows a message as the first recipient by name gets it. Several recipients have one name, so the first one
# differs between runs, and with it whether this view of the person gets an audit entry.
WHOEVER_IS_FIRST = "own_mailings.write"
TRACE = re.compile(r"INSERT INTO audit_(entries|details) ")
QUERIES = ("", "?q=a&sort=-name&after=x", "?lang=sv", "?welcome=1&format=json")


@pytest.fixture(scope="module", params=BOTH)
def world_kind(request):
    return request.param


@contextmanager
def writes(world: World):
    """Collect all SQL statements that write."""
    found: list[str] = []

    def note(_connection, _cursor, statement, *_):
        if WRITES.match(statement):
            found.append(statement)

    with world.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def forbidden(address: Address, written: list[str]) -> list[str]:
    """Return the writes that a request for this address must not cause: all but the audit entry of a recorded view."""
    is_traced = address.endpoint in TRACED
    return [statement for statement in written if not (is_traced and TRACE.match(statement))]


@pytest.mark.slow
def test_asking_for_the_head_of_any_page_writes_nothing(world):
    with writes(world) as written, refused_briefly():
        for name, query in zip((VISITOR, PERSON, ADMIN), QUERIES, strict=False):
            for address in readable(world):
                written.clear()
                status = world.browsers[name].head(address.path + query).status_code
                # /status may answer 503: it reports faults in this way.
                assert status < 500 or address.endpoint == "health.status", f"{name}: {address.path}"
                assert forbidden(address, written) == [], f"{name}: {address.path}"


def test_what_is_recorded_when_it_is_looked_at_is_so_once(fresh_world):
    """Control: writes are noticed. Pages whose views are audited write, and to the audit trail alone."""
    traced = [
        address.path
        for address in readable(fresh_world, (HERE,))
        if address.endpoint in TRACED - {WHOEVER_IS_FIRST} and Role.ADMIN in AUDIENCES[address.endpoint].roles
    ]
    with writes(fresh_world) as found:
        statuses = [fresh_world.browsers[ADMIN].get(f"{path}?q=a").status_code for path in traced]
    # Of many views of the same person within an hour only the 1st, 2nd, 4th, 8th and so on get an audit entry (P18).
    # Pages that name people of all sectors have one entry in an hour together. So the 49 views leave 25 entries, each
    # with a row of details.
    assert (statuses, len(found)) == ([200] * 49, 2 * 25)
    assert all(map(TRACE.match, found))


@pytest.mark.slow
def test_only_last_seen_is_written_when_a_minute_has_passed(fresh_world):
    clock.freeze(NOW + sign_ins.TOUCH)
    with writes(fresh_world) as found:
        for address in readable(fresh_world, (HERE,)):
            fresh_world.browsers["admin"].get(address.path)
    others = [statement for statement in found if not TRACE.match(statement)]
    assert (len(others), bool(LAST_SEEN.match(others[0]))) == (1, True)


def test_mailed_links_can_be_followed_by_a_scanner(fresh_world):
    """Mail scanners may open every link of every mail, twice, with GET and HEAD, without an effect (S21)."""
    paths = [f"/en/r/{fresh_world.tokens['person']}", f"/en/r/confirm/{fresh_world.tokens['pending']}"]
    paths += [f"/account/{kind}/{fresh_world.tokens[f'{kind} of admin']}" for kind in ("reset", "welcome")]
    with writes(fresh_world) as found:
        statuses = [
            fresh_world.app.test_client().open(path, method=method).status_code
            for path in paths * 2
            for method in ("GET", "HEAD")
        ]
    assert (set(statuses), found) == ({200, 303}, [])


def test_hook_sees_a_write(fresh_world):
    """Control: the hook sees the writes of the button on the page that a mailed link opens."""
    browser = fresh_world.app.test_client()
    path = f"/en/r/confirm/{fresh_world.tokens['pending']}"
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', browser.get(path).text)[1]
    with writes(fresh_world) as found:
        assert browser.post(path, data={"csrf_token": token}).status_code == 303
    assert {statement.split()[0] for statement in found} >= {"INSERT", "UPDATE"}
