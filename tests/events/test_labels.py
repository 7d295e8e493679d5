"""Lists from which an event is chosen name each event differently: by its year, or by its days."""

from datetime import UTC, datetime

from forum.columns import Text
from forum.events.labels import labels_of
from tests.factories.events import new_event


def at(year: int, month: int) -> dict:
    """Return the dates of an event of two days in this month, for `make_event`."""
    first, last = (datetime(year, month, day, 12, tzinfo=UTC) for day in (7, 8))
    return {"starts_at": first, "ends_at": last}


def test_event_is_called_by_its_short_name_with_its_year_or_its_days(app):
    spring, autumn, other, own = (
        new_event(slug=slug, short_name=Text(en=name), **moments)
        for slug, name, moments in (
            ("a", "Forum", at(2028, 3)),
            ("b", "Forum", at(2028, 9)),
            ("c", "Forum", at(2027, 9)),
            ("d", "Forum 2027", at(2027, 9)),
        )
    )
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert labels_of([spring, other]) == {"a": "Forum (2028)", "c": "Forum (2027)"}
        assert labels_of([spring, autumn, own]) == {
            "a": "Forum (7–8 March 2028)",
            "b": "Forum (7–8 September 2028)",
            "d": "Forum 2027",
        }
