"""The table of answers that a form keeps on the server because they are too long for the browser's cookie."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from forum.columns import TokenDigest, UtcDateTime
from forum.database import Base
from forum.sealing import Sealed, SealedBytes, SealedValue


class KeptAnswers(Base):
    """The answers of one form, which only the browser that sent them can have decrypted, until `ends_at`.

    The browser's cookie has a random token, and the row its digest. `content` is encrypted with a key made from the
    token before the column encrypts it with the site's key: without the cookie neither the database nor a backup
    reveals the answers, not even to somebody who has the site's keys. All rows have the same length.
    """

    __tablename__ = "kept_answers"
    __table_args__ = (
        Index("ix_kept_answers_event_id", "event_id"),
        Index("ix_kept_answers_ends_at", "ends_at"),
    )

    digest: Mapped[str] = mapped_column(TokenDigest, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sealed_content: Mapped[SealedBytes] = mapped_column(
        "content", Sealed("identity", binary=True, bound_to=("digest", "event_id"))
    )
    content = SealedValue[bytes]()
