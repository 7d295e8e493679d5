"""The calendar file of an event (M14, R19)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forum import clock
from forum.columns import Text
from forum.events.calendar import event_calendar
from forum.events.models import Event
from tests.factories.events import NOW, make_archive, make_event
from tests.factories.registrations import write

pytestmark = pytest.mark.usefixtures("frozen", "database")


NIGHT = {"ends": "17:00", "starts": "08:30"}


def entries_of(page) -> list[icalendar.Event]:
    """Return the entries of the calendar file, and assert that icalendar reports no error in them."""
    entries = icalendar.Calendar.from_ical(page.data).walk("VEVENT")
    assert [entry.errors for entry in entries] == [[]] * len(entries)
    return entries


def entry_of(page) -> icalendar.Event:
    """Return the only entry of the calendar file."""
    (entry,) = entries_of(page)
    return entry


def make_short_event(**differing):
    """Save an event of one day, from 9:00 to 16:30."""
    return make_event(**{"ends_at": datetime(2027, 11, 16, 15, 30, tzinfo=UTC), **differing})


def spans(page) -> list[tuple[str, str]]:
    """Return the start and end of each entry, as written in the calendar file."""
    return [
        tuple(entry[name].to_ical().decode() for name in ("DTSTART", "DTEND")) for entry in entries_of(page)
    ]


def test_calendar_is_published_and_names_nobody(pages):
    make_short_event()
    page = pages.get("events.calendar")
    calendar = icalendar.Calendar.from_ical(page.data)
    assert page.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert page.headers["Content-Disposition"] == 'attachment; filename="nf27.ics"'
    assert (calendar["METHOD"], calendar["VERSION"]) == ("PUBLISH", "2.0")
    assert not {"ATTENDEE", "ORGANIZER"} & set(entry_of(page))


def test_calendar_says_what_when_and_where(pages):
    make_short_event(
        name=Text(sv="Forum, Åland; \\ rad", en="Forum, Åland; \\ line"), place=Text(en="Stockholm")
    )
    entry = entry_of(pages.get("events.calendar"))
    assert (entry["SUMMARY"], entry["LOCATION"]) == ("Forum, Åland; \\ line", "Stockholm")
    assert entry["URL"] == "http://127.0.0.1:8000/en/"
    assert entry.start == datetime(2027, 11, 16, 9, 0, tzinfo=ZoneInfo("Europe/Stockholm"))
    assert entry.end == datetime(2027, 11, 16, 16, 30, tzinfo=ZoneInfo("Europe/Stockholm"))


def test_calendar_of_an_earlier_event_leads_to_its_pages(pages):
    make_archive()
    links = {str(entry["URL"]) for entry in entries_of(pages.get("/sv/events/nf16/event.ics"))}
    assert links == {"http://127.0.0.1:8000/sv/events/nf16/"}


def test_each_day_is_an_entry_with_its_hours(pages):
    """An event of two days is not one entry of 31 hours, because nobody is at the forum at night."""
    make_event(nights=[NIGHT])
    page = pages.get("events.calendar")
    assert spans(page) == [("20271116T090000", "20271116T170000"), ("20271117T083000", "20271117T163000")]
    assert {entry["DTSTART"].params["TZID"] for entry in entries_of(page)} == {"Europe/Stockholm"}


@pytest.mark.parametrize(
    ("nights", "known"),
    [
        ([], []),
        ([{"ends": "17:00"}], [("20271116T090000", "20271116T170000")]),
        ([{"starts": "08:30"}], [("20271117T083000", "20271117T163000")]),
        ([NIGHT, NIGHT], []),  # hours stored for three days (two nights), but the event has two days
    ],
)
def test_days_whose_hours_are_not_known_are_entries_of_the_whole_day(pages, nights, known):
    make_event(nights=nights)
    page = pages.get("events.calendar")
    whole = [("20271116", "20271117"), ("20271117", "20271118")]
    assert spans(page) == sorted(
        known + [day for day in whole if not any(hours[0].startswith(day[0]) for hours in known)]
    )
    assert [type(entry.start) for entry in entries_of(page)].count(date) == 2 - len(known)


def test_an_evening_that_ends_after_midnight_is_one_entry(pages):
    make_event(
        starts_at=datetime(2027, 11, 16, 17, 0, tzinfo=UTC), ends_at=datetime(2027, 11, 17, 0, 30, tzinfo=UTC)
    )
    assert spans(pages.get("events.calendar")) == [("20271116T180000", "20271117T013000")]


def test_an_event_that_ends_at_midnight_has_no_day_more(pages):
    make_event(ends_at=datetime(2027, 11, 17, 23, 0, tzinfo=UTC), nights=[NIGHT])
    assert spans(pages.get("events.calendar"))[1:] == [("20271117T083000", "20271118T000000")]


def test_hours_that_are_none_are_refused():
    for wrong in ("25:00", "nine", ""):
        with pytest.raises(ValueError):
            make_event(nights=[{"ends": wrong, "starts": "09:00"}])


def test_both_languages_and_later_versions_are_one_entry_a_day(pages):
    """Earlier versions wrote one entry for the event; the first day has that entry's UID, so calendars replace it."""
    make_event()
    files = [pages.get("events.calendar", lang=language) for language in ("sv", "en")]
    ids = [[str(entry["UID"]) for entry in entries_of(file)] for file in files]
    assert ids == [["nf27@127.0.0.1", "nf27.day2@127.0.0.1"]] * 2
    assert pages.get("events.calendar", lang="sv").data == files[0].data


def test_a_change_raises_the_number_and_says_when(pages):
    """Each change raises the file's SEQUENCE, without which a calendar keeps the old hours (RFC 5546, 2.1.4)."""
    event = make_event()
    said = [revision(pages)]
    changes = {
        "starts_at": event.starts_at + timedelta(hours=1),
        "nights": [NIGHT],
        "place": Text(en="Oslo"),
        "name": Text(en="Another name"),
        "timezone": "Europe/Oslo",
    }
    for hours, (name, value) in enumerate(changes.items(), start=1):
        clock.freeze(NOW + timedelta(hours=hours))
        write(setattr, event, name, value)
        said.append(revision(pages))
    assert said == [(number, NOW + timedelta(hours=number)) for number in range(6)]


def test_what_calendars_do_not_show_raises_nothing(pages):
    """Control: a change that the calendar file does not show changes neither its SEQUENCE nor its time of change."""
    event = make_event()
    clock.freeze(NOW + timedelta(days=3))
    for name, value in {"capacity": 300, "taken": 1, "place": Text(event.place)}.items():
        write(setattr, event, name, value)
    assert revision(pages) == (0, NOW)


def revision(pages) -> tuple[int, datetime]:
    """Return the sequence number and time of change, which are the same in every entry of the file."""
    (found,) = {
        (entry["SEQUENCE"], entry["DTSTAMP"].dt, entry["LAST-MODIFIED"].dt, entry["STATUS"])
        for entry in entries_of(pages.get("events.calendar"))
    }
    assert found[1:] == (found[1], found[1], "CONFIRMED")
    return found[:2]


def test_lines_are_folded_at_75_octets(pages):
    long = "Forum " + "åäö " * 60
    make_short_event(name=Text(en=long))
    page = pages.get("events.calendar")
    assert max(len(line) for line in page.data.split(b"\r\n")) <= 75
    assert b"\n" not in page.data.replace(b"\r\n", b"")
    assert entry_of(page)["SUMMARY"] == long


@pytest.mark.parametrize(
    ("zone", "starts_at", "local", "offset"),
    [  # For each case: UTC, local time, hours from UTC; the cases lie around 2027's clock changes.
        ("Europe/Stockholm", datetime(2027, 3, 28, 0, 59, tzinfo=UTC), "2027-03-28 01:59", 1),
        ("Europe/Stockholm", datetime(2027, 3, 28, 1, 0, tzinfo=UTC), "2027-03-28 03:00", 2),
        ("Europe/Stockholm", datetime(2027, 7, 1, 7, 0, tzinfo=UTC), "2027-07-01 09:00", 2),
        ("Europe/Stockholm", datetime(2027, 10, 31, 0, 59, tzinfo=UTC), "2027-10-31 02:59", 2),
        ("Europe/Stockholm", datetime(2027, 10, 31, 2, 0, tzinfo=UTC), "2027-10-31 03:00", 1),
        ("Europe/Helsinki", datetime(2027, 3, 28, 1, 0, tzinfo=UTC), "2027-03-28 04:00", 3),
        ("Europe/Copenhagen", datetime(2027, 7, 1, 7, 0, tzinfo=UTC), "2027-07-01 09:00", 2),
        ("Europe/Oslo", datetime(2027, 11, 16, 8, 0, tzinfo=UTC), "2027-11-16 09:00", 1),
        ("Atlantic/Reykjavik", datetime(2027, 7, 1, 7, 0, tzinfo=UTC), "2027-07-01 07:00", 0),
        ("Atlantic/Faroe", datetime(2027, 7, 1, 7, 0, tzinfo=UTC), "2027-07-01 08:00", 1),
        ("America/Nuuk", datetime(2027, 7, 1, 7, 0, tzinfo=UTC), "2027-07-01 06:00", -1),
    ],
)
def test_times_are_the_events_own_through_the_year(pages, zone, starts_at, local, offset):
    make_event(timezone=zone, starts_at=starts_at, ends_at=starts_at + timedelta(hours=6))
    page = pages.get("events.calendar")
    start = entry_of(page).start
    assert (f"{start:%Y-%m-%d %H:%M}", start.utcoffset()) == (local, timedelta(hours=offset))
    assert (start.astimezone(UTC), entry_of(page).end.astimezone(UTC)) == (
        starts_at,
        starts_at + timedelta(hours=6),
    )
    if zone == "Atlantic/Reykjavik":  # Iceland's time is UTC, so the file writes it as UTC.
        assert b"DTSTART:20270701T070000Z" in page.data
        return
    assert f"TZID={zone}".encode() in page.data
    (definition,) = icalendar.Calendar.from_ical(page.data).walk("VTIMEZONE")
    # Read the time zone like a program that knows only the file itself.
    by_the_file_alone = definition.to_tz(lookup_tzid=False)
    assert start.replace(tzinfo=by_the_file_alone).utcoffset() == timedelta(hours=offset)


@pytest.mark.parametrize(
    "zone", ["Europe/Stockholm", "Europe/Helsinki", "Atlantic/Faroe", "America/New_York"]
)
def test_a_zone_is_two_yearly_rules_before_the_days(pages, zone):
    """Outlook reads one rule for winter time and one for summer time, each with its first day, and no lists of days."""
    make_short_event(timezone=zone)
    calendar = icalendar.Calendar.from_ical(pages.get("events.calendar").data)
    definition, *_days = calendar.subcomponents
    assert [part.name for part in calendar.subcomponents] == ["VTIMEZONE", "VEVENT"]
    assert sorted(part.name for part in definition.subcomponents) == ["DAYLIGHT", "STANDARD"]
    for part in definition.subcomponents:
        assert {"DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME", "RRULE"} == {*part} - {"RDATE"}
        assert "RDATE" not in part


@given(
    name=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=120),
    place=st.text(st.sampled_from('a,;:\\"å漢😀 nN\n'), max_size=200),
)
@settings(max_examples=40, deadline=None)
def test_any_text_comes_back_as_it_was_and_is_folded(app, name, place):
    """Lines have at most 75 octets and break no letter; commas, backslashes and line breaks are escaped (RFC 5545)."""
    event = Event(
        slug="nf27",
        name=Text(en=name),
        place=Text(en=place),
        timezone="Europe/Stockholm",
        starts_at=NOW + timedelta(days=30),
        ends_at=NOW + timedelta(days=30, hours=6),
        nights=[],
        calendar_sequence=3,
        calendar_changed_at=NOW,
        is_current=True,
    )
    content = event_calendar(event, "en")
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    content.decode()
    (entry,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    assert (str(entry["SUMMARY"]), str(entry["LOCATION"]), entry.errors) == (name, place, [])
