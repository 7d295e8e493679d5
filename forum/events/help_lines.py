"""Help lines: in each country, the numbers to call and where to report abuse. An event has its own.

A help line is stored as {"country": "SE", "emergency": "112", "police": "114 14", "children": "116 111", "report":
{"name": {"sv": "…", "en": "…"}, "url": "https://…"}}. Each part but the country may be left out: a page shows no number
that nobody has looked up. The first line is that of the country in which the event is held. Without an event, or
where it has no help lines, pages give the Swedish numbers: a person who has seen abuse finds a number on every page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babel import Locale

from forum.columns import Text, is_link
from forum.events.models import Event
from forum.web.languages import in_language, language

SWEDEN = {"country": "SE", "emergency": "112", "police": "114 14"}


@dataclass(frozen=True)
class HelpLine:
    """A country's telephone numbers for help and its reporting site; an unknown number is empty."""

    country: str
    emergency: str
    police: str
    children: str
    report_name: str
    report_url: str


def list_help_lines(event: Event | None) -> list[HelpLine]:
    """Return the event's help lines in order; without any, the Swedish one."""
    stored = (event.help_lines if event else []) or [SWEDEN]
    return [_help_line(entry) for entry in stored]


def _help_line(entry: Mapping[str, Any]) -> HelpLine:
    report, code = entry.get("report", {}), entry["country"]
    url = report.get("url", "")
    return HelpLine(
        country=Locale.parse(language()).territories.get(code, code),
        emergency=entry.get("emergency", ""),
        police=entry.get("police", ""),
        children=entry.get("children", ""),
        report_name=in_language(Text(report.get("name", {}))),
        # Check the link again: the model refuses an unsafe one, but an SQL statement can store any.
        report_url=url if is_link(url) else "",
    )
