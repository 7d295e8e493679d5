"""A browser's sign-in to a person's own page ends after a time, and when the person signs out (S07, S18, A11)."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from forum import clock
from forum.delegations import substituting
from forum.events import publishing
from forum.events.queries import find_current
from forum.extensions import db
from forum.registration import expiry, own_sign_in
from forum.registration.enums import TokenPurpose
from forum.registration.models import RegistrationToken
from forum.registration.sign_in_models import EndedSignIn
from tests.factories.events import NOW, make_event
from tests.factories.registrations import confirmed, write
from tests.registration.reading import newest_mail
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("frozen", "database")
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
CLOSED = "Your page is closed in this browser"


@pytest.fixture
def link(pages) -> str:
    """Open the own page of a person who has a place, and return the personal link."""
    address = newest_mail(confirmed(make_event()), "confirmed").address.removeprefix("http://127.0.0.1:8000")
    pages.get(address, follow=True)
    return address


def test_the_page_closes_half_an_hour_after_its_last_use(pages, link):
    for minutes in (29, 58):
        clock.freeze(NOW + minutes * MINUTE)
        assert pages.get("self_service.show").h1 == "You have a place"
    clock.freeze(NOW + 88 * MINUTE - SECOND)
    assert pages.get("self_service.own_data_page").status == 200
    clock.freeze(NOW + 118 * MINUTE)
    closed = pages.get("self_service.show", expect=404)
    assert (closed.h1, "30 minutes" in closed.text, "12 hours" in closed.text) == (CLOSED, True, True)
    assert pages.get(link, follow=True).h1 == "You have a place"


def test_the_page_closes_twelve_hours_after_the_link_was_opened(pages, link):
    for turn in range(1, 36):
        clock.freeze(NOW + turn * 20 * MINUTE)
        pages.get("self_service.show")
    clock.freeze(NOW + 12 * HOUR)
    assert pages.get("self_service.show", expect=404).h1 == CLOSED


def test_the_page_says_when_it_closes(pages, link):
    said = " ".join(pages.get("self_service.show").all("aside"))
    assert "closes by itself 30 minutes after" in said
    assert "12 hours after you opened your link at the latest" in said


def test_leaving_ends_the_sign_in_for_a_copy_of_the_cookie_too(app, pages, link):
    copied = pages.client.get_cookie("forum").value
    page = pages.get("self_service.show")
    left = page.form("form[action$=leave]").submit(follow=True)
    assert (left.h1, pages.get("self_service.show", expect=404).h1) == ("You have left your page", CLOSED)
    thief = Pages(app)
    thief.client.set_cookie("forum", copied)
    assert thief.get("self_service.show", expect=404).h1 == CLOSED
    assert pages.get(link, follow=True).h1 == "You have a place"


@pytest.fixture
def thief(app, pages, link):
    """Give a second browser, with a copy of the person's session cookie."""
    thief = Pages(app)
    thief.client.set_cookie("forum", pages.client.get_cookie("forum").value)
    return thief


def test_leaving_a_page_that_has_closed_by_itself_ends_a_copy_that_is_still_in_use(pages, thief):
    page = pages.get("self_service.show")
    for minutes in (20, 40):
        clock.freeze(NOW + minutes * MINUTE)
        assert thief.get("self_service.show").h1 == "You have a place"
    assert page.form("form[action$=leave]").submit(follow=True).h1 == "You have left your page"
    assert thief.get("self_service.show", expect=404).h1 == CLOSED


def test_leaving_ends_a_copy_from_before_the_link_was_opened_again(pages, link, thief):
    clock.freeze(NOW + 10 * MINUTE)
    pages.get(link, follow=True)
    pages.get("self_service.show").form("form[action$=leave]").submit()
    assert thief.get("self_service.show", expect=404).h1 == CLOSED


def test_the_link_opens_the_page_again_after_a_copy_of_the_cookie_has_left_it(pages, link, thief):
    thief.get("self_service.show").form("form[action$=leave]").submit()
    assert pages.get("self_service.show", expect=404).h1 == CLOSED
    assert pages.get(link, follow=True).h1 == "You have a place"


@pytest.mark.parametrize(
    "found",
    ["text", {}, {"link": "x"}, {"link": None, "number": 1, "began": "x", "seen": []}],
    ids=["text", "empty", "part", "other kinds"],
)
@pytest.mark.parametrize("key", [own_sign_in.KEY, "registration"])
def test_a_session_of_another_version_is_no_sign_in(pages, link, key, found):
    page = pages.get("self_service.show")
    with pages.client.session_transaction() as session:
        session.pop(own_sign_in.KEY)
        session[key] = found
    assert pages.get("self_service.show", expect=404).h1 == CLOSED
    assert page.form("form[action$=leave]").submit(follow=True).h1 == "You have left your page"
    assert pages.get(link, follow=True).h1 == "You have a place"


def test_an_older_version_finds_nothing_that_it_cannot_read(pages, link):
    """The session has no key "registration": versions up to 3f21a7d fail there on any value that is not a text."""
    with pages.client.session_transaction() as session:
        assert "registration" not in session


def test_leaving_in_one_browser_leaves_the_other_signed_in(app, pages, link):
    at_home = Pages(app)
    at_home.get(link, follow=True)
    pages.get("self_service.show").form("form[action$=leave]").submit()
    assert at_home.get("self_service.show").h1 == "You have a place"


def test_leaving_twice_or_too_late_is_leaving(pages, link):
    page = pages.get("self_service.show")
    for _turn in range(2):
        assert page.form("form[action$=leave]").submit(follow=True).h1 == "You have left your page"
    pages.get(link, follow=True)
    page = pages.get("self_service.show")
    clock.freeze(NOW + HOUR)
    assert page.form("form[action$=leave]").submit(follow=True).h1 == "You have left your page"


@pytest.mark.parametrize("endpoint", ["self_service.change", "self_service.protected_identity"])
def test_what_was_typed_is_kept_when_the_page_has_closed_meanwhile(pages, link, endpoint):
    answers = {"change": {"given_name": "Siv"}, "protected_identity": {"is_protected": "yes"}}
    typed = answers[endpoint.partition(".")[2]]
    page = pages.get(endpoint)
    clock.freeze(NOW + 31 * MINUTE)
    again = page.submit(typed, expect=404)
    assert "Open your personal link in another tab" in again.flashes[0]
    pages.get(link, follow=True)
    assert again.submit(typed, follow=True).h1 == "You have a place"


def test_what_says_that_somebody_left_is_forgotten_when_the_sign_in_would_have_ended(pages, link, database):
    pages.get("self_service.show").form("form[action$=leave]").submit()
    for now, left in ((NOW + 12 * HOUR - SECOND, 1), (NOW + 12 * HOUR, 0)):
        write(expiry.forget_ended, now=now)
        assert database.query(EndedSignIn).count() == left


def announced(page) -> str:
    """Return the sentence that says when the page closes, with the text of its link."""
    return " ".join(page.all(".page-end"))


def test_each_page_says_when_it_closes_and_how_it_stays_open(pages, link):
    """The sentence stands on every own page, without any script; opening a page in a new tab puts the end off."""
    sentence = "This page closes in this browser on 3 May 2027 at {}, unless you open a page here before."
    for endpoint in ("self_service.show", "self_service.change", "self_service.care", "own_requests.erasure"):
        page = pages.get(endpoint)
        assert announced(page) == f"{sentence.format('14:30 (CEST)')} Keep it open longer (new tab)", endpoint
    clock.freeze(NOW + 20 * MINUTE)
    keep = page.soup.select_one(".page-end a")
    assert (keep["href"], keep["target"]) == ("/en/r/", "_blank")
    assert announced(pages.get(keep["href"])).startswith(sentence.format("14:50 (CEST)"))
    clock.freeze(NOW + 49 * MINUTE)
    assert pages.get("self_service.change").status == 200


def test_the_last_half_hour_says_that_the_link_has_to_be_opened_again(pages, link):
    for turn in range(1, 36):
        clock.freeze(NOW + turn * 20 * MINUTE)
        page = pages.get("self_service.show")
    told = "This page closes in this browser on 4 May 2027 at 02:00 (CEST). Then open the link in our message again."
    assert announced(page) == told
    assert page.soup.select(".page-end a") == []


def test_the_swedish_page_says_when_it_closes(pages, link):
    page = pages.get("/sv/r/")
    assert announced(page).startswith(
        "Den här sidan stängs i den här webbläsaren den 3 maj 2027 kl. 14.30 (CEST)"
    )


def test_no_other_page_says_that_it_closes(pages, link):
    """No end is announced on a page for everybody, on the page after signing out, or once the sign-in has ended."""
    left = pages.get("self_service.show").form("form[action$=leave]").submit(follow=True)
    for page in (left, pages.get("home.front"), pages.get("self_service.show", expect=404)):
        assert page.soup.select(".page-end, [data-sign-in-end]") == []


def time_left(pages, expect: int = 200, ask: str = "/en/r/time-left") -> dict[str, int]:
    """Ask how long the page stays open, as the page's script does; return the answer."""
    answer = pages.client.get(ask)
    assert answer.status_code == expect
    return answer.json


def test_a_page_hears_that_it_has_closed_when_somebody_elses_link_was_opened(pages, link):
    """Two links in one browser: the later one's page stays open, and the earlier one's script is told 404."""
    asks = []
    for address in (link, newest_mail(confirmed(find_current()), "confirmed").address):
        page = pages.get(address.removeprefix("http://127.0.0.1:8000"), follow=True)
        asks.append(page.soup.select_one("[data-sign-in-end]")["data-ask"])
    time_left(pages, expect=404, ask=asks[0])
    assert time_left(pages, ask=asks[1])["seconds"] == 1800
    pages.get(link, follow=True)
    assert time_left(pages, ask=asks[0])["seconds"] == 1800


def test_a_page_closes_when_its_link_stops_working(pages, link):
    """The page names the end of its link, and does not tell the person to open that link again."""
    manage = RegistrationToken.purpose == TokenPurpose.MANAGE
    write(db.session.execute, update(RegistrationToken).where(manage).values(expires_at=NOW + 20 * MINUTE))
    page = pages.get("self_service.show")
    assert announced(page) == "This page closes on 3 May 2027 at 14:20 (CEST), when your link stops working."
    assert page.soup.select_one("[data-sign-in-end]")["data-seconds"] == "1200"
    clock.freeze(NOW + 21 * MINUTE)
    assert announced(pages.get("self_service.show", expect=404)) == ""


def test_an_error_page_and_a_used_link_do_not_say_that_they_close(pages, link, database):
    """Such a page does not announce the end of the own page open in the browser, even if the event is hidden."""
    assert announced(pages.get("/en/r/files/unknown", expect=404)) == ""
    named = confirmed(find_current())
    write(substituting.ask, named, "kim@example.org", now=NOW)
    used = f"/en/r/instead/{newest_mail(named, 'substitute-asked').token}"
    pages.client.delete_cookie("forum")
    pages.get(used).submit(
        {"given_name": "Kim", "family_name": "Ek", "title": "Jurist", "country": "SE", "language": "en"},
        expect=303,
    )
    pages.get(link, follow=True)
    assert announced(pages.get(used, expect=404)) == ""
    write(publishing.unpublish, find_current(), actor="command", now=NOW)
    assert announced(pages.get(used, expect=404)) == ""


def test_asking_how_long_the_page_stays_open_puts_its_end_off(pages, link):
    """The script's question counts as opening a page; once the page has closed, it is a 404."""
    page = pages.get("self_service.show")
    frame = page.soup.select_one("[data-sign-in-end]")
    ask, _, of = frame["data-ask"].partition("?of=")
    assert (frame["data-seconds"], frame["data-longest"], ask) == ("1800", "43200", "/en/r/time-left")
    assert frame["data-channel"] == f"self_service {of}"
    clock.freeze(NOW + 29 * MINUTE)
    assert time_left(pages) == {"seconds": 1800, "longest": 43200 - 29 * 60}
    clock.freeze(NOW + 58 * MINUTE)
    assert pages.get("self_service.show").h1 == "You have a place"
    clock.freeze(NOW + 88 * MINUTE)
    time_left(pages, expect=404)
