"""The columns of an exported list, which of them a purpose needs, and their values in words."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from babel import Locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum.events.models import Event
from forum.questions.models import Question
from forum.registration import delegated, export_answers, listing
from forum.registration.enums import ConsentPurpose, ExportPurpose, Status
from forum.registration.wording import CONSENTS, FIELDS, SHOWN, status_name
from forum.web.languages import NAMES, in_language, language

# All columns in the order of a file: the name in `listing.stream`, and the heading.
COLUMNS: dict[str, Any] = {
    "reference": _l("Reference"),
    "family_name": FIELDS["family_name"],
    "given_name": FIELDS["given_name"],
    "organisation": FIELDS["organisation"],
    "title": FIELDS["title"],
    "sector_id": _l("Sector"),
    delegated.COLUMN: _l("Delegation"),
    "country": FIELDS["country"],
    "email": _l("E-mail address"),
    "phone": FIELDS["phone"],
    "language": FIELDS["language"],
    "status": _l("Status"),
    "requested_at": _l("Registered"),
    "confirmed_at": _l("Address confirmed"),
    listing.PLACE_CONFIRMED_AT: _l("Place confirmed"),
    **{str(purpose): heading for purpose, heading in CONSENTS.items()},
}
MOMENTS = ("requested_at", "confirmed_at", listing.PLACE_CONFIRMED_AT)
UNBROKEN = ("reference", *MOMENTS)  # columns whose values are not broken into two lines on paper
NAMED = ("reference", "family_name", "given_name", "organisation")
# The columns that each purpose needs, and no more (Art. 5 GDPR). A report needs neither names nor organisations, many
# of which send one person only.
NEEDED = {
    ExportPurpose.DOOR: (*NAMED, "sector_id", "status"),
    ExportPurpose.BADGES: (*NAMED, "title", "sector_id", "country", "status", ConsentPurpose.PHOTOGRAPHS),
    ExportPurpose.GROUPS: (*NAMED, "title", "sector_id", delegated.COLUMN, "country", "language", "status"),
    ExportPurpose.CONTACT: (
        *(*NAMED, "sector_id", "email", "phone", "language", "status"),
        *("confirmed_at", listing.PLACE_CONFIRMED_AT),
    ),
    ExportPurpose.REPORT: ("sector_id", "country", "language", "status", *MOMENTS),
    ExportPurpose.EVERYTHING: tuple(COLUMNS),
}

Cells = list[str | datetime | None]
Words = dict[str, Callable[[Any], str | datetime | None]]


class Phone(str):
    """A phone number: files must hold it as text, although it looks like a number."""

    __slots__ = ()


def needed(purpose: str, questions: Sequence[Question] = ()) -> list[str]:
    """Return the names of the columns that this purpose needs, in the order of the file; the event's questions last."""
    listed = [name for name in COLUMNS if name in NEEDED[ExportPurpose(purpose)]]
    return [*listed, *export_answers.headings(questions)]


def headings(names: Sequence[str], event: Event, questions: Sequence[Question] = ()) -> list[str]:
    """Return the columns' headings for a file, in the organiser's language; headings of moments name the time zone."""
    named = {**COLUMNS, **export_answers.headings(questions)}
    return [f"{named[name]} ({event.timezone})" if name in MOMENTS else str(named[name]) for name in names]


def short_headings(names: Sequence[str], questions: Sequence[Question] = ()) -> list[str]:
    """Return the columns' headings without the time zone, for tables that name it elsewhere or do not need it."""
    named = {**COLUMNS, **export_answers.headings(questions)}
    return [str(named[name]) for name in names]


def rows(
    purpose: str, event: Event, filters: listing.Filters, questions: Sequence[Question] = ()
) -> Iterator[Cells]:
    """Return the filtered list with the columns of this purpose, row by row; times are in the event's zone."""
    names, said = needed(purpose, questions), {**_words(event), **export_answers.words(questions)}
    if purpose == ExportPurpose.REPORT:
        return _figures(names, event, filters, {**said, **_days(event)})
    return _said(names, listing.stream(event, filters, names), said)


def _figures(names: list[str], event: Event, filters: listing.Filters, said: Words) -> Iterator[Cells]:
    """Yield the rows of a report, sorted by sector, by day and then by their values.

    In another order each row could be matched with a person's name in the attendee list.
    """
    stored = listing.stream(event, filters, names, listing.order_by_sector_and_time(event))
    sector, day = names.index("sector_id"), names.index("requested_at")
    for _key, same in groupby(_said(names, stored, said), key=lambda cells: (cells[sector], cells[day])):
        yield from sorted(same, key=lambda cells: [str(cell or "") for cell in cells])


def _said(names: Sequence[str], stored: Iterator[Any], said: Words) -> Iterator[Cells]:
    words = [said.get(name, _as_stored) for name in names]
    for row in stored:
        yield [say(value) for say, value in zip(words, row, strict=True)]


def _words(event: Event) -> Words:
    """Return, for each column, the function that turns its values into words in the organiser's language."""
    countries = Locale.parse(language()).territories
    sectors = {sector.id: in_language(sector.name) for sector in event.sectors}
    statuses = {status: status_name(status) for status in Status}
    consented = {True: _("Yes"), False: _("No")}
    return {
        "sector_id": sectors.get,
        "country": lambda code: countries.get(code, code),
        "language": lambda code: NAMES.get(code, code),
        "phone": lambda number: Phone(number) if number else None,
        "status": lambda status: statuses.get(status, status),
        **dict.fromkeys(MOMENTS, lambda moment: moment.astimezone(event.zone) if moment else None),
        **dict.fromkeys(ConsentPurpose, lambda given: consented[bool(given)]),
        ConsentPurpose.PARTICIPANT_LIST: lambda shown: str(SHOWN.get(shown, consented[False])),
    }


def _days(event: Event) -> Words:
    """Return, for each column, the function that turns a moment into a day in the event's zone: "2027-05-03"."""
    return dict.fromkeys(
        MOMENTS, lambda moment: f"{moment.astimezone(event.zone):%Y-%m-%d}" if moment else None
    )


def _as_stored(value: Any) -> Any:
    return value
