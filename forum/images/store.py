"""Where the files of images lie: under the image's key, in a folder or in S3-compatible storage.

A stored file never changes.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from flask import current_app

from forum.images.errors import StorageAway
from forum.images.folder import Folder
from forum.images.making import ORIGINAL
from forum.images.models import Image

KEY = re.compile(r"[0-9a-f]{16}")
# Matches the names of files that visitors may read; the original is not among them.
SHOWN = re.compile(r"[1-9][0-9]{2,3}\.(?:jpg|webp|avif)")
KINDS = {"jpg": "image/jpeg", "webp": "image/webp", "avif": "image/avif"}
PLACE = "images_place"  # key in app.extensions for the storage of image files


class Place(Protocol):
    """The interface of a storage of image files: a folder or a bucket."""

    def put(self, key: str, files: Mapping[str, bytes]) -> None:
        """Store an image's files."""

    def read(self, key: str, name: str) -> bytes | None:
        """Return the content of an image's file, or None when it is not there."""

    def names(self, key: str) -> set[str]:
        """Return the names of an image's files."""

    def remove(self, key: str) -> None:
        """Remove an image's files."""


def names_of(image: Image) -> list[str]:
    """Return the names of the image's files."""
    kinds = [kind for kind in KINDS if kind != "avif" or image.has_avif]
    return [ORIGINAL, *(f"{width}.{kind}" for width in image.widths for kind in kinds)]


def put(key: str, files: Mapping[str, bytes]) -> None:
    """Store an image's files for good; files that are there already stay as they are."""
    _place().put(key, files)


def read(key: str, name: str) -> bytes | None:
    """Return the content of an image's file, or None when it is not there."""
    return _place().read(key, name) if KEY.fullmatch(key) else None


def remove(key: str) -> None:
    """Remove an image's files; when the storage does not answer, the files remain there, unused."""
    with suppress(StorageAway):
        _place().remove(key)


def find_missing(images: Iterable[Image]) -> list[str]:
    """Return the keys of the images that lack a file."""
    place = _place()
    return [image.key for image in images if not place.names(image.key).issuperset(names_of(image))]


def _place() -> Place:
    """Return the folder or bucket that the settings name, made once for each app."""
    place: Place | None = current_app.extensions.get(PLACE)
    if place is None:
        place = current_app.extensions[PLACE] = _open(current_app.config)
    return place


def _open(config: Mapping[str, Any]) -> Place:
    where = config["IMAGES"]
    if isinstance(where, Path):
        return Folder(where)
    from forum.images.bucket import Bucket  # noqa: PLC0415 - needs a package that is an extra

    return Bucket(where, **config["S3"])
