"""The originals of images in a folder of content: checked, and stored before an import's transaction."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sqlalchemy import select

from forum.content import folder
from forum.content.errors import BadFile, FolderRefused
from forum.content.site import original_path
from forum.events.models import Event
from forum.extensions import db
from forum.images import making, queries, store
from forum.images.errors import NotTaken, StorageAway
from forum.images.models import Image

ORIGINAL = re.compile(r"events/([^/]+)/images/([0-9a-f]{16})\.jpg")


@dataclass(frozen=True)
class Size:
    """The size of an image, the widths in which the store has it, and whether the store has AVIF files of it, too."""

    width: int
    height: int
    widths: list[int]
    has_avif: bool

    @classmethod
    def of(cls, known: Image | making.Made) -> "Size":
        """Return the size of an image of a library, or of one that has just been made."""
        return cls(known.width, known.height, known.widths, known.has_avif)


@dataclass
class Originals:
    """The sizes of accepted images by event and key, and by path the reason why an original was refused."""

    sizes: dict[tuple[str, str], Size] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def take(place: Path, *, keep: bool) -> Originals:
    """Check every original of the folder; with `keep`, also put the files made of each original into the store.

    Files in the store that no row names do no harm, so an import that is refused afterwards leaves them there.
    """
    taken = Originals()
    for name, path in folder.list_originals(place):
        try:
            event, key, size = _take(name, path, keep=keep)
            taken.sizes[event, key] = size
        except BadFile as problem:
            taken.refused[name] = str(problem)
    return taken


def list_stored() -> Mapping[str, Callable[[], bytes]]:
    """Return for each stored image the path of its original in an export, and a function that reads the file."""
    owners = db.session.execute(select(Event.slug, Image.key).join(Image, Image.event_id == Event.id))
    return {original_path(slug, key): partial(_read_stored, key) for slug, key in owners}


def _take(name: str, path: Path, *, keep: bool) -> tuple[str, str, Size]:
    parts = ORIGINAL.fullmatch(name)
    if not parts:
        raise BadFile(
            name, "", f"is no file of the content; that would be {original_path('<event>', '<key>')}"
        )
    event, key = parts[1], parts[2]
    content = folder.read_bytes(name, path, making.LARGEST_FILE)
    if making.key_of(content, event) != key:
        raise BadFile(name, "", "is not what an export wrote under this name; add new images in the console")
    known = queries.find(key)
    if known and not store.find_missing([known]):
        return event, key, Size.of(known)
    try:
        made = making.make_again(content)
    except NotTaken as refusal:
        raise BadFile(
            name, "", "is no image that an export wrote; add new images in the console"
        ) from refusal
    if keep:
        store.put(key, made.files)
    return event, key, Size.of(made)


def _read_stored(key: str) -> bytes:
    try:
        content = store.read(key, making.ORIGINAL)
    except StorageAway as problem:
        raise FolderRefused("the storage of images does not answer; try again later") from problem
    if content is None:
        raise FolderRefused(
            f"the original of the image {key} is missing; forum doctor says which images lack files"
        )
    return content
