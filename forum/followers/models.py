"""The tables of followers of the news, of their links, and of the mails to them. Nothing leads to a registration."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import TokenDigest, UtcDateTime, member
from forum.database import Base
from forum.followers.enums import FollowPurpose, NewsMailStatus, Pace
from forum.news.models import Category

follower_categories = Table(
    "follower_categories",
    Base.metadata,
    Column("follower_id", ForeignKey("followers.id", ondelete="CASCADE"), primary_key=True),
    Column("category_id", ForeignKey("categories.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_follower_categories_category_id", "category_id"),
)


class Follower(Base):
    """An address that gets the news of an event; until `confirmed_at` its owner has only been asked.

    With `has_every` the follower gets all posts, also those without a category, and those of categories made later.
    `weekly_at` is when the last weekly mail was due for which a mail was made, or for which there was nothing new.
    """

    __tablename__ = "followers"
    __table_args__ = (
        UniqueConstraint("event_id", "email_canonical"),
        Index("ix_followers_confirmed", "event_id", "pace", "id"),
        Index("ix_followers_email_canonical", "email_canonical"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    email_canonical: Mapped[str] = mapped_column(String(320))
    language: Mapped[str] = mapped_column(String(8))
    pace: Mapped[Pace] = member(Pace)
    has_every: Mapped[bool]
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    weekly_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    event = relationship("Event")
    categories: Mapped[list[Category]] = relationship(
        secondary=follower_categories, order_by="Category.position", passive_deletes=True
    )


class FollowerLink(Base):
    """The digest of a follower's link; see `followers.links` for how long each works."""

    __tablename__ = "follower_links"
    __table_args__ = (Index("ix_follower_links_follower_id", "follower_id"),)

    digest: Mapped[str] = mapped_column(TokenDigest, primary_key=True)
    follower_id: Mapped[int] = mapped_column(ForeignKey("followers.id", ondelete="CASCADE"))
    purpose: Mapped[FollowPurpose] = member(FollowPurpose)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)

    follower: Mapped[Follower] = relationship()


class MailedPost(Base):
    """A post that goes to followers by mail; `announced_at` is when it was announced.

    `sent` and `failed` are numbers of mails whose rows (NewsMail) are deleted, because the followers have left or the
    rows are old.
    """

    __tablename__ = "mailed_posts"
    __table_args__ = (CheckConstraint("sent >= 0 AND failed >= 0", name="numbers_not_negative"),)

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    announced_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)


class NewsMail(Base):
    """A post to be mailed, or mailed, to a follower: by itself, or in a weekly mail that several posts share."""

    __tablename__ = "news_mails"
    __table_args__ = (
        UniqueConstraint("post_id", "follower_id"),
        Index("ix_news_mails_follower_id", "follower_id"),
        Index("ix_news_mails_message_id", "message_id"),
        Index(
            "ix_news_mails_waiting",
            "id",
            sqlite_where=text("status = 'waiting'"),
            postgresql_where=text("status = 'waiting'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    follower_id: Mapped[int] = mapped_column(ForeignKey("followers.id", ondelete="CASCADE"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("outbox_messages.id", ondelete="SET NULL"))
    status: Mapped[NewsMailStatus] = member(NewsMailStatus)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)

    post = relationship("Post")
    follower: Mapped[Follower] = relationship()
