"""The table of places that are held for people without a registration of their own for them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import UtcDateTime
from forum.database import Base
from forum.registration.organisation_models import LONGEST_NAME


class BareHold(Base):
    """A place that is held until an address is confirmed, without a new registration: the address has one already.

    The columns are those by which a new registration would hold a place (see `Registration`); the row names nobody.
    The place counts in `taken` and `reserved` of its sector.
    """

    __tablename__ = "bare_holds"
    __table_args__ = (
        Index("ix_bare_holds_event_id", "event_id", "organisation_key"),
        Index("ix_bare_holds_sector_id", "sector_id"),
        Index("ix_bare_holds_asked_from", "event_id", "asked_from"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    sector_id: Mapped[int] = mapped_column(ForeignKey("sectors.id", ondelete="CASCADE"))
    organisation_key: Mapped[str] = mapped_column(String(LONGEST_NAME))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirm_by: Mapped[datetime] = mapped_column(UtcDateTime)
    held_until: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_from: Mapped[str | None] = mapped_column(String(64))

    event = relationship("Event")
    sector = relationship("Sector")
