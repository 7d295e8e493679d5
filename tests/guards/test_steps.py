"""Nobody can skip a step or take it too late: each form is sent directly, without the page before it (S16).

`DOORS` are reasons for which an event takes no registration, neither of one person nor of several; `STEPS` are requests
that need an earlier step. A refused request writes nothing at all, neither counters nor audit entries.
"""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from forum import clock
from forum.accounts import links as account_links
from forum.accounts import sign_ins
from forum.accounts.enums import LinkPurpose
from forum.accounts.models import User
from forum.columns import Text
from forum.database import start_write
from forum.events.enums import RegistrationState
from forum.events.models import Event, Sector
from forum.events.queries import registration_state
from forum.extensions import db
from forum.registration import actions, intake
from forum.registration.errors import (
    RegistrationClosed,
    SectorByInvitation,
    SectorClosed,
    SectorFull,
    SubmissionReused,
)
from tests.factories.events import NOW
from tests.guards.test_access_matrix import csrf_token
from tests.guards.test_mass_assignment import DETAILS, FORMS, hidden_fields, rows
from tests.guards.world import ADMIN, HERE, PERSON, VISITOR, World, find_registration
from tools.organisers import SECRET

ANSWERS = {**DETAILS, "email": "new@example.org"}
REGISTER = "/en/register/ngo"
# The forms that register somebody: by name, where each is sent, its values and the tables that get rows.
ENTRIES = {
    "one person": (REGISTER, ANSWERS, {"registrations", "submissions", "outbox_messages"}),
    "several people": (
        f"{REGISTER}/delegation",
        {name: value for name, value in FORMS["delegations.details"][1].items() if name != "event"},
        {"delegations", "delegates", "outbox_messages"},
    ),
}
OPENING = {"opens_at": NOW - timedelta(days=1), "closes_at": NOW + timedelta(days=1)}
OVER = {**OPENING, "starts_at": NOW - timedelta(hours=8), "ends_at": NOW}
# By the reason for refusing registrations: the model, its changed columns, the status that the answer has, and the
# forum's own name for the reason.
DOORS = {
    "not open yet": (
        Event,
        {**OPENING, "opens_at": NOW + timedelta(seconds=1)},
        409,
        RegistrationState.UPCOMING,
    ),
    "closed": (Event, {**OPENING, "closes_at": NOW}, 409, RegistrationState.CLOSED),
    "cancelled": (
        Event,
        {"cancelled_at": NOW, "cancel_reason": Text(sv="Snö", en="Snow")},
        409,
        RegistrationState.CANCELLED,
    ),
    "over": (Event, OVER, 409, RegistrationState.OVER),
    "an earlier one": (Event, {**OVER, "is_current": False}, 404, RegistrationState.ARCHIVE),
    "a draft": (Event, {"is_published": False}, 404, RegistrationState.UNPUBLISHED),
    "not the current one": (Event, {"is_current": False}, 404, RegistrationState.OPEN),
    "by invitation": (Sector, {"policy": "invitation"}, 409, SectorByInvitation),
    "a closed sector": (
        Sector,
        {"floor": 0, "ceiling": 0, "taken": 0, "reserved": 0},
        409,
        SectorClosed,
    ),
    "full, without a waiting list": (Event, {"has_waiting_list": False}, 409, SectorFull),
}


def change(world: World, model: type, values: dict) -> None:
    """Change columns of the event or of all its sectors."""
    with world.app.app_context():
        start_write(db.session)
        here = Event.slug == HERE
        if model is Sector:
            here = Sector.event_id == db.session.query(Event.id).where(here).scalar_subquery()
        db.session.execute(update(model).where(here).values(values))
        db.session.commit()


def written(before: dict, after: dict) -> list[str]:
    """Return the tables in which a row was added, deleted or changed."""
    return [table for table in before if before[table] != after[table]]


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("door", DOORS)
def test_a_shut_door_takes_no_registration_however_it_is_sent(fresh_world, door, entry):
    """A form that was fetched while registration was open is refused once the event accepts no registration."""
    model, values, status, why = DOORS[door]
    path, answers, _tables = ENTRIES[entry]
    sent = {**answers, **hidden_fields(fresh_world, VISITOR, REGISTER)}
    change(fresh_world, model, values)
    if not values.get("has_waiting_list", True):
        change(fresh_world, Sector, {"ceiling": Sector.taken, "floor": 0})
    assert why in reasons(fresh_world)
    before = rows(fresh_world)
    browser = fresh_world.browsers[VISITOR]
    if entry == "one person":
        assert browser.post(f"{path}/check", data=sent).status_code < 500
    assert browser.post(path, data=sent).status_code == status
    assert written(before, rows(fresh_world)) == []


def test_each_reason_to_take_no_registration_is_a_door():
    """DOORS has a case for each state and each refusal in which nobody can register, so a new one fails here."""
    states, refusals = set(RegistrationState), set(intake.REASONS) - {RegistrationClosed, SubmissionReused}
    assert {why for *_door, why in DOORS.values()} == states | refusals


def reasons(world: World) -> set:
    """Return the state of the event's registration and the reason why the sector accepts nobody, None for none."""
    with world.app.app_context():
        sector = db.session.scalars(select(Sector).join(Event).where(Event.slug == HERE, Sector.key == "ngo"))
        one = sector.one()
        return {registration_state(one.event, NOW), intake.find_refusal(one, NOW)}


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_open_door_takes_it(fresh_world, entry):
    """Control: the request that a closed registration refuses succeeds while registration is open."""
    path, answers, tables = ENTRIES[entry]
    sent = {**answers, **hidden_fields(fresh_world, VISITOR, REGISTER)}
    before = rows(fresh_world)
    assert fresh_world.browsers[VISITOR].post(path, data=sent).status_code == 303
    assert tables <= set(written(before, rows(fresh_world)))


@pytest.mark.parametrize("left_out", ["key", "csrf_token", *(name for name in ANSWERS if ANSWERS[name])])
def test_a_registration_without_an_answer_of_the_form_is_refused(fresh_world, left_out):
    """A registration without an answer, the form's key or its CSRF token is refused; the family name is optional."""
    sent = {**ANSWERS, **hidden_fields(fresh_world, VISITOR, REGISTER)}
    del sent[left_out]
    before = rows(fresh_world)
    status = fresh_world.browsers[VISITOR].post(REGISTER, data=sent).status_code
    if left_out == "family_name":
        assert status == 303
    else:
        assert (status, written(before, rows(fresh_world))) == (400 if left_out == "csrf_token" else 422, [])


STEPS = {  # for each request: the audience, the form values and the expected status
    "a page without its link": (VISITOR, "/en/r/change", DETAILS, 404),
    "consents without the link": (VISITOR, "/en/r/consents", {"photographs": "y"}, 404),
    "cancelling without the link": (VISITOR, "/en/r/cancel", {}, 404),
    "accepting without the link": (VISITOR, "/en/r/accept", {}, 404),
    "a code without a password": (VISITOR, "/account/second-factor", {"code": "123456"}, 303),
    "an authenticator without a password": (VISITOR, "/account/set-up", {"code": "123456"}, 303),
    "an export without signing in": (VISITOR, f"/console/{HERE}/attendees/export", {"purpose": "door"}, 303),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_without_the_one_before_does_nothing(fresh_world, step):
    audience, path, data, status = STEPS[step]
    sent = {**data, "csrf_token": hidden_fields(fresh_world, audience, path)["csrf_token"]}
    before = rows(fresh_world)
    assert fresh_world.browsers[audience].post(path, data=sent).status_code == status
    assert written(before, rows(fresh_world)) == []


@pytest.mark.parametrize("path", ["change", "consents", "accept", "cancel"])
def test_nothing_is_done_to_a_registration_that_has_ended(fresh_world, path):
    """A form that the person opened before an organiser cancelled the registration changes nothing."""
    browser = fresh_world.browsers[PERSON]
    token = hidden_fields(fresh_world, PERSON, "")["csrf_token"]
    with fresh_world.app.app_context():
        start_write(db.session)
        actions.cancel(find_registration(fresh_world, PERSON), actor="command", now=NOW)
        db.session.commit()
    before = rows(fresh_world)
    assert browser.post(f"/en/r/{path}", data={**DETAILS, "csrf_token": token}).status_code == 404
    assert written(before, rows(fresh_world)) == []


def test_an_address_cannot_be_confirmed_when_its_time_is_up(fresh_world):
    path = f"/en/r/confirm/{fresh_world.tokens['pending']}"
    token = hidden_fields(fresh_world, VISITOR, "")["csrf_token"]
    clock.freeze(NOW + timedelta(hours=48))
    before = rows(fresh_world)
    status = fresh_world.browsers[VISITOR].post(path, data={"csrf_token": token}).status_code
    assert (status, written(before, rows(fresh_world))) == (404, [])


def test_a_password_alone_cannot_replace_an_authenticator(fresh_world):
    """After the password alone, setting up an authenticator is possible only for a user who has none."""
    world = fresh_world
    with world.app.app_context():
        start_write(db.session)
        user = db.session.get_one(User, *world.owned[ADMIN]["users"])
        user.totp_secret = user.totp_proposed = SECRET
        waiting = account_links.issue(user, LinkPurpose.SECOND_FACTOR, now=NOW)
        db.session.commit()
    token = hidden_fields(world, VISITOR, "")["csrf_token"]
    with world.browsers[VISITOR].session_transaction() as session:
        session[sign_ins.WAITING] = waiting
    before = rows(world)
    answer = world.browsers[VISITOR].post("/account/set-up", data={"code": "123456", "csrf_token": token})
    assert (answer.status_code, answer.location) == (303, "/account/second-factor")
    assert written(before, rows(world)) == []


def test_an_export_cannot_skip_saying_what_it_is_for(fresh_world):
    browser = fresh_world.browsers[ADMIN]
    token = csrf_token(browser)
    before = rows(fresh_world)
    for data in ({}, {"purpose": "door"}, {"recipient": "office"}, {"purpose": "x", "recipient": "office"}):
        answer = browser.post(f"/console/{HERE}/attendees/export", data={**data, "csrf_token": token})
        assert (answer.status_code, answer.mimetype) == (422, "text/html")
    assert written(before, rows(fresh_world)) == []
