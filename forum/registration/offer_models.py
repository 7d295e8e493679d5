"""The table of offers: each place that was offered to a waiting person, why, and how the offer ended."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import UtcDateTime, member
from forum.database import Base
from forum.registration.enums import OfferEnd, OfferMaker
from forum.registration.models import Registration

IS_OPEN = text("ended_at IS NULL")
LONGEST_REASON = 500


class Offer(Base):
    """An offer of a place. A registration has one open offer at most; an offer that was never accepted stays as a row.

    `why` says in codes and numbers why it was this person's turn (`line.Turn.as_data`); it is empty if that is unknown.
    `reason` is the text of an organiser who offered the place by hand. `remind_at` is NULL if no reminder is sent. An
    offer that an earlier version of the forum has made has no row.
    """

    __tablename__ = "offers"
    __table_args__ = (
        CheckConstraint("(ended_at IS NULL) = (ended_how IS NULL)", name="ended_somehow"),
        Index("ix_offers_registration_id", "registration_id", "id"),
        Index(
            "uq_offers_open", "registration_id", unique=True, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[OfferMaker] = member(OfferMaker)
    # The organiser who offered the place by hand.
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    reason: Mapped[str | None] = mapped_column(String(LONGEST_REASON))
    why: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    remind_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_how: Mapped[OfferEnd | None] = member(OfferEnd)
    registration: Mapped[Registration] = relationship()
