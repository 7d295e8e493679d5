"""The cells of an exported list as texts, for CSV files and paper; whole columns of such texts for long files.

A CSV file of all registrations may have millions of cells. So the function that turns a column's stored values into
texts is chosen once for the file, frequent values are put into words once, and moments are read as texts, not objects.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from forum.events.models import Event
from forum.questions.enums import QuestionKind
from forum.registration import export_answers, export_columns, listing, streaming
from forum.registration.export_columns import MOMENTS, Phone, Plan

MOST_KEPT = 2000  # the most values of a column whose words are cached
HOUR = len("2027-05-03 12")
WRITTEN_FREELY = frozenset({QuestionKind.TEXT, QuestionKind.LONG_TEXT, QuestionKind.FILE})

Texts = Callable[[Sequence[Any]], Sequence[str]]


def plain(cell: str | date | datetime | None) -> str | None:
    """Return the text of a cell in a CSV file, which has no types.

    A spreadsheet would read a phone number as a number and drop its plus sign and zeros. So "tel:", the scheme of
    phone numbers (RFC 3966), is put before a phone number.
    """
    if type(cell) is str:  # nearly every cell is a text, and an export has millions of cells
        return cell
    return f"tel:{cell}" if isinstance(cell, Phone) else shown(cell)


def shown(cell: str | date | datetime | None) -> str | None:
    """Return the text of a cell; a moment is written to the minute, such as "2027-05-03 12:00"."""
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None).isoformat(" ", "minutes")
    return cell.isoformat() if isinstance(cell, date) else cell


def columns(plan: Plan, event: Event, filters: listing.Filters) -> Iterator[list[Sequence[str]]]:
    """Yield the columns of the filtered list for some hundred rows at a time, with the cells as texts (`plain`).

    A report's rows are sorted by their cells, so it cannot be made by columns.
    """
    texts = _texts_by_name(plan, event)
    chosen = [texts.get(name, _as_stored) for name in plan.names]
    for rows in streaming.stream_stored(event, filters, plan.names):
        yield [say(column) for say, column in zip(chosen, zip(*rows, strict=True), strict=True)]


def _texts_by_name(plan: Plan, event: Event) -> dict[str, Texts]:
    """Return, for each column that is not shown as stored, the function that turns its stored values into texts."""
    words = {name: _in_words(say) for name, say in export_columns.core_words(event).items()}
    phones = {"phone": lambda values: [f"tel:{value}" if value else "" for value in values]}
    moments = dict.fromkeys(MOMENTS, _in_zone(event.zone))
    answers = export_answers.words(plan.asked)
    asked = zip(answers.items(), plan.asked, strict=True)
    return {**words, **phones, **moments, **{name: _answers(say, one.kind) for (name, say), one in asked}}


def _as_stored(values: Sequence[str | None]) -> Sequence[str]:
    return [value or "" for value in values]


class _Kept(dict[Any, str]):
    """A cache of texts by value: a missing text is made by `say`, and kept while there is room."""

    def __init__(self, say: Callable[[Any], str]):
        super().__init__()
        self._say = say

    def __missing__(self, value: Any) -> str:
        if len(self) >= MOST_KEPT:
            self.clear()
        text = self[value] = self._say(value)
        return text


def _in_words(say: Callable[[Any], Any]) -> Texts:
    kept = _Kept(lambda value: plain(say(value)) or "")
    return lambda values: [kept[value] for value in values]


def _answers(say: Callable[[Any], Any], kind: QuestionKind) -> Texts:
    def say_stored(value: Any) -> str:
        # Parse texts only: SQLite returns a stored whole number as an integer, not as JSON text.
        return plain(say(json.loads(value) if isinstance(value, str) else value)) or ""

    if kind in WRITTEN_FREELY:
        return lambda values: [say_stored(value) for value in values]
    kept = _Kept(say_stored)
    return lambda values: [kept[value] for value in values]


def _in_zone(zone: tzinfo) -> Texts:
    """Return the function that turns moments in UTC, such as "2027-05-03 12:00", into the time of the zone."""

    def local(minute: str) -> datetime:
        return datetime.fromisoformat(minute).replace(tzinfo=UTC).astimezone(zone)

    def hour_in_zone(hour: str) -> str:
        first, last = local(f"{hour}:00"), local(f"{hour}:59")
        is_whole = first.minute == 0 and last - first == timedelta(minutes=59)
        return first.replace(tzinfo=None).isoformat(" ", "hours") if is_whole else ""

    # The hour in the zone by the hour in UTC; "" if the zone's offset changes within the hour or is not a whole number
    # of hours.
    hours = _Kept(hour_in_zone)

    def in_zone(values: Sequence[str | None]) -> Sequence[str]:
        return [
            ""
            if not value
            else hour + value[HOUR:]
            if (hour := hours[value[:HOUR]])
            else shown(local(value)) or ""
            for value in values
        ]

    return in_zone
