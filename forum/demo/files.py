"""Reading the demo's content from TOML and Markdown files."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import frontmatter

FOLDER = Path(__file__).parent
FIRST_DAY = (11, 16)
AHEAD = timedelta(days=60)


@dataclass(frozen=True)
class Document:
    """A Markdown file, split into its front matter and its text."""

    name: str
    language: str
    fields: Mapping[str, Any]
    text: str


def next_year(now: datetime) -> int:
    """Return the year of the next 16 November that is at least sixty days ahead."""
    this_year = now.replace(month=FIRST_DAY[0], day=FIRST_DAY[1], hour=0, minute=0, second=0, microsecond=0)
    return now.year if now + AHEAD <= this_year else now.year + 1


def read_toml(name: str, year: int) -> dict[str, Any]:
    """Return the content of a TOML file, with the current event's year filled in."""
    return tomllib.loads(_read(FOLDER / name, year))


def read_documents(folder: str, year: int) -> Iterator[Document]:
    """Yield the Markdown files `<name>.<language>.md` of a folder, in the order of their names."""
    for path in sorted((FOLDER / folder).glob("*.md")):
        name, language, _ = path.name.rsplit(".", 2)
        parsed = frontmatter.loads(_read(path, year))
        yield Document(name, language, parsed.metadata, parsed.content)


def _read(path: Path, year: int) -> str:
    text = path.read_text(encoding="utf-8")
    return text.replace("{year}", str(year)).replace("{yy}", f"{year % 100:02d}")
