"""The table of merges: which registration was merged into which, and for a day the data for undoing it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import UtcDateTime, member
from forum.database import Base
from forum.registration.enums import Status
from forum.registration.models import LONGEST_ANSWERS, LONGEST_GIVEN, LONGEST_SECRET, Registration
from forum.sealing import SealedBytes, SealedRecord, SealedValue

# The most bytes of the values from before a merge: details, ordinary answers and identity of the kept registration.
LONGEST_BEFORE = LONGEST_ANSWERS + LONGEST_GIVEN + 2 * LONGEST_SECRET


class RegistrationMerge(Base):
    """Two registrations of one person that organisers have merged: `ended` has ended, `kept` continues.

    `ended_from` is the former status of `ended`.

    For a day `before` has the values that the merge has changed, and `care_before` the answers about diet and access,
    so that the merge can be undone; then the worker deletes both (`separating.forget_old`). The row itself stays,
    because both registrations have to be erased together (P08).
    """

    __tablename__ = "registration_merges"
    __table_args__ = (
        CheckConstraint("kept_id <> ended_id", name="of_two"),
        Index("ix_registration_merges_kept_id", "kept_id"),
    )

    ended_id: Mapped[int] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    kept_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    ended_from: Mapped[Status] = member(Status)
    merged_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sealed_before: Mapped[SealedBytes | None] = mapped_column(
        "before", SealedRecord("identity", length=LONGEST_BEFORE)
    )
    before = SealedValue[dict[str, Any] | None]()
    sealed_care_before: Mapped[SealedBytes | None] = mapped_column(
        "care_before", SealedRecord("care", length=LONGEST_SECRET)
    )
    care_before = SealedValue[dict[str, Any] | None]()

    kept: Mapped[Registration] = relationship(foreign_keys=kept_id)
    ended: Mapped[Registration] = relationship(foreign_keys=ended_id)
