"""A person's own page: changing details, protected identity, consents, accepting an offer, cancelling, reading."""

import re
from datetime import timedelta

import pytest

from forum import clock
from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.events.enums import SectorPolicy
from forum.events.queries import find_sector
from forum.registration import actions, expiry, moving, offers_by_hand
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, write
from tests.registration.filling import link_in, mails, manage_token
from tests.registration.reading import read, read_identity, recorded
from tools import organisers
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, FORM_MIN_SECONDS=0)


def test_protected_identity_is_said_changed_and_taken_back_on_the_personal_page(pages, event, database):
    registration = confirmed(event)
    pages.get("self_service.enter", token=manage_token(registration), follow=True)
    told = []
    for answer, name in (("yes", "Hemliga Namnet"), ("yes", "Andra Namnet"), ("yes", ""), ("no", "")):
        page = pages.post(
            "self_service.protected_identity",
            {"is_protected": answer, "real_name": name},
            follow=True,
            expect=200,
        )
        told.append((page.flashes, read_identity(registration)))
    assert told == [
        (["Saved."], names)
        for names in ((True, "Hemliga Namnet"), (True, "Andra Namnet"), (True, None), (False, None))
    ]
    assert [action for action, *_ in recorded(registration)][-1] == "registration.confirmed"


def test_own_pages_of_a_protected_person_and_a_twin_are_the_same(app, event):
    """Whoever sees the screen cannot find out whether the person is protected (P21)."""
    same = {"family_name": "Berg", "organisation": "Byrån"}
    people = [confirmed(event, **same, is_protected=True, real_name="Hemliga"), confirmed(event, **same)]
    own = [(person.reference, person.email, manage_token(person)) for person in people]
    assert read_own_pages(app, *own[0]) == read_own_pages(app, *own[1])


def read_own_pages(app, reference, email, token) -> list[str]:
    browser = Pages(app)
    browser.get("self_service.enter", token=token, expect=303)
    paths = ("", "own-data", "own-data?format=json", "protected-identity", "change", "cancel", "forum.ics")
    texts = [browser.get(f"/en/r/{path}").data.decode() for path in paths]
    own = re.compile(
        rf'{reference}|{email}|name="(?:csrf_token|page_of)" value="[^"]+"|(?<=[ =])[0-9a-f]{{16}}(?=")'
    )
    return [own.sub("OWN", text) for text in texts]


def test_taking_protected_identity_back_with_a_real_name_is_refused(pages, event):
    pages.get("self_service.enter", token=manage_token(confirmed(event)), follow=True)
    wrong = {"is_protected": "no", "real_name": "Hemliga Namnet"}
    page = pages.post("self_service.protected_identity", wrong, expect=422)
    assert list(page.errors) == ["real_name"]
    assert list(pages.post("self_service.protected_identity", expect=422).errors) == ["is_protected"]


def test_a_place_cannot_be_carried_to_an_organisation_at_its_cap(pages, database):
    event = make_event(organisation_cap=1)
    registration = confirmed(event, organisation="Lilla bolaget")
    confirmed(event, organisation="Stora bolaget")
    pages.get(link_in(mails(database, "confirmed")[0]), follow=True)
    page = pages.post("self_service.change", {"organisation": "STORA BOLAGET AB"}, expect=422)
    told = "You cannot change to this organisation here. Write to the organisers instead."
    assert page.errors == {"organisation": told}
    assert page.form().data["organisation"] == ["STORA BOLAGET AB"]
    swedish = page.submit(button="Svenska", expect=422)
    told = "Du kan inte byta till den här organisationen här. Skriv till arrangören i stället."
    assert swedish.errors == {"organisation": told}
    corrected = swedish.submit({"organisation": "Lilla bolaget AB"}, button="English", expect=200)
    assert (corrected.errors, corrected.form().data["organisation"]) == ({}, ["Lilla bolaget AB"])
    database.refresh(registration)
    assert registration.organisation == "Lilla bolaget"


def test_a_person_cannot_try_out_which_organisations_come(pages, database):
    """After a few refusals every other organisation is refused in the same words, even one from which nobody comes."""
    event = make_event(organisation_cap=1)
    confirmed(event, organisation="Lilla bolaget")
    for number in range(3):
        confirmed(event, organisation=f"Bolag {number}")
    pages.get(link_in(mails(database, "confirmed")[0]), follow=True)
    told = [
        pages.post("self_service.change", {"organisation": name}, expect=422).errors
        for name in ("Bolag 0", "Bolag 1", "Bolag 2", "Nobody at all")
    ]
    assert told[0]
    assert told == told[:1] * 4
    pages.post("self_service.change", {"title": "Domare"}, follow=True, expect=200)
    assert database.query(Registration).order_by(Registration.id).first().title == "Domare"


def test_changing_details_is_seen_at_once(pages, event, database):
    registration = confirmed(event)
    pages.get(link_in(mails(database, "confirmed")[0]), follow=True)
    page = pages.post(
        "self_service.change", {"given_name": "Siv", "title": "Domare"}, follow=True, expect=200
    )
    database.refresh(registration)
    assert (page.flashes, registration.given_name, registration.title) == (["Saved."], "Siv", "Domare")
    assert (page.path, pages.get(page.path).flashes) == ("/en/r/", [])


def test_consents_are_given_and_withdrawn_with_one_press(pages, event, database):
    registration = confirmed(event)
    page = pages.get(link_in(mails(database, "confirmed")[0]), follow=True)
    page.form("form[action$=consents]").submit({"photographs": True})
    database.refresh(registration)
    given = [consent.purpose for consent in registration.consents if consent.withdrawn_at is None]
    pages.get("self_service.show").form("form[action$=consents]").submit({"photographs": False})
    database.refresh(registration)
    left = [consent.purpose for consent in registration.consents if consent.withdrawn_at is None]
    assert (given, left) == (["photographs"], [])


def test_cancelling_takes_two_steps_and_offers_the_place_to_the_next(pages, database):
    event = make_event(sectors=[make_sector("justice", ceiling=1)])
    first, second = confirmed(event), confirmed(event)
    pages.get(link_in(mails(database, "confirmed")[0]), follow=True)
    ask = pages.get("self_service.cancel")
    assert ask.h1 == "Cancel your registration?"
    done = ask.submit(follow=True)
    database.refresh(first), database.refresh(second)
    assert (done.h1, first.status, second.status) == (
        "Your registration is cancelled",
        "cancelled",
        "offered",
    )
    assert pages.get("self_service.show", expect=404).h1 == "Your page is closed in this browser"


def test_who_waits_is_not_told_that_their_place_is_offered(pages, database):
    event = make_event(sectors=[make_sector("justice", ceiling=1)])
    confirmed(event), confirmed(event)
    pages.get(link_in(mails(database, "waiting")[0]), follow=True)
    done = pages.get("self_service.cancel").submit(follow=True)
    assert (done.h1, "If you had a place" in done.text) == ("You have left the waiting list", False)
    assert done.follow("Svenska").h1 == "Du står inte längre på väntelistan"
    mail = read(mails(database, "cancelled")[0])
    assert "You are no longer on the waiting list for Nordic Forum for testing." in mail.text


STATES = [
    ("confirmed", "Your place becomes free at once."),
    ("offered", "The place that is offered to you becomes free at once."),
    ("waiting", "You leave the waiting list."),
    ("in_review", "Your registration ends."),
]


@pytest.mark.parametrize(("status", "words"), STATES)
def test_cancelling_says_what_it_means_in_each_state(pages, database, status, words):
    policy = SectorPolicy.REVIEW if status == "in_review" else SectorPolicy.OPEN
    event = make_event(sectors=[make_sector("justice", ceiling=1, policy=policy)])
    first = confirmed(event)
    person = first if status in ("confirmed", "in_review") else confirmed(event)
    if status == "offered":
        write(actions.cancel, first, actor="person", now=NOW)
    assert person.status == status
    pages.get("self_service.enter", token=manage_token(person), expect=303)
    page = pages.get("self_service.cancel")
    means = [sentence for _status, sentence in STATES if sentence in page.text]
    assert means == [words]


@pytest.mark.parametrize("page", ["cancel", "change", "protected_identity"])
def test_a_registration_that_has_ended_has_no_form_any_more(pages, database, page):
    """Opening a form, and sending one opened before the end, both lead to the page about how the registration ended."""
    event = make_event(sectors=[make_sector("justice", ceiling=1)])
    first, second = confirmed(event), confirmed(event)
    write(actions.cancel, first, actor="person", now=NOW)
    pages.get("self_service.enter", token=manage_token(second), expect=303)
    open_before = pages.get(f"self_service.{page}")
    mark_all_sent()
    write(expiry.expire_due, now=second.offer_expires_at)
    before = database.query(AuditEntry).count()
    for now in (pages.get(f"self_service.{page}", follow=True), open_before.submit(follow=True)):
        assert (now.path, now.h1) == ("/en/r/", "Your registration has expired")
    assert database.query(AuditEntry).count() == before


def test_an_offer_is_accepted_on_the_persons_own_page(pages, database):
    event = make_event(sectors=[make_sector("justice", ceiling=1)])
    _first, second = confirmed(event), confirmed(event)
    pages.get(link_in(mails(database, "confirmed")[0]), follow=True)
    pages.get("self_service.cancel").submit()
    page = pages.get(link_in(mails(database, "offered")[0]), follow=True)
    assert page.h1 == "A place is free for you"
    accepted = page.form("form[action$=accept]").submit(follow=True)
    database.refresh(second)
    assert (accepted.h1, second.status) == ("You have a place", "confirmed")


def test_an_offer_that_runs_out_while_its_page_is_open_says_so(pages, database):
    event = make_event(sectors=[make_sector("justice", ceiling=1)])
    confirmed(event), confirmed(event)
    pages.get(link_in(mails(database, "confirmed")[0]), follow=True)
    pages.get("self_service.cancel").submit()
    clock.freeze(NOW + timedelta(hours=47, minutes=55))
    page = pages.get(link_in(mails(database, "offered")[0]), follow=True)
    clock.freeze(NOW + timedelta(hours=48, minutes=5))
    late = page.form("form[action$=accept]").submit(expect=409)
    assert late.h1 == "The time to accept is over"
    # Until the worker ends the offer the registration goes on and keeps the place: the page does not say that the place
    # is lost, nor that the person can register again.
    assert ("no longer held" in late.text, "register again" in late.text) == (False, False)


def test_an_offer_that_was_withdrawn_while_its_page_is_open_says_so(pages, database):
    event = make_event(sectors=[make_sector("justice", ceiling=1)])
    _first, second, _third = confirmed(event), confirmed(event), confirmed(event)
    pages.get(link_in(mails(database, "confirmed")[0]), follow=True)
    pages.get("self_service.cancel").submit()
    page = pages.get(link_in(mails(database, "offered")[0]), follow=True)
    write(offers_by_hand.withdraw, second, user_id=organisers.make_user(Role.ADMIN).id, now=clock.now())
    late = page.form("form[action$=accept]").submit(expect=409)
    assert (late.h1, "register again" in late.text) == ("The offer was taken back", False)
    assert "The organisers have taken back the place that they offered you." in late.text
    assert "run out" not in late.text


def test_an_offer_that_ended_by_a_move_while_its_page_is_open_was_not_taken_back(pages, database):
    event = make_event(sectors=[make_sector("justice", ceiling=1), make_sector("ngo", ceiling=1)])
    _first, second, _full = confirmed(event), confirmed(event), confirmed(event, "ngo")
    pages.get(link_in(mails(database, "confirmed")[0]), follow=True)
    pages.get("self_service.cancel").submit()
    page = pages.get(link_in(mails(database, "offered")[0]), follow=True)
    moved = {"may_wait": True, "actor": "user:1", "now": clock.now()}
    write(moving.move, second, find_sector(event, "ngo"), **moved)
    late = page.form("form[action$=accept]").submit(expect=409)
    assert (late.h1, "taken back" in late.text) == ("No place is offered to you now", False)


def test_own_data_shows_what_is_held_but_not_the_real_name(pages, event, database):
    confirmed(event, is_protected=True, real_name="Hemliga Namnet")
    pages.get(link_in(mails(database, "confirmed")[0]), follow=True)
    page = pages.get("self_service.own_data_page")
    file = pages.get("/en/r/own-data?format=json")
    assert ("by the person" in page.text, "Hemliga" in page.text + file.text) == (True, False)


@pytest.mark.parametrize(("language", "country"), [("en", "Sweden"), ("sv", "Sverige")])
def test_own_data_is_told_in_words_and_kept_bare_in_the_file(pages, event, database, language, country):
    confirmed(event)
    pages.get(link_in(mails(database, "confirmed")[0]), follow=True)

    page = pages.get(f"/{language}/r/own-data")
    file = pages.get(f"/{language}/r/own-data?format=json")

    assert (country in page.text, "_" in page.text, "T12:" in page.text) == (True, False, False)
    assert '"given_name": ' in file.text
