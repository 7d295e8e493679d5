"""The table of the columns that organisers have chosen for the attendee list."""

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from forum.database import Base


class ListColumns(Base):
    """The columns of the attendee list of an event that one organiser has chosen, for themselves alone.

    `names` are keys of `list_columns.offered`. An organiser without a row sees the standard columns
    (`list_columns.DELIVERED`).
    """

    __tablename__ = "list_columns"
    __table_args__ = (Index("ix_list_columns_event_id", "event_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    names: Mapped[list[str]] = mapped_column(JSON)
