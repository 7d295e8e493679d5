"""Offers and the waiting list in words, for the organisers' list and a person's page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from forum.accounts.models import User
from forum.events.enums import LineOrder
from forum.events.models import Event
from forum.extensions import db
from forum.registration import (
    caps,
    deadlines,
    held_places,
    line_queries,
    offer_words,
    offers,
    offers_by_hand,
    places,
    queries,
)
from forum.registration.enums import OfferMaker, Status
from forum.registration.models import Registration
from forum.registration.offer_models import Offer
from forum.web.languages import moment_text
from forum.web.pagination import Cursor, Order, Page, count_before, read_page

SHOWN = 50  # how many open offers a page shows
SOONEST = Order((Registration.offer_expires_at, Registration.id))


@dataclass(frozen=True)
class Told:
    """An offer in words: who made it and why, who was passed over and why, how it ended."""

    offer: Offer
    by: str
    why: list[str]
    passed: list[tuple[Registration, str]]
    others_passed: int
    end: str


@dataclass(frozen=True)
class Open:
    """An open offer: the registration that has it, and the offer in words, None if an earlier version made it."""

    registration: Registration
    told: Told | None


@dataclass(frozen=True)
class OpenPage:
    """A page of an event's open offers; `first` is the rank of its first one among all of them."""

    page: Page[Registration]
    first: int
    offers: list[Open]


def tell(event: Event, rows: Sequence[Offer]) -> list[Told]:
    """Return offers of the event in words; the people and organisers in them are read in one go."""
    passed = {offer.id: offer_words.passed_over(offer.why) for offer in rows}
    people = queries.find_by_ids({person.id for named in passed.values() for person in named})
    makers = {offer.user_id for offer in rows if offer.user_id}
    names = (
        dict(db.session.execute(select(User.id, User.name).where(User.id.in_(makers))).all())
        if makers
        else {}
    )
    told = []
    for offer in rows:
        named = [(people[one.id], one.why) for one in passed[offer.id] if one.id in people]
        told.append(
            Told(
                offer,
                _maker(offer, names),
                offer_words.for_organisers(offer.why, event.sectors),
                named,
                offer.why.get("passed_in_all", 0) - len(named),
                offer_words.end_text(
                    offer.ended_how, is_past=deadlines.is_past_offer_now(offer.registration)
                ),
            )
        )
    return told


def offers_of(registration: Registration) -> list[Told]:
    """Return the registration's offers in words, the newest first."""
    return tell(registration.event, offers.list_of(registration))


def read_open(event: Event, cursor: Cursor | None) -> OpenPage:
    """Return a page of the event's open offers, the one that ends first before the others.

    Without `cursor` it is the first page; also if the person whom the cursor names has no open offer any more.
    """
    offered = select(Registration).where(*_is_offered(event))
    beside = cursor and db.session.scalar(offered.where(Registration.reference == cursor.key))
    page = read_page(
        db.session,
        offered.options(joinedload(Registration.sector)),
        SOONEST,
        size=SHOWN,
        beside=beside,
        backwards=bool(cursor and cursor.backwards),
    )
    before = count_before(db.session, offered, SOONEST, page.rows[0]) if page.has_previous else 0
    ids = [person.id for person in page.rows]
    rows = db.session.scalars(
        select(Offer).where(Offer.registration_id.in_(ids), Offer.ended_at.is_(None))
    ).all()
    told = {one.offer.registration_id: one for one in tell(event, rows)}
    return OpenPage(page, before + 1, [Open(person, told.get(person.id)) for person in page.rows])


def list_replaceable(registration: Registration, now: datetime) -> list[Registration]:
    """Return the people whose offers, if withdrawn, would leave a place for this person."""
    if registration.status != Status.WAITING or places.may_take(registration, now):
        return []
    offered = select(Registration).where(*_is_offered(registration.event)).order_by(*SOONEST.columns)
    return [
        other
        for other in db.session.scalars(offered)
        if offers_by_hand.could_follow(registration, other, now)
    ]


def notes(
    event: Event, lines: Mapping[int, Sequence[tuple[int, Registration]]], now: datetime
) -> dict[int, str]:
    """Return by registration id a note about waiting people: why passed over, or what their organisation has.

    An organisation counts only in an event with caps, or whose line is in balance order.
    """
    told = dict.fromkeys(
        line_queries.list_unconfirmed(event, now), _("Passed over until the address is confirmed")
    )
    is_balanced, own = event.line_order == LineOrder.BALANCE, caps.own_caps(event)
    if event.organisation_cap is None and not own and not is_balanced:
        return told
    held = caps.Held()
    held.own = own
    held.know((), held_places.count_by_organisation(event))
    for registration in (person for line in lines.values() for _position, person in line):
        key, sector_id = registration.organisation_key, registration.sector_id
        number, cap = held.in_all(key), caps.cap_of(event, key, sector_id, own)
        if registration.id in told:
            continue
        if cap is not None and held.against(key, sector_id) >= cap:
            told[registration.id] = _("Passed over: the organisation has as many places as it can have")
        elif is_balanced and number:
            told[registration.id] = _("The organisation has a place")
        elif is_balanced:
            told[registration.id] = _("The organisation has no place yet")
    return told


def moment_of(moment: datetime, event: Event) -> str:
    """Return a moment in words, by the clock at the venue."""
    return moment_text(moment, event.zone)


def _is_offered(event: Event) -> tuple[ColumnElement[bool], ...]:
    return Registration.event_id == event.id, Registration.status == Status.OFFERED


def _maker(offer: Offer, names: Mapping[int, str]) -> str:
    if offer.made_by == OfferMaker.ORGANISER:
        return names.get(offer.user_id or 0) or _("An organiser")
    return _("By the rules")
