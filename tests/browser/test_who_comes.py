"""Two whole stories in browsers: an invited person accepts; a reviewed person is replaced by a substitute.

Each runs in several browsers, in Swedish by mouse and in English by keyboard alone, with the mails that people get.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from forum.events.enums import SectorPolicy
from tests.browser.conftest import link_in
from tests.browser.hands import Hands, Keys, Mouse
from tests.factories.events import NOW, make_event, make_page, make_sector
from tools.running import Running

pytestmark = pytest.mark.slow
WORDS = {
    "sv": {
        "country": "Sverige",
        "invited": "En inbjudan till dig",
        "confirm": "Bekräfta din adress",
        "approved": "Din anmälan är godkänd",
        "asked": "Du får frågan om du kan komma i stället för en kollega",
        "place": "Du har en plats",
        "review": "Din anmälan granskas",
        "replaced": "Någon annan kommer i stället för dig",
        "delegation": "Bekräfta anmälan av flera personer",
        "sent": "Öppna kontaktpersonens e-post",
        "several": "Din delegation",
    },
    "en": {
        "country": "Sweden",
        "invited": "An invitation for you",
        "confirm": "Confirm your address",
        "approved": "Your registration is approved",
        "asked": "You are asked to come instead of a colleague",
        "place": "You have a place",
        "review": "Your registration is being reviewed",
        "replaced": "Somebody else comes instead of you",
        "delegation": "Confirm the registration of several people",
        "sent": "Check the contact’s e-mail",
        "several": "Your delegation",
    },
}


@dataclass
class Somebody:
    """A person with a browser of their own."""

    hands: Hands
    forum: Running
    say: dict[str, str]

    @property
    def page(self) -> Page:
        return self.hands.page

    def open(self, path: str) -> None:
        """Open a URL, as from a bookmark or a mail."""
        self.page.goto(path if path.startswith("http") else f"{self.forum.url}{path}")

    def field(self, name: str) -> Locator:
        """Return the field of this name in the page's form."""
        return self.page.locator(f"main [name='{name}']:not([type=hidden])")

    def fill(self, **values: str) -> None:
        """Fill in fields by their names."""
        for name, value in values.items():
            self.hands.fill(self.field(name), value)

    def tick(self, name: str, value: str) -> None:
        """Choose a value in a group of radio buttons."""
        self.hands.tick(self.page.locator(f"main [name='{name}'][value='{value}']"))

    def press(self, selector: str) -> None:
        """Press the first button or follow the first link that the selector finds."""
        self.hands.press(self.page.locator(selector).first)

    def submit(self) -> None:
        """Press the last button of the page's form."""
        self.hands.press(self.page.locator("main form:not([role=search]) button.button").last)

    def expect_heading(self, words: str) -> None:
        """Wait until the page has this heading."""
        expect(self.page.locator("h1")).to_have_text(words)

    def follow_mail(self, address: str, subject: str) -> None:
        """Open the link of a mail, and press the first button of its page."""
        self.open(link_in(self.forum.wait_for_mail(address, subject)))
        self.press("main form button")


@pytest.fixture
def forum(database, start_forum) -> Running:
    """Start a forum with a reviewed sector and one that takes people by invitation only."""
    event = make_event(
        opens_at=NOW.replace(year=2020),
        starts_at=NOW.replace(year=2099),
        ends_at=NOW.replace(year=2099, month=6),
        closes_at=NOW.replace(year=2098),
        sectors=[
            make_sector("justice", ceiling=9, policy=SectorPolicy.REVIEW),
            make_sector("politics", ceiling=9, position=2, policy=SectorPolicy.INVITATION),
            make_sector("ngo", ceiling=9, position=3),
        ],
    )
    make_page(event, "practical"), make_page(event, "privacy")
    database.rollback()
    return start_forum()


@pytest.fixture
def sit_down(forum, new_context, hands, language) -> Callable[[], Somebody]:
    """Return a function that gives another person a browser."""
    return lambda: Somebody(hands(new_context(locale=language).new_page()), forum, WORDS[language])


@pytest.mark.parametrize(("hands", "language"), [(Mouse, "sv"), (Keys, "en")], ids=["mouse-sv", "keys-en"])
def test_who_comes(forum, sit_down, language):
    organiser, guest, person, colleague = (sit_down() for _ in range(4))
    organiser.open(forum.console_link())
    organiser.press("main form button")

    invite(organiser, language, "kim@example.org")
    say_yes(guest, "kim@example.org")

    register(person, language, "asa@example.org")
    approve(organiser)
    person.open(link_in(forum.wait_for_mail("asa@example.org", person.say["approved"])))
    person.press("main form button")
    person.expect_heading(person.say["place"])

    name_a_colleague(person, "bo@example.org")
    take_over(colleague, "bo@example.org")
    approve(organiser)
    organiser.open("/console/nf27/attendees")
    expect(organiser.page.locator("main table")).to_contain_text("Berg")
    expect(organiser.page.locator("main table")).to_contain_text("Andersen")
    forum.wait_for_mail("asa@example.org", person.say["replaced"])


@pytest.mark.parametrize(("hands", "language"), [(Mouse, "sv"), (Keys, "en")], ids=["mouse-sv", "keys-en"])
def test_a_contact_registers_two_people_and_lets_another_one_come(sit_down, language):
    contact, person = sit_down(), sit_down()
    contact.open(f"/{language}/register/ngo")
    contact.press("a[href$='/ngo/delegation']")
    contact.fill(given_name="Anna", family_name="Berg", email="anna@example.org", organisation="Exempelbyrån")
    contact.hands.choose(contact.field("country"), contact.say["country"])
    contact.fill(**{"people-0-given_name": "Bo", "people-0-family_name": "Ek"})
    contact.fill(**{"people-1-given_name": "Cia", "people-1-email": "cia@example.org"})
    contact.tick("choice", "fit")
    contact.submit()
    contact.expect_heading(contact.say["sent"])
    contact.follow_mail("anna@example.org", contact.say["delegation"])
    contact.expect_heading(contact.say["several"])

    person.follow_mail("cia@example.org", person.say["confirm"])
    person.expect_heading(person.say["place"])

    contact.press("main ol a[href$='/instead']")
    contact.fill(given_name="Dan", family_name="Falk")
    contact.press("main form button[type=submit], main form button.button")
    contact.expect_heading(contact.say["several"])
    expect(contact.page.locator("main ol")).to_contain_text("Dan Falk")
    expect(contact.page.locator("main ol")).not_to_contain_text("Bo Ek")


def invite(organiser: Somebody, language: str, address: str) -> None:
    organiser.open("/console/nf27/invitations/")
    organiser.press("a[href$='/invitations/new']")
    organiser.fill(given_name="Kim", family_name="Andersen", email=address, words="Hej / Hello.")
    organiser.fill(organisation="Exempelpartiet")
    organiser.tick("language", language)
    organiser.tick("sector", "politics")
    organiser.submit()
    expect(organiser.page.locator("main table")).to_contain_text(address)


def say_yes(guest: Somebody, address: str) -> None:
    guest.follow_mail(address, guest.say["invited"])
    assert guest.field("family_name").input_value() == "Andersen"
    guest.hands.choose(guest.field("country"), guest.say["country"])
    guest.submit()
    guest.expect_heading(guest.say["place"])


def register(person: Somebody, language: str, address: str) -> None:
    person.open(f"/{language}/register/justice")
    person.fill(
        given_name="Åsa", family_name="Bergström", email=address, organisation="Exempelstads tingsrätt"
    )
    person.hands.choose(person.field("country"), person.say["country"])
    person.submit()
    person.submit()
    person.follow_mail(address, person.say["confirm"])
    person.expect_heading(person.say["review"])


def approve(organiser: Somebody) -> None:
    """Approve the only person of the queue, from the page that shows the evidence."""
    organiser.open("/console/nf27/review/")
    organiser.press(".review-name a")
    organiser.press("form[action$='/approval'] button.button")


def name_a_colleague(person: Somebody, address: str) -> None:
    person.press("a[href$='/r/substitute']")
    person.fill(email=address)
    person.submit()


def take_over(colleague: Somebody, address: str) -> None:
    colleague.open(link_in(colleague.forum.wait_for_mail(address, colleague.say["asked"])))
    colleague.fill(given_name="Bo", family_name="Berg")
    colleague.hands.choose(colleague.field("country"), colleague.say["country"])
    colleague.submit()
