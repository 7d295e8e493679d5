"""An organiser's first afternoon: from an empty site to a public forum with news, by mouse and by keyboard alone."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from forum import clock
from forum.accounts.enums import Role
from forum.accounts.models import User
from tests.browser.hands import Hands, Keys, Mouse
from tools.organisers import PASSWORD, code_of, make_user
from tools.running import Running, run_forum, wait_for

pytestmark = pytest.mark.slow

ZONE = ZoneInfo("Europe/Stockholm")
BLANK = re.compile(r"(?<![!\]\\])\[[^\[\]\n]+\](?![(\[:])")
STANDING_PAGES = ("practical", "privacy", "accessibility", "code-of-conduct")


@dataclass
class Afternoon:
    """An organiser at work in a running forum."""

    hands: Hands
    forum: Running
    user: User

    @property
    def page(self) -> Page:
        return self.hands.page

    def field(self, name: str) -> Locator:
        """Return a field of the page's form by its name."""
        return self.page.locator(f"main [name='{name}']:not([type=hidden])")

    def fill(self, **values: str) -> None:
        """Fill in fields by their names; "__" stands for the hyphen between a field's parts."""
        for name, value in values.items():
            self.hands.fill(self.field(name.replace("__", "-")), value)

    def press(self, selector: str) -> None:
        """Press the first button or follow the first link that the selector finds."""
        self.hands.press(self.page.locator(selector).first)

    def submit(self) -> None:
        """Press the last button of the page's form."""
        self.hands.press(self.page.locator("main form:not([role=search]) button.button").last)

    def open(self, path: str) -> None:
        """Open a page of the console by its address, as from a bookmark."""
        self.page.goto(f"{self.forum.url}{path}")

    def sign_in(self) -> None:
        self.open("/console/")
        self.fill(email=self.user.email, password=PASSWORD)
        self.submit()
        self.fill(code=code_of(self.user))
        self.submit()

    def make_event(self, first_day: str, last_day: str) -> None:
        self.fill(name="Nordic Forum", first_day=first_day, last_day=last_day)
        self.fill(place="Stockholm", capacity="250", organiser_name="Exempelorganisationen")
        self.fill(contact_email="forum@example.org")
        self.submit()
        expect(self.page).to_have_url(re.compile(r"/console/nordic-forum-\d{4}/$"))

    def set_sectors(self, event: str) -> None:
        self.open(f"/console/{event}/settings/sectors")
        self.press(f"a[href$='/{event}/settings/sectors/new']")
        self.fill(name__sv="Forskning", name__en="Research", floor="10", ceiling="40")
        self.submit()
        expect(self.page.locator("main")).to_contain_text(re.compile("Research|Forskning"))
        self.fill(capacity="260")
        self.press("main form button[value=save]")

    def fill_blanks(self, event: str) -> None:
        """Fill the blanks ("[…]") of the standing pages and the front page, and give the event its names and venue."""
        for slug in STANDING_PAGES:
            self.open(f"/console/{event}/pages/{slug}")
            self._fill_blanks_of_form()
        self.open(f"/console/{event}/settings/texts")
        self._fill_blanks_of_form()
        self.open(f"/console/{event}/settings/facts")
        for code, name in (("sv", "Nordiskt forum"), ("en", "Nordic Forum")):
            self.fill(
                **{f"name__{code}": name, f"short_name__{code}": "Forum", f"place__{code}": "Stockholm"}
            )
        self.submit()

    def _fill_blanks_of_form(self) -> None:
        for area in self.page.locator("main form textarea").all():
            text = area.input_value()
            if BLANK.search(text):
                self.hands.fill(area, BLANK.sub("Exempel", text))
        self.submit()

    def write_post(self, event: str) -> None:
        """Write a post in both languages and go on to the page that publishes it."""
        self.open(f"/console/{event}/news")
        self.press(f"a[href$='/{event}/news/new']")
        for code, headline in (("sv", "Anmälan är öppen"), ("en", "Registration is open")):
            self.fill(
                **{f"{code}__headline": headline, f"{code}__lead": "Lead.", f"{code}__body": "**Body.**"}
            )
        self.press("main form button[value=publish]")

    def plan(self) -> datetime:
        """Plan the post's publication on the event's clock and return the moment: 15 to 75 s from now.

        The form takes whole minutes and refuses a moment that has passed. The first minute to come may pass while
        the form is filled in.
        """
        moment = (clock.now() + timedelta(seconds=75)).replace(second=0, microsecond=0)
        local = moment.astimezone(ZONE)
        self.hands.tick(self.page.locator("[name=when][value=later]"))
        self.fill(day=local.date().isoformat(), hour=f"{local:%H:%M}")
        self.submit()
        expect(self.page).not_to_have_url(re.compile("/publication$"))
        return moment

    def publish_site(self, event: str) -> None:
        self.open(f"/console/{event}/")
        self.press(f"a[href$='/{event}/publication']")
        missing = self.page.locator("main li b").all_inner_texts()
        assert len(missing) == 1, "only the mail server, which whoever runs the forum sets"
        self.hands.tick(self.field("even_so"))
        self.hands.press(self.page.locator("main form:not([role=search]) button.button").first)

    def correct_post(self, event: str) -> None:
        self.open(f"/console/{event}/news")
        self.press("main table a")
        self.press("a[href$='/correction']")
        self.fill(sv="Dagen var fel.", en="The day was wrong.")
        self.submit()

    def set_days(self, event: str, *days: str) -> None:
        self.open(f"/console/{event}/settings/facts")
        self.fill(**{f"days__{number}__day": day for number, day in enumerate(days)})
        self.submit()

    def copy_event(self, event: str) -> None:
        self.open(f"/console/{event}/copy")
        self.submit()


@pytest.fixture
def app(make_app, request):
    """Give an app on the kind of database that the test names."""
    return make_app(request.getfixturevalue(request.param))


@pytest.fixture
def forum(app, database, settings, tmp_path) -> Iterator[Running]:
    """Run a forum without any event."""
    own = {name: settings[name] for name in ("SECRET_KEY", "DATA_KEYS")}
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    with run_forum("run", tmp_path, **own, DATABASE_URL=url, DEMO=0) as running:
        yield running


@pytest.mark.long
@pytest.mark.parametrize(
    ("app", "hands", "language"),
    [
        ("sqlite_url", Mouse, "sv"),
        pytest.param("postgres_url", Mouse, "en", marks=pytest.mark.postgresql),
        ("sqlite_url", Keys, "en"),
    ],
    indirect=["app"],
    ids=["sqlite-mouse-sv", "postgresql-mouse-en", "sqlite-keys-en"],
)
def test_first_afternoon(forum, chromium, hands: Callable[[Page], Hands], language):
    context = chromium.new_context(locale=language)
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
    year = clock.now().year + 1
    event = f"nordic-forum-{year}"
    user = make_user(Role.ADMIN, language=language[:2])
    organiser = Afternoon(hands(page), forum, user)

    organiser.sign_in()
    organiser.make_event(f"{year}-11-16", f"{year}-11-17")
    organiser.set_sectors(event)
    organiser.fill_blanks(event)
    assert "[" not in page.locator("main").inner_text()
    organiser.write_post(event)
    planned = organiser.plan()
    organiser.publish_site(event)
    assert "Nordiskt forum" in read(forum, "/sv/")
    assert "Nordic Forum" in read(forum, "/en/")
    organiser.set_days(event, f"{year}-11-15", f"{year}-11-16", f"{year}-11-17")
    wait_for(lambda: f"15–17 November {year}" in read(forum, "/en/"), forum)
    organiser.copy_event(event)
    expect(page).to_have_url(f"{forum.url}/console/nordic-forum-{year + 1}/")
    page.wait_for_timeout(max(0, (planned - clock.now()).total_seconds() * 1000))
    wait_for(lambda: "Registration is open" in read(forum, "/en/news/"), forum)
    assert "Anmälan är öppen" in read(forum, "/sv/news/")
    organiser.correct_post(event)
    wait_for(lambda: "The day was wrong." in read(forum, read_path(forum)), forum)
    assert complaints == []
    context.close()


def read(forum: Running, path: str) -> str:
    """Fetch a public page, as a visitor who is not signed in."""
    return forum.get(path)[1]


def read_path(forum: Running) -> str:
    """Return the path of the only post in English."""
    return re.search(r'href="[^"]*(/en/news/\d{4}/[^"]+)"', read(forum, "/en/news/"))[1]
