"""The worker's job that brings `search_extra` up to date in registrations that an earlier version wrote or changed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select, update

from forum.extensions import db
from forum.registration import searching
from forum.registration.models import Registration

BATCH = 200


def list_outdated(*, now: datetime) -> Sequence[int]:
    """Return the first id of each batch of registrations whose `search_extra` was made from earlier answers."""
    outdated = select(Registration.id).where(~searching.EXTRA_HOLDS).order_by(Registration.id)
    return db.session.scalars(outdated).all()[::BATCH]


def refill(first: int, *, now: datetime) -> int:
    """Rebuild `search_extra` in the batch that begins with this registration's id; return how many were rebuilt.

    This job and people's changes do not wait for each other: a registration that is being changed is skipped until the
    next run. The registration's version stays the same, so that no open form is refused.
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
        # Execute on the connection: the session would treat a list of values as an update by primary key.
        db.session.connection().execute(refilled, made)
    return len(made)
