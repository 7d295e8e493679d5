"""A page of the attendee list: its filters and columns, the URLs beside it, and which rows of the list it shows."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import format_decimal
from flask_babel import gettext as _

from forum import clock
from forum.events import queries as events
from forum.events.models import Event
from forum.registration import (
    chosen,
    delegation_column,
    filter_words,
    list_columns,
    listing,
    narrowing,
    row_menu,
    saved_views,
    tabs,
)
from forum.registration.filtering import Filters
from forum.registration.models import Registration
from forum.web.forms import TidyForm
from forum.web.pagination import Page


def choices(
    event: Event, filters: Filters, rows: Sequence[Registration], counts: listing.Counts, user_id: int
) -> dict[str, Any]:
    """Return what the page offers: filters, delegations, saved views, and columns with the cells of `rows`.

    `menu_of` gives what a row's menu has (`row_menu`), `chosen` are the ids of those whom the organiser has chosen on
    any page, `everybody` is how many people there are.
    """
    asked, delegations = narrowing.list_asked(event), delegation_column.describe(event, filters, rows)
    views = saved_views.list_seen(event, user_id)
    opened = saved_views.describe(event, filters, views, asked)
    view = opened.view if opened else None
    has_delegations = delegations["has_delegations"]
    return {
        "panel": filter_words.describe(event, filters, asked, counts),
        "columns": list_columns.describe(
            event,
            user_id,
            rows,
            asked,
            has_delegations=has_delegations,
            view=view,
            others=filters.columns,
        ),
        "views": views,
        "view_numbers": tabs.view_numbers(event, views, counts),
        "opened": opened,
        "menu_of": row_menu.make(event, filters, is_over=events.is_over(event, clock.now())),
        "columns_form": TidyForm(formdata=None),
        "chosen": chosen.list_ids(event, user_id),
        "everybody": listing.total(counts),
        **delegations,
    }


def describe(event: Event, filters: Filters, page: Page, total: int) -> dict[str, str | None]:
    """Return what the pager shows: the URLs of the pages before and after this one, and its range."""

    def url(beside: str, row: Registration) -> str:
        return url_for("attendees.index", event=event.slug, **filters.query() | {beside: row.reference})

    return {
        "previous_url": url("before", page.rows[0]) if page.has_previous else None,
        "next_url": url("after", page.rows[-1]) if page.has_next else None,
        "summary": _range(event, filters, page, total),
    }


def _range(event: Event, filters: Filters, page: Page, total: int) -> str | None:
    """Return which rows the page shows, such as "51–100 of 1,320"; None where the whole list is on one page."""
    if not page.has_previous and not page.has_next:
        return None
    first = listing.first_number(event, filters, page, total)
    numbers = {"first": first, "last": first + len(page.rows) - 1, "total": total}
    told = {name: format_decimal(number) for name, number in numbers.items()}
    return _("%(first)s–%(last)s of %(total)s", **told)
