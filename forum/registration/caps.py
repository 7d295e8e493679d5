"""How many places an organisation may have: its own cap, else the event's; and how many it holds.

An organisation's places are counted by `organisation_key`, over all its spellings and mail domains (`belonging`). The
numbers are read with the event locked, in the transaction that takes a place (R01).
"""

from collections import Counter
from collections.abc import Collection, Mapping

from sqlalchemy import bindparam, select

from forum.events.models import Event
from forum.extensions import db
from forum.registration import queries
from forum.registration.organisation_models import Organisation

OWN_CAPS = select(Organisation.key, Organisation.cap).where(
    Organisation.event_id == bindparam("event_id"), Organisation.cap.is_not(None)
)
OWN_CAPS_OF = OWN_CAPS.where(Organisation.key.in_(bindparam("keys", expanding=True)))


class Held(Counter[str]):
    """Numbers of places by `organisation_key`; `own` has the caps of organisations that have one of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.own: Mapping[str, int] = {}

    def add(self, keys: Collection[str], event: Event) -> None:
        """Read the numbers and caps of these organisations, without those that are known already."""
        unknown = set(keys) - self.keys()
        self.own = {**self.own, **own_caps(event, unknown)}
        self.update(dict.fromkeys(unknown, 0))
        self.update(queries.count_places_of_organisations(event, unknown))


def has_room(event: Event, key: str | None, held: Held | None = None) -> bool:
    """Return whether the organisation, if any, may have one more place; `held` are known numbers of places."""
    if key is None:
        return True
    cap = cap_of(event, key, held.own if held is not None else own_caps(event, [key]))
    if cap is None:
        return True
    return (queries.count_places_of_organisation(event, key) if held is None else held[key]) < cap


def cap_of(event: Event, key: str, own: Mapping[str, int]) -> int | None:
    """Return how many places an organisation may have, None for as many as there are; `own` are from `own_caps`."""
    return own.get(key, event.organisation_cap)


def own_caps(event: Event, keys: Collection[str] | None = None) -> dict[str, int]:
    """Return by key the caps of the event's organisations that have their own; only of these keys, if given."""
    values = {"event_id": event.id}
    query, asked = (OWN_CAPS, {}) if keys is None else (OWN_CAPS_OF, {"keys": list(keys)})
    return {key: cap for key, cap in db.session.execute(query, {**values, **asked}) if cap is not None}


def held_by(event: Event, keys: Collection[str]) -> Held:
    """Return how many places these organisations hold, and the caps that they have of their own."""
    held = Held()
    held.add(keys, event)
    return held
