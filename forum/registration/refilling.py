"""The worker's job that brings `search_extra` up to date in registrations that an earlier version wrote or changed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select, update

from forum.extensions import db
from forum.registration import searching
from forum.registration.models import Registration

BATCH = 200


def list_outdated(*, now: datetime) -> Sequence[int]:
    """Return the id of the first registration of each batch whose `search_extra` was made from other answers."""
    outdated = select(Registration.id).where(~searching.EXTRA_HOLDS).order_by(Registration.id)
    return db.session.scalars(outdated).all()[::BATCH]


def refill(first: int, *, now: datetime) -> int:
    """Make `search_extra` anew in the batch that begins with an id; return in how many registrations.

    Nothing that a person or organiser does waits for a lock here, or the other way round: registrations that are being
    changed are left for the next time. The version of a registration stays, so that no form that is open is refused.
    """
    outdated = select(Registration).where(Registration.id >= first, ~searching.EXTRA_HOLDS)
    batch = outdated.order_by(Registration.id).limit(BATCH)
    made = [
        {
            "number": registration.id,
            "extra": searching.search_extra(registration),
            "source": searching.search_extra_from(registration),
        }
        for registration in db.session.scalars(batch.with_for_update(skip_locked=True, key_share=True))
    ]
    if made:
        refilled = update(Registration).where(Registration.id == bindparam("number"))
        refilled = refilled.values(search_extra=bindparam("extra"), search_extra_from=bindparam("source"))
        # Use the connection: the session would take many sets of values for a change by primary key.
        db.session.connection().execute(refilled, made)
    return len(made)
