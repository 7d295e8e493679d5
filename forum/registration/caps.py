"""How many places an organisation may have: its own cap, else the event's; and how many it holds.

An organisation may have a separate cap for a sector. Its places in that sector count against that cap alone, its places
in all other sectors together against its general cap.

An organisation's places are counted by `organisation_key`, over all its spellings and mail domains (`belonging`). The
numbers are read with the event locked, in the transaction that takes a place (R01).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import bindparam, or_, select

from forum.events.models import Event
from forum.extensions import db
from forum.registration import held_places
from forum.registration.errors import OrganisationFull
from forum.registration.models import Registration
from forum.registration.organisation_models import Organisation, OrganisationCap

# An organisation's own caps by sector id. The key None has the general cap, for all sectors without a separate cap.
Own = Mapping[int | None, int]
OWN_CAPS = (
    select(Organisation.key, Organisation.cap, OrganisationCap.sector_id, OrganisationCap.cap)
    .outerjoin(OrganisationCap, OrganisationCap.organisation_id == Organisation.id)
    .where(
        Organisation.event_id == bindparam("event_id"),
        or_(Organisation.cap.is_not(None), OrganisationCap.cap.is_not(None)),
    )
)
OWN_CAPS_OF = OWN_CAPS.where(Organisation.key.in_(bindparam("keys", expanding=True)))


class Held:
    """How many places each organisation holds in each sector; `own` has the caps set for single organisations."""

    def __init__(self) -> None:
        self.own: Mapping[str, Own] = {}
        self._known: set[str] = set()
        self._in_sector: Counter[tuple[str, int]] = Counter()
        self._in_all: Counter[str] = Counter()

    def add(self, keys: Collection[str], event: Event) -> None:
        """Read how many places these organisations hold, and their own caps; skip those that were read before."""
        unknown = set(keys) - self._known
        self.own = {**self.own, **own_caps(event, unknown)}
        self.know(unknown, held_places.count_of_organisations(event, unknown))

    def know(self, keys: Collection[str], numbers: Mapping[tuple[str, int], int]) -> None:
        """Store how many places these organisations hold in each sector, as the caller has read it."""
        self._known |= set(keys)
        for (key, sector_id), number in numbers.items():
            self.count(key, sector_id, number)

    def count(self, key: str, sector_id: int, step: int = 1) -> None:
        """Add `step` to the number of places that an organisation holds in a sector; a negative step subtracts."""
        self._in_sector[key, sector_id] += step
        self._in_all[key] += step

    def in_all(self, key: str) -> int:
        """Return how many places an organisation has in the event."""
        return self._in_all[key]

    def against(self, key: str, sector_id: int | None) -> int:
        """Return how many places of an organisation count against the cap that it has in this sector.

        Without a sector they count against its general cap, for all sectors without a separate cap.
        """
        own = self.own.get(key, {})
        if sector_id is not None and sector_id in own:
            return self._in_sector[key, sector_id]
        return self._in_all[key] - sum(self._in_sector[key, one] for one in own if one is not None)


def has_room(
    event: Event, key: str | None, sector_id: int, held: Held | None = None, *, own: Own | None = None
) -> bool:
    """Return whether an organisation may have one more place in the sector.

    `held` has numbers read before, `own` the caps set for this organisation, if the caller has read them.
    """
    if key is None:
        return True
    if own is not None:
        known: Mapping[str, Own] = {key: own}
    else:
        known = held.own if held is not None else own_caps(event, [key])
    cap = cap_of(event, key, sector_id, known)
    if cap is None:
        return True
    if held is None:
        held = Held()
        held.own = known
        held.know([key], held_places.count_of_organisations(event, [key]))
    return held.against(key, sector_id) < cap


def refuse_if_full(registration: Registration, key: str) -> None:
    """Raise OrganisationFull if the registration's held place would move to this organisation, which is at its cap."""
    moves = registration.holds_place and key != registration.organisation_key
    if moves and not has_room(registration.event, key, registration.sector_id):
        raise OrganisationFull


def cap_of(event: Event, key: str, sector_id: int | None, own: Mapping[str, Own]) -> int | None:
    """Return how many places an organisation may have in a sector, None without a limit.

    Without a sector, return the general cap, for all sectors without a separate cap; `own` are from `own_caps`.
    """
    mine = own.get(key, {})
    return mine.get(sector_id, mine.get(None, event.organisation_cap))


def own_caps(event: Event, keys: Collection[str] | None = None) -> dict[str, Own]:
    """Return caps set for the organisations with these keys, or all, by key and sector id (None: the general cap)."""
    values = {"event_id": event.id}
    query, asked = (OWN_CAPS, {}) if keys is None else (OWN_CAPS_OF, {"keys": list(keys)})
    own: dict[str, dict[int | None, int]] = defaultdict(dict)
    for key, cap, sector_id, in_sector in db.session.execute(query, {**values, **asked}):
        if cap is not None:
            own[key][None] = cap
        if in_sector is not None:
            own[key][sector_id] = in_sector
    return dict(own)


def held_by(event: Event, keys: Collection[str]) -> Held:
    """Return how many places the organisations with these keys hold, and the caps set for them."""
    held = Held()
    held.add(keys, event)
    return held
