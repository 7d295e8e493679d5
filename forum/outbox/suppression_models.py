"""The table of addresses that mail to many leaves out."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from forum.columns import TokenDigest, UtcDateTime, member
from forum.database import Base
from forum.outbox.enums import SuppressionCause


class SuppressedAddress(Base):
    """A mark on an address from which mail came back for good, or whose owner has complained (M09, M10).

    `digest` is a keyed digest of the address and of the event whose mail caused the mark (`outbox.suppression`), and
    `key` the name of the audit key that made it. `code` is the mail server's status, such as 5.1.1. The table has no
    foreign key: the mark outlives the person's rows, to be heeded after an erasure.
    """

    __tablename__ = "suppressed_addresses"

    digest: Mapped[str] = mapped_column(TokenDigest, primary_key=True)
    key: Mapped[str] = mapped_column(String(16))
    cause: Mapped[SuppressionCause] = member(SuppressionCause)
    code: Mapped[str] = mapped_column(String(16))
    noted_at: Mapped[datetime] = mapped_column(UtcDateTime)
