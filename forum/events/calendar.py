"""Calendar files of an event (M14): published, never an invitation, and no people in them."""

from datetime import datetime
from urllib.parse import urlsplit

import icalendar
from flask import current_app

from forum.events.models import Event


def event_calendar(event: Event, language: str) -> bytes:
    """Return the public calendar file: METHOD:PUBLISH, a stable UID, local times with their VTIMEZONE."""
    return personal_calendar(event, language, sequence=0)


def personal_calendar(event: Event, language: str, *, sequence: int, cancelled: bool = False) -> bytes:
    """Return the same entry as a person's own; a higher `sequence` replaces it, `cancelled` takes it out again."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Forum//Forum//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(_entry(event, language, sequence, cancelled))
    calendar.add_missing_timezones()
    return calendar.to_ical()


def _entry(event: Event, language: str, sequence: int, cancelled: bool) -> icalendar.Event:
    entry = icalendar.Event()
    entry.add("uid", f"{event.slug}@{urlsplit(current_app.config['BASE_URL']).hostname}")
    entry.add("dtstamp", _stamp(event))
    entry.add("sequence", sequence)
    entry.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    entry.add("dtstart", event.starts_at.astimezone(event.zone))
    entry.add("dtend", event.ends_at.astimezone(event.zone))
    entry.add("summary", event.name.in_language(language))
    entry.add("location", event.place.in_language(language))
    entry.add("url", _front_page(event, language))
    return entry


def _front_page(event: Event, language: str) -> str:
    front = f"{current_app.config['BASE_URL']}/{language}/"
    return front if event.is_current else f"{front}events/{event.slug}/"


def _stamp(event: Event) -> datetime:
    """Return a moment that stays the same as long as the event's dates do, so that the file does too."""
    return event.opens_at
