"""Making an event: its first settings, its short name, its drafted texts."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from forum.audit import actions as audit
from forum.audit.models import AuditEntry
from forum.events import making, queries, slugs
from forum.events.days import list_days
from forum.events.drafts import list_blanks
from forum.events.enums import SectorTemplate
from forum.events.errors import EventExists, SlugRefused
from forum.events.making import Plan
from forum.events.models import Event
from forum.extensions import db
from tests.factories.events import NOW, make_event
from tests.factories.registrations import write

STOCKHOLM = ZoneInfo("Europe/Stockholm")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def make(**differing) -> Event:
    values = {
        "name": "Nordiskt forum",
        "language": "sv",
        "first_day": date(2027, 11, 16),
        "last_day": date(2027, 11, 17),
        "timezone": "Europe/Stockholm",
        "place": "Stockholm",
        "capacity": 250,
        "template": SectorTemplate.NORDIC,
        **differing,
    }
    return write(making.make_event, Plan(**values), actor="command", now=NOW)


def body(event: Event, slug: str, language: str = "en") -> str:
    (page,) = [page for page in queries.list_page_texts(event) if page.slug == slug]
    return page.body[language]


def test_first_event_is_the_current_one_and_not_public(database):
    event = make()
    assert (event.is_current, event.is_published, event.slug) == (True, False, "nordiskt-forum-2027")
    assert queries.find_current() is None
    assert [entry.action for entry in db.session.scalars(select(AuditEntry)).unique()] == ["event.made"]
    assert audit.verify() is None


def test_another_event_leaves_the_front_page_where_it_is(database):
    present = make_event()
    event = make(name="Nordiskt forum 2028", first_day=date(2028, 11, 16), last_day=date(2028, 11, 17))
    assert (event.is_current, present.is_current) == (False, True)


def test_days_are_whole_and_registration_is_proposed_before_them(database):
    event = make()
    assert [
        f"{moment.astimezone(STOCKHOLM):%Y-%m-%d %H:%M}"
        for moment in (event.starts_at, event.ends_at, event.opens_at, event.closes_at, event.release_at)
    ] == ["2027-11-16 00:00", "2027-11-18 00:00", "2027-06-02 09:00", "2027-10-31 23:59", "2027-10-01 00:00"]


@pytest.mark.parametrize("days", [-400, -1, 0, 1, 2, 17, 40, 3000])
def test_registration_closes_after_it_opens_whenever_the_event_is(database, days):
    first = (NOW + timedelta(days=days)).date()
    event = make(first_day=first, last_day=first)
    assert event.opens_at < event.closes_at
    assert event.release_at is None or event.opens_at < event.release_at < event.closes_at


@pytest.mark.parametrize("days", [40, 60, 76, 77, 78, 100, 150])
def test_floors_keep_places_for_half_of_the_time_of_registration(database, days):
    first = (NOW + timedelta(days=days)).date()
    event = make(first_day=first, last_day=first)
    assert event.opens_at + (event.closes_at - event.opens_at) / 2 <= event.release_at < event.closes_at


def test_event_on_one_day_has_no_hours_until_somebody_says_them(database):
    event = make(last_day=date(2027, 11, 16))
    assert [(day.date, day.starts) for day in list_days(event)] == [(date(2027, 11, 16), None)]


@pytest.mark.parametrize("template", SectorTemplate)
def test_first_texts_are_true_in_either_order_of_the_waiting_list(database, template):
    event = make(template=template)
    texts = [*event.sharing.values(), body(event, "practical"), body(event, "practical", "sv")]
    for said in ("waited longest", "väntat längst", "who wait, in the order", "som väntar, i den ordning"):
        assert not [text for text in texts if said in text]


@pytest.mark.parametrize("capacity", [1, 7, 99, 100, 250, 1001, 100_000])
@pytest.mark.parametrize("template", SectorTemplate)
def test_sectors_add_up_for_every_number_of_places(database, template, capacity):
    event = make(template=template, capacity=capacity)
    assert len(event.sectors) == {"nordic": 5, "open": 1, "blank": 0}[template]
    assert sum(sector.floor for sector in event.sectors) <= capacity
    assert template == SectorTemplate.BLANK or sum(sector.ceiling for sector in event.sectors) >= capacity


def test_five_sectors_of_250_places_are_those_of_the_forum(database):
    shares = {sector.key: (sector.floor, sector.ceiling) for sector in make().sectors}
    assert shares == {
        "politics": (45, 70),
        "justice": (50, 75),
        "tech": (45, 70),
        "ngo": (40, 45),
        "other": (15, 30),
    }


def test_standing_pages_are_there_in_both_languages_with_blanks(database):
    pages = queries.list_page_texts(make())
    assert [page.slug for page in pages] == ["practical", "privacy", "accessibility", "code-of-conduct"]
    for page in pages:
        assert set(page.title) == set(page.summary) == set(page.body) == {"sv", "en"}
        assert len(list_blanks(page.body["sv"])) == len(list_blanks(page.body["en"])) > 0
        assert "{contact}" not in str(page.body)


def test_what_is_known_is_filled_in_and_the_rest_is_a_blank(database):
    bare = body(make(), "privacy")
    assert bare.startswith("We ask")
    assert "[controller’s name], registration number" in bare
    event = make(
        name="Andra", organiser_name="Barn [i fokus]", contact_email="hej@example.org", timezone="Europe/Oslo"
    )
    filled = body(event, "privacy")
    assert "Barn \\[i fokus\\], registration number [controller’s" in filled
    assert "[hej@example.org](mailto:hej@example.org)" in filled
    assert "the Norwegian Data Protection Authority, [datatilsynet.no]" in filled
    assert "controller’s name" not in list_blanks(filled)


def test_blanks_are_told_from_links_and_pictures():
    text = "[a blank] [a link](/x) [named][1] ![picture](y) \\[escaped\\] [1]: /x\n[another, [in] it]"
    assert list_blanks(text) == ["a blank", "in"]


def test_the_same_event_is_not_made_twice(database):
    make()
    with pytest.raises(EventExists):
        make()
    db.session.rollback()
    assert make(first_day=date(2028, 11, 16), last_day=date(2028, 11, 17)).slug == "nordiskt-forum-2028"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Forum för Åsa & Þór – ÆØÅ", "forum-for-asa-thor-aeoa-2027"),
        ("Nordic Forum 2027", "nordic-forum-2027"),
        ("Nordiskt forum mot sexuell exploatering av barn", "nordiskt-forum-mot-sexuell-exploatering-2027"),
        ("会議", "forum-2027"),
        ("x" * 120, f"{'x' * 40}-2027"),
    ],
)
def test_short_name_is_made_by_nordic_rules(database, name, slug):
    assert slugs.free_slug(name, 2027) == slug


def test_short_name_that_is_taken_gets_a_number(database):
    make()
    assert slugs.free_slug("Nordiskt forum", 2027) == "nordiskt-forum-2027-2"


@pytest.mark.parametrize("slug", ["new", "styleguide", "NF27", "nf 27", "nf--27", "å", "x" * 61])
def test_short_name_that_no_address_can_have_is_refused(database, slug):
    with pytest.raises(SlugRefused):
        make(slug=slug)


def test_texts_are_drafted_in_the_languages_of_the_event_only(database):
    event = make(languages=("en",), language="en", organiser_name="A house")
    written = [event.name, event.lead, event.place, event.sharing, event.organiser_name]
    written += [page.body for page in queries.list_page_texts(event)]
    assert {code for text in written for code in text} == {"en"}
    assert (event.languages, len(event.pages)) == (["en"], 4)


@pytest.mark.parametrize("codes", [[], ["xx"]])
def test_event_without_a_language_that_the_site_has_is_refused(codes):
    with pytest.raises(ValueError, match="one or more of the languages"):
        Event(languages=codes)
