"""A complete registration in a browser, in both languages: register, confirm, cancel; the next person gets an offer."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import link_in
from tests.browser.visitor import follow
from tests.factories.events import NOW, make_event, make_page, make_sector
from tests.factories.news import make_post
from tools.running import Running

WORDS = {
    "sv": {
        "news": "Nyheter",
        "register": "Anmäl dig",
        "sector": "Rättsväsende",
        "given": "Förnamn",
        "family": "Efternamn",
        "email": "E-postadress",
        "organisation": "Organisation",
        "country": "Land",
        "check": "Kontrollera dina svar",
        "send": "Anmäl dig",
        "received": "Öppna din e-post",
        "confirm_subject": "Bekräfta din adress",
        "confirm": "Bekräfta min adress",
        "place": "Du har en plats",
        "waiting": "Du står på väntelistan",
        "cancel": "Avboka din anmälan",
        "cancel_button": "Avboka min anmälan",
        "cancelled": "Din anmälan är avbokad",
        "offer_subject": "En plats är ledig för dig",
        "open": "Öppna min anmälan",
        "accept": "Tacka ja till platsen",
        "headline": "Rubriken",
    },
    "en": {
        "news": "News",
        "register": "Register",
        "sector": "Justice",
        "given": "Given name",
        "family": "Family name",
        "email": "E-mail address",
        "organisation": "Organisation",
        "country": "Country",
        "check": "Check your answers",
        "send": "Register",
        "received": "Check your e-mail",
        "confirm_subject": "Confirm your address",
        "confirm": "Confirm my address",
        "place": "You have a place",
        "waiting": "You are on the waiting list",
        "cancel": "Cancel your registration",
        "cancel_button": "Cancel my registration",
        "cancelled": "Your registration is cancelled",
        "offer_subject": "A place is free for you",
        "open": "Open my registration",
        "accept": "Accept the place",
        "headline": "The headline",
    },
}


@pytest.fixture
def forum(database, start_forum) -> Running:
    """Start a forum with one place for justice and open registration."""
    event = make_event(
        opens_at=NOW.replace(year=2020),
        starts_at=NOW.replace(year=2099),
        ends_at=NOW.replace(year=2099, month=6),
        closes_at=NOW.replace(year=2098),
        sectors=[make_sector("justice", ceiling=1)],
    )
    make_page(event, "practical"), make_page(event, "privacy")
    post = make_post(headline="The headline")
    next(text for text in post.texts if text.language == "sv").headline = "Rubriken"
    database.rollback()
    return start_forum()


@pytest.mark.parametrize("language", [pytest.param("sv", marks=pytest.mark.slow), "en"])
def test_the_whole_path(forum, new_context, language):
    say, visitor = WORDS[language], new_context(locale=language)
    page = visitor.new_page()
    page.goto(f"{forum.url}/")
    expect(page).to_have_url(f"{forum.url}/{language}/")
    read_a_post(page, say)

    register(page, say, "Åsa", "asa@example.org")
    confirm(page, forum, say, "asa@example.org")
    expect(page.locator("h1")).to_have_text(say["place"])

    other = new_context(locale=language).new_page()
    other.goto(f"{forum.url}/{language}/")
    register(other, say, "Björn", "bjorn@example.org")
    confirm(other, forum, say, "bjorn@example.org")
    expect(other.locator("h1")).to_have_text(say["waiting"])

    organiser = new_context(locale=language).new_page()
    names = attendees(organiser, forum)
    assert [name.split(",")[-1].strip() for name in names] == ["Björn", "Åsa"]  # in Swedish, Å comes after Z

    follow(page.get_by_role("link", name=say["cancel"]))
    follow(page.get_by_role("button", name=say["cancel_button"]))
    expect(page.locator("h1")).to_have_text(say["cancelled"])

    other.goto(link_in(forum.wait_for_mail("bjorn@example.org", say["offer_subject"])))
    follow(other.get_by_role("button", name=say["open"]))
    follow(other.get_by_role("button", name=say["accept"]))
    expect(other.locator("h1")).to_have_text(say["place"])


def read_a_post(page: Page, say: dict[str, str]) -> None:
    follow(page.get_by_role("navigation").get_by_role("link", name=say["news"], exact=True))
    follow(page.locator("main h2 a, main h3 a").first)
    expect(page.locator("main")).to_contain_text("Body of post")


def register(page: Page, say: dict[str, str], given: str, email: str) -> None:
    follow(page.get_by_role("navigation").get_by_role("link", name=say["register"], exact=True))
    follow(page.locator("main .sector-choice").get_by_role("link", name=say["sector"]))
    page.get_by_label(say["given"]).fill(given)
    page.get_by_label(say["family"]).fill("Bergström")
    page.get_by_label(say["email"]).fill(email)
    page.get_by_label(say["organisation"], exact=True).fill("Exempelstads tingsrätt")
    page.get_by_label(say["country"]).select_option("SE")
    follow(page.get_by_role("button", name=say["check"]))
    follow(page.locator("main").get_by_role("button", name=say["send"], exact=True))
    expect(page.locator("h1")).to_have_text(say["received"])


def confirm(page: Page, forum: Running, say: dict[str, str], email: str) -> None:
    page.goto(link_in(forum.wait_for_mail(email, say["confirm_subject"])))
    follow(page.get_by_role("button", name=say["confirm"]))


def attendees(page: Page, forum: Running) -> list[str]:
    """Open the console by a one-time link and return the names in the attendee list."""
    page.goto(forum.console_link())
    follow(page.locator("main").get_by_role("button"))
    page.goto(f"{forum.url}/console/nf27/attendees")
    return page.locator("main table tbody tr td:first-child a, main table tbody tr th a").all_inner_texts()
