"""`forum make-avif`: make AVIF files for images that an earlier version has added, and AVIF files that are lost."""

import click
from flask.cli import with_appcontext

from forum import clock
from forum.counting import counted
from forum.database import read_locked, start_write
from forum.events import queries as events
from forum.extensions import db
from forum.images import actions, making, queries, store
from forum.images.errors import NotTaken, StorageAway
from forum.images.models import Image


@click.command("make-avif")
@with_appcontext
def make_avif() -> None:
    """Make the AVIF files that images of earlier versions lack, unless they would not be smaller.

    It makes those that the storage has lost, too, as when an old backup was restored without them.
    Run it after an update, when no process of the earlier version serves any more. It may be stopped and run again.
    """
    made = larger = 0
    try:
        for key in _list_lacking():
            has_avif = _make(key)
            made, larger = made + has_avif, larger + (not has_avif)
    except StorageAway as problem:
        raise click.ClickException("The storage of images does not answer; run it again later.") from problem
    click.echo(
        f"{counted(made, 'image has', 'images have')} AVIF files now;"
        f" {counted(larger, 'image needs', 'images need')} none or cannot be made anew."
    )


def _list_lacking() -> list[str]:
    """Return the keys of images without AVIF files, and of those with AVIF files of which the storage lacks a file."""
    images = queries.list_all()
    lost = set(store.find_missing(image for image in images if image.has_avif))
    return [image.key for image in images if not image.has_avif or image.key in lost]


def _make(key: str) -> bool:
    """Make an image's AVIF files from its original; return whether AVIF files were made.

    Files in other formats are left as they are.
    """
    original = store.read(key, making.ORIGINAL)
    db.session.rollback()  # give the database connection back, because making an image takes a moment
    try:
        files = making.make_again(original).files if original else {}
    except NotTaken:
        return False
    avif = {name: content for name, content in files.items() if name.endswith(".avif")}
    if not avif:
        return False
    start_write(db.session)
    image = _lock(key)
    if image:
        store.put(key, avif)
        if not image.has_avif:
            actions.note_avif(image, actor="command", now=clock.now())
    db.session.commit()
    return image is not None


def _lock(key: str) -> Image | None:
    """Lock the event of the image, so that nobody removes the image; return the image, None when it is gone."""
    image = queries.find(key)
    event = events.find_by_id(image.event_id) if image else None
    if event:
        db.session.execute(read_locked(events.select_event(event.slug)))
    return queries.find(key)
