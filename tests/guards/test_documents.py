"""The documents match the code: everything that they name exists, and every package is named.

docs/architecture.md and docs/decisions.md name rooms (parts of forum/), files, commands, addresses and attributes in
backticks; every document links to other files and to their headings.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import RequestRedirect

from forum.cli import cli

PROJECT = Path(__file__).resolve().parents[2]
ARCHITECTURE, DECISIONS = PROJECT / "docs/architecture.md", PROJECT / "docs/decisions.md"
GUARDS = PROJECT / "docs/guards.md"
LONGEST = 90
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)")
PLACEHOLDER = re.compile(r"<\w+>")
FILE = re.compile(r"[\w./-]+/[\w./-]*|[\w-]+\.(?:py|md|toml|js|css|html)")
DOTTED = re.compile(r"([a-z_]+)\.([A-Za-z_]+)")
TARGET = re.compile(r"^([a-z-]+):.*## ", re.MULTILINE)
ROOTS = ("", "forum", "docs", "tests", "templates")
# Folders that commands create and .gitignore lists, so documents may name them although they do not exist here.
MADE = {
    "__pycache__",
    "build",
    "dist",
    "htmlcov",
    "instance",
}


def test_architecture_fits_on_few_lines():
    assert len(ARCHITECTURE.read_text().splitlines()) <= LONGEST


@pytest.mark.parametrize("document", [ARCHITECTURE, DECISIONS], ids=lambda path: path.name)
def test_what_a_document_names_exists(app, document):
    assert sorted(find_lost(document.read_text(), app)) == []


def test_every_room_is_named():
    rooms = {name for row in rows_of("Rooms") for name in SPAN.findall(row[0])}
    there = {path.stem for path in (PROJECT / "forum").iterdir() if is_room(path)}
    assert {name.rstrip("/").removesuffix(".py") for name in rooms} == there


def test_each_room_has_a_line_of_its_own():
    """No two packages share a line of the architecture's rooms; single files of forum/ may, and `cli` is a file."""
    shared = [row[0] for row in rows_of("Rooms") if row[0].count("/`") > 1]
    beside = [
        name
        for name in ("bin", "bench", "tests", "tools")
        if f"\n- `{name}/`: " not in ARCHITECTURE.read_text()
    ]
    assert (shared, beside) == ([], [])


def test_every_folder_beside_the_package_is_named():
    there = {path.name for path in PROJECT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    assert {f"{name}/" for name in there - MADE} - spans_of(ARCHITECTURE) == set()


def test_every_command_is_named():
    [row] = [row for row in rows_of("Rooms") if "`commands/`" in row[0]]
    assert set(SPAN.findall(row[1])) - {"forum"} == set(cli.commands)


def test_the_layers_name_the_rooms_of_the_contract():
    """docs/architecture.md names the layers of the import contract, except the layer of single files in `forum/`."""
    [line] = [line for line in section("Layers").splitlines() if line.startswith("- Rooms: ")]
    named = [SPAN.findall(layer) for layer in line.split("<")]
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [contract] = [contract for contract in contracts if contract.get("exhaustive")]
    layers = [re.findall(r"\w+", layer) for layer in contract["layers"]]
    assert [sorted(layer) for layer in named[1:]] == [sorted(layer) for layer in reversed(layers[:-1])]


def test_decisions_name_the_rooms_of_each_heading():
    headings = re.findall(r"^## .+\n\n(?:Rooms: (.+)\.\n)?", DECISIONS.read_text(), re.MULTILINE)
    named = {name for rooms in headings for name in SPAN.findall(rooms) if name.endswith("/")}
    packages = {path.parent.name for path in (PROJECT / "forum").glob("*/__init__.py")}
    assert ("" in headings, {f"{name}/" for name in packages} - named) == (False, set())


def test_every_guard_is_named():
    there = {path.name for path in (PROJECT / "tests/guards").glob("test_*.py")}
    assert there - {name.rpartition("/")[2] for name in spans_of(GUARDS)} == set()


def test_the_tests_of_guards_exist():
    tests = {
        name for name in spans_of(GUARDS) if name.startswith(("test_", "tests/")) and name.endswith(".py")
    }
    lost = {
        name for name in tests if not any((PROJECT / root / name).exists() for root in ("", "tests/guards"))
    }
    assert (len(tests) > 40, lost) == (True, set())


@pytest.mark.parametrize(
    "document", sorted({*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md")}), ids=lambda path: path.name
)
def test_links_of_a_document_lead_somewhere(document):
    assert list(find_dead_links(document.read_text(), document.parent)) == []


@pytest.mark.parametrize(
    "name",
    [
        "forum fly",
        "forum serve --by-hand",
        "make coffee",
        "/sv/nowhere",
        "/console/<event>/nowhere",
        "programme/",
        "registration/nothing",
        "nowhere.py",
        "database.nothing",
        "nothing.patience",
    ],
)
def test_a_name_that_leads_nowhere_is_found(app, name):
    """Control: a name in backticks is reported when no command, URL, file or attribute has it."""
    assert list(find_lost(f"Look at `{name}` and `forum/`.", app)) == [name]


def test_a_dead_link_is_found(tmp_path):
    """Control: a link to a missing file, and one to a missing heading, are found."""
    (tmp_path / "a.md").write_text("# One\n\n## Two, three\n")
    text = "[a](a.md) [b](b.md) [two](a.md#two-three) [four](a.md#four) [far](https://forum.example/x)"
    assert list(find_dead_links(text, tmp_path)) == ["b.md", "a.md#four"]


def find_lost(text: str, app: Flask) -> Iterator[str]:
    """Yield the commands, URLs, files and attributes that a document names and that do not exist."""
    for name in SPAN.findall(FENCED.sub("", text)):
        if name.startswith(("forum ", "make ")):
            exists = is_command(name)
        elif name.startswith("/"):
            exists = is_address(name, app)
        elif FILE.fullmatch(name):
            exists = is_file(name)
        elif dotted := DOTTED.fullmatch(name):
            exists = is_attribute(*dotted.groups())
        else:
            continue
        if not exists:
            yield name


def is_command(words: str) -> bool:
    """Return whether this is a valid call of `forum …` or `make …`, its options included."""
    program, name, *rest = words.split()
    if program == "make":
        return name in TARGET.findall((PROJECT / "Makefile").read_text())
    if name not in cli.commands:
        return False
    options = {option for parameter in cli.commands[name].params for option in parameter.opts}
    return {word for word in rest if word.startswith("--")} <= options


def is_address(path: str, app: Flask) -> bool:
    """Return whether a route matches this path, with any value for each <placeholder>."""
    routes = app.url_map.bind("localhost")
    try:
        return any(
            routes.test(PLACEHOLDER.sub(value, path), method) for value in "x1" for method in ("GET", "POST")
        )
    except RequestRedirect:
        return True


def is_file(name: str) -> bool:
    """Return whether the path, with or without .py, is in one of the folders ROOTS, or is a file of a package."""
    paths = [PROJECT / root / f"{name}{suffix}" for root in ROOTS for suffix in ("", ".py")]
    return any(path.exists() for path in paths) or ("/" not in name and name in names_in_features())


def is_attribute(module: str, name: str) -> bool:
    """Return whether a module or package of the forum with this name defines the attribute."""
    return any(
        name in names_at_top(path) or ((path.parent / f"{name}.py").exists() and path.name == "__init__.py")
        for path in (PROJECT / "forum").rglob("*.py")
        if module in {path.stem, path.parent.name if path.name == "__init__.py" else ""}
    )


def is_room(path: Path) -> bool:
    """Return whether the path is a Python module or package."""
    return path.suffix == ".py" or (path / "__init__.py").exists()


@cache
def names_in_features() -> frozenset[str]:
    """Return the file names in the packages of the forum."""
    return frozenset(path.name for path in (PROJECT / "forum").glob("*/*.py"))


@cache
def names_at_top(path: Path) -> frozenset[str]:
    """Return the names that a module defines at its top level."""
    names: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names |= {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    return frozenset(names)


def find_dead_links(text: str, folder: Path) -> Iterator[str]:
    """Yield the links in a document's text whose file or heading does not exist."""
    for name, heading in LINK.findall(text):
        path = folder / name
        if not path.exists() or (heading and heading not in anchors(path.read_text() if name else text)):
            yield f"{name}#{heading}" if heading else name


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub makes from a document's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(title: str) -> str:
    """Return the section of docs/architecture.md with this heading."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", ARCHITECTURE.read_text(), re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


def rows_of(title: str) -> list[list[str]]:
    """Return the cells of the table under this heading, without the header row."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def spans_of(document: Path) -> set[str]:
    """Return the texts in backticks of a document."""
    return set(SPAN.findall(FENCED.sub("", document.read_text())))
