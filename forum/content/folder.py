"""Reading and writing a folder of files: touch nothing outside it, overwrite no file changed since the last export."""

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from forum.content.errors import BadFile, FolderRefused

LARGEST = 1_000_000
# Files with this ending are the originals of images (`content.originals`); all others are texts.
ORIGINAL = ".jpg"
MOST = 100_000
# The file with the digests of all files of the last export, so that the next export overwrites no file changed since.
WRITTEN = ".forum-export.json"
PART = ".forum-part"


def read(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return by path the text of each file of the folder and, by path, the reason why a file could not be read.

    Names that begin with a dot, and originals of images, are left out. Raises FolderRefused.
    """
    if not folder.is_dir():
        raise FolderRefused(f"{folder}: there is no such folder")
    texts, unread = {}, {}
    for name, path in _walk(folder):
        if name.endswith(ORIGINAL):
            continue
        try:
            texts[name] = _read_file(name, path)
        except BadFile as problem:
            unread[name] = str(problem)
    return texts, unread


def list_originals(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield each original of an image: its path within the folder, and its full path."""
    return ((name, path) for name, path in _walk(folder) if name.endswith(ORIGINAL))


def write(
    folder: Path, texts: Mapping[str, str], originals: Mapping[str, Callable[[], bytes]] | None = None
) -> None:
    """Make the folder hold these files and no others, besides those whose names begin with a dot.

    `originals` has, for each original of an image, a function that reads its content: all contents at once may be
    large. Raises FolderRefused for a folder that holds something else than an export, or an export that was changed.
    """
    _refuse_others(folder)
    before = _read_digests(folder)
    contents = {**{name: text.encode for name, text in texts.items()}, **(originals or {})}
    after = {name: [_digest(read_content())] for name, read_content in contents.items()}
    _refuse_changed(folder, before, after)
    folder.mkdir(parents=True, exist_ok=True)
    # First note the digests of the old and the new files: an export that is cut off leaves files of both kinds, and the
    # next export may then replace all of them.
    _write_digests(folder, {name: before.get(name, []) + after.get(name, []) for name in {**before, **after}})
    for name in sorted(contents):
        _write_file(folder, name, contents[name]())
    for name in sorted(before.keys() - after.keys()):
        _remove(folder, name)
    _write_digests(folder, after)


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the path within the folder and the full path of each file or link; links to folders are not followed."""
    count = 0
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        folders[:] = sorted(name for name in folders if name not in links and not name.startswith("."))
        for name in sorted([*files, *links]):
            if name.startswith("."):
                continue
            count += 1
            if count > MOST:
                raise FolderRefused(f"{folder}: holds more than {MOST} files")
            path = Path(place) / name
            yield _shown(path.relative_to(folder).as_posix()), path


def _read_file(name: str, path: Path) -> str:
    try:
        return read_bytes(name, path, LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise BadFile(name, "", f"is not written in UTF-8 (byte {problem.start + 1})") from problem


def read_bytes(name: str, path: Path, largest: int) -> bytes:
    """Return the content of a file of the folder. Raises BadFile, also for links and for more than `largest` bytes."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise BadFile(name, "", "is a link, which may lead out of the folder")
    if not stat.S_ISREG(status.st_mode):
        raise BadFile(name, "", "is no ordinary file")
    if status.st_size > largest:
        raise BadFile(name, "", f"has {status.st_size:,} bytes, and {largest:,} are the most")
    try:
        return path.read_bytes()
    except OSError as problem:
        raise BadFile(name, "", f"cannot be read: {problem.strerror}") from problem


def _shown(name: str) -> str:
    """Return a name in characters that a terminal can show: file systems allow names of any bytes."""
    return name if name.isprintable() else ascii(name)[1:-1]


def _refuse_others(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise FolderRefused(f"{folder}: is no folder")
    if folder.is_dir() and not (folder / WRITTEN).is_file() and any(_walk(folder)):
        raise FolderRefused(f"{folder}: is not empty and no export; choose another folder")


def _refuse_changed(folder: Path, before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> None:
    """Raise FolderRefused if the folder holds a file that neither the last export wrote nor this one would write."""
    changed = []
    for name, path in _walk(folder) if folder.is_dir() else ():
        is_file = path.is_file() and not path.is_symlink()
        if not is_file or _digest(path.read_bytes()) not in {*before.get(name, []), *after.get(name, [])}:
            changed.append(name)
    if changed:
        more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        raise FolderRefused(
            f"{folder}: changed since it was exported: {', '.join(changed[:5])}{more};"
            " import these changes first, or choose another folder"
        )


def _read_digests(folder: Path) -> dict[str, list[str]]:
    path = folder / WRITTEN
    try:
        told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return {str(name): [str(digest) for digest in digests] for name, digests in told.items()}
    except (ValueError, AttributeError, TypeError) as problem:
        raise FolderRefused(f"{path}: cannot be read; choose another folder") from problem


def _write_digests(folder: Path, digests: Mapping[str, list[str]]) -> None:
    told = {name: digests[name] for name in sorted(digests)}
    _write_file(folder, WRITTEN, (json.dumps(told, indent=1) + "\n").encode())


def _write_file(folder: Path, name: str, content: bytes) -> None:
    """Write the file under a temporary name and then rename it, so that no file under its own name is half written."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{PART}-{path.name}")
    # Remove whatever has the temporary name: a link there may lead out of the folder.
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666), "wb") as file:
        file.write(content)
    part.replace(path)


def _remove(folder: Path, name: str) -> None:
    """Remove a file of the last export, and the folders that it leaves empty."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        return
    path.unlink(missing_ok=True)
    for parent in path.parents:
        if parent == folder or any(parent.iterdir()):
            return
        parent.rmdir()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
