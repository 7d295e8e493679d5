"""The tables of notes, tags and new e-mail addresses; their rows name the registration by its id only."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, false
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, mapped_column

from forum.columns import TokenDigest, UtcDateTime
from forum.database import Base

LONGEST_NOTE = 2000
LONGEST_TAG = 40


class RegistrationNote(Base):
    """A private note of an organiser. Organisers read it, and the person it is about, among their own data (P11)."""

    __tablename__ = "registration_notes"
    __table_args__ = (Index("ix_registration_notes_registration_id", "registration_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    text: Mapped[str] = mapped_column(LongText)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RegistrationTag(Base):
    """A tag by which organisers find people; in lower case and without blanks, so that "#press" finds it."""

    __tablename__ = "registration_tags"
    __table_args__ = (Index("ix_registration_tags_event_id", "event_id", "name", "registration_id"),)

    registration_id: Mapped[int] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(LONGEST_TAG), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))


class AddressChange(Base):
    """A new e-mail address of a registration, until the link mailed to it is followed or expires (S20).

    `is_own` is true if the person has entered the address, or the registration was added with it; false if organisers
    have entered the address for an existing registration.
    """

    __tablename__ = "address_changes"
    __table_args__ = (Index("ix_address_changes_registration_id", "registration_id"),)

    digest: Mapped[str] = mapped_column(TokenDigest, primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_own: Mapped[bool] = mapped_column(default=False, server_default=false())
