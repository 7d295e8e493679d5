"""The table of the words that organisers have changed in an event's standard mails."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, mapped_column

from forum.columns import UtcDateTime
from forum.database import Base


class MailText(Base):
    """The changed words of one kind of mail in one language, for one event; None where the standard words stay.

    `standard` is a digest of the standard words that the changed ones replace, as they were when somebody last saved.
    """

    __tablename__ = "mail_texts"
    __table_args__ = (UniqueConstraint("event_id", "kind", "language"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(60))
    language: Mapped[str] = mapped_column(String(8))
    subject: Mapped[str | None] = mapped_column(String(120))
    opening: Mapped[str | None] = mapped_column(LongText)
    closing: Mapped[str | None] = mapped_column(LongText)
    standard: Mapped[str] = mapped_column(String(32))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
