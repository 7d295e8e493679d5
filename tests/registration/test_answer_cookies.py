"""Until "Check your answers" is sent, the form's answers are in an encrypted cookie that lasts an hour (A07)."""

from datetime import timedelta

import pytest
from flask import session
from werkzeug import Response

from forum import clock, sealed_cookies
from forum.database import start_write
from forum.events.enums import SectorPolicy
from forum.events.queries import find_current
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration import answer_cookies, kept_answers
from forum.registration.forms import RegistrationForm
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event
from tests.factories.registrations import confirmed, register
from tests.registration.filling import typed
from tests.registration.reading import newest_mail
from tools.pages import Pages

ANSWERS = {
    "given_name": "Þórdís",
    "family_name": "Ångström-Łęcka",
    "email": "thordis@example.org",
    "organisation": "Exempelstads tingsrätt",
    "country": "IS",
    "is_protected": True,
    "real_name": "Sigríður",
}
CHECK = "/en/register/justice/check"
GONE = "Your answers are no longer kept here"


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, FORM_MIN_SECONDS=0)


@pytest.fixture(autouse=True)
def at_noon(database):
    clock.freeze(NOW)
    make_event()
    yield
    clock.freeze(None)


@pytest.fixture
def answered(pages):
    """Send the filled-in form and give the response, a redirect to "Check your answers"."""
    return pages.post("registration.details", ANSWERS, sector="justice")


def kept(pages):
    return pages.client.get_cookie("kept", path="/en/register")


def test_answers_are_taken_without_asking_the_database_and_shown_at_an_address_without_them(pages, answered):
    assert (answered.location, answered.statements) == (CHECK, [])
    for _time in range(2):
        assert pages.get(CHECK).all(".summary-list dd")[0] == "Þórdís"


@pytest.mark.usefixtures("answered")
def test_answers_end_with_the_session_of_the_browser(pages):
    """A copied or restored cookie with answers cannot be decrypted without the session in which it was made."""
    assert pages.get(CHECK).all(".summary-list dd")[0] == "Þórdís"
    pages.client.delete_cookie("forum")
    assert GONE in pages.get(CHECK).text
    pages.get("registration.details", sector="justice")
    assert GONE in pages.get(CHECK).text


def test_answers_are_shown_again_when_the_session_ended_before_they_were_sent(pages, answered, database):
    """After the session has ended, no page may say that the form was sent, and no press registers anybody (S10)."""
    page = pages.get(CHECK)
    pages.client.delete_cookie("forum")
    again = page.submit(button="Register", expect=400)
    assert (again.h1, again.form().data["given_name"]) == ("Your details", ["Þórdís"])
    # The address is in a visible field, not in a hidden one.
    assert again.form().element.select_one("[name=email]")["type"] == "email"
    assert again.flashes[0].startswith("Nothing has been sent yet.")
    back = pages.get(CHECK)
    assert (back.h1, "written to" in back.text) == (GONE, False)
    assert database.query(Registration).count() == 0
    assert again.submit(follow=True).submit(button="Register", follow=True).h1 == "Check your e-mail"
    assert database.query(Registration).one().given_name == "Þórdís"


def test_answers_are_sealed_and_leave_only_with_their_form(app, pages, answered):
    set_cookies = answered.headers.getlist("Set-Cookie")
    attributes = {cookie.partition("; ")[2] for cookie in set_cookies if cookie.startswith("kept=")}
    assert attributes == {f"HttpOnly; Path=/{code}/register; SameSite=Lax" for code in ("sv", "en")}
    with app.app_context():
        value = kept(pages).value
    words = {answer for answer in ANSWERS.values() if len(str(answer)) > 4}
    assert {word for word in words if str(word) in value} == set()
    assert len(value) < sealed_cookies.LONGEST


def test_answers_can_be_read_in_the_other_language(pages, answered):
    page = pages.get(CHECK).submit(button="Svenska", follow=True)
    assert (page.path, page.h1) == ("/sv/register/justice/check", "Kontrollera dina svar")
    assert page.all(".summary-list dd")[0] == "Þórdís"


def test_answers_of_one_tab_are_read_in_the_other_language_after_another_tab_gave_others(
    pages, answered, database
):
    page = pages.get(CHECK)
    pages.post("registration.details", {**ANSWERS, "given_name": "Bertil"}, sector="ngo")
    swedish = page.submit(button="Svenska", follow=True)
    assert (swedish.h1, swedish.all(".summary-list dd")[0]) == ("Kontrollera dina svar", "Þórdís")
    swedish.submit(button="Anmäl dig", follow=True)
    registration = database.query(Registration).one()
    assert (registration.given_name, registration.sector.key) == ("Þórdís", "justice")


def test_going_back_after_sending_shows_a_message_and_sends_nothing(pages, answered, database):
    pages.get(CHECK).submit(button="Register")
    back = pages.get(CHECK)
    assert (back.h1, back.soup.select("form")) == (GONE, [])
    assert "Þórdís" not in pages.get("/en/register/justice?change=1").data.decode()
    assert database.query(Registration).count() == 1


def test_page_of_the_answers_can_be_sent_after_the_browser_has_lost_them(pages, answered, database):
    page = pages.get(CHECK)
    pages.client.delete_cookie("kept", path="/en/register")
    page.submit(button="Register")
    assert database.query(Registration).one().given_name == "Þórdís"


@pytest.mark.parametrize(("minutes", "heading"), [(59, "Check your answers"), (60, GONE)])
def test_answers_open_for_an_hour(pages, answered, minutes, heading):
    clock.freeze(NOW + timedelta(minutes=minutes))
    assert pages.get(CHECK).h1 == heading


@pytest.mark.usefixtures("answered")
def test_answers_of_one_sector_do_not_open_in_another(pages):
    assert pages.get("/en/register/ngo/check").h1 == GONE


@pytest.mark.parametrize(
    "value", ["", "x", "åäö", "AAAA" * 20], ids=["empty", "short", "letters", "sealed by nobody"]
)
def test_what_is_not_ours_does_not_open(pages, value):
    pages.client.set_cookie("kept", value, path="/en/register")
    assert pages.get(CHECK).h1 == GONE


@pytest.fixture
def no_room(monkeypatch):
    """Let the table of long answers be full."""
    monkeypatch.setattr(kept_answers, "MOST", 0)


@pytest.mark.usefixtures("no_room")
def test_answers_that_are_too_long_to_keep_are_shown_at_once(pages):
    longest = {"given_name": 100, "family_name": 100, "organisation": 200, "title": 150, "real_name": 200}
    letters = {name: "𐌰" * length for name, length in longest.items()}  # each letter takes four bytes
    page = pages.post("registration.details", {**ANSWERS, **letters}, sector="justice", expect=200)
    assert (page.h1, page.all(".summary-list dd")[0]) == ("Check your answers", "𐌰" * 100)
    swedish = page.submit(button="Svenska", expect=200)
    assert (swedish.h1, swedish.all(".summary-list dd")[0]) == ("Kontrollera dina svar", "𐌰" * 100)
    change = page.submit(button="Change given name", expect=200)
    assert change.form().data["organisation"] == ["𐌰" * 200]
    assert change.submit(expect=200).submit(button="Register", follow=True).h1 == "Check your e-mail"


NGINX_READS = 4096  # nginx's default limit for a response's status line and headers, in bytes


def header_bytes(page) -> int:
    """Return the size of a response's headers as a server sends them, with status line, date and server name."""
    own = "HTTP/1.1 303 SEE OTHER\r\nDate: Mon, 03 May 2027 12:00:00 GMT\r\nServer: gunicorn\r\nConnection: close\r\n"
    return len(own) + len(str(page.headers))


@pytest.mark.parametrize("is_full", [False, True])
@pytest.mark.parametrize(
    ("percent", "status"), [(0, 303), (30, 303), (36, 303), (44, 200), (70, 200), (100, 200)]
)
def test_answers_of_any_length_come_with_headers_that_a_proxy_reads(
    pages, database, monkeypatch, percent, status, is_full
):
    """Headers stay below nginx's limit: above it a visitor would see 502 although the registration was made."""
    if is_full:
        monkeypatch.setattr(kept_answers, "MOST", 0)
    else:
        status = 303
    longest = {"given_name": 100, "family_name": 100, "organisation": 200, "title": 150, "real_name": 200}
    letters = {name: "å" * max(1, length * percent // 100) for name, length in longest.items()}
    page = pages.get("registration.details", sector="justice")
    first = page.submit({**ANSWERS, **letters}, expect=status)
    check = pages.get(first.location) if status == 303 else first
    received = check.submit(button="Register")
    change = pages.get(received.location).submit(button="Change it")
    assert database.query(Registration).one().organisation == letters["organisation"]
    # Leave 500 bytes for the headers that an https site and a new session add.
    assert max(header_bytes(answer) for answer in (first, received, change)) < NGINX_READS - 500


def test_change_leads_to_the_question_and_straight_back(pages, answered):
    question = pages.get(CHECK).submit(button="Change e-mail address")
    assert question.location == "/en/register/justice?change=1#email"
    form = pages.get(question.location).form()
    # The changed form keeps the key of the first one, so that only one of them is registered (R03).
    assert form.data["key"] == pages.get(CHECK).form().data["key"]
    page = form.submit({"email": "other@example.org"}, follow=True)
    assert (page.path, page.all(".summary-list dd")[4]) == (CHECK, "other@example.org")


def test_details_are_empty_for_whoever_comes_anew(pages, answered):
    assert "Þórdís" not in pages.get("registration.details", sector="justice").data.decode()


def test_a_secure_site_gives_a_secure_cookie(make_app, sqlite_url):
    app = make_app(sqlite_url, BASE_URL="https://forum.example")
    response = Response()
    with app.test_request_context("/en/register/justice/check", base_url="https://forum.example"):
        assert answer_cookies.keep(response, RegistrationForm(data=ANSWERS).data, "justice")
    attributes = [cookie.partition("=")[::2] for cookie in response.headers.getlist("Set-Cookie")]
    assert [(name, "; Secure;" in rest) for name, rest in attributes] == [("__Secure-kept", True)] * 2


@pytest.fixture
def sent(pages, answered):
    """Send the checked answers and give the page that follows, "Check your e-mail"."""
    return pages.get(CHECK).submit(button="Register", follow=True)


def test_the_page_behind_the_form_shows_the_typed_address_to_this_browser_alone(app, pages, sent):
    assert "thordis@example.org" in sent.text
    assert "Your other answers are kept" in sent.text
    assert not any(str(answer) in sent.text for answer in ("Þórdís", "Sigríður", "Exempelstad"))
    stranger = Pages(app)
    assert (
        "@"
        not in stranger.get("/en/register/received").h1
        + stranger.get("/en/register/received").all(".lead")[0]
    )
    stranger.client.set_cookie(
        "sent",
        pages.client.get_cookie("sent", path="/en/register").value,
        path="/en/register",
    )
    assert "thordis" not in stranger.get("/en/register/received").text


def test_the_page_behind_the_form_says_the_same_of_a_known_address(app, sent):
    again = Pages(app)
    again.post("registration.details", {**ANSWERS, "real_name": "Other"}, sector="justice")
    known = again.get(CHECK).submit(button="Register", follow=True)
    assert known.text == sent.text


def test_a_wrong_address_is_changed_with_every_other_answer_kept(pages, sent, database):
    form = sent.submit(button="Change it", follow=True)
    assert form.path == "/en/register/justice?change=1#email"
    assert typed(form) == {
        **typed(pages.get("registration.details", sector="justice")),
        **{name: [answer] for name, answer in ANSWERS.items() if name not in ("is_protected", "real_name")},
    }
    received = form.submit({"email": "right@example.org"}, follow=True).submit(button="Register", follow=True)
    assert "right@example.org" in received.text
    assert {row.email for row in database.query(Registration)} == {"thordis@example.org", "right@example.org"}


def test_the_message_is_sent_again_to_the_typed_address_with_one_press(pages, sent, database):
    before = len(mails_to(database, "thordis@example.org"))
    (form,) = [form for form in sent.soup.select("form") if form.get("action") == "/en/register/link"]
    page = sent.form('form[action="/en/register/link"]').submit(button="Send it again", follow=True)
    assert (form.select_one("[name=email]")["value"], page.h1) == (
        "thordis@example.org",
        "Look for the link in your e-mail",
    )
    assert len(mails_to(database, "thordis@example.org")) == before + 1


def test_who_mistyped_the_address_is_led_from_sending_it_again_to_correcting_it(pages, sent, database):
    """After "Send it again", the button "Change it" opens the form with its answers, to correct the address."""
    page = sent.form('form[action="/en/register/link"]').submit(button="Send it again", follow=True)
    assert "Wrong address? Enter it again" not in page.links
    form = page.submit(button="Change it", follow=True)
    assert (form.path, typed(form)["given_name"]) == ("/en/register/justice?change=1#email", ["Þórdís"])
    form.submit({"email": "right@example.org"}, follow=True).submit(button="Register")
    assert mails_to(database, "right@example.org")


@pytest.mark.parametrize("again", [False, True], ids=["received", "sent again"])
def test_the_answers_of_another_tab_are_not_shown_instead_of_ones_own(pages, sent, again):
    if again:
        sent = sent.form('form[action="/en/register/link"]').submit(button="Send it again", follow=True)
    bertil = {**ANSWERS, "given_name": "Bertil", "email": "bertil@example.org"}
    pages.post("registration.details", bertil, sector="ngo")
    pages.get("/en/register/ngo/check").submit(button="Register")
    page = sent.submit(button="Change it", follow=True)
    assert "Your answers are no longer kept here" in page.text
    assert page.links["Fill in the form again"] == "/en/register"
    assert "ertil" not in page.data.decode()
    assert "ertil" not in pages.get(page.path.replace("/en/", "/sv/")).data.decode()


def test_who_asks_for_a_link_to_another_address_may_enter_that_again(pages, sent):
    page = pages.post("registration.resend", {"email": "old@example.org"}, follow=True, expect=200)
    assert page.links["Wrong address? Enter it again"] == "/en/register/link"
    assert page.soup.select("main form") == []


def test_another_browser_is_asked_for_the_address(app, sent):
    page = Pages(app).get("registration.received")
    assert page.links["Send it again"] == "/en/register/link"
    assert page.soup.select("form") == []


def mails_to(database, address: str) -> list[OutboxMessage]:
    return database.query(OutboxMessage).filter_by(recipient=address).all()


def test_a_place_held_for_a_wrong_address_stays_held_when_it_is_corrected(pages, database):
    event = find_current()
    start_write(db.session)
    for sector in event.sectors:
        sector.floor, sector.ceiling = 0, 1
    db.session.commit()
    pages.post("registration.details", ANSWERS, sector="justice")
    sent = pages.get(CHECK).submit(button="Register", follow=True)
    assert "A place held for it stays held for the time stated below" in sent.text
    assert "six hours where few places are left" in sent.text
    form = sent.submit(button="Change it", follow=True)
    form.submit({"email": "right@example.org"}, follow=True).submit(button="Register")
    held = {row.email: row.holds_place for row in database.query(Registration)}
    assert held == {"thordis@example.org": True, "right@example.org": False}


@pytest.mark.parametrize("is_full", [False, True])
def test_no_page_speaks_of_a_held_place_or_the_line_in_a_reviewed_sector(pages, is_full):
    event = find_current()
    if is_full:
        confirmed(event)
    start_write(db.session)
    for sector in event.sectors:
        sector.floor, sector.ceiling, sector.policy = 0, 1, SectorPolicy.REVIEW
    db.session.commit()
    pages.post("registration.details", ANSWERS, sector="justice")
    check = pages.get(CHECK)
    told = "Once you have confirmed your address, the organisers review your registration and write to you."
    assert told in check.text
    sent = check.submit(button="Register", follow=True)
    for page in (check, sent):
        assert "No place is held for you meanwhile." in page.text
        assert [words for words in ("can be held", "stays held", "waiting list") if words in page.text] == []


@pytest.mark.parametrize(("minutes", "known"), [(14, True), (15, False)])
def test_what_was_sent_is_kept_for_a_quarter_of_an_hour(pages, sent, minutes, known):
    pages.post("registration.resend", {"email": "thordis@example.org"})
    clock.freeze(NOW + timedelta(minutes=minutes))
    for path in ("/en/register/received", "/en/register/link/sent"):
        assert ("thordis" in pages.get(path).text) == known


def test_what_was_sent_says_nothing_of_protected_identity(app, pages, sent):
    with app.test_request_context(headers={"Cookie": f"sent={cookie_of(pages, 'sent')}"}):
        with pages.client.session_transaction() as kept:
            session.update(kept)
        answers = answer_cookies.recall_sent().answers
    assert answers["given_name"] == "Þórdís"
    assert answers.keys().isdisjoint({"is_protected", "real_name"})


@pytest.mark.parametrize("way", ["confirming", "opening", "leaving", "cancelling"])
def test_what_a_browser_keeps_of_forms_ends_with_the_persons_own_page(pages, sent, database, way):
    if way in ("leaving", "cancelling"):
        open_own_page(pages, database)
    elif way == "opening":
        person = confirmed(find_current())
    pages.post("registration.details", ANSWERS, sector="justice")
    pages.get(CHECK).submit(button="Register")
    pages.post("registration.details", ANSWERS, sector="justice")
    pages.post("registration.resend", {"email": "thordis@example.org"})
    assert pages.get(CHECK).h1 == "Check your answers"
    match way:
        case "confirming":
            open_own_page(pages, database)
        case "opening":
            pages.get(path_of(newest_mail(person, "confirmed")), follow=True)
        case "leaving":
            pages.get("self_service.show").form("form[action$=leave]").submit()
        case "cancelling":
            pages.get("self_service.cancel").submit()
    assert pages.get(CHECK).h1 == GONE
    for path in ("/en/register/received", "/en/register/link/sent"):
        assert "thordis" not in pages.get(path).text


def open_own_page(pages, database):
    """Confirm the registration that was sent, by the link in its mail."""
    pages.get(path_of(newest_mail(database.query(Registration).one(), "received"))).submit()


def path_of(mail):
    return mail.address.removeprefix("http://127.0.0.1:8000")


def cookie_of(pages, name):
    return pages.client.get_cookie(name, path="/en/register").value


def test_a_wrong_address_cannot_be_changed_once_the_browser_knows_it_no_more(pages, sent):
    clock.freeze(NOW + timedelta(hours=1))
    page = sent.submit(button="Change it", follow=True)
    assert "Your answers are no longer kept here" in page.text
    assert page.links["Fill in the form again"] == "/en/register"


@pytest.mark.usefixtures("no_room")
def test_answers_that_are_too_long_to_keep_leave_the_address(pages):
    longest = {"given_name": 100, "family_name": 100, "organisation": 200, "title": 150, "real_name": 200}
    letters = {name: "𐌰" * length for name, length in longest.items()}  # each letter takes four bytes
    page = pages.post("registration.details", {**ANSWERS, **letters}, sector="justice", expect=200)
    received = page.submit(button="Register", follow=True)
    assert ("thordis@example.org" in received.text, "Your other answers are kept" in received.text) == (
        True,
        False,
    )
    form = received.submit(button="Change it", follow=True)
    assert (form.form().data["email"], form.form().data["title"]) == (["thordis@example.org"], [""])


@pytest.mark.parametrize("known", [True, False])
def test_asking_for_a_link_has_a_page_of_its_own_that_is_true_for_every_address(pages, known):
    email = register(find_current()).email if known else "nobody@example.org"
    page = pages.post("registration.resend", {"email": email}, follow=True, expect=200)
    assert (page.path, page.h1) == ("/en/register/link/sent", "Look for the link in your e-mail")
    assert page.all(".lead") == [
        f"If {email} is registered, a message with a new personal link is on its way there."
    ]
    assert page.links["Wrong address? Enter it again"] == "/en/register/link"


def test_the_page_behind_the_link_form_shows_no_address_to_another_browser(app, pages):
    pages.post("registration.resend", {"email": "nobody@example.org"})
    assert "nobody@" not in Pages(app).get("registration.link_sent").text
