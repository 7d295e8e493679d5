"""Sending the contact of a delegation the link again, for a visitor who asks and for organisers."""

from datetime import datetime

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


def find_beside(event: Event, email: str, withheld: bool, now: datetime) -> Beside:
    """Make a link to each delegation whose confirmed contact has this address.

    For any other address a link to the event's first delegation is made and rolled back (S24).
    """
    mine = queries.list_of_contact(event, names.canonical_email(email))
    stand_in = queries.list_first(event)
    shown = mine or stand_in
    with rehearsed(db.session, when=not mine):
        tokens = [contact_links.issue(one, ContactLink.MANAGE, now=now, is_dead=withheld) for one in shown]
    links = [
        (one.sector.name, mails.address_of(one, token)) for one, token in zip(shown, tokens, strict=True)
    ]

    def queue(is_alone: bool) -> None:
        with rehearsed(db.session, when=not (mine and is_alone)):
            if shown:
                mails.queue_to_contact(
                    shown[0],
                    mails.LINK,
                    tokens[0],
                    withheld=withheld,
                    lane=Lane.NOW,
                    now=now,
                    beside=links[1:],
                )

    return Beside(links if mine else (), queue)


def send(delegation: Delegation, *, actor: str, now: datetime) -> None:
    """Mail the contact a fresh link to the delegation, for an organiser. Call after `start_write`.

    Older links end when the contact opens it (S20).
    """
    places.lock(delegation.event)
    token = contact_links.issue(delegation, ContactLink.MANAGE, now=now)
    mails.queue_to_contact(delegation, mails.LINK, token, lane=Lane.NOW, now=now)
    audit.record("delegation.link_sent", delegation, actor=actor, at=now)
