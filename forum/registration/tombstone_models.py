"""The table of tombstones."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from forum.columns import TokenDigest, UtcDateTime
from forum.database import Base


class Tombstone(Base):
    """The record of an erasure, for repeating it after a backup is restored (P09; `tombstones`).

    `digest` is a keyed digest of what was erased, `address` that of the person's confirmed address, and `key` the name
    of the audit key that made both digests. The table has no foreign key: the row outlives the person's rows.
    """

    __tablename__ = "tombstones"

    digest: Mapped[str] = mapped_column(TokenDigest, primary_key=True)
    address: Mapped[str | None] = mapped_column(TokenDigest)
    key: Mapped[str] = mapped_column(String(16))
    erased_at: Mapped[datetime] = mapped_column(UtcDateTime)
