"""The tables in which a long table waits, encrypted and in parts, until its people have been imported."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import UtcDateTime, member
from forum.database import Base
from forum.imports.enums import TableState
from forum.sealing import Sealed, SealedBytes, SealedValue


class ImportTable(Base):
    """A long table that one organiser has sent; nobody else sees its rows, only how far its import is.

    The table has `people` rows in `parts` parts, of which the worker has done the first `step` in the present state,
    which began at `moved_at`. `hidden` is how many rows with a text the file hides; `language` is the organiser's.
    """

    __tablename__ = "import_tables"
    __table_args__ = (
        CheckConstraint("step >= 0", name="step_not_negative"),
        UniqueConstraint("import_id"),
        Index("ix_import_tables_event_id", "event_id"),
        Index("ix_import_tables_user_id", "user_id"),
        Index("ix_import_tables_state", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(2))
    people: Mapped[int]
    hidden: Mapped[int]
    parts: Mapped[int]
    state: Mapped[TableState] = member(TableState, default=TableState.SENT)
    step: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("attendee_imports.id", ondelete="SET NULL"))

    event = relationship("Event")
    organiser = relationship("User")
    made = relationship("AttendeeImport")

    @property
    def percent(self) -> int:
        """How much of the work of the present state is done, from 0 to 100."""
        return 100 * self.step // self.parts if self.parts else 0


class ImportTablePart(Base):
    """Some rows of a long table, or its headings, choices or outcome (`kept_tables`), as encrypted JSON."""

    __tablename__ = "import_table_parts"

    table_id: Mapped[int] = mapped_column(
        ForeignKey("import_tables.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed_content: Mapped[SealedBytes] = mapped_column("content", Sealed("identity", binary=True))
    content = SealedValue[bytes]()
