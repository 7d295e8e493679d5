"""Organisers give days and hours by the clock at the venue, on both sides of a change to or from summer time."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from forum.events.errors import DaysApart, EndsBeforeStart, HourMissing, NoDays, NoSuchHour
from forum.events.hours import DayHours, columns_of, read_hours
from tests.factories.events import new_event

STOCKHOLM = ZoneInfo("Europe/Stockholm")
NINE, FIVE, ONE, MIDNIGHT = time(9), time(17), time(1), time(0)
# Summer time ends in the night to this Sunday.
SATURDAY, SUNDAY, MONDAY = date(2027, 10, 30), date(2027, 10, 31), date(2027, 11, 1)


@pytest.mark.parametrize(
    "days",
    [
        [DayHours(SATURDAY, NINE, FIVE)],
        [DayHours(SATURDAY, NINE, FIVE), DayHours(SUNDAY, NINE, FIVE)],
        [DayHours(SATURDAY, NINE), DayHours(SUNDAY), DayHours(MONDAY, None, FIVE)],
        [DayHours(SATURDAY, NINE, ONE), DayHours(SUNDAY, NINE, MIDNIGHT)],
        [DayHours(SATURDAY, FIVE, ONE)],
        [DayHours(SATURDAY)],
        [DayHours(SATURDAY), DayHours(SUNDAY), DayHours(MONDAY)],
        [DayHours(SATURDAY, time(20), MIDNIGHT), DayHours(SUNDAY, None, time(6))],
    ],
)
def test_days_are_read_as_they_were_given(app, days):
    with app.app_context():
        event = new_event(**columns_of(days, STOCKHOLM))
        assert read_hours(event) == days


def test_the_same_hour_is_another_moment_after_the_clocks_have_changed():
    columns = columns_of([DayHours(SATURDAY, NINE, FIVE), DayHours(SUNDAY, NINE, FIVE)], STOCKHOLM)
    assert columns["starts_at"] == datetime(2027, 10, 30, 7, tzinfo=UTC)
    assert columns["ends_at"] == datetime(2027, 10, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "refusal", "row"),
    [
        ([], NoDays, 0),
        ([DayHours(SATURDAY, NINE, FIVE), DayHours(MONDAY, NINE, FIVE)], DaysApart, 1),
        ([DayHours(SUNDAY, NINE, FIVE), DayHours(SATURDAY, NINE, FIVE)], DaysApart, 1),
        ([DayHours(SATURDAY, None, FIVE)], HourMissing, 0),
        ([DayHours(SATURDAY, NINE), DayHours(SUNDAY, NINE)], HourMissing, 1),
        ([DayHours(SATURDAY, FIVE, NINE)], EndsBeforeStart, 0),
        ([DayHours(SATURDAY, NINE, FIVE), DayHours(SUNDAY, NINE, ONE)], EndsBeforeStart, 1),
        ([DayHours(date(2028, 3, 26), time(2, 30), FIVE)], NoSuchHour, 0),
    ],
)
def test_days_that_cannot_be_are_refused(days, refusal, row):
    with pytest.raises(refusal) as refused:
        columns_of(days, STOCKHOLM)
    assert refused.value.row == row
