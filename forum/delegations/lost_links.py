"""Sending the contact of a delegation a link to it again, when a visitor or an organiser asks for that.

A contact who has not confirmed yet gets the link to confirm.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from forum.audit import actions as audit
from forum.database import rehearsed
from forum.delegations import contact_links, mails, queries
from forum.delegations.enums import ContactLink
from forum.delegations.models import Delegation
from forum.events.models import Event
from forum.extensions import db
from forum.outbox.enums import Lane
from forum.registration import names, places
from forum.registration.links_by_mail import Beside

# How many of the oldest and of the newest unconfirmed delegations of an address get a link, if there are more. A
# stranger who sends any number of forms with somebody else's address hides neither an earlier delegation nor one that
# the contact sends again.
OLDEST = NEWEST = 3


def find_beside(event: Event, email: str, withheld: bool, now: datetime) -> Beside:
    """Make a link to each delegation of a contact with this address.

    The link to an unconfirmed delegation confirms it. For an address without a delegation, a link to the event's first
    delegation is made and rolled back (S24).
    """
    mine = _without_former(queries.list_of_contact(event, names.canonical_email(email), now))
    stand_in = queries.list_first(event, now)
    shown = mine or stand_in
    with rehearsed(db.session, when=not mine):
        tokens = [contact_links.issue(one, _purpose(one), now=now, is_dead=withheld) for one in shown]
    links = [
        (one.sector.name, mails.address_of(one, token, _purpose(one)), _entered(one))
        for one, token in zip(shown, tokens, strict=True)
    ]

    def queue(is_alone: bool) -> None:
        with rehearsed(db.session, when=not (mine and is_alone)):
            if shown:
                mails.queue_to_contact(
                    shown[0],
                    mails.LINK if shown[0].confirmed_at else mails.TO_CONFIRM,
                    tokens[0],
                    purpose=_purpose(shown[0]),
                    withheld=withheld,
                    lane=Lane.NOW,
                    now=now,
                    beside=links[1:],
                    entered=_entered(shown[0]),
                )

    return Beside(links if mine else (), queue)


def _purpose(delegation: Delegation) -> ContactLink:
    return ContactLink.MANAGE if delegation.confirmed_at else ContactLink.CONFIRM


def _entered(delegation: Delegation) -> datetime | None:
    """Return when the form of an unconfirmed delegation was sent; None for a confirmed delegation."""
    return None if delegation.confirmed_at else delegation.asked_at


def _without_former(delegations: Sequence[Delegation]) -> list[Delegation]:
    """Return the delegations to which links are sent, without unconfirmed ones in a sector with a confirmed one.

    Of several unconfirmed copies of one delegation only the newest is kept, and of many delegations only the oldest and
    the newest few. A delegation that differs in anything is no copy: anybody can send a form with the contact's
    address.
    """
    confirmed = [one for one in delegations if one.confirmed_at]
    sectors = {one.sector_id for one in confirmed}
    newest = {_written(one): one for one in delegations if one.sector_id not in sectors}
    lists = sorted(newest.values(), key=lambda one: one.id)
    return [*confirmed, *(lists[:OLDEST] + lists[OLDEST:][-NEWEST:])]


def _written(delegation: Delegation) -> tuple[Any, ...]:
    """Return everything that the sender of a delegation's form has typed."""
    contact = ("given_name", "family_name", "organisation", "country", "is_all_or_nobody")
    person = ("given_name", "family_name", "title", "email")
    people = frozenset(tuple(getattr(one, name) for name in person) for one in delegation.people)
    return (delegation.sector_id, *(getattr(delegation, name) for name in contact), people)


def send(delegation: Delegation, *, actor: str, now: datetime) -> None:
    """Mail the contact a fresh link to the delegation, for an organiser. Call after `start_write`.

    Older links end when the contact opens the fresh one (S20).
    """
    places.lock(delegation.event)
    token = contact_links.issue(delegation, ContactLink.MANAGE, now=now)
    mails.queue_to_contact(delegation, mails.LINK, token, lane=Lane.NOW, now=now)
    audit.record("delegation.link_sent", delegation, actor=actor, at=now)
