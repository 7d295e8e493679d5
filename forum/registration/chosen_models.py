"""The table of the people whom organisers have chosen in the attendee list, for an act on all of them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from forum.columns import UtcDateTime
from forum.database import Base


class ChosenPerson(Base):
    """Somebody whom one organiser has chosen in the attendee list of an event.

    `chosen_at` is when the organiser last changed the choice; all rows of the choice have the same.
    """

    __tablename__ = "chosen_people"
    __table_args__ = (
        Index("ix_chosen_people_event_id", "event_id"),
        Index("ix_chosen_people_registration_id", "registration_id"),
        Index("ix_chosen_people_chosen_at", "chosen_at"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    registration_id: Mapped[int] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), primary_key=True
    )
    chosen_at: Mapped[datetime] = mapped_column(UtcDateTime)
