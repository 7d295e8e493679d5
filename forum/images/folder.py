"""The files of images in a folder of this machine: a folder for each image, named by its key."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from forum.images.errors import StorageAway

PART = ".part-"


@dataclass(frozen=True)
class Folder:
    """A storage of image files in a folder; `root` is made with the first image. Its methods raise StorageAway.

    A file without content is one that a damaged disk has lost, and counts as missing.
    """

    root: Path

    def put(self, key: str, files: Mapping[str, bytes]) -> None:
        """Store an image's files, safely on the disk; files that are there already stay as they are."""
        folder = self.root / key
        with _asking():
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            there = self.names(key)
            for name, content in files.items():
                if name not in there:
                    _write(folder / name, content)
            _sync(folder)
            _sync(self.root)

    def read(self, key: str, name: str) -> bytes | None:
        """Return the content of an image's file, or None when it is not there."""
        with _asking():
            try:
                return (self.root / key / name).read_bytes() or None
            except FileNotFoundError:
                return None

    def names(self, key: str) -> set[str]:
        """Return the names of an image's files."""
        with _asking():
            folder = self.root / key
            paths = folder.iterdir() if folder.is_dir() else ()
            return {path.name for path in paths if path.is_file() and path.stat().st_size}

    def remove(self, key: str) -> None:
        """Remove an image's files."""
        shutil.rmtree(self.root / key, ignore_errors=True)


@contextmanager
def _asking() -> Iterator[None]:
    """Run a block that uses the disk. Raises StorageAway if the disk is full, broken, or closed to the forum."""
    try:
        yield
    except OSError as problem:
        raise StorageAway(problem.strerror) from problem


def _write(path: Path, content: bytes) -> None:
    """Write the file under another name and then rename it, so that nobody can read a half-written file."""
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=PART)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    """Wait until the folder's list of names is safely on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
