"""The table of sign-ins to personal pages that have ended early."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from forum.columns import TokenDigest, UtcDateTime
from forum.database import Base


class EndedSignIn(Base):
    """A sign-in to a personal page that the person has ended, stored until it would have expired.

    Each sign-in has a random number in the session cookie; the row has its digest.
    """

    __tablename__ = "ended_sign_ins"
    __table_args__ = (Index("ix_ended_sign_ins_registration_id", "registration_id"),)

    digest: Mapped[str] = mapped_column(TokenDigest, primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
