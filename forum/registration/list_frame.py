"""What a page of the attendee list shows around its rows, read by one statement.

On PostgreSQL a statement takes the page half a millisecond even if it finds nothing, so the page does not ask each of
these tables by a statement of its own. What it reads is the same whether or not somebody has a protected identity
(P21); columns, ticks and saved views are those of the organiser who looks.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, Integer, Select, String, cast, func, literal, null, union_all

from forum.events.models import Event
from forum.extensions import db
from forum.people import notes
from forum.registration import chosen, delegated, list_columns, saved_views, state_counts
from forum.registration.chosen_models import ChosenPerson
from forum.registration.delegated import Delegated
from forum.registration.list_column_models import ListColumns
from forum.registration.saved_view_models import SavedView

NO_NUMBER, NO_TEXT = cast(null(), Integer), cast(null(), String)


@dataclass(frozen=True)
class Frame:
    """What the attendee list shows to an organiser around its rows.

    `counts` are the numbers of registrations by sector id and status, `tags` the first tags of the event
    (`notes.SOME_TAGS`), `delegations` its confirmed ones. `columns` are the keys of the columns that the organiser
    has chosen, None for the standard ones. `chosen` has the ids of the people whom the organiser has ticked.
    `has_views` says whether the organiser sees any saved view.
    """

    counts: Mapping[tuple[int, str], int]
    tags: Sequence[str]
    delegations: Sequence[Delegated]
    columns: Sequence[str] | None
    chosen: set[int]
    has_views: bool


def read(event: Event, user_id: int) -> Frame:
    """Return what the event's attendee list shows to this organiser around its rows."""
    rows: dict[str, list[Any]] = defaultdict(list)
    for kind, *values in db.session.execute(_statement(), {"event_id": event.id, "user_id": user_id}):
        rows[kind].append(values)
    return Frame(
        counts={(sector_id, status): int(number) for number, sector_id, status, _ in rows["count"]},
        tags=[name for _, _, name, _ in rows["tag"]],
        delegations=delegated.from_rows(
            (number, organisation, contact) for number, _, organisation, contact in rows["delegation"]
        ),
        columns=next((json.loads(keys) for _, _, keys, _ in rows["columns"]), None),
        chosen={number for number, *_ in rows["chosen"]},
        has_views=bool(rows["view"]),
    )


@cache
def _statement() -> CompoundSelect[Any]:
    """Return the statement that reads the frame; it is built once, for building takes longer than running."""
    counts, tags, delegations = state_counts.ROWS.c, notes.SOME_TAGS, delegated.select_all()
    number, organisation, contact = delegations.selected_columns
    return union_all(
        _part(
            "count",
            state_counts.OF_EVENT,
            func.sum(counts.number),
            counts.sector_id,
            cast(counts.status, String),
        ),
        _part("tag", tags, name=tags.selected_columns.name),
        _part("delegation", delegations, number, name=organisation, words=contact),
        _part("columns", list_columns.CHOSEN, name=cast(ListColumns.names, String)),
        _part("chosen", chosen.CHOSEN, ChosenPerson.registration_id),
        _part("view", saved_views.SEEN, SavedView.id),
    )


def _part(
    kind: str,
    query: Select,
    number: Any = NO_NUMBER,
    other: Any = NO_NUMBER,
    name: Any = NO_TEXT,
    words: Any = NO_TEXT,
) -> Select:
    """Return a part of the statement: the rows of the query, marked with this kind, in the columns of every part."""
    return query.with_only_columns(literal(kind).label("kind"), number, other, name, words)
