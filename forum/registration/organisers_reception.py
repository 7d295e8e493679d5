"""The reception's page: who has a place, by name, and nothing else about anybody (S14)."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from forum import clock
from forum.accounts import sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.registration import filtering, reception, seen_lists, wording

bp = Blueprint("reception", __name__, url_prefix="/console/<event>/reception")


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """Show people with a confirmed place, or those with the searched name; nobody if the event is over or cancelled."""
    this_event = get_any_or_404(event)
    words = filtering.read_search(request.args)
    is_off = events.is_off(this_event, clock.now())
    people = [] if is_off else reception.list_expected(this_event, words)
    if words and not is_off:
        note_view(audit_queries.REGISTRATIONS_SEARCHED, this_event, actor=sign_ins.current_actor())
    if people:
        seen_lists.note_people(this_event, actor=sign_ins.current_actor())
    return render_template(
        "console/reception.html",
        event=this_event,
        words=words,
        is_off=is_off,
        people=people[: reception.SHOWN],
        has_more=len(people) > reception.SHOWN,
        most=reception.SHOWN,
        wording=wording,
    )
