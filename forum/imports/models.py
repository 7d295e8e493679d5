"""The tables of imports: what was imported by whom, and which registrations came from it."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import UtcDateTime
from forum.database import Base


class AttendeeImport(Base):
    """An import of people from a table; the table itself is not kept.

    `headings` is a digest of the table's headings, and `columns` has the index of each value's column: the next table
    with the same headings is read by the same columns. By `form_key` a form that is sent twice is recognised (R03).

    `people` is how many have been imported. A large import is undone in parts: from `undo_asked_at` to `undone_at`.
    """

    __tablename__ = "attendee_imports"
    __table_args__ = (Index("ix_attendee_imports_event_id", "event_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    people: Mapped[int]
    sends_links: Mapped[bool]
    headings: Mapped[str] = mapped_column(String(32))
    columns: Mapped[dict[str, int]] = mapped_column(JSON)
    form_key: Mapped[str] = mapped_column(String(32), unique=True)
    undo_asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    event = relationship("Event")


class ImportedPerson(Base):
    """Records from which import, and from which row of its table, a registration came."""

    __tablename__ = "imported_people"
    __table_args__ = (Index("ix_imported_people_import_id", "import_id"),)

    registration_id: Mapped[int] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), primary_key=True
    )
    import_id: Mapped[int] = mapped_column(ForeignKey("attendee_imports.id", ondelete="CASCADE"))
    row_number: Mapped[int]
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)
