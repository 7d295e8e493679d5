"""Making the files of an image from a file that was sent, in a process of its own (`images.encoding`)."""

import errno
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from forum.images.errors import (
    NotOurs,
    NotTaken,
    OtherKind,
    StorageAway,
    TooLarge,
    TooNarrow,
    TooSmall,
    Unreadable,
)
from forum.turns import Line, processor

PROGRAM = Path(__file__).with_name("encoding.py")
LARGEST_FILE = 12_000_000  # the most bytes of an image file that somebody may send
# Make the files of one image at a time: this keeps a processor core busy for a second or two, and needs much memory.
MAKERS = Line(1)
WAIT_SECONDS, MAKE_SECONDS = 30, 40
ORIGINAL = "original.jpg"
REFUSALS: Mapping[str, type[NotTaken]] = {
    "other-kind": OtherKind,
    "too-large": TooLarge,
    "too-small": TooSmall,
    "too-narrow": TooNarrow,
    "other-original": NotOurs,
    "unreadable": Unreadable,
}


@dataclass(frozen=True)
class Made:
    """An image's files by name, its size, the widths in which pages can show it, and whether it has AVIF files."""

    files: Mapping[str, bytes]
    width: int
    height: int
    widths: list[int]
    has_avif: bool

    def key_for(self, event_slug: str) -> str:
        """Return the image's key in an event's library: a digest of the event's slug and the original's content."""
        return key_of(self.files[ORIGINAL], event_slug)


def key_of(original: bytes, event_slug: str) -> str:
    """Return an image's key in the library of an event: a digest of the event's slug and the original's content."""
    return hashlib.sha256(event_slug.encode() + b"\0" + original).hexdigest()[:16]


def make(sent: bytes) -> Made:
    """Make an image from a file that somebody has sent.

    Raises NotTaken, NoTurn when too many wait, and StorageAway when there is no room to make it.
    """
    return _run(sent, "new")


def make_original(sent: bytes) -> bytes:
    """Return a sent image re-encoded as JPEG, without metadata. Raises NotTaken, NoTurn and StorageAway like `make`."""
    return _run(sent, "original").files[ORIGINAL]


def make_again(original: bytes) -> Made:
    """Make an image's files anew from its unchanged original. Raises NotTaken, NoTurn and StorageAway like `make`."""
    return _run(original, "kept")


def _run(given: bytes, mode: str) -> Made:
    if len(given) > LARGEST_FILE:
        raise TooLarge
    # Let other requests compute meanwhile: the work is done in another process.
    with processor.lent(), MAKERS.turn(WAIT_SECONDS), _scratch() as folder:
        (folder / "given").write_bytes(given)
        said = _run_program(folder, mode)
        if refusal := said.get("refused"):
            raise REFUSALS[refusal]
        if said.get("full"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "given"}
    return Made(files, **said)


@contextmanager
def _scratch() -> Iterator[Path]:
    """Give the block a temporary folder, deleted afterwards. Raises StorageAway when the disk is full or broken."""
    try:
        with TemporaryDirectory(prefix="forum-image-") as name:
            yield Path(name)
    except OSError as problem:
        raise StorageAway(problem.strerror) from problem


def _run_program(folder: Path, mode: str) -> dict:
    """Run images/encoding.py and return its JSON; raise Unreadable when it fails or takes too long."""
    command = [sys.executable, "-I", str(PROGRAM), str(folder), mode]
    try:
        answer = subprocess.run(  # noqa: S603 - no argument comes from a visitor
            command, capture_output=True, env={}, timeout=MAKE_SECONDS, check=False
        )
        return json.loads(answer.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise Unreadable from None
