"""Reading the demo's files: a folder of content with placeholders for years, dates and images, and word lists.

The content names an image by its file, such as `horizon.jpg`, because the image's key depends on the event, whose name
has the year.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from forum.content import folder
from forum.images import making

HERE = Path(__file__).parent
CONTENT = HERE / "content"
ZONE = ZoneInfo("Europe/Stockholm")
CURRENT, ARCHIVE = "nf{yy}", "nf16"
# The current event's folder in the checkout; `read_content` replaces the year in its name.
CURRENT_FOLDER = "events/nf27/"
FIRST_DAY = (11, 16)
AHEAD = timedelta(days=60)
DAYS_AGO = re.compile(r"\{(\d+) days ago\}")
IMAGE = re.compile(r"\{image ([a-z]+)\}")
IN_LIBRARY = re.compile(r"(events/[^/]+/images/)([a-z]+)(\.toml)")


@dataclass(frozen=True)
class Original:
    """The original of an image of the demo, its event's slug and its key."""

    event: str
    key: str
    content: bytes


def next_year(now: datetime) -> int:
    """Return the year of the next 16 November that is at least sixty days ahead."""
    this_year = now.replace(month=FIRST_DAY[0], day=FIRST_DAY[1], hour=0, minute=0, second=0, microsecond=0)
    return now.year if now + AHEAD <= this_year else now.year + 1


def read_content(now: datetime) -> Mapping[str, str]:
    """Return the texts of the demo's content by their paths, with every placeholder filled in."""
    texts, _unread = folder.read(CONTENT)
    keys = {name: original.key for name, original in read_originals(now).items()}

    def filled(text: str) -> str:
        return IMAGE.sub(lambda named: keys[named[1]], fill(text, now))

    return {
        IN_LIBRARY.sub(lambda parts: parts[1] + keys[parts[2]] + parts[3], _place_of(path, now)): filled(text)
        for path, text in texts.items()
    }


def read_originals(now: datetime) -> Mapping[str, Original]:
    """Return the originals of the demo's images by their names."""
    originals = {}
    for path, file in folder.list_originals(CONTENT):
        event, content = _place_of(path, now).split("/")[1], file.read_bytes()
        originals[file.stem] = Original(event, making.key_of(content, event), content)
    return originals


def read_words() -> dict[str, Any]:
    """Return the word lists from which people are invented."""
    return tomllib.loads((HERE / "people.toml").read_text(encoding="utf-8"))


def read_crowd() -> dict[str, Any]:
    """Return the lists of parts from which the names of thousands of people are combined."""
    return tomllib.loads((HERE / "crowd.toml").read_text(encoding="utf-8"))


def _place_of(path: str, now: datetime) -> str:
    return fill(path.replace(CURRENT_FOLDER, f"events/{CURRENT}/"), now)


def fill(text: str, now: datetime) -> str:
    """Return the text with the current event's year for `{year}` and `{yy}`, and a date for `{45 days ago}`."""
    year, today = next_year(now), now.astimezone(ZONE).date()
    text = DAYS_AGO.sub(lambda number: str(today - timedelta(days=int(number[1]))), text)
    return text.replace("{year}", str(year)).replace("{yy}", f"{year % 100:02d}")
