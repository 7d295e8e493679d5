"""The console's first page, an event at a glance, and the style guide."""

from datetime import datetime
from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from forum import clock
from forum.accounts import sign_ins
from forum.accounts.access import may_open
from forum.console import agenda, holds, navigation
from forum.console.checklist import checklist_of
from forum.console.checks import Checklist
from forum.console.figure_words import trend_key, trend_of
from forum.console.states import STATES
from forum.console.styleguide import styleguide_context
from forum.console.waits import waits_of
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.invitations import queries as invitations
from forum.invitations.wording import count_facts
from forum.registration import listing, seen_lists, wording
from forum.registration.balance import balance_of
from forum.registration.enums import Group, Status
from forum.web.languages import moment_text

bp = Blueprint("console", __name__, url_prefix="/console")
bp.record_once(navigation.install)


@bp.route("/")
def first() -> ResponseReturnValue:
    """Redirect to the first page that the user may open, of the current event or else of the newest.

    An admin of all events is led to the list of events if several are not over yet, and to the page for making an event
    if there is none.
    """
    mine, now = navigation.my_events(), clock.now()
    if may_open("all_events.index") and sum(not events.is_over(event, now) for event in mine) > 1:
        return redirect(url_for("all_events.index"), 303)
    if chosen := navigation.choose_event(mine):
        return redirect(navigation.first_url(chosen), 303)
    if sign_ins.is_admin_of_all():
        return redirect(url_for("new_event.make"), 303)
    return render_template("console/nothing.html")


@bp.route("/styleguide")
def styleguide() -> ResponseReturnValue:
    """Show the style guide: every component of the pages, in every state."""
    return render_template("console/styleguide.html", **styleguide_context())


@bp.route("/<event>/")
def overview(event: str) -> ResponseReturnValue:
    """Show an event's tasks, dates, places, rules and latest registrations: their names are a view of people (P18)."""
    shown = _overview(get_any_or_404(event), clock.now())
    if shown["latest"]:
        seen_lists.note_people(shown["event"], actor=sign_ins.current_actor())
    return render_template("console/overview.html", **shown)


def _overview(event: Event, now: datetime) -> dict[str, Any]:
    """Return the context of templates/console/overview.html."""
    counts = listing.count_by_sector_and_status(event)
    balance = balance_of(event, counts, now)
    offered = listing.total(counts, status=Status.OFFERED)
    is_kept = bool(counts) or not events.is_over(event, now)
    return {
        "event": event,
        "checklist": _checklist(event, now),
        "is_admin": sign_ins.is_admin_of_all(),
        "standing": agenda.standing_text(event, now),
        "tasks": agenda.list_tasks(event, counts, now),
        "coming": agenda.list_coming(event, balance, counts, now),
        "balance": balance,
        "offered": offered,
        "hold_ends": holds.first_end_text(event, balance.total("held") - offered, now),
        "hold_text": partial(holds.hold_text, now=now),
        "unheld": listing.count_status(event, counts, Group.UNHELD),
        "total": listing.total(counts),
        "invited": _invited(event),
        "trend": trend_of(event, now),
        "trend_key": trend_key(),
        "latest": listing.list_latest(event),
        "facts": _facts(event, now, is_kept=is_kept),
        "is_kept": is_kept,
        "others": [other for other in navigation.my_events() if _is_other(other, event)],
        "wording": wording,
    }


def _checklist(event: Event, now: datetime) -> Checklist | None:
    """Return the checklist of what is missing before the event is published, for organisers who may publish it."""
    if event.is_published or not may_open("publication.publish", event):
        return None
    return checklist_of(event, now)


def _is_other(other: Event, event: Event) -> bool:
    return other.id != event.id and may_open("console.overview", other)


def _invited(event: Event) -> list[dict[str, str]]:
    if not may_open("invitations.index", event):
        return []
    has_invited = waits_of(event).invited > 0
    return count_facts(invitations.count_by_standing(event)) if has_invited else []


def _facts(event: Event, now: datetime, *, is_kept: bool) -> list[dict[str, str]]:
    """Return state, dates and rules with labels; for a past event without people (not `is_kept`) only the state."""
    state = (_("State"), str(STATES[events.registration_state(event, now)]))
    facts = [state, *(_rules(event, now) if is_kept else ())]
    return [{"label": label, "value": value} for label, value in facts]


def _rules(event: Event, now: datetime) -> list[tuple[str, str]]:
    offers = _("An offer held for") if events.is_over(event, now) else _("An offer holds for")
    facts = [
        (_("Opens"), moment_text(event.opens_at, event.zone)),
        (_("Closes"), moment_text(event.closes_at, event.zone)),
    ]
    if event.release_at:
        facts.append((_("Kept places are released"), moment_text(event.release_at, event.zone)))
    facts += [
        (_("Waiting list"), _("Kept") if event.has_waiting_list else _("Not kept")),
        (offers, ngettext("%(num)s hour", "%(num)s hours", event.offer_hours)),
    ]
    if event.organisation_cap:
        facts.append((_("Places for one organisation"), _("At most %(cap)s", cap=event.organisation_cap)))
    return facts
