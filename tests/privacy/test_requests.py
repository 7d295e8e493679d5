"""A person's request to be erased: made, withdrawn, refused, carried out, and its deadline of a month (P08, P12)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from forum import clock
from forum.accounts.enums import Role
from forum.audit import actions as audit
from forum.commands.doctor import doctor
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.privacy import actions, erasing, queries, restricting
from forum.privacy.models import ErasureRequest
from forum.registration.enums import RestrictionKind
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, write
from tests.registration.filling import mails, manage_token
from tests.registration.reading import read, recorded
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    return make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)])


@pytest.fixture
def browser(app, person):
    own = Pages(app)
    own.get("self_service.enter", token=manage_token(person), follow=True)
    return own


@pytest.fixture
def person(event):
    return confirmed(event, given_name="Åsa", family_name="Ek")


def test_a_request_is_carried_out_and_the_place_goes_to_the_next(event, browser, person, sign_in_as):
    waiting, email = confirmed(event, family_name="Väntar"), person.email
    page = browser.get("self_service.show")
    page = browser.get(page.links["Ask to be erased"])
    assert "Your place becomes free and goes to somebody else." in page.text
    assert page.submit(follow=True).flashes == ["We have your request."]
    assert "You get an answer by 3 June 2027 at the latest" in browser.get("own_requests.erasure").text
    browser.get("own_requests.erasure").submit(button="Take the request back", follow=True)
    browser.get("own_requests.erasure").submit(follow=True)
    organiser = sign_in_as(Role.ORGANISER, event)
    assert "1 person has asked to be erased" in organiser.get("console.overview", event="nf27").text
    page = organiser.get("erasure_requests.index", event="nf27")
    assert ("Åsa Ek" in page.text, "31 days left" in page.text) == (True, True)
    page = organiser.get(page.links["Erase Åsa Ek"])
    assert page.submit(follow=True).flashes == ["The person has been erased, and is told so."]
    db.session.expire_all()
    assert db.session.query(Registration).all() == [waiting]
    assert waiting.status == "offered"
    (last,) = db.session.query(OutboxMessage).filter_by(kind="erased")
    assert (last.recipient, last.registration_id) == (email, None)
    assert read(last).subject == "Your request has been carried out"
    mark_all_sent()
    write(erasing.forget_last_mails, now=NOW)
    assert mails(db.session, "erased") == []
    assert audit.verify() is None
    states = [(request.state, request.registration_id) for request in db.session.query(ErasureRequest)]
    assert sorted(states, key=str) == [("done", None), ("taken_back", None)]
    browser.get("own_requests.erasure", expect=404)
    organiser.get("erasure_requests.index", event="nf27")


def test_a_refusal_is_mailed_with_its_reason_and_a_decided_request_stays_decided(
    event, browser, person, sign_in_as
):
    browser.get("own_requests.erasure").submit(follow=True)
    request = db.session.query(ErasureRequest).one()
    organiser = sign_in_as(Role.ORGANISER, event)
    refusal = {"event": "nf27", "number": request.id}
    page = organiser.get("erasure_requests.refuse", **refusal)
    late = organiser.get("erasure_requests.carry_out", **refusal)
    assert page.submit({"reason": ""}, expect=422).errors == {"reason": "Say why the request is refused"}
    page.submit({"reason": "En tvist pågår."}, follow=True)
    assert "En tvist pågår." in read(mails(db.session, "erasure-refused")[0]).text
    assert "En tvist pågår." in browser.get("own_requests.erasure").text
    assert late.submit(follow=True).flashes == ["The request has been decided already, or was taken back."]
    db.session.expire_all()
    assert db.session.query(Registration).one().status == "confirmed"


def test_page_of_a_request_is_recorded_as_a_view_of_the_person(event, person, sign_in_as):
    """Who opens a request for erasure or restriction sees the person's name and address, and leaves a trace (P18)."""
    erasure = write(actions.ask, person, now=NOW)
    restriction = write(restricting.ask, person, RestrictionKind.RESTRICTION, "Nej.", now=NOW)
    pages = [("erasure_requests", act, erasure.id) for act in ("carry_out", "refuse")]
    pages += [("restriction_requests", act, restriction.id) for act in ("grant", "decline")]
    for blueprint, act, number in pages:
        sign_in_as(Role.ORGANISER, event).get(f"{blueprint}.{act}", event="nf27", number=number)
    write(restricting.grant, restriction, actor="user:1", now=NOW)
    sign_in_as(Role.ORGANISER, event).get("restriction_requests.lift", event="nf27", number=restriction.id)
    db.session.expire_all()
    assert [act for act, _actor, _details in recorded(person)].count("registration.viewed") == 5


def test_the_month_is_pointed_out_after_three_weeks_and_when_it_is_over(person, app):
    request = write(actions.ask, person, now=NOW)
    told = []
    for days in (20, 21, 31, 32):
        clock.freeze(NOW + timedelta(days=days))
        told.append((queries.is_urgent(request, clock.now()), queries.count_overdue(clock.now())))
    assert told == [(False, 0), (True, 0), (True, 0), (True, 1)]
    told_by = app.test_cli_runner().invoke(doctor, ["--offline"]).output
    assert (
        "BAD  requests: 1 person waits for an answer about erasure or restriction, for more than a month"
        in told_by
    )


def test_a_month_ends_with_the_day_of_its_number_or_the_last_one():
    zone = ZoneInfo("Europe/Stockholm")
    asked = datetime(2027, 1, 31, 12, tzinfo=UTC)
    assert actions.month_after(asked, zone) == datetime(2027, 3, 1, tzinfo=zone)
    assert actions.month_after(NOW, zone) == datetime(2027, 6, 4, tzinfo=zone)
    assert actions.month_after(datetime(2027, 12, 24, tzinfo=UTC), zone) == datetime(2028, 1, 25, tzinfo=zone)
