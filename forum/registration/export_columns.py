"""The columns of an exported list, which of them a purpose needs, and how their values are said."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from babel import Locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum.events.models import Event
from forum.registration import listing
from forum.registration.enums import ConsentPurpose, ExportPurpose, Status
from forum.registration.wording import CONSENTS, FIELDS, status_name
from forum.web.languages import NAMES, in_language, language

# Every column in the order of a file: its name in `listing.stream` and its heading.
COLUMNS: dict[str, Any] = {
    "reference": _l("Reference"),
    "family_name": FIELDS["family_name"],
    "given_name": FIELDS["given_name"],
    "organisation": FIELDS["organisation"],
    "title": FIELDS["title"],
    "sector_id": _l("Sector"),
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
NAMED = ("reference", "family_name", "given_name", "organisation")
# A list holds what its purpose needs and no more (Art. 5 GDPR); figures need no names.
NEEDED = {
    ExportPurpose.DOOR: (*NAMED, "sector_id", "status"),
    ExportPurpose.BADGES: (*NAMED, "title", "sector_id", "country", "status", ConsentPurpose.PHOTOGRAPHS),
    ExportPurpose.GROUPS: (*NAMED, "title", "sector_id", "country", "language", "status"),
    ExportPurpose.CONTACT: (
        *(*NAMED, "sector_id", "email", "phone", "language", "status"),
        *("confirmed_at", listing.PLACE_CONFIRMED_AT),
    ),
    ExportPurpose.REPORT: ("organisation", "sector_id", "country", "language", "status", *MOMENTS),
    ExportPurpose.EVERYTHING: tuple(COLUMNS),
}


class Phone(str):
    """A phone number, which is text however much it looks like a number."""

    __slots__ = ()


def needed(purpose: str) -> list[str]:
    """Return the names of the columns that this purpose needs, in the order of the file."""
    return [name for name in COLUMNS if name in NEEDED[ExportPurpose(purpose)]]


def headings(names: Sequence[str], event: Event) -> list[str]:
    """Return the columns' headings for a file, in the organiser's language; those of moments name their zone."""
    return [
        f"{COLUMNS[name]} ({event.timezone})" if name in MOMENTS else str(COLUMNS[name]) for name in names
    ]


def short_headings(names: Sequence[str]) -> list[str]:
    """Return the columns' headings where the zone is told elsewhere or does not matter."""
    return [str(COLUMNS[name]) for name in names]


def rows(
    names: Sequence[str], event: Event, filters: listing.Filters
) -> Iterator[list[str | datetime | None]]:
    """Yield the filtered list, a row at a time; moments stand in the event's zone."""
    said = _words(event)
    words = [said.get(name, _as_stored) for name in names]
    for row in listing.stream(event, filters, names):
        yield [say(value) for say, value in zip(words, row, strict=True)]


def _words(event: Event) -> dict[str, Callable[[Any], str | datetime | None]]:
    """Return by column what its values are called in the organiser's language, looked up once for all rows."""
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
    }


def _as_stored(value: Any) -> Any:
    return value
