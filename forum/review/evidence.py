"""Evidence for and against a registration in review, from the database, for those who decide.

The evidence about a whole list of people is read at once. Other events count only if the reviewer organises them, too.
Of this event only the sectors that the reviewer sees count: `sectors` are their ids, None for every sector. The sealed
answers are never read: a person with protected identity has the same evidence as anybody (P21).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import joinedload

from forum.events.models import Event
from forum.extensions import db
from forum.invitations.models import Invitation
from forum.invitations.queries import find_for_addresses
from forum.registration import belonging, caps, former_answers, places, reviewing
from forum.registration.enums import APPROVED, Status
from forum.registration.limits import PUBLIC_PROVIDERS
from forum.registration.models import HOLDS_PLACE, Registration
from forum.registration.names import organisation_key
from forum.review.vouching import find_vouched

# Live registrations whose address is confirmed, and those of people whom organisers added without an address.
STANDS = Registration.status.in_((Status.IN_REVIEW, *APPROVED))


@dataclass
class Evidence:
    """Facts about a registration besides its answers; `review.wording` puts them into words.

    `places_held` is None for a reviewer of some sectors, who is told no numbers of other sectors; `is_cap_reached` says
    whether the organisation has all its places. `places_free` is the number that the sector could take now. `domain` is
    that of the address, "" for a person without an address. `domains` are the organisation's mail domains, and
    `has_own_domain` says whether the address is at one of them; `known_domains` are those of its confirmed people for
    whom organisers have vouched, without those in review. `cap` is the most places that the organisation can have, and
    `counts_for` its name if the person has typed another one. `earlier` are other registrations of the address.
    `colleagues` has by event id, for other events, the number of people of the organisation who hold a place.
    `same_name` is another live registration of this event under the same name. Nobody whose address is still to be
    confirmed is a colleague or of the same name. `before` has the answers that a change under review has replaced, by
    field. `invitation` is the newest one of the address to this event.
    """

    domain: str
    is_public_domain: bool
    finds_place: bool
    places_free: int
    places_held: int | None = 0
    cap: int | None = None
    is_cap_reached: bool = False
    counts_for: str = ""
    domains: Sequence[str] = ()
    has_own_domain: bool = False
    known_domains: set[str] = field(default_factory=set)
    earlier: list[Registration] = field(default_factory=list)
    colleagues: dict[int, int] = field(default_factory=dict)
    same_name: Registration | None = None
    before: Mapping[str, str] = field(default_factory=dict)
    invitation: Invitation | None = None


def gather(
    event: Event,
    registrations: Sequence[Registration],
    others: Collection[int],
    now: datetime,
    *,
    sectors: Collection[int] | None,
) -> dict[int, Evidence]:
    """Return the evidence about registrations of this event by id; `others` are ids of further events to search.

    Whether a place is free is computed for each person alone, as if nobody else in the list were approved.
    """
    event_ids, left = {event.id, *others}, places.places_left(event, now)
    placed = reviewing.find_placed_alone(event, registrations, now)
    is_seen = true() if sectors is None else _is_in(event, sectors)
    told: dict[int, Evidence] = {}
    for one in registrations:
        domain = _domain(one.email_canonical)
        told[one.id] = Evidence(
            domain=domain,
            is_public_domain=domain in PUBLIC_PROVIDERS,
            finds_place=one.holds_place or one.id in placed,
            places_free=left[one.sector_id],
        )
    _add_organisations(event, registrations, told)
    _add_domains(registrations, event_ids, is_seen, told)
    _add_earlier(registrations, event_ids, is_seen, told)
    _add_colleagues(registrations, event_ids - {event.id}, told)
    _add_same_names(event, registrations, is_seen, told)
    approved = [one for one in registrations if one.status != Status.IN_REVIEW]
    for number, before in former_answers.find_before_review(approved).items():
        told[number].before = before
    invited = find_for_addresses(event, {one.email_canonical for one in registrations})
    for one in registrations:
        invitation = invited.get(one.email_canonical)
        if invitation and (sectors is None or invitation.sector_id in sectors):
            told[one.id].invitation = invitation
    if sectors is not None:
        for each in told.values():
            each.places_held = None
    return told


def _is_in(event: Event, sectors: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a registration is in one of these sectors of this event, or in any of another event."""
    return or_(Registration.event_id != event.id, Registration.sector_id.in_(sectors))


def _add_organisations(
    event: Event, registrations: Sequence[Registration], told: Mapping[int, Evidence]
) -> None:
    """Add each organisation's held places, cap and known mail domains to the evidence."""
    keys = {one.organisation_key for one in registrations}
    held, domains = caps.held_by(event, keys), belonging.list_domains(event, keys)
    called = belonging.find_names(event, keys)
    for one in registrations:
        key, evidence = one.organisation_key, told[one.id]
        evidence.places_held = others = held.against(key, one.sector_id) - one.holds_place
        evidence.cap = cap = caps.cap_of(event, key, one.sector_id, held.own)
        evidence.is_cap_reached = cap is not None and others >= cap
        evidence.domains = domains[key]
        evidence.has_own_domain = belonging.has_domain(domains[key], one.email_canonical)
        if key in called and organisation_key(one.organisation) != key:
            evidence.counts_for = called[key]


def _add_domains(
    registrations: Sequence[Registration],
    event_ids: Collection[int],
    is_seen: ColumnElement[bool],
    told: Mapping[int, Evidence],
) -> None:
    keys = {one.organisation_key for one in registrations}
    columns = (Registration.organisation_key, Registration.email_canonical)
    of_them = Registration.event_id.in_(event_ids), Registration.organisation_key.in_(keys), is_seen
    # Leave out the domains of people in review, even if an invitation or an approval has given them a place: nobody has
    # decided about them yet.
    is_settled = Registration.status == Status.CONFIRMED, Registration.review_since.is_(None)
    numbers = select(Registration.id).where(*of_them, HOLDS_PLACE, *is_settled)
    vouched = find_vouched(numbers)
    known: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, key, address in db.session.execute(numbers.add_columns(*columns)):
        domain = _domain(address)
        if number in vouched and domain and domain not in PUBLIC_PROVIDERS:
            known[key].append((number, domain))
    for one in registrations:
        told[one.id].known_domains = {
            domain for number, domain in known[one.organisation_key] if number != one.id
        }


def _add_earlier(
    registrations: Sequence[Registration],
    event_ids: Collection[int],
    is_seen: ColumnElement[bool],
    told: Mapping[int, Evidence],
) -> None:
    """Add other registrations of the same addresses to the evidence, without unconfirmed ones."""
    mine = {one.email_canonical: one.id for one in registrations}
    query = select(Registration).where(
        Registration.event_id.in_(event_ids),
        Registration.email_canonical.in_(mine),
        Registration.id.not_in(told),
        Registration.confirmed_at.is_not(None),
        is_seen,
    )
    ordered = query.order_by(Registration.requested_at.desc()).options(joinedload(Registration.event))
    for earlier in db.session.scalars(ordered):
        told[mine[earlier.email_canonical]].earlier.append(earlier)


def _add_colleagues(
    registrations: Sequence[Registration], event_ids: Collection[int], told: Mapping[int, Evidence]
) -> None:
    keys = {one.organisation_key for one in registrations}
    groups = (Registration.organisation_key, Registration.event_id)
    of_them = Registration.event_id.in_(event_ids), Registration.organisation_key.in_(keys)
    query = select(*groups, func.count()).where(*of_them, HOLDS_PLACE, STANDS).group_by(*groups)
    counts: dict[str, dict[int, int]] = defaultdict(dict)
    for key, event_id, number in db.session.execute(query) if event_ids else ():
        counts[key][event_id] = number
    for one in registrations:
        told[one.id].colleagues = counts[one.organisation_key]


def _add_same_names(
    event: Event,
    registrations: Sequence[Registration],
    is_seen: ColumnElement[bool],
    told: Mapping[int, Evidence],
) -> None:
    names = {one.sort_key for one in registrations}
    query = select(Registration).where(
        Registration.event_id == event.id, Registration.sort_key.in_(names), STANDS, is_seen
    )
    namesakes: dict[str, list[Registration]] = defaultdict(list)
    for other in db.session.scalars(query.order_by(Registration.id)):
        namesakes[other.sort_key].append(other)
    for one in registrations:
        told[one.id].same_name = next(
            (other for other in namesakes[one.sort_key] if other.id != one.id), None
        )


def _domain(address: str) -> str:
    """Return the domain of a canonical address; "" for the reference that stands there without an address."""
    _local, at, domain = address.rpartition("@")
    return domain if at else ""
