"""Reading the images of libraries, and searching them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from forum.extensions import db
from forum.folding import search_fold
from forum.images.models import Image

PER_PAGE = 48


@dataclass(frozen=True)
class ImagesPage:
    """Page `number`, counted from 1, of the `total` images of a library or of a search in it."""

    images: Sequence[Image]
    number: int
    total: int
    size: int = PER_PAGE

    @property
    def pages(self) -> int:
        """The number of pages, at least one."""
        return max(1, -(-self.total // self.size))


def list_page(event_id: int, number: int) -> ImagesPage:
    """Return a page of an event's library, the newest images first."""
    own = Image.event_id == event_id
    total = db.session.scalar(select(func.count()).select_from(Image).where(own)) or 0
    query = select(Image).where(own).order_by(Image.id.desc())
    rows = db.session.scalars(query.limit(PER_PAGE).offset((number - 1) * PER_PAGE)).all()
    return ImagesPage(rows, number, total)


def search_page(event_id: int, words: str, number: int, size: int) -> ImagesPage:
    """Return a page of an event's images whose description, file name or photographer has all the words."""
    matching = _search(event_id, search_fold(words).split())
    wanted = matching[(number - 1) * size : number * size]
    query = select(Image).where(Image.id.in_(wanted)).order_by(Image.id.desc())
    return ImagesPage(db.session.scalars(query).all(), number, len(matching), size)


def _search(event_id: int, words: Sequence[str]) -> Sequence[int]:
    """Return the ids of the event's images that have all the folded words, the newest first.

    The texts of a whole library are read and folded in Python, because the databases fold letters in different ways.
    """
    columns = (Image.id, Image.alt, Image.file_name, Image.credit)
    query = select(*columns).where(Image.event_id == event_id).order_by(Image.id.desc())
    if not words:
        return db.session.scalars(query.with_only_columns(Image.id)).all()
    matching = []
    for number, alt, file_name, credit in db.session.execute(query):
        text = search_fold(" ".join([*alt.values(), file_name, credit or ""]))
        if all(word in text for word in words):
            matching.append(number)
    return matching


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


def keep_until_commit(key: str) -> Image | None:
    """Return the image with this key, which nobody can remove until the commit; None when it is gone.

    Waits for a removal of the image that has begun. Lock the image before the content version, as a removal
    does, or two transactions may wait for each other.
    """
    locked = select(Image).where(Image.key == key).with_for_update(read=True, key_share=True)
    return db.session.scalars(locked.execution_options(populate_existing=True)).one_or_none()


def lock_for_removal(image: Image) -> None:
    """Wait for transactions that put the image on a page; until the commit, let no other transaction do so."""
    db.session.execute(select(Image.id).where(Image.id == image.id).with_for_update())


def find_all(keys: Iterable[str]) -> dict[str, Image]:
    """Return the images with these keys, by key."""
    wanted = set(keys)
    if not wanted:
        return {}
    return {image.key: image for image in db.session.scalars(select(Image).where(Image.key.in_(wanted)))}


def list_all() -> Sequence[Image]:
    """Return every image of every library."""
    return db.session.scalars(select(Image).order_by(Image.id)).all()
