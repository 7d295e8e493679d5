"""The files of images in a folder of this machine: a folder for each image, named by its key."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PART = ".part-"


@dataclass(frozen=True)
class Folder:
    """A place for the files of images; `root` is made when the first image is stored."""

    root: Path

    def put(self, key: str, files: Mapping[str, bytes]) -> None:
        """Store an image's files, safely on the disk; files that are there already stay as they are."""
        folder = self.root / key
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        for name, content in files.items():
            if not (folder / name).exists():
                _write(folder / name, content)
        _sync(folder)
        _sync(self.root)

    def read(self, key: str, name: str) -> bytes | None:
        """Return the content of an image's file, or None when it is not there."""
        try:
            return (self.root / key / name).read_bytes()
        except FileNotFoundError:
            return None

    def names(self, key: str) -> set[str]:
        """Return the names of an image's files."""
        folder = self.root / key
        return {path.name for path in folder.iterdir() if path.is_file()} if folder.is_dir() else set()

    def remove(self, key: str) -> None:
        """Remove an image's files."""
        shutil.rmtree(self.root / key, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    """Write the file under another name and then rename it, so that it is never there half written."""
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
