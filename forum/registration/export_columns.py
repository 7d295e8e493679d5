"""The columns of an exported list, which of them a purpose needs, and their values in words."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from babel import Locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum.events.models import Event
from forum.questions.models import Question
from forum.registration import delegated, export_answers, list_columns, listing, narrowing, streaming
from forum.registration.enums import ConsentPurpose, ExportPurpose, Status
from forum.registration.wording import CONSENTS, FIELDS, SHOWN, status_name
from forum.web.languages import NAMES, in_language, language

# The headings of all columns in the order of a file, by the name that each column has in `streaming.stream`.
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
    "confirmed_at": _l("Registration confirmed"),
    streaming.PLACE_CONFIRMED_AT: _l("Place confirmed"),
    **{str(purpose): heading for purpose, heading in CONSENTS.items()},
}
# Columns that no purpose needs, but that the attendee list may show.
CHOSEN_ONLY = {name: list_columns.LABELS[name] for name in (list_columns.TAGS, list_columns.INVITED)}
# The names that some columns of the attendee list (by their keys in `list_columns`) have in an export.
RENAMED = {list_columns.SECTOR: "sector_id", list_columns.REGISTERED: "requested_at"}
MOMENTS = ("requested_at", "confirmed_at", streaming.PLACE_CONFIRMED_AT)
UNBROKEN = ("reference", *MOMENTS)  # columns whose values are not broken into two lines on paper
NAME = ("reference", "family_name", "given_name")
NAMED = (*NAME, "organisation")
# The columns that each purpose needs, and no more (Art. 5 GDPR). A report must not identify people: it has no names and
# no organisations, many of which send one person only.
NEEDED = {
    ExportPurpose.DOOR: (*NAMED, "sector_id", "status"),
    ExportPurpose.BADGES: (*NAMED, "title", "sector_id", "country", "status", ConsentPurpose.PHOTOGRAPHS),
    ExportPurpose.GROUPS: (*NAMED, "title", "sector_id", delegated.COLUMN, "country", "language", "status"),
    ExportPurpose.CONTACT: (
        *(*NAMED, "sector_id", "email", "phone", "language", "status"),
        *("confirmed_at", streaming.PLACE_CONFIRMED_AT),
    ),
    ExportPurpose.REPORT: ("sector_id", "country", "language", "status", *MOMENTS),
    ExportPurpose.EVERYTHING: tuple(COLUMNS),
}

Cells = list[str | date | datetime | None]
Words = dict[str, Callable[[Any], str | date | datetime | None]]


class Phone(str):
    """A phone number; files must hold it as text, although it looks like a number."""

    __slots__ = ()


@dataclass(frozen=True)
class Plan:
    """What an exported list is for, the names of its columns in their order, and the questions that have a column.

    `chosen` are the keys of `list_columns` that an organiser has chosen; empty if the purpose decides the columns.
    """

    purpose: ExportPurpose
    names: Sequence[str]
    asked: Sequence[Question] = ()
    chosen: Sequence[str] = ()


def needed(event: Event, purpose: str) -> Plan:
    """Return the plan of a list with the columns that this purpose needs; the event's questions come last."""
    known = ExportPurpose(purpose)
    asked = export_answers.list_asked(event.id, known)
    listed = [name for name in COLUMNS if name in NEEDED[known]]
    return Plan(known, [*listed, *export_answers.headings(asked)], asked)


def chosen(event: Event, purpose: str, keys: Collection[str]) -> Plan:
    """Return the plan of a list with reference, name and the columns with these keys, in the attendee list's order.

    Columns that the list has no longer are left out. Answers about diet and access are never among them (S14).
    """
    asked = narrowing.list_asked(event)
    offered = list_columns.offered(asked, has_delegations=bool(delegated.list_all(event)))
    kept = [key for key in offered if key in keys]
    questions = {f"{list_columns.ANSWER}{one.key}": one for one in asked}
    columns = {key: f"{export_answers.PREFIX}{one.id}" for key, one in questions.items()} | RENAMED
    shown = [questions[key] for key in kept if key in questions]
    return Plan(ExportPurpose(purpose), [*NAME, *(columns.get(key, key) for key in kept)], shown, kept)


def headings(plan: Plan, event: Event) -> list[str]:
    """Return the columns' headings for a file, in the organiser's language; headings of moments name the time zone."""
    named = zip(plan.names, short_headings(plan), strict=True)
    return [f"{heading} ({event.timezone})" if name in MOMENTS else heading for name, heading in named]


def short_headings(plan: Plan) -> list[str]:
    """Return the columns' headings without the time zone, for tables that name it elsewhere or do not need it."""
    named = {**COLUMNS, **CHOSEN_ONLY, **export_answers.headings(plan.asked)}
    return [str(named[name]) for name in plan.names]


def unbroken_headings(plan: Plan) -> list[str]:
    """Return the headings of the columns whose values stay on one line on paper."""
    return [str(COLUMNS[name]) for name in plan.names if name in UNBROKEN]


def rows(plan: Plan, event: Event, filters: listing.Filters) -> Iterator[Cells]:
    """Return the filtered list with the columns of the export's plan, row by row; times are in the event's zone."""
    is_report = plan.purpose == ExportPurpose.REPORT
    by = listing.order_by_sector_and_time(event) if is_report else None
    said = _said(plan.names, streaming.stream(event, filters, plan.names, by), _words(plan, event))
    return sorted_within_days(plan.names, said) if is_report else said


def rows_of(plan: Plan, event: Event, ids: Sequence[int]) -> list[Cells]:
    """Return the rows of the registrations with these ids, in their order, without those that may not be used."""
    rows = {row[0]: row[1:] for row in streaming.stream_among(event, ids, ["id", *plan.names])}
    return list(_said(plan.names, (rows[one] for one in ids if one in rows), _words(plan, event)))


def sorted_within_days(names: Sequence[str], rows: Iterator[Cells]) -> Iterator[Cells]:
    """Yield the rows of a report, which come sorted by sector and day, and sort them within a day by their values.

    In the order of registering, each row could be matched with a person's name in the attendee list.
    """
    sector, day = names.index("sector_id"), names.index("requested_at")
    for _key, same in groupby(rows, key=lambda cells: (cells[sector], cells[day])):
        yield from sorted(same, key=lambda cells: [str(cell or "") for cell in cells])


def core_words(event: Event) -> Words:
    """Return, by name of each core column, the function that turns values into words in the organiser's language."""
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
        list_columns.TAGS: lambda tags: " ".join(f"#{tag}" for tag in sorted(tags.split())) if tags else None,
        list_columns.INVITED: lambda invited: _("Invited") if invited else None,
        ConsentPurpose.PARTICIPANT_LIST: lambda shown: str(SHOWN.get(shown, consented[False])),
    }


def _said(names: Sequence[str], stored: Iterator[Any], said: Words) -> Iterator[Cells]:
    words = [said.get(name, _as_stored) for name in names]
    for row in stored:
        yield [say(value) for say, value in zip(words, row, strict=True)]


def _words(plan: Plan, event: Event) -> Words:
    days = _days(event) if plan.purpose == ExportPurpose.REPORT else {}
    return {**core_words(event), **export_answers.words(plan.asked), **days}


def _days(event: Event) -> Words:
    """Return, by name of each column of moments, the function that gives the day in the event's zone: "2027-05-03"."""
    return dict.fromkeys(
        MOMENTS, lambda moment: f"{moment.astimezone(event.zone):%Y-%m-%d}" if moment else None
    )


def _as_stored(value: Any) -> Any:
    return value
