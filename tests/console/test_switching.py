"""Switching between events, and the page of all events (S13)."""

from datetime import timedelta

import pytest

from forum.accounts.enums import Role
from forum.accounts.models import Membership, User
from forum.database import start_write
from forum.extensions import db
from tests.factories.events import NOW, make_event
from tests.factories.registrations import register


def choices(page):
    """Return the URLs of the links by which the page offers to switch events."""
    return [a["href"] for a in page.soup.select(".console-choices li a")]


@pytest.fixture
def later(database):
    return make_event(
        slug="nf29", is_current=False, ends_at=NOW + timedelta(days=900), starts_at=NOW + timedelta(days=899)
    )


def give(role, event):
    """Give the only organiser another role."""
    start_write(db.session)
    user = db.session.scalars(db.select(User)).one()
    db.session.add(Membership(user_id=user.id, event_id=event.id, role=role))
    db.session.commit()


def test_switching_keeps_to_the_kind_of_page_that_the_role_may_open_there(sign_in_as, event, archive, later):
    organiser = sign_in_as(Role.ORGANISER, event)
    assert choices(organiser.get("/console/nf27/mail")) == []
    give(Role.EDITOR, later)
    assert choices(organiser.get("/console/nf27/mail")) == [
        "/console/nf29/news",
        "/console/nf27/mail",
    ]
    give(Role.ORGANISER, archive)
    page = organiser.get("/console/nf27/registrations/ZZZZ-ZZZZ", expect=404)
    assert "/console/nf29/news" in choices(page)
    page = organiser.get("/console/nf27/mail?status=failed")
    assert choices(page) == ["/console/nf29/news", "/console/nf27/mail", "/console/nf16/mail"]
    assert page.all(".console-choices [aria-current]") == [
        page.soup.select(".console-choices a")[1].get_text(" ", strip=True)
    ]
    assert page.all("#past-events") == ["Past events"]
    assert page.soup.select(".console-all-events") == []


def test_number_of_queries_is_the_same_for_two_and_for_ten_events(sign_in_as, event, later):
    admin = sign_in_as(Role.ADMIN)
    paths = ("/console/events", "/console/nf27/mail", "/console/nf27/settings/sectors")
    two = [len(admin.get(path).statements) for path in paths]
    for number in range(8):
        make_event(slug=f"other{number}", is_current=False)
    assert ([len(admin.get(path).statements) for path in paths], two[0] <= 8) == (two, True)
    assert len(choices(admin.get("/console/events"))) == 10


def test_admins_of_all_events_begin_with_the_events_if_several_lie_ahead(sign_in_as, event, archive, later):
    register(event, "ngo")
    admin = sign_in_as(Role.ADMIN)
    page = admin.get("/console/", follow=True)
    assert page.path == "/console/events"
    rows = [
        [cell.get_text(" ", strip=True) for cell in row.select("th a, td")]
        for row in page.soup.select("tbody tr")
    ]
    assert [row[1:] for row in rows] == [
        [f"1 of {event.capacity}", "0", "–", "Open"],
        [f"0 of {later.capacity}", "0", "–", "Open"],
        [f"0 of {archive.capacity}", "0", "–", "Archived"],
    ]
    assert [a["href"] for a in page.soup.select("tbody th a")] == [
        *("/console/nf27/", "/console/nf29/", "/console/nf16/")
    ]
    for role, of in ((Role.ADMIN, event), (Role.ORGANISER, None)):
        sign_in_as(role, of).get("/console/events", expect=404)
