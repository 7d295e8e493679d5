"""The page of all of a person's data, by a link that works once, for ten minutes (P11, P18, S19–S21, S23, S25)."""

import json
from datetime import timedelta

import pytest

from forum import clock
from forum.accounts.enums import Role
from forum.database import start_write
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.privacy import own_data_links
from forum.registration import actions, expiry, reviewing
from forum.registration.enums import ConsentPurpose, DeclineReason
from forum.registration.errors import NotLive
from forum.registration.given import care
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, register, write
from tests.registration.filling import link_in, mails, manage_token
from tests.registration.reading import read, recorded
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, LIMITS_ENABLED=True)


@pytest.fixture
def person(event):
    """Register somebody with a real name, an answer about food and a consent."""
    somebody = confirmed(
        event,
        given_name="Linn",
        family_name="Alias",
        is_protected=True,
        real_name="Hemliga Namnet",
        consents=frozenset({ConsentPurpose.PHOTOGRAPHS}),
    )
    start_write(db.session)
    somebody.care_answer.answer = care({"diet": "Nötallergi", "access": "Teckenspråk"}, now=NOW)
    db.session.commit()
    return somebody


@pytest.fixture
def browser(app, person):
    return own_page(app, person)


def own_page(app, person) -> Pages:
    own = Pages(app)
    own.get("self_service.enter", token=manage_token(person), follow=True)
    return own


def test_the_link_shows_everything_once_for_ten_minutes(app, browser, person, event, sign_in_as):
    organiser = sign_in_as(Role.ORGANISER, event)
    organiser.get("attendees.show", event="nf27", reference=person.reference)
    page = browser.get("self_service.own_data_page")
    assert ("Hemliga" in page.text, "Nötallergi" in page.text) == (False, False)
    assert "Organiser. Looked at your registration" in page.text
    sent = page.form("form[action$=link]").submit(follow=True)
    assert sent.flashes == ["We have sent you a message with a link. It works for ten minutes."]
    (mail,) = mails(db.session, "own-data")
    assert (mail.recipient, read(mail).subject) == (person.email, "The link that you asked for")
    link = link_in(mail)
    mailbox, scanner = Pages(app), Pages(app)
    for _ in range(3):
        scanner.get(link)  # a mail scanner opens the link, which does not use it up
    everything = mailbox.get(link).submit(follow=True)
    assert everything.h1 == "Everything, what is kept apart as well"
    for words in ("Linn", "Hemliga Namnet", "Nötallergi", "Teckenspråk", "I agree to be photographed"):
        assert words in everything.text
    assert "Looked at your registration" in everything.text
    assert (
        "Lists that were looked at or exported are named here if you may have been on them."
        in everything.text
    )
    assert everything.headers["Cache-Control"] == "no-store"
    held = json.loads(mailbox.get("/en/r/everything?format=json").text)
    assert held["care_answers"][0]["answer"]["given"]["diet"] == "Nötallergi"
    assert held["consents"][0]["text"]["sv"] == "Jag får synas på bild"
    assert {"at", "action", "by"} <= held["history"][0].keys()
    assert held["seen_by"] == [
        {"day": "2027-05-03", "role": "Organiser", "what": "Looked at your registration"}
    ]
    # The link is used up; the page opens in no other browser, not even in the one signed in by the personal link.
    for other in (scanner, mailbox):
        assert other.get(link, expect=404).h1 == "This link has ended"
    browser.get("/en/r/everything", expect=404)
    mailbox.get("/en/r/", expect=404)
    assert [action for action, *_ in recorded(person)][-2:] == [
        "registration.own_data_asked",
        "registration.own_data_opened",
    ]
    clock.freeze(NOW + timedelta(minutes=10))
    mailbox.get("/en/r/everything", expect=404)


def test_links_end_after_ten_minutes_by_a_newer_one_and_by_closing_and_are_limited(app, browser, person):
    for _ in range(4):
        page = browser.get("self_service.own_data_page").form("form[action$=link]").submit(follow=True)
    assert page.flashes == ["Too many messages to this address in an hour. Try again later."]
    first, second, third = (link_in(mail) for mail in mails(db.session, "own-data"))
    mailbox = Pages(app)
    for older in (first, second):
        mailbox.get(older, expect=404)
    everything = mailbox.get(third).submit(follow=True)
    everything.form("form[action$=close]").submit(follow=True)
    mailbox.get("/en/r/everything", expect=404)
    clock.freeze(NOW + timedelta(hours=2))
    browser.get("self_service.enter", token=manage_token(person), follow=True)
    browser.get("self_service.own_data_page").form("form[action$=link]").submit(follow=True)
    late = link_in(mails(db.session, "own-data")[-1])
    clock.freeze(NOW + timedelta(hours=2, minutes=10))
    mailbox.get(late, expect=404)


def test_leaving_the_own_page_ends_the_page_of_everything_and_a_copy_of_its_cookie(app, browser):
    browser.get("self_service.own_data_page").form("form[action$=link]").submit(follow=True)
    (mail,) = mails(db.session, "own-data")
    browser.get(link_in(mail)).submit(follow=True)
    thief = Pages(app)
    thief.client.set_cookie("forum", browser.client.get_cookie("forum").value)
    thief.get("/en/r/everything")
    browser.get("self_service.show").form("form[action$=leave]").submit(follow=True)
    for reader in (browser, thief):
        reader.get("/en/r/everything", expect=404)


def test_a_look_up_of_protected_identity_is_told_by_role_and_day_alone(
    app, browser, person, event, sign_in_as
):
    ordinary = confirmed(event)
    handler = sign_in_as(Role.PROTECTED_HANDLER, event)
    sign_in_as(Role.PROTECTED_HANDLER, event)
    for somebody in (person, ordinary):
        asked = handler.get("reveals.reveal", event="nf27", reference=somebody.reference)
        asked.submit({"reason": "The police have called about a threat."}, expect=200)
    told = [own.get("self_service.own_data_page").text for own in (browser, own_page(app, ordinary))]
    line = "Handler of protected identities. Looked up what you have told us about a protected identity"
    assert [(line in text, "police" in text) for text in told] == [(True, False)] * 2


def test_exports_are_told_where_the_person_may_have_been_on_the_list(event, browser, person, sign_in_as):
    organiser = sign_in_as(Role.ORGANISER, event)
    form = {"purpose": "door", "recipient": "office", "shape": "csv"}
    for query in ("", "?sector=tech"):
        organiser.post(f"/console/nf27/attendees/export{query}", form, expect=200)
    page = browser.get("self_service.own_data_page")
    assert page.text.count("Exported a list: List for the door. For: Our own office") == 1


def test_views_of_lists_are_told_where_the_person_may_have_been_on_the_list(app, database, sign_in_as):
    sectors = [make_sector("review", policy=SectorPolicy.REVIEW), make_sector("ngo", ceiling=1, position=2)]
    event = make_event(sectors=sectors, capacity=9)
    placed, waiting = confirmed(event, "ngo"), confirmed(event, "ngo")
    asked = confirmed(event, "review")
    sign_in_as(Role.CARE, event).get("counts.people", event="nf27")
    organiser = sign_in_as(Role.ORGANISER, event)
    organiser.get("review.index", event="nf27")
    # The entry about a view may stand for later views in the hour after it. Such a view may have shown a person who
    # registered 59 minutes after the entry, but not one who registered 60 minutes after it.
    soon, late = (confirmed(event, "review", now=NOW + timedelta(minutes=late)) for late in (59, 60))
    clock.freeze(NOW + timedelta(hours=1))
    lists = {
        placed: ["Care (food and access). Looked at the list of who needs what food and access"],
        waiting: ["Organiser. Looked at the list of those who wait for a place or a decision"],
        asked: ["Organiser. Looked at the list of those who wait for a place or a decision"],
        soon: ["Organiser. Looked at the list of those who wait for a place or a decision"],
        late: [],
    }
    for person, expected in lists.items():
        page = own_page(app, person).get("self_service.own_data_page")
        told = page.all("main ul.lines > li")
        assert [line.partition(": ")[2] for line in told] == expected, person.sector.key
        assert ("Nobody so far" in page.text) == (not expected)


@pytest.mark.parametrize("ended", ["declined", "expired"])
def test_somebody_whose_registration_has_ended_gets_everything_held_as_well(app, database, ended):
    sectors = [make_sector("review", policy=SectorPolicy.REVIEW), make_sector("ngo", ceiling=1, position=2)]
    event = make_event(sectors=sectors, capacity=9)
    if ended == "declined":
        person = confirmed(event, "review", given_name="Linn", is_protected=True, real_name="Hemliga Namnet")
        refusal = reviewing.Refusal(DeclineReason.OFF_SUBJECT)
        write(reviewing.decline, person, refusal, actor="command", now=NOW)
    else:
        first = confirmed(event, "ngo")
        person = confirmed(event, "ngo", given_name="Linn")
        write(actions.cancel, first, actor="command", now=NOW)
        mark_all_sent()
        clock.freeze(NOW + timedelta(hours=100))
        write(expiry.expire_due, now=clock.now())
    db.session.refresh(person)
    assert person.status == ended
    sent = (
        own_page(app, person).get("self_service.own_data_page").form("form[action$=link]").submit(follow=True)
    )
    assert sent.flashes == ["We have sent you a message with a link. It works for ten minutes."]
    (mail,) = mails(db.session, "own-data")
    everything = Pages(app).get(link_in(mail)).submit(follow=True)
    assert ("Linn" in everything.text, "Hemliga Namnet" in everything.text) == (True, ended == "declined")


def test_nothing_is_mailed_while_the_address_is_not_confirmed(event):
    person = register(event)
    with pytest.raises(NotLive):
        write(own_data_links.send, person, now=NOW)
