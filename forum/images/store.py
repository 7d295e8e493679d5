"""Where the files of images lie: a folder for each image, named by its key. What is stored there never changes."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from flask import current_app

from forum.images.making import ORIGINAL
from forum.images.models import Image

KEY = re.compile(r"[0-9a-f]{16}")
# The files that visitors may read; an original is only for the site's own use.
SHOWN = re.compile(r"[1-9][0-9]{2,3}\.(?:jpg|webp)")
KINDS = {"jpg": "image/jpeg", "webp": "image/webp"}
PART = ".part-"


def names_of(image: Image) -> list[str]:
    """Return the names of the image's files."""
    return [ORIGINAL, *(f"{width}.{kind}" for width in image.widths for kind in KINDS)]


def put(key: str, files: Mapping[str, bytes]) -> None:
    """Store an image's files, safely on the disk; files that are there already stay as they are."""
    root, folder = _root(), _root() / key
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, content in files.items():
        if not (folder / name).exists():
            _write(folder / name, content)
    _sync(folder)
    _sync(root)


def read(key: str, name: str) -> bytes | None:
    """Return the content of an image's file, or None when it is not there."""
    if not KEY.fullmatch(key):
        return None
    try:
        return (_root() / key / name).read_bytes()
    except FileNotFoundError:
        return None


def remove(key: str) -> None:
    """Remove an image's files."""
    shutil.rmtree(_root() / key, ignore_errors=True)


def find_missing(images: Iterable[Image]) -> list[str]:
    """Return the keys of the images that lack a file."""
    return [
        image.key
        for image in images
        if not all((_root() / image.key / name).is_file() for name in names_of(image))
    ]


def _root() -> Path:
    folder: Path = current_app.config["IMAGES"]
    return folder


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
