"""Ending unconfirmed registrations in favour of the owner of the address.

Anybody can type another person's address into the form. So an unconfirmed registration must not block an invitation, a
substitution, a change of an address or the undoing of a cancellation: it ends once the owner of the address has
answered by a mailed link.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.registration import answers, ending, links, places, queries
from forum.registration.enums import Status
from forum.registration.models import Registration


def find(event: Event, email_canonical: str) -> Registration | None:
    """Return the live registration of this address that is not confirmed, if there is one."""
    live = queries.find_live(event, email_canonical)
    return live if live and live.status == Status.PENDING else None


def list_of(event: Event, addresses: Collection[str]) -> Sequence[Registration]:
    """Return the registrations of these canonical addresses that are not confirmed."""
    mine = Registration.event_id == event.id, Registration.email_canonical.in_(addresses)
    return db.session.scalars(select(Registration).where(*mine, Registration.status == Status.PENDING)).all()


def end(
    event: Event,
    email_canonical: str,
    *,
    action: str = "registration.gave_way",
    actor: str = "person",
    now: datetime,
) -> bool:
    """End the unconfirmed registration of an address, with its links and answers; return whether it held a place.

    `action` is the name of the audit entry. The caller has locked the event, takes back mails of its own before this
    call, and after it offers the free place to waiting people.
    """
    registration = find(event, email_canonical)
    if registration is None:
        return False
    ending.take_back_mails([registration])
    had_place = registration.holds_place
    # The database refuses a row whose status and place do not fit, so write nothing until both are set.
    with db.session.no_autoflush:
        places.release(registration)
        registration.move_to(Status.EXPIRED, now=now)
        registration.ended_at = now
    links.revoke(registration, now=now)
    answers.forget(registration)
    db.session.flush()
    audit.record(action, registration, actor=actor, at=now)
    return had_place
