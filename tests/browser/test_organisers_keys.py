"""An organiser chooses many people, tags them by a task and exports a list, by keyboard alone (A14)."""

import csv

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.people.models import RegistrationTag
from tests.browser.keyboard import Keyboard, is_focused
from tests.browser.sights import ORGANISER
from tests.browser.visitor import Visitor
from tests.browser.worlds import World

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def forum(change_world) -> World:
    return change_world("demo")


@pytest.fixture
def organiser(forum, new_visitor) -> Visitor:
    """Open the attendee list as an organiser, with nobody chosen."""
    visitor = new_visitor(forum, "en")
    visitor.sign_in(ORGANISER)
    visitor.open("attendees.index", event=forum.event, sector="ngo")
    return visitor


def work(forum: World, *names: str) -> None:
    """Let the worker run its jobs with these names once."""
    with forum.app.app_context():
        for job in JOBS:
            if job.name in names:
                run_job(job)


def tagged(forum: World, name: str) -> int:
    with forum.app.app_context():
        return db.session.scalar(
            select(func.count()).select_from(RegistrationTag).where(RegistrationTag.name == name)
        )


def test_three_people_are_chosen_with_x_and_tagged_and_the_task_is_followed_to_its_end(forum, organiser):
    page, keys = organiser.page, Keyboard(organiser.page)
    links = page.locator("#list .person-name a")
    names = [links.nth(number).inner_text() for number in (0, 1, 2)]
    for number in range(3):
        keys.press("j", "x")
        assert is_focused(links.nth(number))
    expect(page.locator("[data-chosen-said]")).to_have_text("3 chosen")
    act = page.get_by_role("button", name="Add a tag …")
    keys.go_to(act, key="Shift+Tab")
    keys.activate(act)

    expect(page.locator("main")).to_contain_text("3 people are chosen for it.")
    for name in names:
        expect(page.locator("main")).to_contain_text(name)
    keys.write("Tags", "by-keyboard")
    keys.activate(page.locator("main form button.button").first)

    progress = page.get_by_role("progressbar")
    expect(progress).to_have_attribute("value", "0")
    # Leave the page while the task goes on, and come back.
    keys.activate(page.get_by_role("link", name="To the attendees"))
    work(forum, "work off tasks")
    keys.go_to(page.get_by_role("link", name="Change all").first)
    keys.press("Enter")
    keys.activate(page.get_by_role("link", name="See the latest changes to many people"))
    keys.activate(page.locator("main tbody a").first)
    expect(progress).to_have_attribute("value", "3")
    work(forum, "end tasks")
    keys.activate(page.get_by_role("link", name="See how far it has come"))
    expect(page.locator("main dl")).to_contain_text("Done")
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    assert tagged(forum, "by-keyboard") == 3


def test_an_export_is_asked_for_waited_for_and_downloaded(forum, organiser):
    page, keys = organiser.page, Keyboard(organiser.page)
    keys.activate(page.get_by_role("link", name="Export", exact=True))
    for label in ("Another system that needs every column", "Our own office", "CSV file"):
        keys.pick(label)
    keys.tick("Prepare the file while I do something else")
    keys.activate(page.get_by_role("button", name="Get the list"))

    expect(page.get_by_role("progressbar")).to_have_attribute("value", "0")
    expect(page.get_by_role("button", name="Download")).to_have_count(0)
    work(forum, "make exports")
    keys.activate(page.get_by_role("link", name="See how far it has come"))
    download = page.get_by_role("button", name="Download")
    keys.go_to(download)
    with page.expect_download() as got:
        keys.press("Enter")
    text = got.value.path().read_text(encoding="utf-8-sig")
    heading, *people = csv.reader(text.splitlines(), delimiter=";")
    total = page.locator("main tbody td.num").first.inner_text()
    assert (len(people), len(heading) > 5) == (int(total), True)
