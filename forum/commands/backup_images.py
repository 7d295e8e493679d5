"""The images of libraries in a backup: `images.tar`, with a file `<key>/<name>` for each file of the store."""

import io
import tarfile
from pathlib import Path

from sqlalchemy import inspect

from forum.extensions import db
from forum.images import queries, store
from forum.images.errors import StorageAway
from forum.images.making import ORIGINAL
from forum.images.models import Image

NAME, PRIVATE = "images.tar", 0o600


class Images:
    """Adds images to a backup.

    Images are added before the database is dumped and once more after the dump, so the backup has the files of every
    image in the dump, although organisers add and remove images meanwhile. `lacking` has the keys of the images whose
    files could not be read, because their storage could not be reached: the backup is made without them.
    """

    def __init__(self, target: Path) -> None:
        self._target, self._added = target, set[tuple[str, str]]()
        self.lacking: list[str] = []
        tarfile.open(target, "w").close()

    def add(self) -> None:
        """Add the files of all images that were not added before; a file that the store lacks is left out."""
        self.lacking = []
        # The database may lack the table of images: a newer version makes its backup before it updates the tables.
        has_images = inspect(db.engine).has_table(Image.__tablename__)
        with tarfile.open(self._target, "a") as tar:
            for image in queries.list_all() if has_images else ():
                names = [name for name in store.names_of(image) if (image.key, name) not in self._added]
                if names:
                    self._add(image.key, names, tar)
        db.session.rollback()

    def _add(self, key: str, names: list[str], tar: tarfile.TarFile) -> None:
        """Add the files of an image that have these names, all of them or none.

        Once the storage could not be reached, no further file is asked of it.
        """
        if self.lacking:
            self.lacking.append(key)
            return
        try:
            files = {name: store.read(key, name) for name in names}
        except StorageAway:
            self.lacking.append(key)
            return
        for name, content in files.items():
            if content is not None:
                self._added.add((key, name))
                entry = tarfile.TarInfo(f"{key}/{name}")
                entry.size, entry.mode = len(content), PRIVATE
                tar.addfile(entry, io.BytesIO(content))


def put_back(packed: Path) -> int:
    """Store the images of a backup, and return how many images; files that the store has already stay as they are."""
    keys = set()
    with tarfile.open(packed) as tar:
        for entry in tar:
            key, _slash, name = entry.name.partition("/")
            is_ours = store.KEY.fullmatch(key) and (name == ORIGINAL or store.SHOWN.fullmatch(name))
            content = tar.extractfile(entry) if is_ours else None
            if content is not None:
                store.put(key, {name: content.read()})
                keys.add(key)
    return len(keys)
