"""People for whom organisers have vouched, by approving, inviting or adding them, according to the audit trail.

An invitation counts only for a person who answers for the organisation that organisers have written in it.

Anybody can register with any organisation and confirm an address of their own, so an unchecked registration proves
nothing about the organisation. If the person later changes organisation or address, nobody vouches for them any more,
until organisers approve again.
"""

from sqlalchemy import Select, select

from forum.audit.models import AuditEntry
from forum.audit.queries import REGISTRATION_RECEIVED
from forum.extensions import db
from forum.registration.models import Registration

APPROVED, CHANGED = "registration.approved", "registration.changed"
ADDRESS_ASKED, ADDRESS_CHANGED = "registration.address_asked", "registration.address_changed"
TOLD = (REGISTRATION_RECEIVED, APPROVED, CHANGED, ADDRESS_ASKED, ADDRESS_CHANGED)


def find_vouched(numbers: Select) -> set[int]:
    """Return the ids of registrations for which organisers have vouched, among the ids that this query selects."""
    entries = select(AuditEntry).where(
        AuditEntry.subject_type == Registration.__tablename__,
        AuditEntry.subject_id.in_(numbers),
        AuditEntry.action.in_(TOLD),
    )
    vouched: set[int] = set()
    asked_by_organisers: set[int] = set()
    for entry in db.session.scalars(entries.order_by(AuditEntry.id)).unique():
        number, is_organiser = int(entry.subject_id or 0), entry.actor.startswith("user:")
        if entry.action == ADDRESS_ASKED:
            _keep(asked_by_organisers, number, is_organiser)
        elif (says := _says(entry, is_organiser, number in asked_by_organisers)) is not None:
            _keep(vouched, number, says)
    return vouched


def _says(entry: AuditEntry, is_organiser: bool, is_organisers_address: bool) -> bool | None:
    """Return True if organisers vouch for the person from this entry on, False if no longer, None for no change."""
    payload = entry.details.payload if entry.details else {}
    if entry.action == APPROVED:
        return True
    # Forget earlier entries: before migration 0050 an erased registration, perhaps vouched for, may have had this id.
    if entry.action == REGISTRATION_RECEIVED:
        # Earlier versions recorded "invited" whatever organisation the person had typed, so that counts for nothing.
        return is_organiser or bool(payload.get("invited_for"))
    if entry.action == ADDRESS_CHANGED:
        return None if is_organisers_address else False
    return None if is_organiser or "organisation" not in payload.get("fields", ()) else False


def _keep(numbers: set[int], number: int, is_in: bool) -> None:
    (numbers.add if is_in else numbers.discard)(number)
