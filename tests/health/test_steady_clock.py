"""A clock that has jumped is relied on only once it has gone steadily for a day (R18)."""

from datetime import timedelta

import pytest

from forum.health import steady_clock
from tests.factories.events import NOW
from tests.factories.registrations import write

pytestmark = pytest.mark.usefixtures("database")
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def watch_until(begin, end) -> None:
    """Let the worker watch its clock every half an hour from one moment to another."""
    while begin <= end:
        assert write(steady_clock.watch, now=begin) == 0
        begin += HOUR / 2


def test_a_clock_that_nobody_has_watched_is_not_steady():
    assert not steady_clock.is_steady(NOW)


def test_a_clock_is_steady_after_a_day_without_a_jump_and_until_the_next_one():
    watch_until(NOW, NOW + DAY)
    assert steady_clock.is_steady(NOW + DAY)
    assert not steady_clock.is_steady(NOW + DAY + HOUR)
    write(steady_clock.watch, now=NOW + DAY - SECOND)
    # The clocks of two workers may differ by two seconds; that is no jump.
    assert steady_clock.is_steady(NOW + DAY)


@pytest.mark.parametrize("jump", [3 * DAY, HOUR, -HOUR, timedelta(days=3 * 365)])
def test_a_jump_makes_the_day_begin_anew(jump):
    watch_until(NOW, NOW + DAY)
    jumped = NOW + DAY + jump
    watch_until(jumped, jumped + DAY - HOUR / 2)
    assert not steady_clock.is_steady(jumped + DAY - MINUTE)
    write(steady_clock.watch, now=jumped + DAY)
    assert steady_clock.is_steady(jumped + DAY)
