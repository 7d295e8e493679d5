"""The calendar file of an event (M14, R19)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest

from forum.columns import Text
from tests.factories.events import make_archive, make_event

pytestmark = pytest.mark.usefixtures("frozen", "database")


def entry_of(page) -> icalendar.Event:
    """The one entry of the file."""
    (entry,) = icalendar.Calendar.from_ical(page.data).walk("VEVENT")
    return entry


def test_calendar_is_published_and_names_nobody(pages):
    make_event()
    page = pages.get("events.calendar")
    calendar = icalendar.Calendar.from_ical(page.data)
    assert page.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert page.headers["Content-Disposition"] == 'attachment; filename="nf27.ics"'
    assert (calendar["METHOD"], calendar["VERSION"]) == ("PUBLISH", "2.0")
    assert not {"ATTENDEE", "ORGANIZER"} & set(entry_of(page))


def test_calendar_says_what_when_and_where(pages):
    make_event(name=Text(sv="Forum, Åland; \\ rad", en="Forum, Åland; \\ line"), place=Text(en="Stockholm"))
    entry = entry_of(pages.get("events.calendar"))
    assert (entry["SUMMARY"], entry["LOCATION"]) == ("Forum, Åland; \\ line", "Stockholm")
    assert entry["URL"] == "http://127.0.0.1:8000/en/"
    assert entry.start == datetime(2027, 11, 16, 9, 0, tzinfo=ZoneInfo("Europe/Stockholm"))
    assert entry.end == datetime(2027, 11, 17, 16, 30, tzinfo=ZoneInfo("Europe/Stockholm"))


def test_calendar_of_an_earlier_event_leads_to_its_pages(pages):
    make_archive()
    entry = entry_of(pages.get("/sv/events/nf16/event.ics"))
    assert entry["URL"] == "http://127.0.0.1:8000/sv/events/nf16/"


def test_both_languages_and_later_versions_are_one_entry(pages, database):
    make_event()
    files = [pages.get("events.calendar", lang=language) for language in ("sv", "en")]
    assert {str(entry_of(file)["UID"]) for file in files} == {"nf27@127.0.0.1"}
    assert pages.get("events.calendar", lang="sv").data == files[0].data


def test_lines_are_folded_at_75_octets(pages):
    long = "Forum " + "åäö " * 60
    make_event(name=Text(en=long))
    page = pages.get("events.calendar")
    assert max(len(line) for line in page.data.split(b"\r\n")) <= 75
    assert b"\n" not in page.data.replace(b"\r\n", b"")
    assert entry_of(page)["SUMMARY"] == long


@pytest.mark.parametrize(
    ("zone", "starts_at", "local", "offset"),
    [  # UTC moment, what people read on their clocks, hours from UTC: around the changes of 2027
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
    if zone == "Atlantic/Reykjavik":  # is UTC itself, and written so
        assert b"DTSTART:20270701T070000Z" in page.data
        return
    assert f"TZID={zone}".encode() in page.data
    (definition,) = icalendar.Calendar.from_ical(page.data).walk("VTIMEZONE")
    by_the_file_alone = definition.to_tz(lookup_tzid=False)  # as a program does that knows no zones
    assert start.replace(tzinfo=by_the_file_alone).utcoffset() == timedelta(hours=offset)
