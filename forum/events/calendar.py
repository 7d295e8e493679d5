"""Calendar files of an event (M14): they publish the event, invite nobody and name no people.

Each day is an entry of its own (RFC 5545, 3.6.1). All files of an event share the entries' UIDs, so that a newer file
replaces an older one, whether it is the public file or a person's own. The one with the higher SEQUENCE is newer,
then the one with the later DTSTAMP (RFC 5546, 2.1.5): both come from the last change, never from the moment of the
download.
"""

from datetime import datetime
from urllib.parse import urlsplit

import icalendar
from flask import current_app

from forum.events.days import list_spans
from forum.events.enums import EntryStatus
from forum.events.models import Event
from forum.events.queries import front_path


def event_calendar(event: Event, language: str) -> bytes:
    """Return the public calendar file: METHOD:PUBLISH, stable UIDs, local times with their VTIMEZONE."""
    return _file(event, language, EntryStatus.CONFIRMED, event.calendar_sequence, _changed_at(event))


def personal_calendar(
    event: Event, language: str, *, status: EntryStatus, sequence: int, changed_at: datetime
) -> bytes:
    """Return a person's own calendar file: the event's entries with the status of the person's place.

    `sequence` counts how often the person's `status` has changed, last at `changed_at`; changes of the event are
    added.
    """
    changed_at = max(changed_at, _changed_at(event))
    return _file(event, language, status, event.calendar_sequence + sequence, changed_at)


def _file(event: Event, language: str, status: EntryStatus, sequence: int, changed_at: datetime) -> bytes:
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Forum//Forum//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for number, (starts, ends) in enumerate(list_spans(event), start=1):
        entry = icalendar.Event()
        entry.add("uid", _uid(event, number))
        entry.add("dtstamp", changed_at)
        entry.add("last-modified", changed_at)
        entry.add("sequence", sequence)
        entry.add("status", status.value)
        entry.add("dtstart", starts)
        entry.add("dtend", ends)
        entry.add("summary", event.name.in_language(language))
        entry.add("location", event.place.in_language(language))
        entry.add("url", _front_page(event, language))
        calendar.add_component(entry)
    calendar.add_missing_timezones()
    return calendar.to_ical()


def _changed_at(event: Event) -> datetime:
    return event.calendar_changed_at or event.opens_at


def _uid(event: Event, day: int) -> str:
    """Return the UID of the calendar entry for one day of the event; `day` counts from 1.

    The UID contains the day's number and not its date, so that the entries move along when the event is moved. The
    first day has the UID that stood for the whole event in earlier releases, and so replaces that entry.
    """
    slug = event.slug if day == 1 else f"{event.slug}.day{day}"
    return f"{slug}@{urlsplit(current_app.config['BASE_URL']).hostname}"


def _front_page(event: Event, language: str) -> str:
    return current_app.config["BASE_URL"] + front_path(event, language)
