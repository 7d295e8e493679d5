"""Images of an event's library. Their files lie in the store (`images.store`), under the image's key."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from forum.columns import Text, Translated, UtcDateTime, member
from forum.database import Base
from forum.images.enums import Focus

LONGEST_NAME = 120  # the most characters of an image's file name that are stored


class Image(Base):
    """An image. `key` is made of its content, so the files under a key never change.

    `width` and `height` are those of the original; `widths` has the widths in which pages can show the image.
    `has_avif` says whether its files exist as AVIF beside WebP and JPEG.
    """

    is_public_content = True
    __tablename__ = "images"
    __table_args__ = (
        CheckConstraint("width > 0 AND height > 0", name="has_a_size"),
        Index("ix_images_event_id", "event_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(16), unique=True)
    width: Mapped[int]
    height: Mapped[int]
    widths: Mapped[list[int]] = mapped_column(JSON)
    has_avif: Mapped[bool] = mapped_column(default=False, server_default=false())
    # A description of the image in words, for people who do not see it.
    alt: Mapped[Text] = mapped_column(Translated)
    credit: Mapped[str | None] = mapped_column(String(150))
    # The name of the uploaded file, or "". Only organisers see this name, and search for it.
    file_name: Mapped[str] = mapped_column(String(LONGEST_NAME), default="", server_default="")
    focus: Mapped[Focus] = member(Focus, default=Focus.CENTRE)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
