"""The dry run of an import: who would get a place, who would wait, and which rows are wrong.

People who are registered already are pointed out, in words that are the same for everybody (P21). Nothing is stored.
Places are taken in a copy of the event (`places.trial_of`), in the order of the rows and by the rules by which
organisers add people by hand (`registration/by_hand`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from forum.events.models import Event, Sector
from forum.imports import queries
from forum.registration import belonging, caps, duplicates, names, places, waiting_list
from forum.registration.applicant import Details
from forum.registration.models import Registration
from forum.web.edits import digest


@dataclass(frozen=True)
class Person:
    """A person whom a row of the table names; `row` is its number, `reference` the reference that the row has, or "".

    `given` has the answers to the event's own questions by key; `unasked` the questions that the row answers although
    they are not asked of this person. If `lacks_own_language`, the forum does not write in the language that the row
    names, and `details` has the one that was chosen for rows that name none.
    """

    row: int
    sector: Sector
    details: Details
    email: str
    reference: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    unasked: tuple[str, ...] = ()
    lacks_own_language: bool = False


@dataclass(frozen=True)
class Fault:
    """A fault in a row of the table; `column` is "" if the fault is not in one column."""

    row: int
    column: str
    text: str


@dataclass
class Outcome:
    """The outcome of a dry run; `placed` has the rows of people who get a place, `left_out` those of people not coming.

    `undecided` has the rows of people who have no place elsewhere yet, also if they are imported. `alike` has the rows
    of people who are probably registered already, or stand in an earlier row, with the reason.
    """

    people: list[Person] = field(default_factory=list)
    placed: set[int] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)
    undecided: list[int] = field(default_factory=list)
    alike: list[Fault] = field(default_factory=list)

    @property
    def good(self) -> int:
        """Return how many people can be imported."""
        return len(self.people)

    @property
    def wrong_rows(self) -> int:
        """Return how many rows of the table have a fault."""
        return len({fault.row for fault in self.faults})

    @property
    def waiting(self) -> int:
        """Return how many people would wait for a place."""
        return self.good - len(self.placed)

    @property
    def unasked(self) -> list[tuple[int, str]]:
        """Return row and question of each answer that is not imported because the person is not asked the question."""
        return [(person.row, question) for person in self.people for question in person.unasked]

    @property
    def without_own_language(self) -> list[int]:
        """Return the rows of people who can be imported and name a language in which the forum does not write."""
        return [person.row for person in self.people if person.lacks_own_language]


def check(
    event: Event, people: Sequence[Person], *, may_wait: bool, with_alike: bool = False, now: datetime
) -> Outcome:
    """Return what registering these people would do now. Without `may_wait`, having no place for a person is a fault.

    People who are probably registered already, or in an earlier row, are left out unless `with_alike`.
    """
    faults = (*_doubled(people), *_registered(event, people, now), *_referred_to(event, people))
    doubled = {fault.row: fault for fault in faults}
    alike = [fault for fault in _alike(event, people) if fault.row not in doubled]
    outcome = Outcome(faults=list(doubled.values()), alike=alike)
    passed = doubled.keys() if with_alike else doubled.keys() | {fault.row for fault in alike}
    waits = may_wait and places.takes_waiters(event, now)
    for person, gets_place in _on_trial(event, [one for one in people if one.row not in passed], now):
        if gets_place:
            outcome.placed.add(person.row)
        elif not waits:
            outcome.faults.append(without_place(person))
            continue
        outcome.people.append(person)
    outcome.faults.sort(key=lambda fault: fault.row)
    return outcome


def mark_of(outcome: Outcome, chosen: Mapping[str, object]) -> str:
    """Return a digest of a dry run's outcome and the form's choices: only what the page has shown can be imported."""
    people = [
        (one.row, one.sector.key, vars(one.details), one.email, one.given, one.unasked)
        for one in outcome.people
    ]
    faults = [(one.row, one.text) for one in (*outcome.faults, *outcome.alike)]
    return digest({"people": people, "placed": sorted(outcome.placed), "faults": faults, **chosen})


def _doubled(people: Iterable[Person]) -> Iterator[Fault]:
    """Yield a fault for each row whose mail address an earlier row has."""
    first: dict[str, int] = {}
    for person in people:
        if not person.email:
            continue
        canonical = names.canonical_email(person.email)
        earlier = first.setdefault(canonical, person.row)
        if earlier != person.row:
            yield Fault(
                person.row,
                _("E-mail address"),
                _("The address stands in row %(first)s already", first=earlier),
            )


def _registered(event: Event, people: Iterable[Person], now: datetime) -> Iterator[Fault]:
    """Yield a fault for each row whose mail address is registered for the event already."""
    taken: Mapping[str, str] = queries.list_taken_addresses(event, now)
    for person in people:
        reference = taken.get(names.canonical_email(person.email)) if person.email else None
        if reference:
            yield with_taken_address(person, reference)


def _referred_to(event: Event, people: Iterable[Person]) -> Iterator[Fault]:
    """Yield a fault for each row with the reference of a live registration: our own exports have references."""
    live = queries.list_live_references(event)
    for person in people:
        if person.reference in live:
            told = _("Registered already, as %(reference)s", reference=person.reference)
            yield Fault(person.row, _("Reference"), told)


def _alike(event: Event, people: Iterable[Person]) -> Iterator[Fault]:
    """Yield a fault for each person who resembles a registered person or one of an earlier row (`duplicates`)."""
    registered = duplicates.list_known(event)
    rows: duplicates.Known[int] = duplicates.Known()
    for person in people:
        if told := _alike_words(person.details, registered, rows):
            yield Fault(person.row, _name_of(person), told)
        rows.add(person.details, person.row)


def _name_of(person: Person) -> str:
    return f"{person.details.given_name} {person.details.family_name}".strip()


def _alike_words(details: Details, registered: duplicates.Known[str], rows: duplicates.Known[int]) -> str:
    """Return what a person has in common with a registered person or one of an earlier row; "" if they are new."""
    if reference := registered.find_by_name(details):
        return _("Registration %(reference)s has the same name and organisation", reference=reference)
    if reference := registered.find_by_phone(details):
        return _(
            "Registration %(reference)s has the same phone number and a similar name", reference=reference
        )
    if row := rows.find_by_name(details):
        return _("Row %(row)s has the same name and organisation", row=row)
    if row := rows.find_by_phone(details):
        return _("Row %(row)s has the same phone number and a similar name", row=row)
    return ""


def _on_trial(event: Event, people: Sequence[Person], now: datetime) -> Iterator[tuple[Person, bool]]:
    """Yield each person, and whether a place is left after the people who wait already and those of earlier rows."""
    trial, held = places.trial_of(event), caps.Held()
    waiting_list.count_offers_on_trial(trial, now)
    keys: dict[str, str] = {}
    for person in people:
        name = person.details.organisation
        if name not in keys:
            keys[name] = belonging.key_of(event, name, "")
    held.add(keys.values(), event)
    for person in people:
        asked = Registration(sector_id=person.sector.id, organisation_key=keys[person.details.organisation])
        yield person, places.admit_on_trial(trial, asked, now, held)


def without_place(person: Person) -> Fault:
    """Return the fault that no place is free for the person of a row."""
    told = _(
        "No place is free there for the person, by the limits of the sector, the organisation or the forum"
    )
    return Fault(person.row, _("Sector"), told)


def with_taken_address(person: Person, reference: str) -> Fault:
    """Return the fault that a row's address is registered already, in words that are the same for everybody (P21)."""
    told = _("Registration %(reference)s has this address", reference=reference)
    return Fault(person.row, _("E-mail address"), told)


def of_unknown_sector(row: int, name: str) -> Fault:
    """Return the fault that a row names a sector which the event does not have, or none."""
    if not name:
        return Fault(row, _("Sector"), _("The row names no sector, and none is chosen for such rows"))
    return Fault(row, _("Sector"), _("The forum has no sector “%(name)s”", name=name[:100]))
