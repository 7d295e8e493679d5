"""Organisers' accounts, their roles and their sign-ins."""

from datetime import datetime
from typing import Any

from flask_security import AsaList, UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.accounts.enums import Role
from forum.columns import TokenDigest, UtcDateTime
from forum.database import Base

ROLES = ", ".join(f"'{role}'" for role in Role)


class User(Base, UserMixin):
    """An organiser. The columns from `password` to `mf_recovery_codes` are Flask-Security's."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(8), default="sv")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    password: Mapped[str | None] = mapped_column(String(255))
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(String(255))
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(AsaList()))
    last_totp_counter: Mapped[int | None]
    memberships: Mapped[list["Membership"]] = relationship(
        back_populates="user", cascade="all, delete-orphan"
    )
    roles: list[Any] = []  # noqa: RUF012 - Flask-Security looks here; ours are memberships, one per event


class Membership(Base):
    """A role that a user holds for one event, or for all when `event_id` is NULL."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("user_id", "event_id", "role"),
        CheckConstraint(f"role IN ({ROLES})", name="role_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(30))
    user: Mapped[User] = relationship(back_populates="memberships")


class SignIn(Base):
    """A signed-in browser: the row makes signing out and revoking final (S06, S07, F5)."""

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
    """A link that opens an account once: an invitation to set a password, or the demo's sign-in."""

    __tablename__ = "one_time_links"
    __table_args__ = (Index("ix_one_time_links_user_id", "user_id"),)

    digest: Mapped[str] = mapped_column(TokenDigest, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(20))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user: Mapped[User] = relationship()
