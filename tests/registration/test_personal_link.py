"""Links in mails confirm the address and open the person's own page; a new link can be requested."""

from datetime import timedelta

import pytest

from forum import clock
from forum.database import start_write
from forum.registration.models import Registration
from tests.factories.events import NOW
from tests.factories.registrations import confirmed
from tests.registration.filling import checked, link_in, mails, manage_token
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, FORM_MIN_SECONDS=0)


def test_own_page_has_the_reference_the_calendar_and_whom_to_ask(pages, event):
    """The page can be bookmarked, because its URL has no token; the personal link opens the page again (A07)."""
    registration = confirmed(event)
    page = pages.get("self_service.enter", token=manage_token(registration), follow=True)
    assert (page.path, page.all(".pass-number")) == ("/en/r/", [registration.reference])
    assert page.links["Add to calendar"] == pages.url("self_service.calendar_file")
    assert page.links[event.contact_email] == f"mailto:{event.contact_email}"


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


def test_what_is_ticked_before_confirming_is_kept_in_the_other_language(pages, event, database):
    start_write(database)
    event.participant_list = "public"
    database.commit()
    checked(pages).submit(button="Register")
    ticked = {"participant_list": "organisation", "photographs": True}
    confirm = pages.get(link_in(mails(database, "received")[0]))
    swedish = confirm.submit(ticked, button="Svenska", expect=200)
    assert (swedish.h1, swedish.path[:4]) == ("Bekräfta din adress", "/sv/")
    assert {name: swedish.form().data.get(name) for name in ticked} == {
        "participant_list": ["organisation"],
        "photographs": ["y"],
    }
    registration = database.query(Registration).one()
    assert (registration.status, registration.consents) == ("pending", [])


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
    """Opening the link redirects to an address without the token (S22)."""
    confirmed(event)
    entered = pages.get(link_in(mails(database, "confirmed")[0]), expect=303)
    assert entered.location == "/en/r/"
    assert pages.get("self_service.show").h1 == "You have a place"


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
