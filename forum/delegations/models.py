"""The table of substitutions: who has named somebody to come instead, and who has come."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import TokenDigest, UtcDateTime
from forum.database import Base
from forum.registration.models import Registration


class Substitution(Base):
    """Somebody whom a registered person has named to come instead.

    Until it is confirmed the row has the address that was named and the digest of the link that went there. Then both
    are cleared, and `successor` is the registration that has taken over.
    """

    __tablename__ = "substitutions"
    __table_args__ = (
        Index("ix_substitutions_registration_id", "registration_id"),
        Index("ix_substitutions_successor_id", "successor_id"),
        Index("uq_substitutions_digest", "digest", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    digest: Mapped[str | None] = mapped_column(TokenDigest)
    email: Mapped[str] = mapped_column(String(254), default="")
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    registration: Mapped[Registration] = relationship(foreign_keys=[registration_id])
    successor: Mapped[Registration | None] = relationship(foreign_keys=[successor_id])
