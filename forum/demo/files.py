"""Reading the demo's files: a folder of content with placeholders for the year and for days ago, and a word list."""

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from forum.content import folder

HERE = Path(__file__).parent
CONTENT = HERE / "content"
ZONE = ZoneInfo("Europe/Stockholm")
CURRENT, ARCHIVE = "nf{yy}", "nf16"
# The current event's folder in the checkout; `read_content` replaces the year in its name.
CURRENT_FOLDER = "events/nf27/"
FIRST_DAY = (11, 16)
AHEAD = timedelta(days=60)
DAYS_AGO = re.compile(r"\{(\d+) days ago\}")


def next_year(now: datetime) -> int:
    """Return the year of the next 16 November that is at least sixty days ahead."""
    this_year = now.replace(month=FIRST_DAY[0], day=FIRST_DAY[1], hour=0, minute=0, second=0, microsecond=0)
    return now.year if now + AHEAD <= this_year else now.year + 1


def read_content(now: datetime) -> Mapping[str, str]:
    """Return the texts of the demo's content by their paths, with every placeholder filled in."""
    texts, _unread = folder.read(CONTENT)
    return {
        fill(path.replace(CURRENT_FOLDER, f"events/{CURRENT}/"), now): fill(text, now)
        for path, text in texts.items()
    }


def read_words() -> dict[str, Any]:
    """Return the word lists from which people are invented."""
    return tomllib.loads((HERE / "people.toml").read_text(encoding="utf-8"))


def fill(text: str, now: datetime) -> str:
    """Return the text with the current event's year for `{year}` and `{yy}`, and a date for `{45 days ago}`."""
    year, today = next_year(now), now.astimezone(ZONE).date()
    text = DAYS_AGO.sub(lambda number: str(today - timedelta(days=int(number[1]))), text)
    return text.replace("{year}", str(year)).replace("{yy}", f"{year % 100:02d}")
