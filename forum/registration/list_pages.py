"""A page of the attendee list: its filters and columns, the URLs beside it, and which rows of the list it shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from forum import clock
from forum.events import queries as events
from forum.events.models import Event
from forum.outbox.wording import StatusWords
from forum.registration import (
    choosing,
    delegation_column,
    filter_words,
    list_columns,
    listing,
    narrowing,
    row_menu,
    saved_views,
    tabs,
    wording,
)
from forum.registration.balance import balance_of
from forum.registration.enums import Status
from forum.registration.filtering import Filters
from forum.registration.list_frame import Frame
from forum.registration.models import Registration
from forum.web.forms import TidyForm
from forum.web.languages import grouped, language, short_day_text

# Stands for a person's reference in a URL built once for all rows; nothing else in that URL has capital letters.
STAND_IN = "REFERENCE"
OF_THE_PERSON = {Status.WAITING, Status.OFFERED}  # statuses whose words name a position in line or a deadline


@dataclass(frozen=True)
class Row:
    """What a row of the list shows: the person's name and page, the status, and labels for its box and its menu.

    `day` and `hour` say when the person registered, in the event's time zone.
    """

    name: str
    url: str
    words: StatusWords
    day: str
    hour: str
    choose: str
    acts: str


def choices(
    event: Event,
    filters: Filters,
    rows: Sequence[Registration],
    frame: Frame,
    user_id: int,
    version: int | None,
) -> dict[str, Any]:
    """Return the template's values for filters, delegations, saved views, and columns with the cells of `rows`.

    Among them `menu_of` is the function for a row's menu (`row_menu`), `chosen` has the ids of the people whom the
    organiser has chosen on any page, and `chosen_said` says how many they are. `frame` is what `list_frame.read` has
    returned, and `version` the content version that the request has read.
    """
    asked = narrowing.list_asked(event, version) if filters.asked is None else filters.asked
    delegations = delegation_column.describe(event, filters, rows, frame.delegations)
    views = saved_views.list_seen(event, user_id) if frame.has_views else []
    opened = saved_views.describe(event, filters, views, asked)
    view, now = opened.view if opened else None, clock.now()
    wanted = {*list_columns.shown(frame.columns, view, filters.columns)}
    return {
        "panel": filter_words.describe(event, filters, asked, frame.counts, frame.tags),
        "columns": list_columns.describe(
            event, rows, asked, wanted, has_delegations=delegations["has_delegations"]
        ),
        "views": views,
        "view_numbers": tabs.view_numbers(event, views, frame.counts),
        "opened": opened,
        "menu_of": row_menu.make(event, filters, is_over=events.is_over(event, now), now=now),
        "columns_form": TidyForm(formdata=None),
        "chosen": frame.chosen,
        "most_chosen": choosing.MOST,
        "chosen_said": chosen_words(len(frame.chosen), sum(row.id in frame.chosen for row in rows)),
        **delegations,
    }


def rows(event: Event, filters: Filters, people: Sequence[Registration]) -> list[tuple[Registration, Row]]:
    """Return the people on a page of the attendee list, each with what their row shows.

    The fifty rows take a quarter of the page's time. So what is equal in all rows is made once: the URL around the
    reference, the words of a status, the translated labels.
    """
    url = url_for("attendees.show", event=event.slug, reference=STAND_IN, **filters.query())
    before, _stand_in, after = url.partition(STAND_IN)
    positions = listing.waiting_positions(event, people)
    choose, acts = _("Choose %(name)s, %(reference)s"), _("Acts: %(name)s, %(reference)s")
    shared: dict[str, StatusWords] = {}
    zone, code = event.zone, language()

    def words_of(person: Registration) -> StatusWords:
        if person.status in OF_THE_PERSON:
            return wording.status_words(person, positions.get(person.id), zone)
        if person.status not in shared:
            shared[person.status] = wording.status_words(person, None, zone)
        return shared[person.status]

    def row_of(person: Registration) -> Row:
        told = {"name": wording.listed_name(person), "reference": person.reference}
        person_url = before + quote(person.reference, safe="") + after
        at = person.requested_at.astimezone(zone)
        when = short_day_text(at.date(), code), f"{at:%H:%M}"
        return Row(told["name"], person_url, words_of(person), *when, choose % told, acts % told)

    return [(person, row_of(person)) for person in people]


def describe(event: Event, filters: Filters, listed: listing.Listed) -> dict[str, str | None]:
    """Return what the pager shows: the URLs of the pages before and after this one, and which rows this one has."""
    page = listed.page

    def url(beside: str, row: Registration) -> str:
        return url_for("attendees.index", event=event.slug, **filters.query() | {beside: row.reference})

    return {
        "previous_url": url("before", page.rows[0]) if page.has_previous else None,
        "next_url": url("after", page.rows[-1]) if page.has_next else None,
        "summary": _range(filters, listed),
    }


def tell_total(filters: Filters, total: int) -> dict[str, Any]:
    """Return how many people match, such as "1,320", or "more than 10,000" where no more of them were counted."""
    is_counted = listing.is_counted(filters, total)
    number = grouped(total if is_counted else listing.MOST_COUNTED)
    words = number if is_counted else _("more than %(number)s", number=number)
    return {"total": total, "number": words}


def range_text(first: int, number: int, total: str) -> str:
    """Return which rows of a list a page shows, such as "51–100 of 1,320", from the rank of the first one."""
    last = grouped(first + number - 1)
    return _("%(first)s–%(last)s of %(total)s", first=grouped(first), last=last, total=total)


def chosen_words(number: int, here: int) -> str:
    """Return how many people an organiser has chosen, and how many of them the page of the list does not show.

    `here` is how many of the chosen people the page shows.
    """
    told = {"number": grouped(number), "others": grouped(number - here)}
    if not number:
        return _("Nobody is chosen")
    if here == number:
        return ngettext("%(number)s chosen", "%(number)s chosen", number, **told)
    if not here:
        return ngettext(
            "%(number)s chosen (not on this page)",
            "%(number)s chosen (none of them on this page)",
            number,
            **told,
        )
    return _("%(number)s chosen (%(others)s of them not on this page)", **told)


def of_event(event: Event, counts: listing.Counts) -> dict[str, Any]:
    """Return the values for all templates that list an event's people, among them each sector's places by its id."""
    balance = balance_of(event, counts, now := clock.now())
    sectors = dict(zip((sector.id for sector in event.sectors), balance.sectors, strict=True))
    return {"event": event, "sectors": sectors, "is_over": now >= event.ends_at, "wording": wording}


def _range(filters: Filters, listed: listing.Listed) -> str | None:
    """Return which rows the page shows, such as "51–100 of 1,320"; None where the whole list is on one page."""
    page, first = listed.page, listed.first
    if not page.has_previous and not page.has_next:
        return None
    if first is None:
        return ngettext(
            "%(num)s person, after the first %(most)s",
            "%(num)s people, after the first %(most)s",
            len(page.rows),
            most=grouped(listing.MOST_COUNTED),
        )
    return range_text(first, len(page.rows), tell_total(filters, listed.total)["number"])
