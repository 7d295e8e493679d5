"""Calendar files of an event (M14): they publish it, invite nobody and name no people.

Each day is an entry of its own (RFC 5545, 3.6.1). All files of an event share the entries' UIDs, so that a newer file
replaces an older one, whether it is the public file or a person's own. The one with the higher SEQUENCE is newer,
then the one with the later DTSTAMP (RFC 5546, 2.1.5): both come from the last change, never from the moment of the
download.
"""

from datetime import date, datetime, time, timedelta
from urllib.parse import urlsplit

import icalendar
from flask import current_app

from forum.events.enums import EntryStatus
from forum.events.models import Event

LONGEST_DAY = timedelta(hours=12)
DAY = timedelta(days=1)
# Start and end as times, or as whole days; the end is exclusive.
Span = tuple[datetime, datetime] | tuple[date, date]


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


def list_days(event: Event) -> list[Span]:
    """Return start and end of each day of the event, in its time zone; whole days where the hours are not known."""
    starts, ends = event.starts_at.astimezone(event.zone), event.ends_at.astimezone(event.zone)
    last = (ends - timedelta(seconds=1)).date()  # an end at midnight belongs to the day before
    dates = [starts.date() + number * DAY for number in range((last - starts.date()).days + 1)]
    if len(dates) == 1 or (not event.nights and event.ends_at - event.starts_at <= LONGEST_DAY):
        return [(starts, ends)]
    nights = event.nights if len(event.nights) == len(dates) - 1 else [{}] * (len(dates) - 1)
    mornings = [
        starts,
        *(_at(day, night.get("starts"), event) for day, night in zip(dates[1:], nights, strict=True)),
    ]
    evenings = [
        *(_at(day, night.get("ends"), event) for day, night in zip(dates, nights, strict=False)),
        ends,
    ]
    return [
        (morning, evening if evening > morning else evening + DAY)
        if morning and evening
        else (day, day + DAY)
        for day, morning, evening in zip(dates, mornings, evenings, strict=True)
    ]


def _file(event: Event, language: str, status: EntryStatus, sequence: int, changed_at: datetime) -> bytes:
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Forum//Forum//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for number, (starts, ends) in enumerate(list_days(event), start=1):
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


def _at(day: date, hour: str | None, event: Event) -> datetime | None:
    return datetime.combine(day, time.fromisoformat(hour), event.zone) if hour else None


def _uid(event: Event, day: int) -> str:
    """Return the UID of the entry for one day of the event.

    The UID contains the day's number and not its date, so that the entries move along when the event is moved. The
    first day has the UID that stood for the whole event in earlier releases, and so replaces that entry.
    """
    slug = event.slug if day == 1 else f"{event.slug}.day{day}"
    return f"{slug}@{urlsplit(current_app.config['BASE_URL']).hostname}"


def _front_page(event: Event, language: str) -> str:
    front = f"{current_app.config['BASE_URL']}/{language}/"
    return front if event.is_current else f"{front}events/{event.slug}/"
