"""Prepares the files of static/ for serving: inserts imports into style sheets, and hashes the names in references."""

import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path, PurePosixPath

_STRING = r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'"""
_CSS_COMMENT = re.compile(rf"(?P<kept>{_STRING}|url\([^)\"']*\))|/\*.*?\*/", re.DOTALL)
_CSS_IMPORT = re.compile(
    r"""@import\s+(?:url\(\s*)?["']?(?P<path>[^"')\s]+)["']?(?:\s*\))?"""
    r"""(?:\s+(?P<layer>layer)(?:\((?P<name>[\w.-]+)\))?)?\s*(?P<media>[^;]*?)\s*;"""
)
_CSS_URL = re.compile(r"""url\(\s*(?P<quote>["']?)(?P<path>[^"')\s]+)(?P=quote)\s*\)""")
_JS_IMPORT = re.compile(
    r"""(?P<before>\b(?:from|import)\s*\(?\s*)(?P<quote>["'])(?P<path>\.{1,2}/[^"']+)(?P=quote)"""
)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|/|#", re.IGNORECASE)


class BrokenReference(ValueError):
    """A style sheet or module names a file that does not exist, or files import each other in a circle."""


class Sources:
    """The files of one folder, each read and rendered once. Names are relative and have slashes."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._rendered: dict[str, bytes] = {}
        self._in_work: list[str] = []

    def names(self) -> list[str]:
        """Return the names of the files to serve, sorted, without style sheets that are inserted into others.

        Hidden files and Markdown (notes on the source of a font or picture) are not served.
        """
        names = {
            path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()
        }
        served = {name for name in names if not re.search(r"(^|/)\.|\.md$", name)}
        return sorted(served - {imported for name in served for imported in self._imports(name)})

    def content(self, name: str) -> bytes:
        """Return the content of the file as it is sent to browsers. Raises BrokenReference."""
        if name not in self._rendered:
            with self._no_circle(name):
                self._rendered[name] = self._render(name)
        return self._rendered[name]

    def hashed_name(self, name: str) -> str:
        """Return "css/app.css" as "css/app.<12 hex digits of its content>.css"."""
        path = PurePosixPath(name)
        digest = sha256(self.content(name)).hexdigest()[:12]
        return path.with_name(f"{path.stem}.{digest}{path.suffix}").as_posix()

    def _imports(self, name: str) -> Iterator[str]:
        if name.endswith(".css"):
            for match in _CSS_IMPORT.finditer(self._css(name)):
                yield self._resolve(name, match["path"])

    def _render(self, name: str) -> bytes:
        match PurePosixPath(name).suffix:
            case ".css":
                return self._sheet(name, posixpath.dirname(name)).encode()
            case ".js" | ".mjs":
                return self._module(name).encode()
            case _:
                return (self.folder / name).read_bytes()

    def _sheet(self, name: str, base: str) -> str:
        """Return the style sheet with its imports inserted and its references relative to `base`."""
        text = self._css(name)
        imports = list(_CSS_IMPORT.finditer(text))
        pieces = []
        end = 0
        for match in imports:
            pieces.append(self._rebased(name, base, text[end : match.start()]))
            pieces.append(self._imported(name, base, match))
            end = match.end()
        return "".join([*pieces, self._rebased(name, base, text[end:])])

    def _imported(self, name: str, base: str, match: re.Match[str]) -> str:
        target = self._resolve(name, match["path"])
        with self._no_circle(target):
            text = self._sheet(target, base)
        if match["layer"]:
            text = f"@layer {match['name'] or ''} {{\n{text}}}\n"
        return f"@media {match['media']} {{\n{text}}}\n" if match["media"] else text

    def _rebased(self, name: str, base: str, text: str) -> str:
        return _CSS_URL.sub(lambda match: f'url("{self._reference(name, base, match["path"])}")', text)

    def _module(self, name: str) -> str:
        def renamed(match: re.Match[str]) -> str:
            reference = self._reference(name, posixpath.dirname(name), match["path"])
            reference = reference if reference.startswith(".") else f"./{reference}"
            return f"{match['before']}{match['quote']}{reference}{match['quote']}"

        return _JS_IMPORT.sub(renamed, (self.folder / name).read_text())

    def _reference(self, name: str, base: str, path: str) -> str:
        """Return the reference, relative to the folder `base`, to the file that `path` means within the file `name`."""
        if _ELSEWHERE.match(path):
            return path
        plain = re.split(r"[?#]", path)[0]
        return (
            posixpath.relpath(self.hashed_name(self._resolve(name, plain)), base or ".") + path[len(plain) :]
        )

    def _resolve(self, name: str, path: str) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
        if target.startswith("..") or not (self.folder / target).is_file():
            raise BrokenReference(f"static/{name} names {path}, which does not exist")
        return target

    def _css(self, name: str) -> str:
        """Return the style sheet without comments, indentation and empty lines."""
        text = _CSS_COMMENT.sub(lambda match: match["kept"] or "", (self.folder / name).read_text())
        return "".join(f"{line.strip()}\n" for line in text.splitlines() if line.strip())

    @contextmanager
    def _no_circle(self, name: str) -> Iterator[None]:
        if name in self._in_work:
            raise BrokenReference(f"static/{name} leads back to itself: {' > '.join([*self._in_work, name])}")
        self._in_work.append(name)
        try:
            yield
        finally:
            self._in_work.pop()
