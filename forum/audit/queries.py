"""Reading the audit trail."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from forum.audit.models import AuditEntry
from forum.extensions import db


def find_history(subject: Any) -> Sequence[AuditEntry]:
    """Return the entries about `subject`, oldest first."""
    about = (AuditEntry.subject_type == subject.__tablename__) & (AuditEntry.subject_id == subject.id)
    return db.session.scalars(select(AuditEntry).where(about).order_by(AuditEntry.id)).all()
