"""The organisers' page for making an event, and the link to it in the console of a site without events."""

import pytest

from forum.accounts.enums import Role
from forum.events import queries
from forum.events.models import Event
from forum.extensions import db
from tests.factories.events import make_event

FILLED = {
    "name": "Nordic Forum 2027",
    "first_day": "2027-11-16",
    "last_day": "2027-11-17",
    "place": "Stockholm",
    "capacity": "250",
}


@pytest.fixture
def admin(sign_in_as, database):
    return sign_in_as(Role.ADMIN)


def made() -> list[Event]:
    db.session.rollback()
    return queries.list_events()


def test_console_of_an_empty_site_leads_to_the_form(admin):
    page = admin.get("/console/", expect=303)
    assert page.location == "/console/new"
    page = admin.get("/console/new")
    assert (page.h1, page.all(".console-side nav li")) == ("Make your first event", ["First event"])
    assert page.follow("See the page").h1 == "A forum is being prepared"


def test_event_is_made_and_seen_by_its_organisers_only(admin, pages):
    page = admin.post("new_event.make", FILLED)
    assert page.location == "/console/nordic-forum-2027/"
    page = admin.get(page.location)
    assert (page.h1, page.flashes) == (
        "Before you publish",
        ["The event is made. Nobody but its organisers sees it until you publish it."],
    )
    (event,) = made()
    assert (event.name, event.is_published, len(event.sectors), len(event.pages)) == (
        {"en": "Nordic Forum 2027"},
        False,
        5,
        4,
    )
    for path in ("/en/pages/privacy", "/en/events/nordic-forum-2027/", "/en/event.ics", "/en/register"):
        pages.get(path, expect=404)
    assert pages.get("home.front").h1 == "A forum is being prepared"
    assert "nordic-forum" not in pages.get("/sitemap.xml").text


def test_name_is_in_the_language_of_the_organiser(sign_in_as, database):
    sign_in_as(Role.ADMIN, language="sv").post("new_event.make", {**FILLED, "name": "Nordiskt forum"})
    assert made()[0].name == {"sv": "Nordiskt forum"}


def test_what_is_missing_is_said_at_its_field(admin):
    page = admin.post("new_event.make", {}, expect=422)
    assert page.errors == {
        "name": "Enter the name",
        "first_day": "Enter the first day",
        "last_day": "Enter the last day",
        "place": "Enter the place",
        "capacity": "Enter how many places there are",
    }
    assert made() == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"last_day": "2027-11-15"}, "last_day"),
        ({"last_day": "2027-12-31"}, "last_day"),
        ({"first_day": "9999-12-31", "last_day": "9999-12-31"}, "first_day"),
        ({"first_day": "16 November"}, "first_day"),
        ({"capacity": "0"}, "capacity"),
        ({"capacity": "9" * 400}, "capacity"),
        ({"capacity": "many"}, "capacity"),
        ({"contact_email": "nobody"}, "contact_email"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_field(admin, wrong, field):
    page = admin.post("new_event.make", {**FILLED, **wrong}, expect=422)
    assert field in page.errors
    assert page.soup.select_one("[name=name]")["value"] == FILLED["name"]
    assert made() == []


def test_form_that_is_sent_twice_makes_one_event(admin):
    admin.post("new_event.make", FILLED)
    page = admin.post("new_event.make", FILLED, expect=422)
    assert page.errors == {"name": "There is an event with this name on these days already"}
    assert len(made()) == 1


def test_site_with_an_event_leads_to_the_form_from_its_overview(admin):
    make_event()
    page = admin.get("/console/nf27/").follow("New event")
    assert page.h1 == "New event"


@pytest.mark.parametrize("role", [Role.ORGANISER, Role.ADMIN])
def test_who_may_not_make_events_is_led_nowhere(sign_in_as, event, role):
    """Only admins of all events may make an event; nobody else finds a link to the page."""
    pages = sign_in_as(role, event)
    pages.get("/console/new", expect=404)
    assert "New event" not in pages.get("/console/nf27/").links


def test_organiser_without_an_event_reads_what_comes(sign_in_as, database):
    page = sign_in_as(Role.ORGANISER).get("/console/")
    assert page.all(".empty-title") == ["There is no event yet"]
    assert page.all(".console-side nav li") == []


def test_languages_of_the_site_are_chosen_and_the_checklist_asks_for_no_other(admin):
    page = admin.post("new_event.make", {**FILLED, "languages": ["sv"]}, follow=True, expect=200)
    assert made()[0].languages == ["sv"]
    assert made()[0].name == {"sv": "Nordic Forum 2027"}
    titles = [
        title for title in page.all(".check-title") if "Privacy notice" in title or "Integritet" in title
    ]
    assert len(titles) == 1
    assert "Swedish" in titles[0]


def test_site_without_a_language_is_refused(admin):
    page = admin.post("new_event.make", {**FILLED, "languages": []}, expect=422)
    assert page.errors == {"languages": "Choose at least one language"}
