"""Copying an event to make another year's."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from forum.accounts.enums import Role
from forum.columns import Text
from forum.events import copying, queries
from forum.events.errors import EventExists
from forum.events.models import Event
from forum.extensions import db
from tests.factories.events import HELP_LINES, NOW, ORGANISER, make_event, make_page
from tests.factories.registrations import confirmed, write

HELSINKI = ZoneInfo("Europe/Helsinki")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def copy(event: Event, **differing) -> Event:
    given = {"first_day": date(2028, 11, 14), "name": "Forum 2028", "language": "en", **differing}
    return write(copying.copy_event, event, **given, actor="command", now=NOW)


def test_texts_sectors_and_pages_are_copied_and_nobody_with_them(database, frozen):
    event = make_event(help_lines=HELP_LINES, organisation_cap=3, **ORGANISER)
    make_page(event, "practical", body=Text(sv="Välkommen 2027", en="Welcome in 2027"))
    confirmed(event, "ngo")
    made = copy(event)
    assert (made.slug, made.is_current, made.is_published, made.taken) == ("nf28", False, False, 0)
    for column in ("lead", "sharing", "help_lines", "organiser_name", "organisation_cap", "capacity"):
        assert getattr(made, column) == getattr(event, column), column
    assert [(each.key, each.floor, each.ceiling, each.taken) for each in made.sectors] == [
        (each.key, each.floor, each.ceiling, 0) for each in event.sectors
    ]
    (page,) = queries.list_page_texts(made)
    assert (page.slug, page.body) == ("practical", {"sv": "Välkommen 2027", "en": "Welcome in 2027"})


def test_what_is_changed_in_the_copy_stays_as_it_is_in_the_other(database, frozen):
    event = make_event(help_lines=HELP_LINES)
    made = copy(event)
    made.help_lines[0]["police"] = "0"
    assert event.help_lines[0]["police"] == "114 14"


def test_moments_move_by_days_and_keep_their_hour_through_a_change_of_the_clocks(database, frozen):
    event = make_event(timezone="Europe/Helsinki", release_at=datetime(2027, 6, 1, 6, tzinfo=UTC))
    made = copy(event, first_day=date(2028, 6, 13))
    moved = made.starts_at, made.ends_at, made.release_at
    assert [f"{moment.astimezone(HELSINKI):%Y-%m-%d %H:%M}" for moment in moved] == [
        "2028-06-13 10:00",
        "2028-06-14 17:30",
        "2027-12-28 09:00",
    ]


def test_year_is_replaced_in_the_names(database, frozen):
    made = copy(make_event())
    assert (made.name, made.short_name, made.hashtag) == (
        {"sv": "Nordiskt forum för provning", "en": "Forum 2028"},
        {"sv": "Nordiskt forum 2028", "en": "Nordic Forum 2028"},
        "#NF28",
    )


@pytest.mark.parametrize(
    ("words", "moved"),
    [
        ("Forum 2027", "Forum 2028"),
        ("#NF27", "#NF28"),
        ("nf27", "nf28"),
        ("120275 and A270", "120275 and A270"),
        ("27 people", "27 people"),
    ],
)
def test_other_numbers_are_no_years(words, moved):
    assert copying.in_year(words, 2027, 2028) == moved


def test_leap_day_is_moved_to_the_day_before(database):
    assert copying.same_day(date(2028, 2, 29), 2029) == date(2029, 2, 28)


def test_copy_is_made_once(database, frozen):
    event = make_event()
    copy(event)
    with pytest.raises(EventExists):
        copy(event)


def test_admin_copies_an_event_and_its_checklist_names_the_earlier_year(sign_in_as, database):
    event = make_event()
    make_page(event, "practical", body=Text(sv="Välkommen.", en="In 2027 we meet, 16 November 2027."))
    admin = sign_in_as(Role.ADMIN)
    page = admin.get("/console/nf27/").follow("Copy this event for another year")
    assert page.soup.select_one("[name=first_day]")["value"] == "2028-11-16"
    page = page.form("main form").submit({"name": "Next forum"}, follow=True, expect=200)
    assert "Names the year 2027 2 times." in page.text
    db.session.rollback()
    assert queries.find_event("nf28").name["en"] == "Next forum"


def test_copy_keeps_the_page_with_what_is_wrong(sign_in_as, database):
    make_event()
    page = sign_in_as(Role.ADMIN).post("new_event.copy", {"first_day": ""}, event="nf27", expect=422)
    assert page.errors == {"first_day": "Enter the first day"}


def test_organiser_of_one_event_copies_none(sign_in_as, event):
    pages = sign_in_as(Role.ORGANISER, event)
    pages.get("new_event.copy", event="nf27", expect=404)
    assert "Copy this event for another year" not in pages.get("/console/nf27/").links
