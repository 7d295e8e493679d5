"""The form's questions: which are asked, which are optional, which answers are refused and which are encrypted."""

import pytest

from forum.audit.models import AuditEntry
from forum.registration.models import Registration
from tests.factories.events import make_event
from tests.factories.registrations import confirmed
from tests.registration.filling import ANSWERS, checked, mails, manage_token
from tests.registration.reading import read_identity

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, FORM_MIN_SECONDS=0)


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


# For each form of a registered person, by endpoint: values that it refuses, and values that it accepts.
TYPED = {
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


@pytest.mark.parametrize(
    "name", ["evil-login.com", "x.com", "Evil.Com", "a.b.example", "sök。se", "ex.xn--p1ai"]
)
@pytest.mark.parametrize("field", ["given_name", "family_name"])
def test_a_name_that_mail_programs_would_turn_into_a_link_is_refused(pages, event, field, name):
    page = pages.post("registration.details", {**ANSWERS, field: name}, sector="justice", expect=422)
    why = "Write this without web addresses, and with a space after each full stop"
    assert page.errors == {field: why}


@pytest.mark.parametrize("name", ["J.Berg", "A.B. Berg", "Dr. Åsa", "Kari J.", "M.-L. Ek", "Berg-Öst"])
def test_a_name_with_initials_is_taken(pages, event, name):
    pages.post("registration.details", {**ANSWERS, "given_name": name}, sector="justice", expect=303)


@pytest.mark.parametrize(("lang", "told"), [("en", "a national identity number"), ("sv", "ett personnummer")])
def test_an_identity_number_beside_the_name_is_refused_and_what_was_typed_is_kept(pages, event, lang, told):
    typed = {**ANSWERS, "family_name": "Ek 701208-1233", "title": "19701208-1233"}
    page = pages.post("registration.details", typed, sector="justice", lang=lang, expect=422)
    assert page.errors.keys() == {"family_name", "title"}
    assert all(told in error for error in page.errors.values())
    # Each message names its field, so that the two messages can be told apart in the error summary.
    assert len(set(page.errors.values())) == 2
    assert page.form().data["family_name"] == ["Ek 701208-1233"]


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


def test_an_address_that_no_mail_server_takes_is_refused(pages, event):
    """An address of more than 254 characters is refused (RFC 5321, 4.5.3.1.3 without the angle brackets)."""
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
