"""The table `registration` of an event.toml: when one can register, how places are offered, who reads the list."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from forum.content import moments
from forum.content.shapes import flag, matching, member, moment, none_or, number, table
from forum.events.enums import LineOrder, ListAudience, NameOrder
from forum.events.models import Event
from forum.invitations.silence import MOST_DAYS
from forum.registration.deadlines import LEAST_HOURS, MOST_HOURS

READERS = tuple(audience.value for audience in ListAudience if audience != ListAudience.OFF)

SHAPE = table(
    {
        "capacity": number(0),
        "opens": moment,
        "closes": moment,
        "waiting_list": flag,
        "offer_hours": number(1, 10_000),
    },
    {
        "release": moment,
        "freeze": moment,
        "organisation_cap": number(1),
        # Keys that an exported file leaves out while the event has their defaults. By default, names are in the order
        # of the Swedish and Finnish alphabet (`name_order`), and places are offered in the order of asking
        # (`line_order`) and until the event begins (`offer_cutoff_hours`).
        "name_order": member(NameOrder),
        "line_order": member(LineOrder),
        "offer_cutoff_hours": number(0, 10_000),
        # Without this key, people are reminded of an offered place when a quarter of the time to accept it is left;
        # with 0 they are not reminded.
        "offer_reminder_hours": none_or(number(LEAST_HOURS, MOST_HOURS)),
        "invitation_reminder_days": number(1, MOST_DAYS),
        "invitation_reminder_hour": number(0, 23),
        "review_days": number(1, 365),
        "second_reviewer": flag,
        # `participant_list` says who may read the list of participants; it is left out if there is no list.
        "participant_list": matching(READERS.__contains__, f"one of {', '.join(READERS)}"),
    },
)


def tell(event: Event, zone: ZoneInfo) -> dict[str, Any]:
    """Return the table `registration` of the event's event.toml; a rule that the file leaves out is None."""
    return {
        "capacity": event.capacity,
        "opens": moments.tell(event.opens_at, zone),
        "closes": moments.tell(event.closes_at, zone),
        "release": event.release_at and moments.tell(event.release_at, zone),
        "freeze": event.freezes_at and moments.tell(event.freezes_at, zone),
        "waiting_list": event.has_waiting_list,
        "offer_hours": event.offer_hours,
        "organisation_cap": event.organisation_cap,
        "name_order": None if event.name_order == NameOrder.SWEDISH else str(event.name_order),
        "line_order": None if event.line_order == LineOrder.TIME else str(event.line_order),
        "offer_cutoff_hours": event.offer_cutoff_hours or None,
        "offer_reminder_hours": event.offer_reminder_hours,
        "invitation_reminder_days": event.invitation_reminder_days,
        "invitation_reminder_hour": event.invitation_reminder_hour
        if event.invitation_reminder_days
        else None,
        "review_days": event.review_days,
        "second_reviewer": event.has_second_reviewer or None,
        "participant_list": None
        if event.participant_list == ListAudience.OFF
        else str(event.participant_list),
    }


def values_of(rules: dict[str, Any], at: Callable[[dict[str, Any], str], datetime | None]) -> dict[str, Any]:
    """Return the columns of the event, without its capacity. `at` reads a moment, which may be left out (None)."""
    return {
        "opens_at": at(rules, "opens"),
        "closes_at": at(rules, "closes"),
        "release_at": at(rules, "release"),
        "freezes_at": at(rules, "freeze"),
        "has_waiting_list": rules["waiting_list"],
        "offer_hours": rules["offer_hours"],
        "organisation_cap": rules.get("organisation_cap"),
        "name_order": NameOrder(rules.get("name_order", NameOrder.SWEDISH)),
        "line_order": LineOrder(rules.get("line_order", LineOrder.TIME)),
        "offer_cutoff_hours": rules.get("offer_cutoff_hours", 0),
        "offer_reminder_hours": rules.get("offer_reminder_hours"),
        "invitation_reminder_days": rules.get("invitation_reminder_days"),
        "invitation_reminder_hour": rules.get("invitation_reminder_hour", 9),
        "review_days": rules.get("review_days"),
        "has_second_reviewer": rules.get("second_reviewer", False),
        "participant_list": ListAudience(rules.get("participant_list", ListAudience.OFF)),
    }
