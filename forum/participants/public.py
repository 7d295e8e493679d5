"""The list of participants, for everybody or for signed-in people with a place (P15), and public numbers (P10)."""

from flask import Blueprint, abort, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from forum import clock
from forum.events import queries as events
from forum.events.enums import ListAudience
from forum.events.in_url import get_published_or_404, of_event
from forum.events.models import Event
from forum.extensions import db
from forum.participants import balance, balance_words, listing, queries
from forum.registration import own_sign_in, sign_in_end
from forum.registration.asking import asking_addresses
from forum.registration.enums import Status
from forum.registration.errors import LinkRefused
from forum.web import cache
from forum.web.languages import day_text

bp = Blueprint("participants", __name__)


@of_event(bp, "/participants")
@cache.page(seats=True)
def index(event: str | None = None) -> ResponseReturnValue:
    """Show the public list of participants; redirect to the page for participants if only they may read the list."""
    this_event = get_published_or_404(event, sectors=False)
    if this_event.participant_list == ListAudience.OFF:
        abort(404)
    if this_event.participant_list == ListAudience.PARTICIPANTS:
        return redirect(url_for(".own", event=events.slug_in_url(this_event)), 302)
    page = make_response(
        render_template("public/participants/index.html", **_listed(this_event), is_public=True)
    )
    page.headers["Cache-Control"] = cache.FOR_NAMES
    return page


@of_event(bp, "/r/participants")
def own(event: str | None = None) -> ResponseReturnValue:
    """Show the list of participants to a signed-in person with a place; tell other visitors how to reach the page."""
    this_event = get_published_or_404(event, sectors=False)
    may_read, is_public = _has_place(this_event), this_event.participant_list == ListAudience.PUBLIC
    if this_event.participant_list == ListAudience.OFF:
        abort(404)
    if not may_read:
        asking = asking_addresses(clock.now())
        page = render_template("public/participants/closed.html", asking=asking, is_public=is_public)
        return page, 404
    if is_public:
        return redirect(url_for(".index", event=events.slug_in_url(this_event)), 302)
    return render_template("public/participants/index.html", **_listed(this_event), is_public=False)


@of_event(bp, "/balance")
@cache.page()
def numbers(event: str | None = None) -> ResponseReturnValue:
    """Show how many people come from which sector and country, in the numbers that an organiser last made public."""
    this_event = get_published_or_404(event)
    row = balance.find_public(this_event)
    if row is None:
        abort(404)
    return render_template(
        "public/participants/balance.html",
        event=this_event,
        words=balance_words.describe(this_event, balance.table_of(row)),
        counted=day_text(row.counted_at, this_event.zone),
    )


def _has_place(event: Event) -> bool:
    """Return whether this browser is signed in to a registration that has a place at the event."""
    try:
        reader = own_sign_in.follow(now=clock.now())
    except LinkRefused:
        db.session.rollback()
        return False
    if has_place := reader.event_id == event.id and reader.status == Status.CONFIRMED:
        sign_in_end.announce()
    return has_place


def _listed(event: Event) -> dict[str, object]:
    return {"event": event, "organisations": listing.arrange(queries.list_shown(event))}
