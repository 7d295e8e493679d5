"""The worker's job that sorts an event's people anew after organisers have chosen another order of names.

Lists are sorted by stored keys, which both databases compare in the same way. New and changed registrations get keys of
the new order at once; the job gives new keys to all others, part by part. Meanwhile a list may mix both orders.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain, repeat
from typing import Any

from sqlalchemy import bindparam, select, update

from forum.events.models import Event
from forum.extensions import db
from forum.registration import names, places
from forum.registration.models import Registration

BATCH = 200
PARTS_AT_ONCE = 20  # how many parts of the sorting are done before the worker runs other jobs
# The parameters are not named like the columns: SQLAlchemy uses those names for the values that an update sets.
KEYS: dict[str, Any] = {
    "sort_key": bindparam("by_name"),
    "organisation_sort_key": bindparam("by_organisation"),
}


def list_unsorted(*, now: datetime) -> Sequence[int]:
    """Return the ids of the events whose people are being sorted anew, each once for each part to be done now."""
    query = select(Event.id).where(Event.sorted_to.is_not(None)).order_by(Event.id)
    return list(chain.from_iterable(repeat(event, PARTS_AT_ONCE) for event in db.session.scalars(query)))


def sort_some(event_id: int, *, now: datetime) -> int:
    """Give the next people of an event the keys of its order of names; return how many of them were read.

    The event is locked, as in every change of registrations, and people's rows as well, so that no name changes
    meanwhile. The registrations' versions stay the same, so that no open form is refused.
    """
    event = db.session.get(Event, event_id)
    if event is None:
        return 0
    places.lock(event)
    if event.sorted_to is None:
        return 0
    columns = (
        Registration.id,
        Registration.family_name,
        Registration.given_name,
        Registration.organisation,
        Registration.sort_key,
        Registration.organisation_sort_key,
    )
    rest = select(*columns).where(Registration.event_id == event.id, Registration.id > event.sorted_to)
    batch = rest.order_by(Registration.id).limit(BATCH).with_for_update(key_share=True)
    people = db.session.execute(batch).all()
    changed = []
    for number, family_name, given_name, organisation, *stored in people:
        keys = [
            names.sort_key(family_name, given_name, event.name_order),
            names.sort_key(organisation, "", event.name_order),
        ]
        if keys != stored:
            changed.append({"number": number, "by_name": keys[0], "by_organisation": keys[1]})
    if changed:
        keyed = update(Registration).where(Registration.id == bindparam("number")).values(KEYS)
        # Execute on the connection: the session would treat a list of values as an update by primary key.
        db.session.connection().execute(keyed, changed)
    event.sorted_to = people[-1].id if len(people) == BATCH else None
    return len(people)
