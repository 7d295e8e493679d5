"""Names of events in lists: two events may have the same name, and get their year or days added."""

from collections import Counter
from collections.abc import Sequence

from forum.events.models import Event
from forum.events.queries import LinkedEvent
from forum.web.languages import dates_of, in_language


def short_labels_of(listed: Sequence[Event | LinkedEvent]) -> dict[str, str]:
    """Return each event's short name by slug.

    Events that share a short name get labels with the year or the days instead (`labels_of`).
    """
    names = {event.slug: in_language(event.short_name) for event in listed}
    times, labels = Counter(names.values()), labels_of(listed)
    return {slug: name if times[name] == 1 else labels[slug] for slug, name in names.items()}


def labels_of(listed: Sequence[Event | LinkedEvent]) -> dict[str, str]:
    """Return a label for each event, by slug: its short name and year, or its days where labels would be the same."""
    labels = {event.slug: _with_year(event) for event in listed}
    times = Counter(labels.values())
    with_days = {event.slug: f"{in_language(event.short_name)} ({dates_of(event)})" for event in listed}
    return {slug: label if times[label] == 1 else with_days[slug] for slug, label in labels.items()}


def _with_year(event: Event | LinkedEvent) -> str:
    name, year = in_language(event.short_name), str(event.starts_at.astimezone(event.zone).year)
    return name if year in name else f"{name} ({year})"
