"""Static files: hashed by content, bundled and compressed once, then served for ever.

`build_static` fills a folder, `load_manifest` finds a file's address in it, `serve_static` answers for it,
`init_app` does the last two for the setting STATIC:

    <folder>/manifest.json                      {"css/app.css": "css/app.0f3a….css", …}
    <folder>/files/css/app.0f3a….css[.br|.gz]   what /static/ answers with
"""

import gzip
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from wsgiref.headers import Headers
from wsgiref.types import WSGIApplication

import brotli
from flask import Flask
from whitenoise import WhiteNoise

from forum.web.headers import security_headers
from forum.web.static_sources import Sources

PREFIX = "/static/"
FOR_EVER = "public, max-age=31536000, immutable"
COMPRESSED = {".css", ".js", ".mjs", ".json", ".svg", ".txt", ".webmanifest", ".xml", ".html"}
COMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {
    ".br": lambda content: brotli.compress(content, quality=11),
    ".gz": lambda content: gzip.compress(content, compresslevel=9, mtime=0),
}


class UnknownStaticFile(KeyError):
    """A page asks for a file that is not in static/."""

    def __str__(self) -> str:
        return f"static/{self.args[0]} does not exist or was not built; `forum static` builds it"


@dataclass(frozen=True)
class Manifest:
    """Where each file of static/ lies under its hashed name."""

    names: Mapping[str, str]

    def url(self, name: str, prefix: str = PREFIX) -> str:
        """Return the address of `name`, as `static_url("css/app.css")` does; raise UnknownStaticFile."""
        try:
            return prefix + self.names[name]
        except KeyError:
            raise UnknownStaticFile(name) from None


def init_app(app: Flask) -> None:
    """Give templates `static_url` and put what was built in front of the app.

    An app made before the first build has no files to serve, but its commands work; `forum run` builds first.
    """
    folder = app.config["STATIC"]
    manifest = cache(lambda: load_manifest(folder))
    app.jinja_env.globals["static_url"] = lambda name: manifest().url(name)
    if (folder / "files").is_dir():
        fixed = security_headers(app.config["SESSION_COOKIE_SECURE"])
        app.wsgi_app = serve_static(app.wsgi_app, folder, headers=fixed)  # type: ignore[assignment]


def build_static(source: Path, target: Path) -> Manifest:
    """Build the files of `source` into `target` and return where each one lies.

    What is there already stays untouched, so a second build costs milliseconds. Every file is renamed into
    place and the manifest comes last: several builds at once, or one that is killed, leave a whole folder.
    Raises static_sources.BrokenReference when a style sheet or module names a file that is not there.
    """
    files = target / "files"
    files.mkdir(parents=True, exist_ok=True)
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
            _remove_older(files, keep={*names.values(), *before.values()})
    return Manifest(names)


def load_manifest(target: Path) -> Manifest:
    """Return the manifest of the last build in `target`; empty when nothing was built yet."""
    return Manifest(_read_manifest(target))


def serve_static(
    app: WSGIApplication, target: Path, prefix: str = PREFIX, headers: Mapping[str, str] | None = None
) -> WSGIApplication:
    """Return `app` with the built files of `target` in front of it; `headers` are added to every file."""

    def add_headers(answer: Headers, path: str, url: str) -> None:
        for name, value in {**(headers or {}), "Cache-Control": FOR_EVER}.items():
            answer[name] = value

    return WhiteNoise(
        app, root=target / "files", prefix=prefix, allow_all_origins=False, add_headers_function=add_headers
    )


def _put(files: Path, scratch: Path, name: str, content: bytes) -> None:
    """Write the file and its compressed siblings unless they are there; a hashed name keeps its content."""
    if not (files / name).exists():
        _write(files / name, scratch, content)
    if PurePosixPath(name).suffix not in COMPRESSED:
        return
    for ending, compress in COMPRESSORS.items():
        if not (files / f"{name}{ending}").exists():
            _write(files / f"{name}{ending}", scratch, compress(content))


def _write(path: Path, scratch: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    written = scratch / path.name
    written.write_bytes(content)
    written.replace(path)


def _read_manifest(target: Path) -> dict[str, str]:
    try:
        return json.loads((target / "manifest.json").read_bytes())
    except FileNotFoundError:
        return {}


def _remove_older(files: Path, keep: set[str]) -> None:
    """Remove what neither this build nor the one before made: a server may still run on the latter."""
    for path in files.rglob("*"):
        name = path.relative_to(files).as_posix()
        if path.is_file() and name not in keep and name.removesuffix(path.suffix) not in keep:
            path.unlink(missing_ok=True)
