"""The database table with the numbers that tell the public how many people come to an event from where."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from forum.columns import UtcDateTime
from forum.database import Base


class PublicBalance(Base):
    """The numbers that an organiser last made public, as they were counted then (P10).

    `numbers` has the fields of `small_cells.Table`, the time of counting, and `earlier`, the tables before this one.
    The row stays when the table is taken back: what it has hidden stays hidden in later tables. A later table may be
    made public only when it differs from each stored one by enough people: a small difference would point at them.
    """

    is_public_content = True

    __tablename__ = "public_balances"

    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    numbers: Mapped[dict[str, Any]] = mapped_column(JSON)
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_shown: Mapped[bool]
