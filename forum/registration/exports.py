"""The organisers' list as a file: the same people in the same order, for a stated purpose (P14)."""

from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any

from babel import Locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice

from forum.events.models import Event
from forum.registration import listing
from forum.registration.enums import ConsentPurpose, Status
from forum.registration.wording import CONSENTS, FIELDS, status_name
from forum.web.forms import TidyForm, required
from forum.web.languages import NAMES, in_language, language

MOMENT = "%Y-%m-%d %H:%M"
# The columns of the file in their order, followed by the consents: the registration's attribute and its heading.
COLUMNS = {
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
    "requested_at": _l("Registered (%(zone)s)"),
    "confirmed_at": _l("Confirmed (%(zone)s)"),
}


class Purpose(StrEnum):
    """What an exported list of names is needed for."""

    DOOR = "door"
    GROUPS = "groups"
    CONTACT = "contact"
    REPORT = "report"


class Recipient(StrEnum):
    """Who gets an exported list. Kitchen and venue get numbers instead of names (P06), so neither is a choice here."""

    OFFICE = "office"
    CO_ORGANISER = "co_organiser"
    PROCESSOR = "processor"
    AUTHORITY = "authority"


PURPOSES = {
    Purpose.DOOR: _l("Lists and badges for the door"),
    Purpose.GROUPS: _l("Planning of groups and seats"),
    Purpose.CONTACT: _l("Contact with those registered"),
    Purpose.REPORT: _l("Statistics and reports"),
}
RECIPIENTS = {
    Recipient.OFFICE: _l("Our own office"),
    Recipient.CO_ORGANISER: _l("A co-organiser"),
    Recipient.PROCESSOR: _l("A supplier with a data processing agreement"),
    Recipient.AUTHORITY: _l("An authority that is entitled to it by law"),
}


class ExportForm(TidyForm):
    """Why a list of names is exported, and for whom; the audit trail records both."""

    purpose = RadioField(
        _l("What is the list for?"),
        [required(_l("Choose what the list is for"))],
        choices=[SelectChoice(purpose.value, text) for purpose, text in PURPOSES.items()],
    )
    recipient = RadioField(
        _l("Who will get it?"),
        [required(_l("Choose who will get the list"))],
        choices=[SelectChoice(recipient.value, text) for recipient, text in RECIPIENTS.items()],
    )


def file_name(event: Event, now: datetime) -> str:
    """Return a name such as "nf27-attendees-2027-05-03.csv"; the filters stay out of it, for they may hold a name."""
    return f"{event.slug}-attendees-{now.astimezone(event.zone):%Y-%m-%d}.csv"


def headings(event: Event) -> list[str]:
    """Return the headings in the organiser's language; headings of moments name the time zone."""
    columns = [str(heading) % {"zone": event.timezone} for heading in COLUMNS.values()]
    return [*columns, *(str(CONSENTS[purpose]) for purpose in ConsentPurpose)]


def rows(event: Event, filters: listing.Filters) -> Iterator[list[str | None]]:
    """Yield the filtered list row by row."""
    said = _words(event)
    words = [said.get(name, _as_stored) for name in (*COLUMNS, *ConsentPurpose)]
    for row in listing.stream(event, filters, tuple(COLUMNS)):
        yield [say(value) for say, value in zip(words, row, strict=True)]


def _words(event: Event) -> dict[str, Callable[[Any], str | None]]:
    """Return for each column a function that words its values in the organiser's language, made once for all rows."""
    zone, countries = event.zone, Locale.parse(language()).territories
    sectors = {sector.id: in_language(sector.name) for sector in event.sectors}
    statuses = {status: status_name(status) for status in Status}
    consented = {True: _("Yes"), False: _("No")}
    return {
        "sector_id": sectors.get,
        "country": lambda code: countries.get(code, code),
        "language": lambda code: NAMES.get(code, code),
        "status": lambda status: statuses.get(status, status),
        "requested_at": lambda moment: _moment(moment, zone),
        "confirmed_at": lambda moment: _moment(moment, zone),
        **dict.fromkeys(ConsentPurpose, lambda given: consented[bool(given)]),
    }


def _as_stored(value: Any) -> Any:
    return value


def _moment(moment: datetime | None, zone: tzinfo) -> str | None:
    return moment.astimezone(zone).strftime(MOMENT) if moment else None
