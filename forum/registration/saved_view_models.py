"""The table of views of the attendee list that organisers have saved under a name."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.accounts.models import User
from forum.database import Base

LONGEST_NAME = 60
# Actions of the audit trail: a view is shared, or no longer shared; a shared view is changed or deleted.
VIEW_SHARED, VIEW_TAKEN_BACK = "view.shared", "view.taken_back"
VIEW_CHANGED, VIEW_DELETED = "view.changed", "view.deleted"


class SavedView(Base):
    """Filters, order and columns of the attendee list of an event, saved by an organiser under a name.

    `query` has the parameters of the list's URL; its search text may name a person. `columns` are keys of
    `list_columns.offered`. Unless `is_shared`, only the organiser who saved the view sees it.
    """

    __tablename__ = "saved_views"
    __table_args__ = (
        UniqueConstraint("user_id", "event_id", "name"),
        Index("ix_saved_views_event_id", "event_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    is_shared: Mapped[bool] = mapped_column(default=False, server_default=false())
    query: Mapped[dict[str, Any]] = mapped_column(JSON)
    columns: Mapped[list[str]] = mapped_column(JSON)

    maker: Mapped[User] = relationship(lazy="joined", innerjoin=True)
