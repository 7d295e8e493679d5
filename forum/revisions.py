"""Revisions: the content of a post or page after each save, to compare it with others and to restore it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Select, select
from sqlalchemy.orm import Mapped, load_only, mapped_column

from forum.columns import LARGEST_ID, UtcDateTime
from forum.extensions import db


class Revision:
    """The columns that all models of revisions have; each model adds one for the id of the post or page."""

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)


@dataclass(frozen=True)
class History:
    """The revisions of one post or page: the rows of `model` whose column `column` holds the id `thing`."""

    model: Any
    column: str
    thing: int

    def keep(self, said: Mapping[str, Any], *, user_id: int | None, now: datetime) -> None:
        """Store the present content `said` as a revision, unless the last revision has the same content."""
        last = self.find_last()
        if last is None or last.content != said:
            own = {self.column: self.thing}
            db.session.add(self.model(**own, user_id=user_id, made_at=now, content=said))

    def keep_first(self, said: Mapping[str, Any], *, made_at: datetime) -> None:
        """Store the present content `said` as the first revision, unless there is one; call this before a change."""
        if self.find_last() is None:
            self.keep(said, user_id=None, now=made_at)
            db.session.flush()

    def find_last(self) -> Any:
        """Return the newest revision, or None."""
        return db.session.scalars(self._newest_first().limit(1)).first()

    def find(self, number: int) -> Any:
        """Return the revision with this id, or None."""
        if number > LARGEST_ID:
            return None
        return db.session.scalars(self._newest_first().where(self.model.id == number)).one_or_none()

    def find_before(self, revision: Any) -> Any:
        """Return the newest revision that is older than this one, or None."""
        return db.session.scalars(self._newest_first().where(self.model.id < revision.id).limit(1)).first()

    def list_all(self) -> Sequence[Any]:
        """Return time and author of each revision, the newest first, without the contents."""
        shown = load_only(
            self.model.id, getattr(self.model, self.column), self.model.user_id, self.model.made_at
        )
        return db.session.scalars(self._newest_first().options(shown)).all()

    def _newest_first(self) -> Select:
        own = getattr(self.model, self.column) == self.thing
        return select(self.model).where(own).order_by(self.model.id.desc())
