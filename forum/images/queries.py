"""Reading the images of libraries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from forum.extensions import db
from forum.images.models import Image

PER_PAGE = 48


@dataclass(frozen=True)
class ImagesPage:
    """Page `number`, counted from 1, of the `total` images of a library."""

    images: Sequence[Image]
    number: int
    total: int

    @property
    def pages(self) -> int:
        """The number of pages of the library, at least one."""
        return max(1, -(-self.total // PER_PAGE))


def list_page(event_id: int, number: int) -> ImagesPage:
    """Return a page of an event's library, the newest images first."""
    own = Image.event_id == event_id
    total = db.session.scalar(select(func.count()).select_from(Image).where(own)) or 0
    query = select(Image).where(own).order_by(Image.id.desc())
    rows = db.session.scalars(query.limit(PER_PAGE).offset((number - 1) * PER_PAGE)).all()
    return ImagesPage(rows, number, total)


def list_newest(event_id: int, limit: int) -> Sequence[Image]:
    """Return the newest images of an event's library."""
    query = select(Image).where(Image.event_id == event_id).order_by(Image.id.desc())
    return db.session.scalars(query.limit(limit)).all()


def find(key: str) -> Image | None:
    """Return the image with this key, of whatever event."""
    return db.session.scalars(select(Image).where(Image.key == key)).one_or_none()


def find_own(event_id: int, key: str) -> Image | None:
    """Return the image with this key if it belongs to the event's library (S13)."""
    query = select(Image).where(Image.key == key, Image.event_id == event_id)
    return db.session.scalars(query).one_or_none()


def find_all(keys: Iterable[str]) -> dict[str, Image]:
    """Return the images with these keys, by key."""
    wanted = set(keys)
    if not wanted:
        return {}
    return {image.key: image for image in db.session.scalars(select(Image).where(Image.key.in_(wanted)))}


def list_all() -> Sequence[Image]:
    """Return every image of every library."""
    return db.session.scalars(select(Image).order_by(Image.id)).all()
