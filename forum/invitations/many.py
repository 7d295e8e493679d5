"""Inviting many people in one transaction: all of them or, if one cannot be invited, nobody."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from forum.events import queries as events
from forum.events.models import Event, Sector
from forum.invitations import actions, queries
from forum.invitations.actions import Invitee, Terms
from forum.invitations.errors import (
    AlreadyInvited,
    AlreadyRegistered,
    EventOver,
    InvitationRefused,
    NoPlaceToHold,
)
from forum.registration import names, places, waiting_list
from forum.registration.errors import NoPlaceFree

MOST = 300  # The most people who are invited at once: the text field of the form has room for their rows.


@dataclass(frozen=True)
class Row:
    """A person to invite, with the sector and the number of the person's row in the table."""

    number: int
    sector: Sector
    invitee: Invitee


class SomeRefused(InvitationRefused):
    """Some of the people cannot be invited; `refusals` say who, by the rows' numbers, and why."""

    def __init__(self, refusals: dict[int, InvitationRefused]) -> None:
        super().__init__(type(self).__doc__)
        self.refusals = refusals


def find_refusals(
    event: Event, rows: Sequence[Row], terms: Terms, now: datetime
) -> dict[int, InvitationRefused]:
    """Return, by row number, why people cannot be invited now; two statements read this for all rows."""
    canonical = {row.number: names.canonical_email(row.invitee.email) for row in rows}
    invited = queries.list_open_addresses(event, canonical.values())
    registered = queries.find_confirmed_registrations(event, canonical.values())
    refusals: dict[int, InvitationRefused] = {}
    for number, address in canonical.items():
        if address in invited:
            refusals[number] = AlreadyInvited()
        elif address in registered:
            refusals[number] = AlreadyRegistered(registered[address])
    if terms.holds_place and not refusals:
        refusals |= dict.fromkeys(_without_place(event, rows, now), NoPlaceToHold())
    return refusals


def invite_all(event: Event, rows: Sequence[Row], terms: Terms, *, user_id: int, now: datetime) -> int:
    """Invite everybody; return how many. Call after `start_write`.

    Raises EventOver, SomeRefused. After a refusal the caller has to roll back.
    """
    places.lock(event)
    if events.is_off(event, now):
        raise EventOver
    if terms.holds_place:
        waiting_list.offer_free_places(event, now=now)
    if refusals := find_refusals(event, rows, terms, now):
        raise SomeRefused(refusals)
    for row in rows:
        actions.add(event, row.sector, row.invitee, terms, user_id=user_id, now=now)
    return len(rows)


def _without_place(event: Event, rows: Sequence[Row], now: datetime) -> Iterator[int]:
    """Yield the numbers of the rows for which no place would be left; the places are counted in a copy of the event."""
    trial = places.trial_of(event)
    sectors = {sector.key: sector for sector in trial.sectors}
    for row in rows:
        try:
            places.reserve(sectors[row.sector.key], now)
        except NoPlaceFree:
            yield row.number
