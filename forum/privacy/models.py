"""The table of requests for erasure."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import UtcDateTime, member
from forum.database import Base
from forum.privacy.enums import RequestState
from forum.registration.models import Registration

IS_OPEN = text("state = 'open'")


class ErasureRequest(Base):
    """A person's request to be erased, with the day by which it has to be answered (P12; Art. 12(3) and 17 GDPR).

    The row stays after the erasure, as proof that it was carried out; it then identifies nobody: `registration_id` and
    `reason`, the organiser's words of a refusal, are NULL.
    """

    __tablename__ = "erasure_requests"
    __table_args__ = (
        Index("ix_erasure_requests_event_id", "event_id", "state", "due_at"),
        Index(
            "uq_erasure_requests_open",
            "registration_id",
            unique=True,
            sqlite_where=IS_OPEN,
            postgresql_where=IS_OPEN,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    registration_id: Mapped[int | None] = mapped_column(ForeignKey("registrations.id", ondelete="SET NULL"))
    state: Mapped[RequestState] = member(RequestState, default=RequestState.OPEN)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(2000))

    event = relationship("Event")
    registration: Mapped[Registration | None] = relationship()

    @property
    def last_moment(self) -> datetime:
        """The end of the last day on which the request can be answered in time; `due_at` is the midnight after it."""
        return self.due_at - timedelta(seconds=1)
