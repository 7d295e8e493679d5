"""Mails to a delegation's contact about status changes of the people whose registrations the contact manages.

Where a newcomer with an address takes over from such a person, the contact is told that, and no more of the newcomer.

People without an address of their own get no messages. So the worker compares how they stand with what the
contact was told last, and sends the contact one mail for all changes.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from forum.delegations import contact_links, lacking, mails, queries, standing
from forum.delegations.enums import ContactLink
from forum.delegations.models import Delegate, Delegation
from forum.events.models import Event
from forum.extensions import db
from forum.registration import places
from forum.registration.models import Registration

CHANGED = Delegate.told != standing.STANDING
# Registrations that the contact manages, or did until a newcomer took over. Those whose processing is restricted are
# left out: the contact reads no news of these people.
MANAGED = ((Registration.email == "") | (Delegate.told == standing.TAKEN_OVER), queries.IS_SHOWN)


def list_due(*, now: datetime) -> Sequence[int]:
    """Return the ids of delegations whose contact lacks news of a person whom the contact manages, or managed."""
    unknown = select(Delegate.delegation_id).join(Delegate.registration).join(Delegate.delegation)
    ahead = unknown.join(Delegation.event).where(Event.ends_at > now)
    return db.session.scalars(ahead.where(CHANGED, *MANAGED).distinct()).all()


def tell(delegation_id: int, *, now: datetime) -> int:
    """Mail the contact if a status still differs from the one told last; return how many messages were queued."""
    delegation = db.session.get(Delegation, delegation_id)
    if delegation is None:
        return 0
    places.lock(delegation.event)
    mine = Delegate.delegation_id == delegation.id
    query = select(Delegate).join(Delegate.registration).where(mine, CHANGED, *MANAGED)
    changed = db.session.scalars(query.execution_options(populate_existing=True)).all()
    for delegate in changed:
        if delegate.registration:
            delegate.told = standing.of(delegate.registration)
    if not changed:
        return 0
    token = contact_links.issue(delegation, ContactLink.MANAGE, now=now)
    has_to_answer = bool(lacking.list_for_contact(delegation, delegation.people, now))
    mails.queue_to_contact(delegation, mails.CHANGED, token, now=now, has_to_answer=has_to_answer)
    return 1
