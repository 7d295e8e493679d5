"""The organisers' list as a file: the same people, in the same order, for a stated purpose (P14)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from babel import Locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Row
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice

from forum.events.models import Event
from forum.registration import listing
from forum.registration.enums import ConsentPurpose, Status
from forum.registration.wording import CONSENTS, status_name
from forum.web.forms import TidyForm, required
from forum.web.languages import NAMES, in_language, language

MOMENT = "%Y-%m-%d %H:%M"


class Purpose(StrEnum):
    """What a list of names is needed for."""

    DOOR = "door"
    GROUPS = "groups"
    CONTACT = "contact"
    REPORT = "report"


class Recipient(StrEnum):
    """Who gets it. A kitchen or a venue gets numbers, not names (P06), so neither stands here."""

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
    """Why a list of names leaves the house, and for whom; both are written into the audit trail."""

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
    """Return such as "nf27-attendees-2027-05-03.csv"; nothing of the filters, which may hold a name."""
    return f"{event.slug}-attendees-{now.astimezone(event.zone):%Y-%m-%d}.csv"


def headings(event: Event) -> list[str]:
    """Return the headings in the organiser's language; moments name their zone."""
    return [
        _("Reference"),
        _("Family name"),
        _("Given name"),
        _("Organisation"),
        _("Title or role"),
        _("Sector"),
        _("Country"),
        _("E-mail address"),
        _("Phone number"),
        _("Language"),
        _("Status"),
        _("Registered (%(zone)s)", zone=event.timezone),
        _("Confirmed (%(zone)s)", zone=event.timezone),
        *(str(CONSENTS[purpose]) for purpose in ConsentPurpose),
    ]


def rows(event: Event, filters: listing.Filters) -> Iterator[list[str | None]]:
    """Yield the filtered list, a row at a time."""
    words = _Words(
        sectors={sector.id: in_language(sector.name) for sector in event.sectors},
        countries=Locale.parse(language()).territories,
        statuses={status: status_name(status) for status in Status},
        answers={True: _("Yes"), False: _("No")},
    )
    for row in listing.stream(event, filters):
        yield _cells(row, words, event.zone)


@dataclass(frozen=True)
class _Words:
    """What codes are called in the organiser's language, looked up once for all rows."""

    sectors: Mapping[int, str]
    countries: Mapping[str, str]
    statuses: Mapping[str, str]
    answers: Mapping[bool, str]


def _cells(row: Row, words: _Words, zone: tzinfo) -> list[str | None]:
    return [
        row.reference,
        row.family_name,
        row.given_name,
        row.organisation,
        row.title,
        words.sectors.get(row.sector_id),
        words.countries.get(row.country, row.country),
        row.email,
        row.phone,
        NAMES.get(row.language, row.language),
        words.statuses[row.status],
        _moment(row.requested_at, zone),
        _moment(row.confirmed_at, zone),
        *(words.answers[bool(getattr(row, purpose))] for purpose in ConsentPurpose),
    ]


def _moment(moment: datetime | None, zone: tzinfo) -> str | None:
    return moment.astimezone(zone).strftime(MOMENT) if moment else None
