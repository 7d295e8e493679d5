"""The tables of reviews: refusals that a second organiser has to confirm, and decisions left to others."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import UtcDateTime, member
from forum.database import Base
from forum.registration.enums import DeclineReason


class ProposedRefusal(Base):
    """A refusal that one organiser has proposed; another one confirms it before the person is told.

    A registration has at most one; the row is deleted when it is withdrawn, or when the review ends (`endings`).
    """

    __tablename__ = "proposed_refusals"

    registration_id: Mapped[int] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), primary_key=True
    )
    reason: Mapped[DeclineReason] = member(DeclineReason)
    words: Mapped[str] = mapped_column(String(2000))
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    registration = relationship("Registration")
    proposer = relationship("User")


class Recusal(Base):
    """The statement of an organiser who knows the person, and leaves the decision to others."""

    __tablename__ = "recusals"

    registration_id: Mapped[int] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    recused_at: Mapped[datetime] = mapped_column(UtcDateTime)
