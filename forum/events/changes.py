"""Changing an event's own texts, days and rules; its places change in `registration.sectors`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from forum.audit import actions as audit
from forum.events.models import Event

CHANGEABLE = frozenset(
    {
        *("name", "short_name", "lead", "place", "map_url", "directions", "hashtag", "contact_email"),
        *("timezone", "starts_at", "ends_at", "nights"),
        *(
            "opens_at",
            "closes_at",
            "release_at",
            "freezes_at",
            "has_waiting_list",
            "offer_hours",
            "organisation_cap",
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
        "languages",
        *("accent_light", "accent_dark", "logo_key", "share_key"),
    }
)


def change(event: Event, values: Mapping[str, Any], *, actor: str, now: datetime) -> list[str]:
    """Set columns of a locked event; return the names of those whose values are new, which the audit trail records."""
    if strange := values.keys() - CHANGEABLE:
        raise KeyError(f"not a setting of an event: {sorted(strange)}")
    changed = [name for name, value in values.items() if getattr(event, name) != value]
    for name in changed:
        setattr(event, name, values[name])
    if changed:
        audit.record("event.changed", event, actor=actor, at=now, fields=changed)
    return changed


def touches_calendars(changed: list[str]) -> bool:
    """Return whether people's calendar entries show one of these columns."""
    return bool({*changed} & {*Event.calendar_columns})
