"""Comments name only files and functions that exist, and each line that switches a check off says why."""

import importlib
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from forum.settings.project import PROJECT

FOLDERS = "bench|bin|docs|forum|migrations|static|templates|tests|tools|translations"
NAMED_FILE = re.compile(rf"(?<![\w./<-])(?:{FOLDERS})/[\w./-]*\w")
NAMED_OBJECT = re.compile(r"\bforum(?:\.\w+)+\b")
REMARKS = {".html": re.compile(r"\{#.*?#\}", re.DOTALL), ".css": re.compile(r"/\*.*?\*/", re.DOTALL)}
REMARKS[".js"] = re.compile(r"/\*.*?\*/|//.*", re.DOTALL)
SWITCHED_OFF = re.compile(r"# (?:noqa|type: ignore)")
WITH_REASON = re.compile(r"# noqa: \w+ - \w.+|# type: ignore\[[\w, -]+\]  # \w.+")
MADE = ("forum/project/", "tools/lighthouse/node_modules")


def test_files_that_comments_name_are_there():
    found = {
        path.relative_to(PROJECT).as_posix(): lost
        for path in commented_files()
        if (lost := sorted(find_lost_files(remarks_of(path.suffix, path.read_text()))))
    }
    assert found == {}


def test_objects_that_templates_name_are_there():
    found = {
        path.name: lost
        for path in (PROJECT / "templates").rglob("*.html")
        if (lost := sorted(find_lost_objects(remarks_of(".html", path.read_text()))))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("suffix", "source"),
    [
        (".py", '"""See forum/nowhere.py and forum/clock.py."""'),
        (".py", "x = 1  # forum/nowhere.py says why"),
        (".css", "/* Made by forum/nowhere.py */ .a {}"),
        (".html", "{# forum/nowhere.py #}<p>"),
    ],
)
def test_a_file_that_is_not_there_is_found(suffix, source):
    """Control: a comment that names a missing file is found, in each kind of source file."""
    assert list(find_lost_files(remarks_of(suffix, source))) == ["forum/nowhere.py"]


def test_an_object_that_is_not_there_is_found():
    """Control: a comment that names a missing function or module is found."""
    named = "forum.clock.now, forum.clock, forum.web.cache.page(), forum.clock.tomorrow and forum.nowhere.now"
    assert list(find_lost_objects([named])) == ["forum.clock.tomorrow", "forum.nowhere.now"]


def test_a_check_that_a_line_switches_off_has_its_reason_behind_it():
    paths = [*(PROJECT / "forum").rglob("*.py"), *(PROJECT / "tools").glob("*.py")]
    found = {path.relative_to(PROJECT).as_posix(): find_unreasoned(path.read_text()) for path in paths}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("remark", ["noqa", "noqa: S104", "type: ignore", "type: ignore[attr-defined]"])
def test_a_check_that_is_switched_off_without_a_reason_is_found(remark):
    """Control: each way to switch a check off is found when it has no reason, and passes when it has one."""
    assert find_unreasoned(f"x = 1\ny = 2  # {remark}") == [2]
    assert find_unreasoned("x = 1  # noqa: S104 - why\ny = 2  # type: ignore[attr-defined]  # why") == []


def commented_files() -> Iterator[Path]:
    """Yield the source files whose comments are checked."""
    for folder in ("bench", "forum", "migrations", "static", "templates", "tests", "tools"):
        for suffix in (".py", *REMARKS):
            yield from (
                path for path in (PROJECT / folder).rglob(f"*{suffix}") if "node_modules" not in path.parts
            )


def remarks_of(suffix: str, source: str) -> list[str]:
    """Return the comments of a file, and of a Python module also the docstrings and other multi-line strings."""
    if suffix != ".py":
        return REMARKS[suffix].findall(source)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [
        token.string
        for token in tokens
        if token.type == tokenize.COMMENT
        or (token.type == tokenize.STRING and token.string.startswith('"""'))
    ]


def find_lost_files(remarks: Iterable[str]) -> Iterator[str]:
    """Yield files and folders of the project that comments name and that do not exist."""
    for name in (name for remark in remarks for name in NAMED_FILE.findall(remark)):
        exists = any((PROJECT / f"{name}{suffix}").exists() for suffix in ("", ".py"))
        if not exists and not name.startswith(MADE):
            yield name


def find_lost_objects(remarks: Iterable[str]) -> Iterator[str]:
    """Yield modules of the forum, and names in them, that comments mention and that do not exist."""
    for name in (name for remark in remarks for name in NAMED_OBJECT.findall(remark)):
        module, _, last = name.rpartition(".")
        try:
            if not hasattr(importlib.import_module(module), last):
                importlib.import_module(name)
        except ModuleNotFoundError:
            yield name


def find_unreasoned(source: str) -> list[int]:
    """Return the numbers of the lines that switch a check off without saying why."""
    return [
        number
        for number, line in enumerate(source.splitlines(), start=1)
        if SWITCHED_OFF.search(line) and not WITH_REASON.search(line)
    ]
