"""The file of a backup: a tar of `manifest.json`, a dump of the database and the images."""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from forum.commands import backup_images

MANIFEST, PRIVATE = "manifest.json", 0o600


class BrokenBackup(click.ClickException):
    """The file is not a backup, is damaged, or does not fit this installation."""


def write(target: Path, files: Iterable[Path], manifest: dict[str, Any]) -> None:
    """Write the manifest and the files into a new tar, which only its owner may read."""
    with tarfile.open(target, "w") as tar:
        content = json.dumps(manifest, indent=1).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(content), PRIVATE
        tar.addfile(entry, io.BytesIO(content))
        for file in files:
            tar.add(file, arcname=file.name)
    target.chmod(PRIVATE)


def unpack(file: Path, scratch: Path, dumps: Iterable[str]) -> tuple[Path, dict[str, Any]]:
    """Unpack the backup into a folder; return the database dump, whose name must be one of `dumps`, and the manifest.

    The images lie beside the dump; backups of version 0.2 and before hold none. Raises BrokenBackup for a file whose
    checksums are not those of the manifest.
    """
    try:
        with tarfile.open(file) as tar:
            manifest = json.loads((tar.extractfile(MANIFEST) or io.BytesIO()).read())
            dump = scratch / next(name for name in dumps if name in tar.getnames())
            _take_out(tar, dump)
            whole = fingerprint(dump) == {name: manifest.get(name) for name in ("bytes", "sha256")}
            if "images" in manifest:
                packed = scratch / backup_images.NAME
                _take_out(tar, packed)
                whole = whole and fingerprint(packed) == manifest["images"]
    except (tarfile.TarError, KeyError, ValueError, StopIteration) as problem:
        raise BrokenBackup(f"{file} is not a backup of the forum") from problem
    if not whole:
        raise BrokenBackup(f"{file} is damaged: what is in it is not what was put into it")
    return dump, manifest


def fingerprint(file: Path) -> dict[str, Any]:
    """Return the length and the checksum of a file."""
    with file.open("rb") as content:
        return {
            "bytes": file.stat().st_size,
            "sha256": hashlib.file_digest(content, "sha256").hexdigest(),
        }


def _take_out(tar: tarfile.TarFile, target: Path) -> None:
    with tar.extractfile(target.name) or io.BytesIO() as packed, target.open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)
