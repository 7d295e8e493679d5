"""To which organisation a registration belongs, so that spellings and colleagues count together.

A registration belongs to the organisation whose name or alias was written in it; if there is none, to the one that has
the e-mail's domain, or a domain above it, among its mail domains. The registration then has the organisation's key as
its `organisation_key`, by which places are counted; without an organisation, the key of the typed name. Registrations
of a merged organisation belong to the one it was merged into.

The name takes precedence over the domain, because a person may use somebody else's address. Nobody loses a place
when an organisation gets another name or domain: a cap looks only at places that are still to be given.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.orm import aliased

from forum.events.models import Event, Sector
from forum.extensions import db
from forum.registration import names
from forum.registration.bare_hold_models import BareHold
from forum.registration.enums import LIVE
from forum.registration.models import Registration
from forum.registration.organisation_models import (
    MarkKind,
    Organisation,
    OrganisationCap,
    OrganisationMark,
)

AT_ONCE = 500
Whose = TypeVar("Whose", str, int)
Marks = dict[tuple[str, str], Whose]
# The organisation that a mark (a name or a mail domain) stands for; if it was merged, the one into which it was merged.
Standing = aliased(Organisation)
MARKS = (
    select(OrganisationMark.kind, OrganisationMark.value, Standing.key)
    .join(Organisation, Organisation.id == OrganisationMark.organisation_id)
    .join(Standing, Standing.id == func.coalesce(Organisation.counts_as_id, Organisation.id))
)
OWNERS = select(OrganisationMark.kind, OrganisationMark.value, OrganisationMark.organisation_id)
IN_EVENT = OrganisationMark.event_id == bindparam("event_id")
MARKS_OF_ONE = MARKS.where(
    IN_EVENT,
    or_(
        (OrganisationMark.kind == MarkKind.NAME) & (OrganisationMark.value == bindparam("name")),
        (OrganisationMark.kind == MarkKind.DOMAIN)
        & OrganisationMark.value.in_(bindparam("domains", expanding=True)),
    ),
)

# MARKS_OF_ONE with the caps of the organisations: one statement instead of two, because each registration needs both
# while the event is locked.
WITH_CAPS = MARKS_OF_ONE.outerjoin(
    OrganisationCap, OrganisationCap.organisation_id == Standing.id
).add_columns(Standing.cap, OrganisationCap.sector_id, OrganisationCap.cap)
DOMAINS_OF = MARKS.where(
    IN_EVENT,
    OrganisationMark.kind == MarkKind.DOMAIN,
    Standing.key.in_(bindparam("keys", expanding=True)),
).order_by(OrganisationMark.value)
ALL_SUGGESTED = (
    select(Organisation.name)
    .where(
        Organisation.event_id == bindparam("event_id"),
        Organisation.is_suggested,
        Organisation.counts_as_id.is_(None),
    )
    .order_by(Organisation.key)
)
SUGGESTED = ALL_SUGGESTED.where(
    or_(Organisation.sector_id.is_(None), Organisation.sector_id == bindparam("sector_id"))
)


@dataclass(frozen=True)
class Belonging:
    """The key of the organisation to which a registration belongs, and its own caps (see `caps.Own`) by sector id."""

    key: str
    own: Mapping[int | None, int]


def key_of(event: Event, organisation: str, email_canonical: str) -> str:
    """Return the `organisation_key` of a registration with this organisation's name and this address."""
    key, domains = names.organisation_key(organisation), list(_domains(email_canonical))
    # Do not let this query write the registration to the database: the caller may have changed only half of it.
    with db.session.no_autoflush:
        rows = db.session.execute(MARKS_OF_ONE, {"event_id": event.id, "name": key, "domains": domains})
        return _choose(_by_mark(rows), key, domains) or key


def find(event: Event, organisation: str, email_canonical: str) -> Belonging:
    """Return the `organisation_key` that `key_of` returns, and the caps set for that organisation."""
    key, domains = names.organisation_key(organisation), list(_domains(email_canonical))
    rows = db.session.execute(WITH_CAPS, {"event_id": event.id, "name": key, "domains": domains}).all()
    key = _choose(_by_mark(row[:3] for row in rows), key, domains) or key
    own: dict[int | None, int] = {}
    for _kind, _value, standing, cap, sector_id, in_sector in rows:
        if standing == key and cap is not None:
            own[None] = cap
        if standing == key and in_sector is not None:
            own[sector_id] = in_sector
    return Belonging(key, own)


def settle(event: Event) -> int:
    """Give each registration of the event the key of the organisation that it belongs to now.

    Return how many live registrations changed. Call this with the event locked, after its organisations
    have changed. A bare hold has no address, so it follows its organisation by name alone.
    """
    marks = _by_mark(db.session.execute(MARKS.where(IN_EVENT), {"event_id": event.id}))
    columns = Registration.id, Registration.organisation, Registration.email_canonical
    rows = db.session.execute(
        select(*columns, Registration.status, Registration.organisation_key).where(
            Registration.event_id == event.id
        )
    )
    changed: dict[str, list[int]] = defaultdict(list)
    live = 0
    for number, organisation, address, status, before in rows:
        written = names.organisation_key(organisation)
        key = _choose(marks, written, _domains(address)) or written
        if key != before:
            changed[key].append(number)
            live += status in LIVE
    for key, numbers in changed.items():
        for first in range(0, len(numbers), AT_ONCE):
            mine = update(Registration).where(Registration.id.in_(numbers[first : first + AT_ONCE]))
            db.session.execute(mine.values(organisation_key=key))
    for hold in db.session.scalars(select(BareHold).where(BareHold.event_id == event.id)):
        hold.organisation_key = _choose(marks, hold.organisation_key, ()) or hold.organisation_key
    return live


def count_by_owner(event: Event, key: str) -> dict[int, tuple[int, int]]:
    """Return, by organisation id, how many live registrations with this key match its marks, and how many hold places.

    Marks are names and mail domains. Merged organisations are listed apart, each with the registrations that match its
    own marks.
    """
    owners = _by_mark(db.session.execute(OWNERS.where(IN_EVENT), {"event_id": event.id}))
    columns = Registration.organisation, Registration.email_canonical, Registration.holds_place
    rows = db.session.execute(
        select(*columns).where(
            Registration.event_id == event.id,
            Registration.organisation_key == key,
            Registration.status.in_(LIVE),
        )
    )
    numbers: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for organisation, address, holds_place in rows:
        if owner := _choose(owners, names.organisation_key(organisation), _domains(address)):
            registrations, places = numbers[owner]
            numbers[owner] = (registrations + 1, places + holds_place)
    return numbers


def list_suggested(sector: Sector) -> Sequence[str]:
    """Return the names that the form suggests in this sector: those that organisers marked for it or for all."""
    return db.session.scalars(SUGGESTED, {"event_id": sector.event_id, "sector_id": sector.id}).all()


def list_all_suggested(event: Event) -> Sequence[str]:
    """Return the names that organisers' own forms suggest: those marked for any sector."""
    return db.session.scalars(ALL_SUGGESTED, {"event_id": event.id}).all()


def find_names(event: Event, keys: Collection[str]) -> dict[str, str]:
    """Return, by key, the names of those organisations that organisers have added to the event."""
    query = select(Organisation.key, Organisation.name).where(
        Organisation.event_id == event.id, Organisation.key.in_(keys)
    )
    return dict(db.session.execute(query).all())


def list_domains(event: Event, keys: Collection[str]) -> dict[str, list[str]]:
    """Return, by the organisations' keys, the mail domains that organisers have entered for these organisations."""
    domains: dict[str, list[str]] = defaultdict(list)
    rows = db.session.execute(DOMAINS_OF, {"event_id": event.id, "keys": list(keys)})
    for _kind, domain, key in rows:
        domains[key].append(domain)
    return domains


def has_domain(domains: Collection[str], email_canonical: str) -> bool:
    """Return whether the address is at one of these mail domains, or at a subdomain of one."""
    return any(domain in domains for domain in _domains(email_canonical))


def _by_mark(rows: Iterable[Any]) -> Marks:
    return {(kind, value): whose for kind, value, whose in rows}


def _choose(marks: Marks[Whose], name_key: str, domains: Iterable[str]) -> Whose | None:
    """Return the organisation with this name, else the organisation with the first matching domain, else None."""
    wanted = [(MarkKind.NAME, name_key), *((MarkKind.DOMAIN, domain) for domain in domains)]
    return next((marks[mark] for mark in wanted if mark in marks), None)


def _domains(address: str) -> Iterator[str]:
    """Yield an address's domain and those above it, the narrowest first: "mail.example.org", then "example.org"."""
    labels = address.rpartition("@")[2].split(".") if "@" in address else []
    for first in range(len(labels) - 1):
        yield ".".join(labels[first:])
