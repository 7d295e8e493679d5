"""The names and organisations that people had before a change under review, encrypted in the audit trail (P28).

The reviewer of a change has to see the former value. The audit trail holds no names in plain text, so the values
are encrypted with the trail's key; older keys are kept as long as the trail is verified. The values are erased with the
person.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from sqlalchemy import select

from forum.audit.models import AuditEntry
from forum.extensions import db
from forum.registration.models import Registration
from forum.sealing import seal, unseal

PURPOSE = "audit"


def close(before: Mapping[str, str], registration: Registration, at: datetime) -> str:
    """Return former answers by field, encrypted, and bound to the audit entry about this registration and moment."""
    plain = json.dumps(dict(before)).encode()
    return b64encode(seal(plain, PURPOSE, _location(registration.id, at))).decode()


def find_before_review(registrations: Collection[Registration]) -> dict[int, dict[str, str]]:
    """Return, by a registration's id, the former values of answers that were changed since its review began."""
    since = {one.id: one.review_since for one in registrations if one.review_since}
    answers: dict[int, dict[str, str]] = {number: {} for number in since}
    for entry in _list_changes(since):
        number = int(entry.subject_id or 0)
        # If several entries have a field, take its value from the earliest: that is the value before the first change.
        answers[number] = {**_read(entry), **answers[number]}
    return answers


def are_restored(registration: Registration) -> bool:
    """Return whether every answer that was changed since the review began is as it was before its first change.

    False if a former value is not known, or if the review began with anything else than such a change.
    """
    since = registration.review_since
    if since is None:
        return False
    entries = [
        entry
        for entry in _list_changes({registration.id: since})
        if entry.details is None or "before" in entry.details.payload
    ]
    if not entries or entries[0].at != since or not all(map(_read, entries)):
        return False
    before = find_before_review([registration])[registration.id]
    return all(getattr(registration, name) == value for name, value in before.items())


def _list_changes(since: Mapping[int, datetime]) -> list[AuditEntry]:
    """Return the entries about changes of registrations since a moment, which `since` has by id, the oldest first."""
    if not since:
        return []
    changes = select(AuditEntry).where(
        AuditEntry.subject_type == Registration.__tablename__,
        AuditEntry.subject_id.in_(since),
        AuditEntry.action == "registration.changed",
        AuditEntry.at >= min(since.values()),
    )
    entries = db.session.scalars(changes.order_by(AuditEntry.id)).unique()
    return [entry for entry in entries if entry.at >= since[int(entry.subject_id or 0)]]


def _read(entry: AuditEntry) -> dict[str, str]:
    """Return the former answers of an entry; empty if its details are erased or their key is not configured."""
    closed = entry.details.payload.get("before") if entry.details else None
    try:
        return (
            json.loads(unseal(b64decode(closed), PURPOSE, _location(entry.subject_id, entry.at)))
            if closed
            else {}
        )
    except (InvalidTag, ValueError):
        return {}


def _location(number: int | None, at: datetime) -> str:
    return f"answers of registration {number} before {at.astimezone(UTC).isoformat()}"
