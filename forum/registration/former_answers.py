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
    if not since:
        return answers
    changes = select(AuditEntry).where(
        AuditEntry.subject_type == Registration.__tablename__,
        AuditEntry.subject_id.in_(since),
        AuditEntry.action == "registration.changed",
        AuditEntry.at >= min(since.values()),
    )
    for entry in db.session.scalars(changes.order_by(AuditEntry.id)).unique():
        number = int(entry.subject_id or 0)
        if entry.at >= since[number]:
            # If several entries have a field, take its value from the earliest: that is the value before the first
            # change.
            answers[number] = {**_read(entry), **answers[number]}
    return answers


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
