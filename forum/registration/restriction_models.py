"""The table of requests for restriction of processing and of objections."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import UtcDateTime, member
from forum.database import Base
from forum.registration.enums import RestrictionKind, RestrictionState
from forum.registration.models import Registration

LONGEST_WORDS = 2000
STANDS = text("state IN ('open', 'granted')")


class RestrictionRequest(Base):
    """A person's request for restriction or an objection, with its answer (P12; Art. 12(3), 18 and 21 GDPR).

    `words` are the person's text, `reason` is the organisers' text for declining the request or lifting the
    restriction. The request has to be answered before `due_at`. While the state is granted, the restriction applies
    (`restrictions`); `ends_at` is set once the person has been told that it will be lifted. A person has one open or
    granted request at a time.
    """

    __tablename__ = "restriction_requests"
    __table_args__ = (
        Index("ix_restriction_requests_event_id", "event_id", "state", "due_at"),
        Index("ix_restriction_requests_registration_id", "registration_id", "state"),
        Index(
            "uq_restriction_requests_one",
            "registration_id",
            unique=True,
            sqlite_where=STANDS,
            postgresql_where=STANDS,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    kind: Mapped[RestrictionKind] = member(RestrictionKind)
    words: Mapped[str] = mapped_column(String(LONGEST_WORDS))
    state: Mapped[RestrictionState] = member(RestrictionState, default=RestrictionState.OPEN)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(LONGEST_WORDS))
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    event = relationship("Event")
    registration: Mapped[Registration] = relationship()

    @property
    def last_moment(self) -> datetime:
        """The end of the last day on which to answer; `due_at` is the midnight after it."""
        return self.due_at - timedelta(seconds=1)
