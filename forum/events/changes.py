"""Changing an event's own texts, days and rules; its places change in `registration.sectors`."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from forum.audit import actions as audit
from forum.events.models import Event

CHANGEABLE = frozenset(
    {
        *("name", "short_name", "lead", "place", "map_url", "directions", "hashtag", "contact_email"),
        *("timezone", "starts_at", "ends_at", "nights", "name_order"),
        *(
            "opens_at",
            "closes_at",
            "release_at",
            "freezes_at",
            "has_waiting_list",
            "offer_hours",
            "offer_cutoff_hours",
            "line_order",
            "offer_reminder_hours",
            "invitation_reminder_days",
            "invitation_reminder_hour",
            "organisation_cap",
            "review_days",
            "has_second_reviewer",
        ),
        *(
            "organiser_name",
            "organiser_address",
            "organiser_phone",
            "organiser_url",
            "contacts",
            "help_lines",
        ),
        *("sharing", "facts", "programme_points"),
        *("languages", "participant_list"),
        *("accent_light", "accent_dark", "logo_key", "share_key"),
    }
)


def change(event: Event, values: Mapping[str, Any], *, actor: str, now: datetime) -> dict[str, Any]:
    """Set columns of a locked event; return the former values of the changed columns, by name.

    The audit trail records the names of the changed columns.
    """
    if strange := values.keys() - CHANGEABLE:
        raise KeyError(f"not a setting of an event: {sorted(strange)}")
    former = {name: getattr(event, name) for name in values}
    changed = {name: value for name, value in former.items() if value != values[name]}
    for name in changed:
        setattr(event, name, values[name])
    if changed:
        audit.record("event.changed", event, actor=actor, at=now, fields=[*changed])
    return changed


def touches_calendars(changed: Iterable[str]) -> bool:
    """Return whether people's calendar entries show one of these columns."""
    return bool({*changed} & {*Event.calendar_columns})
