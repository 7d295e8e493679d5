"""Delegations in the attendee list, read by functions that the package `delegations` registers here.

The package `delegations` imports `registration`, so `registration` cannot import it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flask import current_app
from flask.sansio.app import App
from sqlalchemy import ColumnElement, Select

from forum.events.models import Event
from forum.outbox.models import OutboxMessage
from forum.registration.bare_hold_models import BareHold
from forum.registration.enums import Membership

DELEGATIONS = "delegations of registrations"
COLUMN = "delegation"  # the name of the column of delegations, in the list and in exports


@dataclass(frozen=True)
class Delegated:
    """A confirmed delegation in the attendee list.

    `label` names it by its organisation and number; `words` is the folded text in which a search looks.
    """

    number: int
    organisation: str
    label: str
    words: str


class Reading(Protocol):
    """The functions that the package `delegations` installs, by which the attendee list reads delegations."""

    def list_all(self, event: Event) -> Sequence[Delegated]:
        """Return the event's confirmed delegations, sorted by organisation."""

    def select_all(self) -> Select:
        """Select number, organisation and contact's name of each confirmed delegation of the event `event_id`."""

    def from_rows(self, rows: Iterable[Any]) -> Sequence[Delegated]:
        """Return the delegations that the rows of `select_all` stand for, sorted by organisation."""

    def numbers_of(self, registration_ids: Collection[int]) -> Mapping[int, int]:
        """Return, by id of each registration that is in a delegation, the number of its delegation."""

    def find_languages_of_contacts(self, registration_ids: Collection[int]) -> Mapping[int, str]:
        """Return the language of the contact who sees each of these registrations, by id of those in a delegation."""

    def has(self, numbers: Collection[int] | None) -> ColumnElement[bool]:
        """Return the condition that a registration is in a delegation with one of these numbers (None: in any)."""

    def select_label(self) -> Any:
        """Return the subquery for the name under which lists show a registration's delegation."""

    def list_mails_of_holds(self, holds: Sequence[BareHold]) -> Mapping[int, Sequence[OutboxMessage]]:
        """Return, by id of each bare hold, the mails that asked the person for whom the place is held, oldest first."""


def install(app: App, reading: Reading) -> None:
    """Register the functions with which the attendee list reads delegations."""
    app.extensions[DELEGATIONS] = reading


def list_all(event: Event) -> Sequence[Delegated]:
    """Return the event's confirmed delegations, sorted by organisation."""
    return _reading().list_all(event)


def select_all() -> Select:
    """Select number, organisation and contact's name of each confirmed delegation of the event `event_id`."""
    return _reading().select_all()


def from_rows(rows: Iterable[Any]) -> Sequence[Delegated]:
    """Return the delegations that the rows of `select_all` stand for, sorted by organisation."""
    return _reading().from_rows(rows)


def is_in_any() -> ColumnElement[bool]:
    """Return the condition that a registration is in a delegation; then the contact is told of changes of status."""
    return _reading().has(None)


def find(event: Event, code: str) -> Delegated | Membership | None:
    """Return the delegation or Membership that a URL names; None for a delegation of another event (S13)."""
    if code in set(Membership):
        return Membership(code)
    return next((one for one in list_all(event) if str(one.number) == code), None)


def find_of(every: Sequence[Delegated], registration_ids: Collection[int]) -> dict[int, Delegated]:
    """Return by registration id to which of the event's delegations (`every`) each of these registrations belongs."""
    known = {one.number: one for one in every}
    numbers = _reading().numbers_of(registration_ids) if every else {}
    return {key: known[number] for key, number in numbers.items() if number in known}


def find_languages_of_contacts(registration_ids: Collection[int]) -> Mapping[int, str]:
    """Return the language of the contact who sees each of these registrations, by id of those in a delegation."""
    return _reading().find_languages_of_contacts(registration_ids) if registration_ids else {}


def meets(wanted: Delegated | Membership) -> ColumnElement[bool]:
    """Return the condition that a registration belongs to this delegation, or (by Membership) to any or to none."""
    if isinstance(wanted, Delegated):
        return _reading().has([wanted.number])
    return ~_reading().has(None) if wanted == Membership.NONE else _reading().has(None)


def holding(every: Sequence[Delegated], texts: Sequence[str]) -> ColumnElement[bool] | None:
    """Return the condition that a registration's delegation matches a searched text; None if no delegation matches."""
    numbers = [one.number for one in every if any(text in one.words for text in texts)]
    return _reading().has(numbers) if numbers else None


def select_label() -> Any:
    """Return the subquery for the name of a registration's delegation in an exported list."""
    return _reading().select_label()


def list_mails_of_holds(holds: Sequence[BareHold]) -> Mapping[int, Sequence[OutboxMessage]]:
    """Return, by id of each bare hold, the mails that asked the person for whom the place is held, oldest first."""
    return _reading().list_mails_of_holds(holds)


def _reading() -> Reading:
    reading: Reading = current_app.extensions[DELEGATIONS]
    return reading
