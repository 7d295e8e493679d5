"""The list for the door as a PDF: people by the first letter of their names, large, each with a box to tick.

The list has the same rows as other exported lists for the door (`export_columns`), in the event's order of names.
People without a confirmed place have their status in place of the box.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from forum.events.enums import NameOrder
from forum.registration import export_columns, listing
from forum.registration.enums import ExportPurpose, Status
from forum.registration.errors import TooManyForPaper
from forum.registration.exports import Mark
from forum.registration.wording import status_name
from forum.web.languages import dates_of, in_language, language
from forum.web.tables import printable
from forum.web.typesetting import set_pdf

MARKUP = Path(__file__).with_name("door_list.typ")
# The most people on a door list: typesetting a longer list would exceed the time limit.
MOST = 20_000
# A word of more than LONGEST_WORD letters may be broken after every PART letters. The Typst template breaks only words
# that are wider than their column: unbroken, they would cover the text beside them.
LONGEST_WORD, PART = 18, 9
BREAK = "\u200b"
# Letters that a language sorts after Z, as headings; the key is the sign that `names.sort_key` puts in their place.
APART = {
    NameOrder.SWEDISH: {"{": "Å", "|": "Ä Æ", "}": "Ö Ø"},
    NameOrder.DANISH: {"{": "Æ Ä", "|": "Ø Ö", "}": "Å Aa"},
    NameOrder.ICELANDIC: {"{": "Þ", "|": "Æ Ä", "}": "Ö Ø", "}}": "Å"}
    | {"a~": "Á", "d~": "Ð", "e~": "É", "i~": "Í", "o~": "Ó", "u~": "Ú", "y~": "Ý"},
}
SORT_KEY = "sort_key"


def make(told: dict[str, Any], *, now: datetime) -> bytes:
    """Return the door list as a PDF, made of the values that `tell` returned. Raises NotSet when it cannot be made."""
    return set_pdf(MARKUP, told, now=now)


def tell(filters: listing.Filters, mark: Mark) -> dict[str, Any]:
    """Return all values for the door list's Typst template, about the people who match the filters.

    The texts are in the organiser's language.

    Raises TooManyForPaper.
    """
    if mark.total > MOST:
        raise TooManyForPaper
    event, groups = mark.event, _groups(mark, filters)
    number = ngettext("%(num)s registration", "%(num)s registrations", mark.total)
    return {
        "lang": language(),
        "title": _("Door list: %(event)s", event=in_language(event.name)),
        "author": mark.name,
        "event": in_language(event.name),
        "dates": dates_of(event),
        "number": number,
        "about": " · ".join([dates_of(event), number, *mark.narrowed]),
        "foot": mark.line(),
        "page": _parts_of_page_number(),
        "headings": [_("Organisation and sector"), _("Reference")],
        "groups": groups,
        "nobody": _("Nobody matches the filters."),
        "lacks": False,
        "note": _(
            "▯ stands for letters that the fonts of this file lack. "
            "The list in the console shows them; the reference says who it is."
        ),
    }


def names_in(told: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """Return, by reference, names and organisation of the people in the door list, whose values `tell` has returned."""
    people = (person for group in told["groups"] for person in group["people"])
    return {one["reference"]: (one["family"], one["given"], one["organisation"]) for one in people}


def _parts_of_page_number() -> list[str]:
    """Return "Page ", " of " and "" in the organiser's language, for before, between and after the two page numbers."""
    return _("Page %(page)s of %(pages)s", page="\n", pages="\n").split("\n")


def _groups(mark: Mark, filters: listing.Filters) -> list[dict[str, Any]]:
    by_name = groupby(_people(mark, filters), key=lambda person: person.pop("letter"))
    return [{"letter": letter, "people": list(people)} for letter, people in by_name]


def _people(mark: Mark, filters: listing.Filters) -> Iterator[dict[str, Any]]:
    plan = export_columns.needed(mark.event, ExportPurpose.DOOR)
    named = replace(plan, names=[*plan.names, SORT_KEY])
    confirmed = status_name(Status.CONFIRMED)
    for row in export_columns.rows(named, mark.event, replace(filters, sort="name")):
        cells = dict(zip(named.names, row, strict=True))
        yield {
            "letter": _letter(str(cells[SORT_KEY]), mark.event.name_order),
            "family": _fitting(cells["family_name"]),
            "given": _fitting(cells["given_name"]),
            "organisation": _fitting(cells["organisation"]),
            "sector": _fitting(cells["sector_id"]),
            "reference": cells["reference"],
            "status": "" if cells["status"] == confirmed else cells["status"],
        }


def _letter(key: str, order: NameOrder) -> str:
    """Return the heading (a letter) for names with this sort key."""
    first, apart = key[:1], APART[order]
    if heading := apart.get(key[:2]) or apart.get(first):
        return heading
    if first.isdecimal():
        return "0–9"
    return first.upper() or "–"


def _fitting(cell: Any) -> str:
    """Return the text of a cell with a BREAK (an invisible space) wherever Typst may break a long word."""
    words = printable(str(cell or "")).split(" ")
    return " ".join(_broken(word) if len(word) > LONGEST_WORD else word for word in words)


def _broken(word: str) -> str:
    return BREAK.join(word[start : start + PART] for start in range(0, len(word), PART))
