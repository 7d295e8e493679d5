"""Calendar files of an event (M14): they publish the event, invite nobody and name no people.

Each day is an entry of its own (RFC 5545, 3.6.1). All files of an event share the entries' UIDs, so that a newer file
replaces an older one, whether it is the public file or a person's own. The one with the higher SEQUENCE is newer,
then the one with the later DTSTAMP (RFC 5546, 2.1.5): both come from the last change, never from the moment of the
download.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from urllib.parse import urlsplit

import icalendar
from flask import current_app

from forum.events.calendar_zones import define_zone
from forum.events.days import list_spans
from forum.events.enums import EntryStatus
from forum.events.models import Event
from forum.events.queries import front_path

# How long a calendar program that has subscribed to a person's feed waits before it asks for the feed again.
ASKED_EVERY = timedelta(hours=6)


def event_calendar(event: Event, language: str) -> bytes:
    """Return the public calendar file: METHOD:PUBLISH, stable UIDs, local times with their VTIMEZONE."""
    return _file(event, language, EntryStatus.CONFIRMED, event.calendar_sequence, _changed_at(event))


def personal_calendar(
    event: Event,
    language: str,
    *,
    status: EntryStatus,
    sequence: int,
    changed_at: datetime,
    is_feed: bool = False,
) -> bytes:
    """Return a person's own calendar file: the event's entries with the status of the person's place.

    `sequence` counts how often the person's `status` has changed, last at `changed_at`; changes of the event are added.
    A feed (`is_feed`) also states a name, shown in the program's list of calendars, and how often to ask for the feed
    again.
    """
    changed_at = max(changed_at, _changed_at(event))
    head = _feed_head(event, language) if is_feed else {}
    return _file(event, language, status, event.calendar_sequence + sequence, changed_at, head)


def _feed_head(event: Event, language: str) -> dict[str, icalendar.vText | icalendar.vDuration]:
    """Return a feed's name and the time until a program asks again, as properties of RFC 7986 and older X- ones."""
    name = Escaped(event.short_name.in_language(language))
    # In properties that icalendar does not know, a plain timedelta would be written as "6:00:00", which no program
    # reads.
    return {
        "NAME": name,
        "X-WR-CALNAME": name,
        "REFRESH-INTERVAL": icalendar.vDuration(ASKED_EVERY),
        "X-PUBLISHED-TTL": icalendar.vDuration(ASKED_EVERY),
    }


def _file(
    event: Event,
    language: str,
    status: EntryStatus,
    sequence: int,
    changed_at: datetime,
    head: Mapping[str, icalendar.vText | icalendar.vDuration] = MappingProxyType({}),
) -> bytes:
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Forum//Forum//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for name, value in head.items():
        _add_to_head(calendar, name, value)
    for number, (starts, ends) in enumerate(list_spans(event), start=1):
        entry = icalendar.Event()
        entry.add("uid", _uid(event, number))
        entry.add("dtstamp", changed_at)
        entry.add("last-modified", changed_at)
        entry.add("sequence", sequence)
        entry.add("status", (EntryStatus.CANCELLED if event.cancelled_at else status).value)
        entry.add("dtstart", starts)
        entry.add("dtend", ends)
        entry.add("summary", Escaped(event.name.in_language(language)))
        entry.add("location", Escaped(event.place.in_language(language)))
        entry.add("url", _front_page(event, language))
        calendar.add_component(entry)
    if event.timezone in calendar.get_missing_tzids() and (zone := define_zone(event.zone, _year(event))):
        calendar.add_component(zone)
        calendar.subcomponents.insert(0, calendar.subcomponents.pop())
    # If two yearly rules could not describe the event's time zone, write the zone as a list of dates.
    calendar.add_missing_timezones()
    return calendar.to_ical()


def _add_to_head(
    calendar: icalendar.Calendar, name: str, value: icalendar.vText | icalendar.vDuration
) -> None:
    is_interval = name == "REFRESH-INTERVAL"
    calendar.add(name, value, parameters={"VALUE": "DURATION"} if is_interval else {})


def _year(event: Event) -> int:
    return event.starts_at.astimezone(event.zone).year


class Escaped(icalendar.vText):
    """A text that keeps a backslash before an N, which icalendar takes for a line break (RFC 5545, 3.3.11)."""

    def to_ical(self) -> bytes:
        """Return the text as calendar files encode it."""
        plain = self.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
        return plain.replace("\r\n", "\n").replace("\n", "\\n").encode()


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
