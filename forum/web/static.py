"""Static files: named by a hash of their content, bundled and compressed once, then cached by browsers for ever.

`build_static` fills a folder, `load_manifest` finds a file's URL in it, `serve_static` answers with its files;
`serve_built` does the last two for the folder of the setting STATIC:

    <folder>/manifest.json                      {"css/app.css": "css/app.0f3a….css", …}
    <folder>/files/css/app.0f3a….css[.br|.gz]   what /static/ answers with
"""

import gzip
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any
from wsgiref.headers import Headers

import brotli
from flask import Flask, current_app
from whitenoise import WhiteNoise

from forum import clock
from forum.web.headers import FOR_EVER, security_headers
from forum.web.layers import Environ, Wsgi
from forum.web.static_sources import Sources

PREFIX = "/static/"
KEPT_DAYS = 30
COMPRESSED = {".css", ".js", ".mjs", ".json", ".svg", ".txt", ".webmanifest", ".xml", ".html"}
COMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {
    ".br": lambda content: brotli.compress(content, quality=11),
    ".gz": lambda content: gzip.compress(content, compresslevel=9, mtime=0),
}


class UnknownStaticFile(KeyError):
    """A page asks for a file that is not in static/."""

    def __str__(self) -> str:
        return f"static/{self.args[0]} does not exist or was not built; `forum static` builds it"


class LateFiles(WhiteNoise):
    """Serves the files that were in the folder at the start, and files that a newer version has built there since.

    While several machines are updated, pages of an updated machine may request newer files from the other machines.
    """

    def __init__(self, app: Wsgi, *, root: Path, prefix: str, headers: Mapping[str, str]):
        self._prefix, self._headers = prefix, headers
        super().__init__(
            app, root=root, prefix=prefix, allow_all_origins=False, add_headers_function=self._add_headers
        )
        self.directories.append((f"{root.absolute()}/", prefix))

    def __call__(self, environ: Environ, start_response: Any) -> Any:
        """Answer with a static file; look on the disk for a file that was not there at the start."""
        path = environ.get("PATH_INFO", "")
        if not path.startswith(self._prefix):
            return self.application(environ, start_response)
        if path not in self.files and (file := self.find_file(path)):
            self.files[path] = file
        return super().__call__(environ, start_response)

    def serve(self, static_file: Any, environ: Environ, start_response: Any) -> Any:
        """Answer with a file; add security headers to 304, 405 and 416, to which WhiteNoise adds none (S41)."""

        def start(status: str, headers: list[tuple[str, str]]) -> Any:
            if not status.startswith("2"):
                headers = [*headers, *self._headers.items()]
            if status.startswith("4"):
                headers.append(("Cache-Control", "no-store"))
            return start_response(status, headers)

        return super().serve(static_file, environ, start)

    def _add_headers(self, answer: Headers, path: str, url: str) -> None:
        for name, value in {**self._headers, "Cache-Control": FOR_EVER}.items():
            answer[name] = value


@dataclass(frozen=True)
class Manifest:
    """The hashed name of each file of static/."""

    names: Mapping[str, str]

    def url(self, name: str, prefix: str = PREFIX) -> str:
        """Return the URL of the file `name`, such as "css/app.css". Raises UnknownStaticFile."""
        try:
            return prefix + self.names[name]
        except KeyError:
            raise UnknownStaticFile(name) from None


def serve_built(app: Flask) -> Callable[[Wsgi], Wsgi] | None:
    """Return the layer of the app that answers with built static files; give templates the function `static_url`.

    An app made before the first build has no files to serve, but its commands work; `forum run` builds first.
    """
    folder = app.config["STATIC"]
    manifest = cache(lambda: load_manifest(folder))
    static_url = app.extensions["static_url"] = lambda name: manifest().url(name)
    app.jinja_env.globals["static_url"] = static_url
    if not (folder / "files").is_dir():
        return None
    return partial(serve_static, target=folder, headers=security_headers(app.config["HSTS"]))


def find_url(name: str) -> str:
    """Return the URL of a static file that an organiser has named, such as a logo; "" if there is no such file."""
    try:
        url: str = current_app.extensions["static_url"](name)
        return url
    except UnknownStaticFile:
        return ""


def build_static(source: Path, target: Path) -> Manifest:
    """Build the files of `source` into `target` and return their hashed names.

    Files that exist already stay untouched, so a second build takes milliseconds. Every file is written under another
    name, then renamed, and the manifest comes last: several builds at once, or a killed one, leave a usable folder.
    Files that this build does not need stay for KEPT_DAYS, for pages of another version may ask for them. Raises
    static_sources.BrokenReference when a style sheet or module names a file that does not exist.
    """
    files = target / "files"
    _make_folder(files)
    before = _read_manifest(target)
    names = {}
    with tempfile.TemporaryDirectory(dir=target, prefix=".building-") as scratch:
        sources = Sources(source)
        for name in sources.names():
            names[name] = sources.hashed_name(name)
            _put(files, Path(scratch), names[name], sources.content(name))
        if names != before:
            _write(
                target / "manifest.json", Path(scratch), json.dumps(names, indent=1, sort_keys=True).encode()
            )
            _remove_older(files, keep=set(names.values()), just_left=set(before.values()))
    return Manifest(names)


def is_built(source: Path, target: Path) -> bool:
    """Return whether every file of `source` was built into `target`: pages that use a missing file would fail."""
    built = _read_manifest(target)
    return all(
        name in built and (target / "files" / built[name]).is_file() for name in Sources(source).names()
    )


def load_manifest(target: Path) -> Manifest:
    """Return the manifest of the last build in `target`; empty when nothing was built yet."""
    return Manifest(_read_manifest(target))


def serve_static(
    app: Wsgi, target: Path, prefix: str = PREFIX, headers: Mapping[str, str] | None = None
) -> Wsgi:
    """Return `app` with the built files of `target` in front of it; `headers` are added to every answer."""
    return LateFiles(app, root=target / "files", prefix=prefix, headers=headers or {})


def _put(files: Path, scratch: Path, name: str, content: bytes) -> None:
    """Write the file and its compressed variants unless they exist: content under a hashed name never changes."""
    if not (files / name).exists():
        _write(files / name, scratch, content)
    if PurePosixPath(name).suffix not in COMPRESSED:
        return
    for ending, compress in COMPRESSORS.items():
        if not (files / f"{name}{ending}").exists():
            _write(files / f"{name}{ending}", scratch, compress(content))


def _write(path: Path, scratch: Path, content: bytes) -> None:
    _make_folder(path.parent)
    written = scratch / path.name
    written.write_bytes(content)
    # Let every user read the file: it is public, and a proxy in front may serve it from this folder.
    written.chmod(0o644)
    written.replace(path)


def _make_folder(folder: Path) -> None:
    """Make a folder that all users may enter, although the process's other files are for its owner only."""
    for missing in [path for path in (folder, *folder.parents) if not path.exists()][::-1]:
        missing.mkdir(exist_ok=True)
        missing.chmod(0o755)


def _read_manifest(target: Path) -> dict[str, str]:
    try:
        return json.loads((target / "manifest.json").read_bytes())
    except FileNotFoundError:
        return {}


def _remove_older(files: Path, keep: set[str], just_left: set[str]) -> None:
    """Remove files that no build has used for KEPT_DAYS, counted from the first build that left the file out."""
    now = clock.now().timestamp()
    for path in files.rglob("*"):
        name = path.relative_to(files).as_posix()
        names = {name, name.removesuffix(path.suffix)}
        if not path.is_file() or names & keep:
            continue
        if names & just_left:
            os.utime(path, (now, now))
        elif now - path.stat().st_mtime > KEPT_DAYS * 24 * 3600:
            path.unlink(missing_ok=True)
