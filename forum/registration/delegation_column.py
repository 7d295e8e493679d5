"""The column and the filter of delegations on the page of the attendee list."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from werkzeug.datastructures import MultiDict

from forum.events.models import Event
from forum.registration import delegated
from forum.registration.listing import Filters
from forum.registration.models import Registration

# The most delegations that the filter offers. In an event with more, a delegation is chosen from a person's row or on
# the page of the delegation.
MOST_OFFERED = 200


def describe(
    event: Event, filters: Filters, rows: Sequence[Registration], every: Sequence[delegated.Delegated]
) -> dict[str, Any]:
    """Return what the template of the attendee list needs for the column and the filter of delegations (`every`)."""
    chosen = [filters.delegation] if isinstance(filters.delegation, delegated.Delegated) else []
    return {
        "has_delegations": bool(every),
        "offered_delegations": every if len(every) <= MOST_OFFERED else chosen,
        "delegation_by_id": delegated.find_of(every, [row.id for row in rows]),
        "delegation_url": lambda one: url_for(
            "attendees.index", event=event.slug, **filters.query(delegation=str(one.number))
        ),
    }


def known(event: Event, args: MultiDict) -> MultiDict:
    """Return the URL's parameters without the filter by a delegation that does not exist or exists no longer."""
    is_gone = "delegation" in args and delegated.find(event, args["delegation"]) is None
    kept = args.items(multi=True)
    return MultiDict((name, value) for name, value in kept if not (is_gone and name == "delegation"))
