"""The days of an event in words: weekday, date with its year, hours in the event's zone."""

from datetime import UTC, datetime

import pytest
from flask_babel import force_locale

from forum.events.days import list_days
from forum.web.languages import dates_of, hour_text
from tests.factories.events import new_event

NIGHT = {"ends": "17:00", "starts": "08:30"}


@pytest.fixture(params=["en", "sv"])
def language(request, app):
    """Run the test once in each language, and give the language's code."""
    with app.app_context(), force_locale(request.param):
        yield request.param


def test_each_day_has_its_weekday_its_year_and_its_hours(language):
    days = list_days(new_event(nights=[NIGHT]))
    said = {
        "en": [("Tuesday 16 November 2027", "9:00–17:00"), ("Wednesday 17 November 2027", "8:30–16:30")],
        "sv": [("Tisdag 16 november 2027", "9.00–17.00"), ("Onsdag 17 november 2027", "8.30–16.30")],
    }
    assert [(day.text, day.hours) for day in days] == said[language]
    assert [day.date.day for day in days] == [16, 17]


@pytest.mark.parametrize(("nights", "said"), [([], ["", ""]), ([{"ends": "17:00"}], ["9:00–17:00", ""])])
def test_hours_that_nobody_has_said_are_not_shown(app, nights, said):
    with app.app_context(), force_locale("en"):
        assert [day.hours for day in list_days(new_event(nights=nights))] == said


def test_hours_are_those_of_the_events_zone(app):
    starts, ends = datetime(2027, 6, 1, 8, tzinfo=UTC), datetime(2027, 6, 1, 15, 30, tzinfo=UTC)
    event = new_event(timezone="Europe/Helsinki", starts_at=starts, ends_at=ends)
    with app.app_context(), force_locale("en"):
        (day,) = list_days(event)
        assert (day.weekday, day.hours) == ("Tuesday", "11:00–18:30")


def test_dates_in_words_end_with_the_last_day_although_its_hours_are_not_known(language):
    starts, ends = datetime(2027, 11, 15, 23, tzinfo=UTC), datetime(2027, 11, 17, 23, tzinfo=UTC)
    # The event lasts from midnight to midnight in Stockholm.
    event = new_event(starts_at=starts, ends_at=ends)
    assert [day.date.day for day in list_days(event)] == [16, 17]
    assert dates_of(event) == {"en": "16–17 November 2027", "sv": "16–17 november 2027"}[language]


def test_an_hour_is_written_as_in_other_moments_of_its_language(language):
    """Swedish hours have a dot everywhere: the plan of reminders once had "kl. 09.00" and "kl. 09:00" in one row."""
    assert hour_text(9) == {"en": "09:00", "sv": "09.00"}[language]
