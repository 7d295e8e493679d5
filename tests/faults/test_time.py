"""A moment is shown the same everywhere, in the event's time zone, in summer and winter (R19).

The event's calendar file is tested in tests/events/test_calendar.py.
"""

from datetime import UTC, datetime, timedelta

import pytest

from forum import clock
from forum.registration import export_columns
from forum.registration.deadlines import CONFIRM_TIME
from forum.registration.listing import Filters
from tests.factories.events import make_event
from tests.factories.registrations import register, write
from tests.registration.reading import newest_mail

MOMENTS = [  # for each moment: time in UTC, time zone, its text on pages, its text in files
    ((2027, 7, 1, 7, 0), "Atlantic/Reykjavik", "1 July 2027 at 07:00 (GMT)", "2027-07-01 07:00"),
    ((2027, 7, 1, 7, 0), "Atlantic/Faroe", "1 July 2027 at 08:00 (+0100)", "2027-07-01 08:00"),
    ((2027, 7, 1, 7, 0), "Europe/Stockholm", "1 July 2027 at 09:00 (CEST)", "2027-07-01 09:00"),
    ((2027, 7, 1, 7, 0), "Europe/Helsinki", "1 July 2027 at 10:00 (EEST)", "2027-07-01 10:00"),
    ((2027, 7, 1, 7, 0), "America/Nuuk", "1 July 2027 at 06:00 (-0100)", "2027-07-01 06:00"),
    ((2027, 3, 28, 0, 30), "Europe/Stockholm", "28 March 2027 at 01:30 (CET)", "2027-03-28 01:30"),
    # Summer time begins on this day: the clock goes from 02:00 to 03:00.
    (
        (2027, 3, 28, 1, 30),
        "Europe/Stockholm",
        "28 March 2027 at 03:30 (CEST)",
        "2027-03-28 03:30",
    ),
    ((2027, 10, 31, 0, 30), "Europe/Stockholm", "31 October 2027 at 02:30 (CEST)", "2027-10-31 02:30"),
    # Summer time ends on this day: the hour from 02:00 to 03:00 comes twice.
    (
        (2027, 10, 31, 1, 30),
        "Europe/Stockholm",
        "31 October 2027 at 02:30 (CET)",
        "2027-10-31 02:30",
    ),
    ((2027, 10, 31, 2, 30), "Europe/Stockholm", "31 October 2027 at 03:30 (CET)", "2027-10-31 03:30"),
]


@pytest.fixture(params=MOMENTS, ids=lambda row: f"{row[1]} {row[2]}")
def moment(request):
    """Give a row of MOMENTS; the clock stands two days before the moment, when a test makes a registration."""
    at, zone, words, cell = request.param
    at = datetime(*at, tzinfo=UTC)
    clock.freeze(at - CONFIRM_TIME)
    yield at, zone, words, cell
    clock.freeze(None)


def event_in(zone, **differing):
    long = timedelta(days=400)
    times = {
        "opens_at": clock.now() - long,
        "closes_at": clock.now() + long,
        "starts_at": clock.now() + 2 * long,
    }
    return make_event(timezone=zone, ends_at=clock.now() + 3 * long, **{**times, **differing})


def test_page_says_when_registration_opens(pages, database, moment):
    at, zone, words, _cell = moment
    event_in(zone, opens_at=at)
    assert f"It opens on {words}." in pages.get("registration.choose").text


def test_mail_says_until_when_a_place_is_held(database, moment):
    """The mail gives the moment in the event's time zone, whose name differs in summer and winter (M17)."""
    _at, zone, words, _cell = moment
    text = newest_mail(register(event_in(zone), now=clock.now())).text
    assert f"until {words}." in " ".join(text.split())


def test_file_has_the_moment_of_a_registration_and_names_the_zone(app, database, moment):
    at, zone, _words, cell = moment
    event = event_in(zone)
    registration = register(event, now=clock.now())
    write(setattr, registration, "requested_at", at)
    with app.test_request_context("/console/"):
        plan = export_columns.needed(event, "everything")
        (row,) = export_columns.rows(plan, event, Filters())
        headings = export_columns.headings(plan, event)
        shown = dict(zip(headings, row, strict=True))
        (figures,) = export_columns.rows(export_columns.needed(event, "report"), event, Filters())
    registered, *others = [value for heading, value in shown.items() if heading.endswith(f"({zone})")]
    assert (f"{registered:%Y-%m-%d %H:%M}", others) == (cell, [None, None])
    assert figures[-3:] == [cell.partition(" ")[0], None, None]


def test_nobody_is_ended_an_hour_early_by_the_change_of_the_clocks(database):
    """The 48 hours to confirm are counted exactly, also over the night of a clock change."""
    registered_at = datetime(2027, 10, 30, 12, 0, tzinfo=UTC)
    clock.freeze(registered_at)
    registration = register(event_in("Europe/Stockholm"), now=registered_at)
    clock.freeze(None)
    assert registration.confirm_by - registration.requested_at == timedelta(hours=48)
