"""The settings of an event: facts, registration, organiser and texts, in the console."""

from datetime import UTC, date, datetime, time

import pytest

from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.columns import Text
from forum.database import start_write
from forum.events.enums import SectorTemplate
from forum.events.making import Plan
from forum.events.making import make_event as make_planned
from forum.events.models import Event
from forum.extensions import db
from tests.factories.events import HELP_LINES, NOW, ORGANISER, make_event
from tests.factories.registrations import confirmed, register, write
from tools.pages import Pages

SPRING = date(2028, 3, 26)  # summer time begins on this day: the clocks go from 2 to 3


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database: settings are saved under the event's lock, which differs between them."""
    return make_app(database_url)


def reread(event: Event) -> Event:
    """Return the event as it is stored now."""
    db.session.rollback()
    db.session.expire_all()
    return event


def acts(event: Event) -> list[tuple[str, dict]]:
    """Return the audit entries about the event itself."""
    entries = db.session.query(AuditEntry).filter_by(subject_type="events", subject_id=event.id)
    return [(entry.action, entry.details.payload) for entry in entries.order_by(AuditEntry.id)]


def test_facts_are_shown_and_saved_in_each_language(organiser, event):
    page = organiser.get("settings.facts", event="nf27")
    form = page.form()
    assert form.data["name-sv"] == ["Nordiskt forum för provning"]
    assert (form.data["days-0-day"], form.data["days-0-starts"]) == (["2027-11-16"], ["09:00"])
    page = form.submit({"name-en": "A new  name", "hashtag": "#NF28"}, follow=True)
    assert page.flashes == ["Saved."]
    event = reread(event)
    assert event.name == Text(sv="Nordiskt forum för provning", en="A new name")
    assert event.hashtag == "#NF28"
    assert acts(event) == [("event.changed", {"fields": ["name", "hashtag"]})]


def test_a_missing_language_is_pointed_out(organiser, event):
    page = organiser.get("settings.facts", event="nf27").submit({"name-en": ""}, follow=True)
    assert page.all(".texts-missing") == ["missing"]
    assert page.all(".settings-tabs [aria-current]") == ["Facts 1 missing"]
    assert reread(event).name == Text(sv="Nordiskt forum för provning")


def test_a_name_in_no_language_is_refused(organiser, event):
    page = organiser.post("settings.facts", {"name-sv": "", "name-en": " "}, event="nf27", expect=422)
    assert page.errors == {"name-sv": "Enter the event’s name"}
    assert acts(reread(event)) == []


def test_days_move_with_the_clock_of_the_venue(organiser, event):
    """An event that moves to another date keeps its hours by the venue's clock, also over a change of the clocks."""
    days = {"days-0-day": "2028-03-25", "days-1-day": "2028-03-26", "days-1-starts": "08:30"}
    organiser.post("settings.facts", {**days, "days-0-ends": "17:00"}, event="nf27")
    event = reread(event)
    assert event.starts_at == datetime(2028, 3, 25, 8, 0, tzinfo=UTC)
    assert event.ends_at == datetime(2028, 3, 26, 14, 30, tzinfo=UTC)
    assert event.nights == [{"ends": "17:00", "starts": "08:30"}]


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"days-1-day": "2027-11-18"}, "days-1-day", "The days have to follow each other"),
        ({"days-0-starts": ""}, "days-0-day", "Enter when the first day starts"),
        (
            {"days-1-starts": "17:00", "days-1-ends": "16:00"},
            "days-1-day",
            "The day has to end after it starts",
        ),
        ({"days-0-day": "x"}, "days-0-day", "Enter a date such as 2027-11-16"),
        ({"days-0-day": "0001-01-01"}, "days-0-day", "Enter a year from 1990 to 2199"),
        (
            {"days-0-day": "2028-03-25", "days-1-day": str(SPRING), "days-1-starts": "02:30"},
            "days-1-day",
            "This hour does not exist on that day",
        ),
    ],
)
def test_days_that_cannot_be_are_refused_at_their_row(organiser, event, typed, field, said):
    page = organiser.post("settings.facts", typed, event="nf27", expect=422)
    assert list(page.errors) == [field]
    assert said in page.errors[field]
    assert reread(event).starts_at == datetime(2027, 11, 16, 8, 0, tzinfo=UTC)


def test_a_change_of_days_says_how_many_calendar_entries_it_touches(organiser, event):
    confirmed(event, "ngo")
    register(event, "tech")
    before = reread(event).calendar_sequence
    page = organiser.get("settings.facts", event="nf27")
    assert "2 registered people may have the days in their calendars, at most 4 entries." in page.text
    page = page.submit({"place-en": "Uppsala"}, follow=True)
    assert page.flashes == [
        "Saved. The change concerns the calendar entries of 2 registered people, at most 4 entries."
        " Nobody has been written to yet."
    ]
    assert reread(event).calendar_sequence == before + 1


def test_another_organisers_change_is_compared_and_not_overwritten(organiser, event):
    page = organiser.get("settings.facts", event="nf27")
    start_write(db.session)
    event.name = Text(sv="Nordiskt forum för provning", en="Theirs")
    db.session.commit()
    page = page.submit({"name-en": "Mine", "hashtag": "#MINE"}, expect=409)
    assert page.all(".compared tbody tr") == ["Name: English Theirs Mine", "Hashtag #NF27 #MINE"]
    assert page.form().data["name-en"] == ["Mine"]
    assert reread(event).name["en"] == "Theirs"
    page.submit()
    assert (reread(event).name["en"], event.hashtag) == ("Mine", "#MINE")


def test_saving_nothing_new_records_nothing(organiser, event):
    page = organiser.post("settings.facts", {}, event="nf27", follow=True, expect=200)
    assert page.flashes == ["Nothing was different, so nothing was changed."]
    assert acts(reread(event)) == []


def test_rules_of_registration_are_saved_by_the_clock_of_the_venue(organiser, event):
    page = organiser.get("settings.registration", event="nf27")
    assert page.form().data["closes_at"] == ["2027-10-31T23:59"]
    values = {"closes_at": "2027-10-30T12:00", "release_at": "", "offer_hours": "24", "organisation_cap": "3"}
    page.submit({**values, "has_waiting_list": False})
    event = reread(event)
    assert event.closes_at == datetime(2027, 10, 30, 10, 0, tzinfo=UTC)
    assert (event.release_at, event.offer_hours, event.organisation_cap) == (None, 24, 3)
    assert not event.has_waiting_list


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"closes_at": "2027-01-01T00:00"}, "closes_at", "Registration has to close after it opens"),
        ({"opens_at": "2027-03-28T02:30"}, "opens_at", "This hour does not exist on that day"),
        ({"offer_hours": "0"}, "offer_hours", "Enter a number from 1 to 720"),
        ({"offer_hours": "9" * 400}, "offer_hours", "Enter a number from 1 to 720"),
        ({"offer_hours": "many"}, "offer_hours", "Enter a whole number, in digits"),
        ({"organisation_cap": "-1"}, "organisation_cap", "Enter a number from 1 to 100000"),
        ({"opens_at": ""}, "opens_at", "Enter when registration opens"),
    ],
)
def test_rules_that_cannot_be_are_refused(organiser, event, typed, field, said):
    page = organiser.post("settings.registration", typed, event="nf27", expect=422)
    assert list(page.errors) == [field]
    assert said in page.errors[field]
    assert acts(reread(event)) == []


def test_a_higher_cap_offers_places_at_once(organiser, event):
    start_write(db.session)
    event.organisation_cap = 1
    db.session.commit()
    confirmed(event, "ngo", organisation="Ours")
    assert confirmed(event, "ngo", organisation="Ours").status == "waiting"
    page = organiser.post(
        "settings.registration", {"organisation_cap": "2"}, event="nf27", follow=True, expect=200
    )
    assert page.flashes == ["Saved. 1 place has been offered to the next in line."]


def test_organiser_and_help_lines_are_saved(organiser, event):
    page = organiser.get("settings.organiser", event="nf27")
    page = page.submit(
        {
            "organiser_name-en": "The office",
            "postal_line": "Exempelgatan 12",
            "town": "Stockholm",
            "country": "SE",
            "organiser_phone": "+46 8 465 004 40",
            "organiser_url": "https://office.example/",
            "help_lines-0-country": "IS",
            "help_lines-0-children": "1717",
            "help_lines-0-report-en": "The hotline",
            "help_lines-0-url": "https://hotline.example/",
        },
        follow=True,
    )
    event = reread(event)
    assert event.organiser_address == {"street": "Exempelgatan 12", "town": "Stockholm", "country": "SE"}
    assert event.help_lines == [
        {
            "country": "IS",
            "children": "1717",
            "report": {"name": {"en": "The hotline"}, "url": "https://hotline.example/"},
        }
    ]
    # A help line whose fields are all emptied is removed.
    emptied = {name: "" for name in page.form().data if name.startswith("help_lines-0")}
    page.submit(emptied)
    assert reread(event).help_lines == []


def test_way_and_contacts_are_saved_and_filled_into_untouched_drafts(sign_in_as, database):
    days = {"first_day": date(2027, 11, 16), "last_day": date(2027, 11, 16), "timezone": "Europe/Stockholm"}
    told = {"name": "Forum", "language": "en", "place": "Stockholm", "capacity": 9, "organiser_name": "Us"}
    plan = Plan(**days, **told, template=SectorTemplate.OPEN, languages=("en",))
    event = write(make_planned, plan, actor="command", now=NOW)
    pages = sign_in_as(Role.ORGANISER, event)
    typed = {"contact_email": "ask@example.org", "map_url": "https://map.example/", "directions-en": "Walk."}
    page = pages.post("settings.facts", typed, event=event.slug, follow=True, expect=200)
    assert page.flashes == [
        "Saved. Filled into drafts that nobody has edited: Practical information, Privacy notice, Accessibility"
        " statement, Code of conduct."
    ]
    assert (reread(event).map_url, event.directions) == ("https://map.example/", {"en": "Walk."})
    contact = {
        "contacts-0-name": "Åsa",
        "contacts-0-role-en": "Coordinator",
        "contacts-0-contact_email": "a@example.org",
    }
    page = pages.post("settings.organiser", contact, event=event.slug, follow=True, expect=200)
    assert reread(event).contacts == [
        {"name": "Åsa", "role": {"en": "Coordinator"}, "email": "a@example.org"}
    ]
    page.submit(dict.fromkeys(contact, ""))
    assert reread(event).contacts == []
    practical = pages.get("pages.edit", event=event.slug, slug="practical").form().data["en-body"][0]
    assert "[ask@example.org](mailto:ask@example.org)" in practical
    assert "{{directions}}" in practical


@pytest.mark.parametrize(
    ("endpoint", "typed", "field"),
    [
        ("settings.facts", {"map_url": "mailto:a@example.org"}, "map_url"),
        ("settings.facts", {"map_url": "ftp://map.example/"}, "map_url"),
        ("settings.organiser", {"contacts-0-name": "Åsa"}, "contacts-0-contact_email"),
        ("settings.organiser", {"contacts-0-phone": "112"}, "contacts-0-name"),
        (
            "settings.organiser",
            {"contacts-0-name": "Åsa", "contacts-0-contact_email": "x"},
            "contacts-0-contact_email",
        ),
    ],
)
def test_a_map_or_contact_that_leads_nowhere_is_refused(organiser, event, endpoint, typed, field):
    page = organiser.post(endpoint, typed, event="nf27", expect=422)
    assert list(page.errors) == [field]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"organiser_url": "ftp://office.example"}, "organiser_url"),
        ({"help_lines-0-emergency": "112"}, "help_lines-0-country"),
        ({"help_lines-0-country": "SE", "help_lines-0-police": "call"}, "help_lines-0-police"),
        ({"help_lines-0-country": "SE", "help_lines-0-url": "https://a.example"}, "help_lines-0-report-sv"),
    ],
)
def test_help_lines_that_lead_nowhere_are_refused(organiser, event, typed, field):
    page = organiser.post("settings.organiser", typed, event="nf27", expect=422)
    assert list(page.errors) == [field]


def test_what_the_help_lines_do_not_show_is_kept(sign_in_as, database):
    event = make_event(help_lines=HELP_LINES, **ORGANISER)
    pages = sign_in_as(Role.ORGANISER, event)
    pages.post("settings.organiser", {"town": "Uppsala"}, event=event.slug)
    assert reread(event).help_lines == HELP_LINES
    assert event.organiser_address == {**ORGANISER["organiser_address"], "town": "Uppsala"}


def test_texts_of_the_front_page_are_saved(organiser, event):
    page = organiser.post(
        "settings.texts",
        {
            "lead-en": "A lead.",
            "sharing-en": "First  line\r\nof one.\r\n\r\n\r\n\r\nSecond.",
            "facts-0-label-en": "Cost",
            "facts-0-value-en": "Nothing.",
            "programme_points-0-day": "2",
            "programme_points-0-starts": "10:45",
            "programme_points-0-title-en": "A point",
        },
        event="nf27",
        follow=True,
        expect=200,
    )
    event = reread(event)
    assert event.sharing["en"] == "First  line\nof one.\n\n\n\nSecond."
    assert event.facts == [{"label": {"en": "Cost"}, "value": {"en": "Nothing."}}]
    assert event.programme_points == [{"title": {"en": "A point"}, "text": {}, "day": 2, "starts": "10:45"}]
    assert time(10, 45).isoformat("minutes") in page.form().data["programme_points-0-starts"]
    front = Pages(organiser.app).get("home.front")
    assert "A lead." in front.text
    assert "Second." in front.text


def test_a_text_that_is_too_long_is_refused_with_what_was_typed(organiser, event):
    page = organiser.post("settings.texts", {"lead-en": "x" * 301}, event="nf27", expect=422)
    assert page.errors == {"lead-en": "Use at most 300 characters"}
    assert page.form().data["lead-en"] == ["x" * 301]


def test_a_kept_front_page_shows_a_change_at_once(organiser, event):
    visitor = Pages(organiser.app)
    assert "Everybody around one table." in visitor.get("home.front").text
    organiser.post("settings.texts", {"lead-en": "Changed."}, event="nf27")
    assert "Changed." in visitor.get("home.front").text


def test_settings_of_another_event_are_not_there(organiser, archive):
    for part in ("facts", "registration", "sectors", "organiser", "texts"):
        organiser.get(f"settings.{part}", event=archive.slug, expect=404)
