"""What events are called where one is chosen among several: two events may have the same name."""

from collections import Counter
from collections.abc import Sequence

from forum.events.models import Event
from forum.web.languages import dates_of, in_language


def labels_of(listed: Sequence[Event]) -> dict[str, str]:
    """Return each event's short name with its year, by slug; with its days where several would be called the same."""
    labels = {event.slug: _with_year(event) for event in listed}
    times = Counter(labels.values())
    with_days = {event.slug: f"{in_language(event.short_name)} ({dates_of(event)})" for event in listed}
    return {slug: label if times[label] == 1 else with_days[slug] for slug, label in labels.items()}


def _with_year(event: Event) -> str:
    name, year = in_language(event.short_name), str(event.starts_at.astimezone(event.zone).year)
    return name if year in name else f"{name} ({year})"
