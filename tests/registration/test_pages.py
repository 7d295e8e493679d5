"""The pages of a stakeholder: choosing a sector, details, checking, refusals, the personal link."""

import re
from datetime import timedelta

import pytest

from forum import clock
from forum.audit.models import AuditEntry
from forum.events.enums import SectorPolicy
from forum.outbox.models import OutboxMessage
from forum.registration import actions, expiry, links, places
from forum.registration.enums import TokenPurpose
from forum.registration.errors import NoSuchSector
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, register, write
from tests.registration.reading import read, read_identity, recorded
from tools.pages import Pages

ANSWERS = {
    "given_name": "Þórdís",
    "family_name": "Ångström-Łęcka",
    "email": "thordis@example.org",
    "organisation": "Exempelstads tingsrätt",
    "country": "IS",
}


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, FORM_MIN_SECONDS=0)


@pytest.fixture(autouse=True)
def at_noon():
    clock.freeze(NOW)
    yield
    clock.freeze(None)


def checked(pages, sector="justice", **differing):
    """Fill in the details and return the page "Check your answers"."""
    return pages.post(
        "registration.details", {**ANSWERS, **differing}, sector=sector, follow=True, expect=200
    )


def mails(database, kind=None):
    found = database.query(OutboxMessage).order_by(OutboxMessage.id).all()
    return [mail for mail in found if kind in (None, mail.kind)]


def manage_token(registration) -> str:
    """Issue a personal link and return its token."""
    return write(links.issue, registration, TokenPurpose.MANAGE, now=NOW)


def link_in(mail) -> str:
    """Return the path of the personal link in a mail's plain text."""
    content = mail.content.decode().replace("=\r\n", "").replace("=3D", "=")
    return re.search(r"https?://[^/\s]+(/\w\w/r/\S+)", content)[1]


def test_choose_page_leads_to_each_sector_and_says_who_belongs_there_and_what_is_left(pages, event):
    page = pages.get("registration.choose")
    assert (page.h1, page.links["Justice"]) == (
        "Which sector are you taking part for?",
        "/en/register/justice",
    )
    assert page.all(".sector-choice-left")[1] == "up to 75 left"
    assert page.all(".sector-choice-text") == [sector.invited["en"] for sector in event.sectors]


def test_five_sectors_are_five_stops_of_the_keyboard(pages, event):
    links = pages.get("registration.choose").soup.select('main a[href*="/register/"]')
    stops = [link["href"] for link in links if link.get("tabindex") != "-1" and "link" not in link["href"]]
    assert stops == [f"/en/register/{sector.key}" for sector in event.sectors]


def test_choose_page_says_why_the_sectors_numbers_are_more_than_all_that_is_left(pages, event):
    note = "“Up to” is a sector’s own limit; all sectors share the 250 places that are left."
    assert note in pages.get("registration.choose").text


def test_choose_page_without_a_free_place_or_a_waiting_list_says_that_nobody_can_register(pages, database):
    make_event(
        has_waiting_list=False, sectors=[make_sector("justice", ceiling=1, taken=1)], capacity=1, taken=1
    )
    page = pages.get("registration.choose")
    assert (page.h1, page.soup.select(".sector-choice a")) == ("Registration", [])
    assert "You cannot register now Every place is taken. Write to us if you have a question." in page.text
    assert "You can register under another name" not in page.text + pages.get("home.front").text


def test_numbers_that_add_up_are_not_explained(pages, database):
    make_event(sectors=[make_sector("justice", ceiling=100), make_sector("tech", ceiling=150)])
    page = pages.get("registration.choose")
    assert page.all(".sector-choice-left") == ["100 left", "150 left"]
    assert "own limit" not in page.text


def test_a_sector_with_ceiling_0_is_closed_and_not_full(pages, database):
    make_event(sectors=[make_sector("justice", ceiling=0), make_sector("tech", ceiling=250)])
    page = pages.get("registration.choose")
    assert (page.all(".sector-choice-left")[0], "Justice" in page.links) == ("Closed", False)
    refused = pages.get("registration.details", sector="justice")
    assert (refused.h1, "waiting list" in refused.text) == ("This sector takes no registrations", False)


@pytest.mark.parametrize("path", ["/en/register", "/en/register/justice"])
def test_a_past_event_speaks_of_the_past(pages, event, path):
    clock.freeze(event.ends_at)
    page = pages.get(path)
    assert "It was held on 16–17 November 2027 and takes no registrations." in page.text
    assert "left" not in page.text


def test_registering_shows_answers_then_a_page_that_knows_nobody(pages, event, database):
    check = checked(pages)
    assert (check.h1, check.all(".summary-list dd")[0]) == ("Check your answers", "Þórdís")
    received = check.submit(button="Register", follow=True)
    registration = database.query(Registration).one()
    assert (received.h1, received.path) == ("Check your e-mail", "/en/register/received")
    assert "Our message says whether a place is held for you, and until when" in received.text
    assert (registration.family_name, registration.status, registration.holds_place) == (
        "Ångström-Łęcka",
        "pending",
        True,
    )
    assert [(mail.kind, mail.recipient) for mail in mails(database)] == [("received", "thordis@example.org")]


def test_nothing_is_stored_before_the_answers_are_sent(pages, event, database):
    checked(pages)
    assert database.query(Registration).count() == 0


def test_change_on_the_check_page_keeps_every_answer(pages, event):
    page = checked(pages, phone="+46 8 123 45 67").submit(button="Change given name", follow=True, expect=200)
    assert page.h1 == "Your details"
    assert {name: page.form().data[name] for name in ANSWERS} == {
        name: [value] for name, value in ANSWERS.items()
    }


def test_check_page_has_each_question_with_a_way_to_change_it_and_says_what_was_skipped(pages, event):
    """The page "Check your answers" asks nothing again, and its button says what it does (A06, A08)."""
    page = checked(pages)
    rows = dict(
        zip(page.all(".summary-list dt"), page.all(".summary-list dd:not(.summary-change)"), strict=True)
    )
    assert {
        question: rows[question] for question in ("Given name", "Phone number", "I have a protected identity")
    } == {
        "Given name": "Þórdís",
        "Phone number": "Not provided",
        "I have a protected identity": "No",
    }
    changes = page.all(".summary-change button")
    assert [words.lower() for words in changes] == [f"change {question.lower()}" for question in rows]
    assert page.soup.select("main :is(input, select, textarea):not([type=hidden])") == []
    assert page.all("main button.button") == ["Register"]
    assert page.follow("Back").form().data["given_name"] == ["Þórdís"]


def test_own_page_has_the_reference_the_calendar_and_whom_to_ask(pages, event):
    """The page can be bookmarked, because its URL has no token; the personal link opens the page again (A07)."""
    registration = confirmed(event)
    page = pages.get("self_service.enter", token=manage_token(registration), follow=True)
    assert (page.path, page.all(".pass-number")) == ("/en/r/", [registration.reference])
    assert page.links["Add to calendar"] == pages.url("self_service.calendar_file")
    assert page.links[event.contact_email] == f"mailto:{event.contact_email}"


@pytest.mark.parametrize("question", ["details", "change"])
def test_what_need_not_be_answered_is_marked_optional_and_nothing_else(pages, event, question):
    """Each field that may be left empty is marked in words; each other field has an error when left empty (A03)."""
    page = pages.get("registration.details", sector="justice")
    if question == "change":
        pages.get("self_service.enter", token=manage_token(confirmed(event)), expect=303)
        page = pages.get("self_service.change")
    labels = {label["for"]: label for label in page.soup.select(".field > label")}
    optional = {name for name, label in labels.items() if label.select_one(".optional")}
    answer = page.submit(dict.fromkeys(labels, ""), expect=422)
    assert {name for name in labels if name in answer.errors} == set(labels) - optional
    assert len(optional) >= 3


TYPED = {  # the forms besides the registration's: what is wrong in them, and what would be taken
    "registration.resend": ({"email": "asa@"}, {"email": "asa@example.org"}),
    "self_service.change": ({"given_name": ""}, {"given_name": "Björn"}),
    "self_service.protected_identity": ({"real_name": "Sigríður"}, {"is_protected": "yes"}),
}


@pytest.mark.parametrize("endpoint", TYPED)
@pytest.mark.parametrize("status", [200, 422])
def test_a_form_goes_to_the_other_language_with_what_is_typed_and_its_errors_and_saves_nothing(
    pages, event, database, endpoint, status
):
    registration, (wrong, right) = confirmed(event, email="asa@example.org"), TYPED[endpoint]
    pages.get("self_service.enter", token=manage_token(registration), expect=303)
    page, recorded_before = pages.get(endpoint), database.query(AuditEntry).count()
    if status == 422:
        page = page.submit(wrong, expect=422)
    swedish = page.submit(wrong, button="Svenska", expect=status)
    assert (swedish.path, set(swedish.errors)) == (page.path.replace("/en/", "/sv/"), set(page.errors))
    assert set(swedish.errors.values()) & set(page.errors.values()) == set()
    assert {name: swedish.form().data[name] for name in wrong} == {name: [wrong[name]] for name in wrong}
    swedish.submit(right, button="English", expect=200)
    assert (database.query(AuditEntry).count(), mails(database, "link")) == (recorded_before, [])


def test_details_page_names_each_missing_answer_and_keeps_the_others(pages, event):
    page = pages.post(
        "registration.details", {"family_name": "Berg", "email": "asa@"}, sector="justice", expect=422
    )
    assert page.errors == {
        "given_name": "Enter your given name",
        "email": "Enter an e-mail address that can receive mail, such as name@example.org",
        "organisation": "Enter the organisation that you come from",
        "country": "Choose your country",
    }
    assert page.title.startswith("Error: ")
    assert page.form().data["family_name"] == ["Berg"]


def test_details_page_ticks_nothing_beforehand(pages, event):
    page = pages.get("registration.details", sector="justice")
    boxes = page.soup.select("input[type=checkbox]")
    assert {box["name"]: box.has_attr("checked") for box in boxes} == {
        "is_protected": False,
    }


@pytest.mark.parametrize("name", ["https://evil.example", "www.evil.example", "a@b.example", "x/y"])
def test_a_name_with_a_web_address_is_refused(pages, event, name):
    page = pages.post("registration.details", {**ANSWERS, "given_name": name}, sector="justice", expect=422)
    assert page.errors == {"given_name": "Write this without web addresses, slashes or @"}


def test_a_name_with_joiners_comes_back_as_typed(pages, event, database):
    check = checked(pages, given_name="علی\u200cرضا", family_name="👨\u200d👩\u200d👧 \u202eBerg")
    check.submit(button="Register")
    person = database.query(Registration).one()
    assert (person.given_name, person.family_name) == ("علی\u200cرضا", "👨\u200d👩\u200d👧 Berg")


def test_a_name_of_nothing_that_is_seen_is_no_name(pages, event):
    unseen = {**ANSWERS, "given_name": "\u200d\u3164\u2800", "organisation": "\u202e\ufe0f"}
    page = pages.post("registration.details", unseen, sector="justice", expect=422)
    assert page.errors == {
        "given_name": "Enter your given name",
        "organisation": "Enter the organisation that you come from",
    }


UNSEEN = (
    "Type the address by hand: it contains a character that cannot be seen",
    "Skriv in adressen för hand: den innehåller ett tecken som inte syns",
)
WRONG_ADDRESSES = {
    f"{'p' * 65}@example.org": (
        "Enter an e-mail address with at most 64 characters before the @",
        "Skriv en e-postadress med högst 64 tecken före @",
    ),
    "=?utf-8?q?anna?=@example.org": (
        "Enter an e-mail address without =? and ?=",
        "Skriv en e-postadress utan =? och ?=",
    ),
    "an\x07na@example.org": UNSEEN,
    "anna\u202e@example.org": UNSEEN,
}


@pytest.mark.parametrize("address", WRONG_ADDRESSES)
def test_a_wrong_address_is_refused_before_anything_is_held_for_it(pages, event, database, address):
    english, swedish = WRONG_ADDRESSES[address]
    for page, words in (
        (
            pages.post("registration.details", {**ANSWERS, "email": address}, sector="justice", expect=422),
            english,
        ),
        (pages.post("registration.resend", {"email": address}, expect=422), english),
        (pages.post("accounts.sign_in", {"email": address, "password": "x"}, expect=422), swedish),
        (pages.post("accounts.forgot", {"email": address}, expect=422), swedish),
    ):
        assert page.errors == {"email": words}
        assert page.form().data["email"] == [address.replace("\x07", "\ufffd")]
    assert (database.query(Registration).count(), mails(database)) == (0, [])


def test_a_local_part_that_our_server_cannot_write_to_is_refused(pages, event):
    page = pages.post(
        "registration.details", {**ANSWERS, "email": "åse@example.org"}, sector="justice", expect=422
    )
    assert page.errors == {
        "email": "Our mail server cannot send to addresses with letters such as å before the @. Enter another address."
    }


def test_protected_identity_keeps_the_real_name_sealed_and_off_the_screen(pages, event, database):
    check = checked(pages, is_protected=True, real_name="Hemliga Namnet")
    assert "Hemliga Namnet" not in check.text
    assert "Real name Given, not shown here" in check.text
    check.submit(button="Register")
    raw = database.connection().exec_driver_sql("SELECT answer FROM protected_identities").scalar()
    told = read_identity(database.query(Registration).one())
    assert (told, b"Hemliga" in bytes(raw)) == ((True, "Hemliga Namnet"), False)


def test_a_real_name_without_the_tick_is_refused_and_kept_in_the_form(pages, event):
    page = pages.post(
        "registration.details", {**ANSWERS, "real_name": "Hemliga Namnet"}, sector="justice", expect=422
    )
    assert page.errors["real_name"].startswith("Say as well that you have a protected identity")
    assert page.form().data["real_name"] == ["Hemliga Namnet"]


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
    """Nobody who sees the screen learns who is protected, neither from what is there nor from what is missing (P21)."""
    same = {"family_name": "Berg", "organisation": "Byrån"}
    people = [confirmed(event, **same, is_protected=True, real_name="Hemliga"), confirmed(event, **same)]
    own = [(person.reference, person.email, manage_token(person)) for person in people]
    assert read_own_pages(app, *own[0]) == read_own_pages(app, *own[1])


def read_own_pages(app, reference, email, token) -> list[str]:
    browser = Pages(app)
    browser.get("self_service.enter", token=token, expect=303)
    paths = ("", "own-data", "own-data?format=json", "protected-identity", "change", "cancel", "forum.ics")
    texts = [browser.get(f"/en/r/{path}").data.decode() for path in paths]
    own = re.compile(f'{reference}|{email}|name="csrf_token" value="[^"]+"')
    return [own.sub("OWN", text) for text in texts]


def test_taking_protected_identity_back_with_a_real_name_is_refused(pages, event):
    pages.get("self_service.enter", token=manage_token(confirmed(event)), follow=True)
    wrong = {"is_protected": "no", "real_name": "Hemliga Namnet"}
    page = pages.post("self_service.protected_identity", wrong, expect=422)
    assert list(page.errors) == ["real_name"]
    assert list(pages.post("self_service.protected_identity", expect=422).errors) == ["is_protected"]


def test_a_known_address_gets_the_same_page_and_a_letter_of_its_own(pages, event, database):
    first = checked(pages).submit(button="Register")
    second = checked(pages, email="THORDIS@example.org", given_name="Another").submit(button="Register")
    assert (first.status, first.location, first.data) == (second.status, second.location, second.data)
    assert [mail.kind for mail in mails(database)] == ["received", "already-registered"]
    assert database.query(Registration).count() == 1


def test_sending_the_same_form_twice_registers_once(pages, event, database):
    check = checked(pages)
    pages_seen = [check.submit(button="Register", follow=True).h1 for _ in range(2)]
    assert (pages_seen, len(mails(database))) == (["Check your e-mail"] * 2, 1)


def test_the_same_form_with_other_answers_is_refused_and_keeps_them(pages, event, database):
    check = checked(pages)
    check.submit(button="Register")
    page = check.form().submit({}, button="Register", expect=409, forged={"given_name": "Other"})
    assert (page.h1, page.all(".summary-list dd")[0]) == ("This form has been sent already", "Other")
    assert database.query(Registration).one().given_name == "Þórdís"


def test_a_bot_in_the_trap_is_told_that_all_went_well(pages, event, database):
    page = checked(pages, website="x").submit(button="Register", follow=True)
    assert (page.h1, database.query(Registration).count()) == ("Check your e-mail", 0)


def test_a_form_that_comes_back_at_once_asks_for_one_more_press(pages, event, database):
    """A browser that fills the form in for a person is as fast as a program (S28)."""
    check = checked(pages)
    pages.app.config["FORM_MIN_SECONDS"] = 60
    page = check.submit(button="Register", expect=409)
    assert (page.h1, page.all(".summary-list dd")[0]) == ("Press once more", "Þórdís")
    assert (database.query(Registration).count(), mails(database)) == (0, [])
    pages.app.config["FORM_MIN_SECONDS"] = 0
    assert page.submit(button="Register").location == "/en/register/received"
    assert database.query(Registration).one().given_name == "Þórdís"


def test_a_bot_that_is_quick_sees_what_a_patient_one_sees(pages, event, database):
    check = checked(pages, website="x")
    patient = check.submit(button="Register")
    pages.app.config["FORM_MIN_SECONDS"] = 60
    quick = check.submit(button="Register")
    assert (quick.location, quick.data, database.query(Registration).count()) == (
        patient.location,
        patient.data,
        0,
    )


@pytest.mark.parametrize(("seconds", "status"), [(-1, 409), (0, 303)])
def test_registration_opens_on_the_second(pages, event, database, seconds, status):
    check = checked(pages)
    clock.freeze(event.opens_at + timedelta(seconds=seconds))
    assert check.submit(button="Register", expect=status).status == status


@pytest.mark.parametrize(("seconds", "status"), [(-1, 303), (0, 409)])
def test_registration_closes_on_the_second_and_keeps_the_answers(pages, event, database, seconds, status):
    check = checked(pages)
    clock.freeze(event.closes_at + timedelta(seconds=seconds))
    page = check.submit(button="Register", expect=status)
    if status == 409:
        assert (page.h1, page.all(".summary-list dd")[0]) == ("Registration is closed", "Þórdís")


def test_a_sector_by_invitation_says_so(pages, database):
    make_event(sectors=[make_sector("justice", policy=SectorPolicy.INVITATION)])
    page = pages.get("registration.details", sector="justice")
    assert page.h1 == "This sector is by invitation only"


def test_a_full_sector_without_waiting_list_says_so(pages, database):
    event = make_event(has_waiting_list=False, sectors=[make_sector("justice", ceiling=1)])
    register(event)
    page = pages.get("registration.details", sector="justice")
    assert page.h1 == "All places in this sector are taken"


def test_too_many_tries_from_one_network_keep_the_answers(make_app, sqlite_url, pages, event):
    check = checked(pages)
    pages.app.config["REGISTRATIONS_PER_ADDRESS"] = "1 per hour"
    check.submit(button="Register")
    page = check.submit(button="Register", expect=429)
    assert (page.h1, page.all(".summary-list dd")[0]) == (
        "Too many registrations from your network",
        "Þórdís",
    )
    assert "Wait up to 1 hour and press the button again." in page.text


def test_sector_that_comes_into_being_while_it_is_asked_for_is_404_this_once(pages, event, monkeypatch):
    def refuse(*_given, **_named):
        raise NoSuchSector

    page = checked(pages)
    monkeypatch.setattr(places, "lock_sector", refuse)
    assert page.submit(button="Register", expect=404).h1 == "Page not found"


def test_unknown_sector_is_404(pages, event):
    assert pages.get("registration.details", sector="astrology", expect=404).h1 == "Page not found"


def test_confirming_takes_a_button_and_counts_once(pages, event, database):
    checked(pages).submit(button="Register")
    path = link_in(mails(database, "received")[0])
    for _ in range(3):
        confirm = pages.get(path)
    assert (confirm.h1, database.query(Registration).one().status) == ("Confirm your address", "pending")
    mine = confirm.submit(follow=True)
    assert (mine.h1, database.query(Registration).one().status) == ("You have a place", "confirmed")
    again = confirm.submit(expect=200)
    assert (again.h1, len(mails(database, "confirmed"))) == ("Your address is already confirmed", 1)
    assert "You do not need to do anything more." in again.text


def test_a_confirming_link_opens_nothing_once_it_is_used(app, pages, event, database):
    checked(pages).submit(button="Register")
    path = link_in(mails(database, "received")[0])
    stranger = Pages(app)
    open_elsewhere = stranger.get(path)
    pages.get(path).submit()
    assert open_elsewhere.submit(expect=200).h1 == "Your address is already confirmed"
    assert stranger.get("self_service.show", expect=404).h1 == "Your page is closed in this browser"


def test_the_newest_personal_link_asks_before_it_ends_the_older_ones(app, pages, event, database):
    confirmed(event)
    older = link_in(mails(database, "confirmed")[0])
    at_home = Pages(app)
    at_home.get(older, follow=True)
    clock.freeze(NOW + timedelta(minutes=1))
    pages.post("registration.resend", {"email": mails(database)[0].recipient})
    newer = link_in(mails(database, "link")[0])
    ask = pages.get(newer)
    assert (ask.h1, at_home.get("self_service.show").h1) == ("Open your registration", "You have a place")
    assert ask.submit(follow=True).h1 == "You have a place"
    assert at_home.get("self_service.show", expect=404).h1 == "This link is no longer valid"
    assert at_home.get(older, expect=404).h1 == "This link is no longer valid"
    assert pages.get(newer, follow=True).h1 == "You have a place"


def test_a_personal_link_leaves_its_token_behind(pages, event, database):
    confirmed(event)
    entered = pages.get(link_in(mails(database, "confirmed")[0]), expect=303)
    assert entered.location == "/en/r/"
    assert pages.get("self_service.show").h1 == "You have a place"


def test_a_place_cannot_be_carried_to_an_organisation_at_its_cap(pages, database):
    event = make_event(organisation_cap=1)
    registration = confirmed(event, organisation="Lilla bolaget")
    confirmed(event, organisation="Stora bolaget")
    pages.get(link_in(mails(database, "confirmed")[0]), follow=True)
    page = pages.post("self_service.change", {"organisation": "STORA BOLAGET AB"}, expect=422)
    assert page.errors == {"organisation": "This organisation has as many places as it can have"}
    assert page.form().data["organisation"] == ["STORA BOLAGET AB"]
    database.refresh(registration)
    assert registration.organisation == "Lilla bolaget"


def test_changing_details_is_seen_at_once(pages, event, database):
    registration = confirmed(event)
    pages.get(link_in(mails(database, "confirmed")[0]), follow=True)
    page = pages.post(
        "self_service.change", {"given_name": "Siv", "title": "Domare"}, follow=True, expect=200
    )
    database.refresh(registration)
    assert (page.flashes, registration.given_name, registration.title) == (["Saved."], "Siv", "Domare")
    assert (page.path, pages.get(page.path).flashes) == ("/en/r/", [])


@pytest.mark.parametrize(
    ("endpoint", "answers"),
    [
        ("self_service.change", {"given_name": "Siv"}),
        ("self_service.protected_identity", {"is_protected": "yes", "real_name": "Siv Berg"}),
    ],
)
def test_answers_of_a_lost_session_can_be_sent_once_the_link_is_followed_anew(
    pages, event, database, endpoint, answers
):
    confirmed(event)
    link = link_in(mails(database, "confirmed")[0])
    pages.get(link, follow=True)
    page = pages.get(endpoint)
    pages.client.delete_cookie("forum")
    again = page.submit(answers, expect=400)
    assert "Open your personal link in another tab" in again.flashes[0]
    assert {name: again.form().data[name] for name in answers} == {n: [v] for n, v in answers.items()}
    pages.get(link, follow=True)
    assert again.submit(follow=True).h1 == "You have a place"


def test_a_confirming_page_of_a_lost_session_asks_again(pages, event, database):
    checked(pages).submit(button="Register")
    page = pages.get(link_in(mails(database, "received")[0]))
    pages.client.delete_cookie("forum")
    again = page.submit({"photographs": True}, expect=400)
    assert (again.h1, again.form().data["photographs"]) == ("Confirm your address", ["y"])
    assert again.submit(follow=True).h1 == "You have a place"


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
    """Opening a form now, and sending one that was open before, both lead to the page that says what happened."""
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


def test_a_second_press_with_corrected_answers_says_which_ones_stand(pages, event, database):
    checked(pages).submit(button="Register")
    checked(pages, title="Corrected").submit(button="Register")
    first, second = (
        pages.get(link_in(mails(database, kind)[0])) for kind in ("received", "already-registered")
    )
    first.submit(follow=True)
    page = second.submit(expect=200)
    assert "The answers above the button that was pressed first are the ones that count." in page.text
    assert database.query(Registration).one().title != "Corrected"


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


def test_an_offer_that_has_run_out_says_so(pages, database):
    event = make_event(sectors=[make_sector("justice", ceiling=1)])
    confirmed(event), confirmed(event)
    pages.get(link_in(mails(database, "confirmed")[0]), follow=True)
    pages.get("self_service.cancel").submit()
    clock.freeze(NOW + timedelta(hours=49))
    page = pages.get(link_in(mails(database, "offered")[0]), follow=True)
    assert page.form("form[action$=accept]").submit(expect=409).h1 == "The offer has run out"


@pytest.mark.parametrize(("hours", "again"), [(0, True), (25, False)])
def test_an_offer_that_has_run_out_promises_registering_again_only_while_that_is_open(
    pages, database, hours, again
):
    event = make_event(closes_at=NOW + timedelta(hours=72), sectors=[make_sector("justice", ceiling=1)])
    confirmed(event), confirmed(event)
    pages.get(link_in(mails(database, "confirmed")[0]), follow=True)
    pages.get("self_service.cancel").submit()
    clock.freeze(NOW + timedelta(hours=49 + hours))
    page = pages.get(link_in(mails(database, "offered")[0]), follow=True)
    said = page.form("form[action$=accept]").submit(expect=409).text
    assert ("You can register again while registration is open." in said) is again


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


@pytest.mark.parametrize(
    "path", ["/en/r/confirm/" + "x" * 43, "/en/r/" + "x" * 43, "/en/r/", "/en/r/change", "/en/r/cancel"]
)
def test_a_link_that_leads_nowhere_offers_a_new_one(pages, event, path):
    assert pages.get(path, expect=404).links["Get a new personal link"] == "/en/register/link"


def test_a_new_link_is_sent_to_a_known_address_only_and_three_times_an_hour(pages, event, database):
    registration = confirmed(event)
    answers = [
        pages.post("registration.resend", {"email": email}).data
        for email in (registration.email, "nobody@example.org", *[registration.email] * 3)
    ]
    statuses = [mail.status for mail in mails(database, "link")]
    assert (len(set(answers)), statuses) == (1, ["queued"] * 3 + ["withheld"])


def test_every_page_speaks_swedish(app, event, database):
    swedish = Pages(app, language="sv")
    assert swedish.get("registration.choose").h1 == "Vilken sektor deltar du för?"


def test_an_address_that_no_mail_server_takes_is_refused(pages, event):
    """An address has at most 254 characters (RFC 5321, 4.5.3.1.3 without the angle brackets)."""
    longest = f"{'p' * 64}@{'d' * 60}.{'d' * 60}.{'d' * 60}.example"
    assert len(longest) == 254 + 1
    page = pages.post("registration.details", {**ANSWERS, "email": longest}, sector="justice", expect=422)
    assert page.errors["email"] == "Enter an e-mail address of at most 254 characters"


def test_beside_the_form_stand_its_sector_the_hours_and_what_comes_next(pages, database):
    make_event(nights=[{"ends": "17:00", "starts": "09:00"}])
    page = pages.get("registration.details", sector="justice")
    assert page.all(".rail .event-card-name, .rail .event-card-name + p") == ["Justice", "up to 75 left"]
    assert [part["class"] for part in page.soup.select(".event-card svg .sector-justice")] == [
        ["sector-justice"]
    ]
    assert page.all(".rail-hours > div") == [
        "Tuesday 16 November 9:00–17:00",
        "Wednesday 17 November 9:00–16:30",
    ]
    assert page.all(".next-steps [aria-current]") == ["Give your details"]
