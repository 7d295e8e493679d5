"""By keyboard an organiser sends a message to a sector, stops, corrects or plans it; a reader refuses messages.

A planned message leaves on its day.
"""

import re
from collections.abc import Iterator
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_date
from playwright.sync_api import Page, expect
from sqlalchemy import select

from forum import clock
from forum.accounts.enums import Role
from forum.accounts.models import User
from forum.database import start_write
from forum.extensions import db
from forum.mailings.models import Mailing, MailRefusal
from tests.browser.hands import Keys
from tests.browser.visitor import follow
from tests.factories.events import make_event
from tests.factories.own_words import make_draft
from tests.factories.registrations import confirmed
from tests.mailings.test_reminders import work
from tools.organisers import PASSWORD, code_of, make_user
from tools.running import Running, run_forum, wait_for

pytestmark = pytest.mark.slow
SUBJECT = "Choose your group"
ZONE = ZoneInfo("Europe/Stockholm")


@pytest.fixture
def forum(app, database, settings, tmp_path) -> Iterator[Running]:
    """Run a forum with its worker on the test's database."""
    own = {name: settings[name] for name in ("SECRET_KEY", "DATA_KEYS")}
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    with run_forum("run", tmp_path, **own, DATABASE_URL=url, DEMO=0) as running:
        yield running


def test_an_organiser_writes_to_one_sector_and_a_stakeholder_refuses(app, database, request, chromium):
    event = make_event()
    reader = confirmed(event, "ngo", given_name="Åsa", email="asa@example.org")
    confirmed(event, "justice", email="other@example.org")
    user = make_user(Role.ORGANISER, event)
    forum: Running = request.getfixturevalue("forum")
    page = chromium.new_context(locale="en").new_page()
    hands = Keys(page)

    def press(name: str) -> None:
        hands.press(page.get_by_role("button", name=name).last)

    def fill(name: str, text: str) -> None:
        hands.fill(page.locator(f"[name={name}]"), text)

    page.goto(f"{forum.url}/console/{event.slug}/attendees?sector=ngo")
    fill("email", user.email)
    fill("password", PASSWORD)
    hands.press(page.locator("main button.button").last)
    fill("code", code_of(user))
    hands.press(page.locator("main button.button").last)
    hands.press(page.locator("[aria-labelledby=many-all] a", has_text="Write …"))
    hands.tick(page.get_by_label("Practical information about the event"))
    for code, words in (("sv", "Hej {given name}"), ("en", "Dear {given nam}")):
        fill(f"subjects-{code}", SUBJECT)
        fill(f"words-{code}", words)
    press("Save the draft")
    expect(page.locator("main .error").first).to_contain_text("{given nam} is no placeholder")
    fill("words-en", "Deer {given name}")
    press("Save the draft")
    expect(page.locator(".mail-words").first).to_contain_text("Deer Åsa")
    hands.press(page.get_by_role("link", name="Send to 1 person…"))
    press("Send to 1 person")
    press("Stop it")
    fill("words-en", "Dear {given name}")
    press("Save and show")
    hands.press(page.get_by_role("link", name="Send to 1 person…"))
    press("Send to 1 person")
    expect(page.locator("main")).to_contain_text("Nothing has left yet")
    _begin_now()

    mail = forum.wait_for_mail(reader.email, SUBJECT)
    assert "Dear Åsa" in mail.get_body(("plain",)).get_content()
    page.reload()
    wait_for(lambda: page.reload() and "Sent" in page.locator("td[data-label=Result]").inner_text(), forum)
    assert SUBJECT not in {one["Subject"] for one in forum.mails_to("other@example.org")}
    link = re.search(r"/en/r/messages/\S+", mail["List-Unsubscribe"].strip("<>"))[0]
    person = chromium.new_context(locale="en").new_page()
    person.goto(f"{forum.url}{link}")
    follow(person.get_by_role("button", name="No more messages of any kind"))
    expect(person.locator("h1")).to_have_text("You get no more of these messages")
    assert person.context.cookies() == []
    db.session.rollback()
    assert len(db.session.scalars(select(MailRefusal)).all()) == 1


def test_an_organiser_plans_a_reminder_by_keyboard_takes_it_off_and_sees_one_leave(
    app, database, request, chromium
):
    # The forum's own worker has the real clock: the event has to be in the future, whenever this test runs.
    starts_at = (clock.now() + timedelta(days=90)).astimezone(ZONE).replace(hour=9, minute=0)
    day, leaves_at = timedelta(days=1), starts_at - timedelta(days=3)
    moments = {"opens_at": clock.now() - day, "closes_at": starts_at - 9 * day, "release_at": None}
    event = make_event(starts_at=starts_at, ends_at=starts_at + day, **moments)
    reader, other = (confirmed(event, sector, now=clock.now()) for sector in ("ngo", "justice"))
    draft, user = make_draft(event, {"sector": ["ngo"]}), make_user(Role.ORGANISER, event)
    forum: Running = request.getfixturevalue("forum")
    page = chromium.new_context(locale="en").new_page()
    hands = Keys(page)
    page.goto(f"{forum.url}/console/{event.slug}/mailings/{draft.id}/text")
    _sign_in(page, user)
    _plan(page, hands)
    expect(page.locator("td[data-label=Day]")).to_contain_text(
        format_date(leaves_at, "d MMMM y", locale="en")
    )
    expect(page.locator("tbody th")).to_contain_text("3 days before the forum, at 09:00")
    expect(page.locator("td.num")).to_have_text("1")
    hands.press(page.locator("tbody th a"))
    hands.press(page.get_by_role("button", name="Take it out of the plan"))
    expect(page.locator("main")).to_contain_text("Taken out of the plan. It is a draft again")
    page.goto(f"{forum.url}/console/{event.slug}/reminders")
    expect(page.locator("main")).to_contain_text("No reminder is planned")
    page.goto(f"{forum.url}/console/{event.slug}/mailings/{draft.id}/text")
    _plan(page, hands)
    # By the real clock the day lies ahead, so that the forum's own worker only sends the mail that is made here.
    request.addfinalizer(lambda: clock.freeze(None))
    work(leaves_at.astimezone(UTC))
    assert "Dear" in forum.wait_for_mail(reader.email, SUBJECT).get_body(("plain",)).get_content()
    hands.press(page.locator("tbody th a"))
    wait_for(lambda: page.reload() and "Sent" in page.locator("td[data-label=Result]").inner_text(), forum)
    assert SUBJECT not in {one["Subject"] for one in forum.mails_to(other.email)}


def _plan(page: Page, hands: Keys) -> None:
    """Plan the draft that the page shows for three days before the event, by keyboard."""
    hands.press(page.get_by_role("link", name="Plan it as a reminder…"))
    hands.fill(page.locator("[name=days]"), "3")
    hands.choose(page.locator("[name=hour]"), "9:00")
    hands.press(page.get_by_role("button", name="Plan it"))
    expect(page.locator("h1")).to_have_text("Reminders")


def _sign_in(page: Page, user: User) -> None:
    """Sign in with both factors on the page that asks for it."""
    page.locator("[name=email]").fill(user.email)
    page.locator("[name=password]").fill(PASSWORD)
    follow(page.locator("main button.button").last)
    page.locator("[name=code]").fill(code_of(user))
    follow(page.locator("main button.button").last)


def _begin_now() -> None:
    """Start sending now, without the minute in which the organiser can still stop a message."""
    start_write(db.session)
    db.session.scalars(select(Mailing)).one().begins_at = clock.now()
    db.session.commit()
