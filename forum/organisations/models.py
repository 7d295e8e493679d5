"""The tables of organisers' decisions about similar organisations: merged, or marked as different."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import UtcDateTime
from forum.database import Base
from forum.registration.organisation_models import Organisation


class Merge(Base):
    """An organisation that organisers have merged into another one, with what undoing it needs.

    The row is deleted when the merge is undone. Names and mail domains stay with their organisation; so only the cap of
    the kept one has to be restored, unless organisers have changed it since. `merged_at` orders the merges into one
    organisation: when an earlier one is undone, the next one takes over its `cap_before`.
    """

    __tablename__ = "organisation_merges"
    __table_args__ = (Index("ix_organisation_merges_kept_id", "kept_id"),)

    merged_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True
    )
    kept_id: Mapped[int] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    merged_at: Mapped[datetime] = mapped_column(UtcDateTime)
    cap_before: Mapped[int | None]
    cap_after: Mapped[int | None]

    merged: Mapped[Organisation] = relationship(foreign_keys=[merged_id])
    kept: Mapped[Organisation] = relationship(foreign_keys=[kept_id])


class Distinction(Base):
    """Two organisations with similar names that organisers have marked as different.

    `older_id` is the lower id of both, so that a pair has one row.
    """

    __tablename__ = "organisation_distinctions"
    __table_args__ = (Index("ix_organisation_distinctions_younger_id", "younger_id"),)

    older_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True
    )
    younger_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True
    )
