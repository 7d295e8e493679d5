"""Organisers' accounts, their roles and their sign-ins."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.accounts.enums import LinkPurpose, Role
from forum.columns import TokenDigest, UtcDateTime, member
from forum.database import Base
from forum.sealing import Sealed, SealedBytes, SealedValue


class User(Base):
    """An organiser's account.

    `totp_secret` is the authenticator's secret; `totp_proposed` that of a new one, until its first code is accepted.
    """

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(8), default="sv")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    sealed_totp_secret: Mapped[SealedBytes | None] = mapped_column("totp_secret", Sealed("totp", binary=True))
    totp_secret = SealedValue[bytes | None]()
    sealed_totp_proposed: Mapped[SealedBytes | None] = mapped_column(
        "totp_proposed", Sealed("totp", binary=True)
    )
    totp_proposed = SealedValue[bytes | None]()
    last_totp_counter: Mapped[int | None]
    memberships: Mapped[list["Membership"]] = relationship(
        order_by="Membership.id", back_populates="user", cascade="all, delete-orphan"
    )


class Membership(Base):
    """A role that a user holds for one event, or for all events when `event_id` is NULL."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("user_id", "event_id", "role"),
        Index(
            "uq_memberships_all_events",
            "user_id",
            "role",
            unique=True,
            sqlite_where=text("event_id IS NULL"),
            postgresql_where=text("event_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    role: Mapped[Role] = member(Role, 30)
    user: Mapped[User] = relationship(back_populates="memberships")
    reviewed: Mapped[list["ReviewedSector"]] = relationship(
        order_by="ReviewedSector.sector_id", cascade="all, delete-orphan", passive_deletes=True
    )


class ReviewedSector(Base):
    """A sector whose people a reviewer decides about; a reviewer without sectors sees nobody."""

    __tablename__ = "reviewed_sectors"
    __table_args__ = (Index("ix_reviewed_sectors_sector_id", "sector_id"),)

    membership_id: Mapped[int] = mapped_column(
        ForeignKey("memberships.id", ondelete="CASCADE"), primary_key=True
    )
    sector_id: Mapped[int] = mapped_column(ForeignKey("sectors.id", ondelete="CASCADE"), primary_key=True)


class RecoveryCode(Base):
    """A code that replaces the second factor once; using it deletes the row (S03)."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(TokenDigest, primary_key=True)


class Passkey(Base):
    """A passkey of an organiser, which may stand in for the code of the authenticator app (S03).

    The device keeps the private key; `public_key` is the COSE key that checks its signatures. `sign_count` is the
    device's own counter at the last use, 0 where the device counts nothing.
    """

    __tablename__ = "passkeys"
    __table_args__ = (Index("ix_passkeys_user_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SignIn(Base):
    """A signed-in browser. Deleting the row signs it out, whatever its cookie says (S06, S07, F5)."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index("ix_sign_ins_user_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(TokenDigest, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    browser: Mapped[str] = mapped_column(String(200), default="")
    user: Mapped[User] = relationship()


class OneTimeLink(Base):
    """A link that works once, for one purpose.

    With no user the link never works; it is stored so that a request for an unknown address takes the same time (S24).
    """

    __tablename__ = "one_time_links"
    __table_args__ = (
        Index("ix_one_time_links_user_id", "user_id"),
        Index("ix_one_time_links_expires_at", "expires_at"),
    )

    digest: Mapped[str] = mapped_column(TokenDigest, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    purpose: Mapped[LinkPurpose] = member(LinkPurpose)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user: Mapped[User | None] = relationship()


class Autosave(Base):
    """What an organiser has typed in an edit form and not saved, kept while they type, for them alone.

    `document` names what the form edits, such as "post 7". `words` are JSON: the names and values of the form's fields.
    `version` changes with each storing, so that two windows of one person do not overwrite each other's words.
    """

    __tablename__ = "autosaves"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    document: Mapped[str] = mapped_column(String(100), primary_key=True)
    version: Mapped[str] = mapped_column(String(32))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sealed_words: Mapped[SealedBytes] = mapped_column("words", Sealed("identity"))
    words = SealedValue[str]()


class KeptWords(Base):
    """What an organiser had entered when their sign-in ended, if it is too long for a cookie; kept for an hour.

    `words` are JSON: the names and values of the form's fields. The cookie has the token, and the row its digest.
    """

    __tablename__ = "kept_words"
    __table_args__ = (Index("ix_kept_words_user_id", "user_id"),)

    digest: Mapped[str] = mapped_column(TokenDigest, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sealed_words: Mapped[SealedBytes] = mapped_column("words", Sealed("identity"))
    words = SealedValue[str]()
