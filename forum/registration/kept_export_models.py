"""The tables of exported lists that the worker makes and keeps for a day for whoever has asked for them."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import UtcDateTime, member
from forum.database import Base
from forum.registration.enums import ExportPurpose, ExportRecipient, KeptShape
from forum.sealing import Sealed, SealedBytes, SealedValue


class KeptExport(Base):
    """A list that one organiser has asked for. Only that organiser gets it, once it is complete.

    `people` are the ids of the registrations in the list, in its order, fixed when the organiser asked for it; the rows
    of the first `done` people are in its parts. `columns` are names of `export_columns`, `headings` their headings in
    `language`.
    """

    __tablename__ = "kept_exports"
    __table_args__ = (
        CheckConstraint("done >= 0", name="done_not_negative"),
        Index("ix_kept_exports_event_id", "event_id"),
        Index("ix_kept_exports_user_id", "user_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    purpose: Mapped[ExportPurpose] = member(ExportPurpose)
    recipient: Mapped[ExportRecipient] = member(ExportRecipient)
    shape: Mapped[KeptShape] = member(KeptShape)
    language: Mapped[str] = mapped_column(String(2))
    columns: Mapped[list[str]] = mapped_column(JSON)
    headings: Mapped[list[str]] = mapped_column(JSON)
    people: Mapped[list[int]] = mapped_column(JSON, deferred=True)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int]
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ready_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    event = relationship("Event")
    maker = relationship("User")


class KeptExportPart(Base):
    """Some rows of a prepared list, or its filters in words, as encrypted JSON (`kept_exports`)."""

    __tablename__ = "kept_export_parts"

    export_id: Mapped[int] = mapped_column(
        ForeignKey("kept_exports.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed_content: Mapped[SealedBytes] = mapped_column("content", Sealed("outbox", binary=True))
    content = SealedValue[bytes]()
