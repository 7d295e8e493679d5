"""People without an address who got a place from the waiting list: organisers have to tell them, nobody else can.

An organiser who has told such a person says so by a note on the person's page. People of a delegation are left out:
the worker tells their contact. People whose data are under a restriction are left out, too, as in messages (P12).
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, ScalarSelect, exists, func, select
from sqlalchemy.orm import joinedload

from forum.audit.models import AuditEntry
from forum.events.models import Event
from forum.extensions import db
from forum.people.models import RegistrationNote
from forum.registration import delegated
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.restrictions import IS_FREE

SHOWN = 50


def number_of(event: Event) -> ScalarSelect[int]:
    """Return the subquery that counts the people who have got a place and have not been told."""
    return select(func.count()).select_from(Registration).where(*_are_untold(event)).scalar_subquery()


def list_first(event: Event) -> Sequence[Registration]:
    """Return the first people, by name, who have got a place and have not been told, at most SHOWN."""
    query = select(Registration).where(*_are_untold(event)).options(joinedload(Registration.sector))
    return db.session.scalars(query.order_by(Registration.sort_key, Registration.id).limit(SHOWN)).all()


def _are_untold(event: Event) -> list[ColumnElement[bool]]:
    noted_since = exists().where(
        RegistrationNote.registration_id == AuditEntry.subject_id, RegistrationNote.made_at > AuditEntry.at
    )
    # A registration that the worker has confirmed got its place from the waiting list: the worker confirms no other.
    of_worker = AuditEntry.action == "registration.confirmed", AuditEntry.actor == "worker"
    mine = AuditEntry.subject_type == Registration.__tablename__, AuditEntry.subject_id == Registration.id
    return [
        Registration.event_id == event.id,
        Registration.status == Status.CONFIRMED,
        Registration.email == "",
        exists().where(*mine, *of_worker, ~noted_since),
        ~delegated.is_in_any(),
        IS_FREE,
    ]
