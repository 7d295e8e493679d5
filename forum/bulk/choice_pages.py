"""Choosing people over the pages of the attendee list, and going on to an act on them all."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _

from forum import clock
from forum.bulk.forms import FORMS
from forum.bulk.selection import ALL
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.registration import choosing, chosen, list_pages, listing
from forum.registration.console import list_of
from forum.registration.errors import TooManyChosen
from forum.registration.filtering import CHOSEN
from forum.registration.searching import read_reference
from forum.web.pagination import Cursor

# The form field that lists the references of the people who were ticked when the page was shown, separated by blanks.
BEFORE = "before"
# The field by which the page's script lists the references of all people whom the page shows, separated by blanks.
PAGE = "page"

bp = Blueprint("bulk_choice", __name__, url_prefix="/console/<event>/attendees")
# What a button of the list's form may ask for, besides acts on people: to store the ticks, turn the page, tick
# everybody who matches, tick nobody, or export. The page's script sends TICK when boxes change.
KEEP, NEXT, MATCHING, NONE, EXPORT, TICK = "keep", "next", "matching", "none", "export", "tick"
# The pages for buttons that start no task: exporting, and writing to the people. All other acts start a task.
PAGES = {EXPORT: "attendees.export", "write": "own_mailings.new"}


@bp.route("/choice", methods=["POST"])
def change(event: str) -> ResponseReturnValue:
    """Store which people are ticked on this page of the list, then go where the pressed button leads."""
    start_write(db.session)
    this_event, filters = list_of(event)
    act = request.form.get("act", "")
    try:
        left_out = _keep(this_event, filters, act)
    except TooManyChosen:
        return _refuse(this_event, filters)
    number = len(chosen.list_ids(this_event, g.user.id))
    left_words = _left_out_words(left_out) if left_out else ""
    told = _told(this_event, number, left_words) if act == TICK else None
    db.session.commit()
    if told:
        return told
    if left_words:
        flash(left_words, "warning")
    # Let the browser jump to the line that says how many people are chosen, unless a message at the top needs reading.
    anchor = "chosen" if act in (KEEP, MATCHING, NONE) and not left_words else None
    return redirect(_next_url(this_event, filters, act, number, anchor), 303)


def _keep(event: Event, filters: listing.Filters, act: str) -> int:
    """Store the ticks of the page in the choice; return how many people could not be added. Raises TooManyChosen."""
    if act == NONE:
        choosing.clear(event, g.user.id)
        return 0
    ticked = _references(request.form.getlist("who"))
    left_out = choosing.keep(event, g.user.id, ticked=ticked, before=_before(act, ticked), now=clock.now())
    if act == MATCHING:
        choosing.add_matching(event, filters, g.user.id, now=clock.now())
    return left_out


def _before(act: str, ticked: set[str]) -> set[str]:
    """Return the references of people who may have lost their tick since the page was shown.

    The form of the page says who was ticked when it was shown. A tick that the page's script sends does not say
    this, nor does a form from before an update: then all people shown without a tick are returned.
    """
    if act == TICK or BEFORE not in request.form:
        return _references(request.form.getlist("shown")) - ticked
    return _references(request.form[BEFORE].split(" "))


def _references(texts: Sequence[str]) -> set[str]:
    return {read_reference(text) for text in texts[: listing.PAGE_SIZE]} - {""}


def _refuse(event: Event, filters: listing.Filters) -> ResponseReturnValue:
    db.session.rollback()
    flash(
        _("Choose at most %(number)s people, or all who match.", number=format_decimal(choosing.MOST)),
        "warning",
    )
    return redirect(_list_url(event, filters), 303)


def _left_out_words(number: int) -> str:
    return ngettext(
        "%(num)s person cannot be chosen, because the data may not be used, by restriction or objection.",
        "%(num)s people cannot be chosen, because their data may not be used, by restriction or objection.",
        number,
    )


def _told(event: Event, number: int, left_words: str) -> dict[str, Any]:
    """Return the answer to ticks that the page's script has sent: how many people are chosen now, as number and text.

    `refused` are the references of people who were ticked and are not chosen.
    """
    here = _references(request.form.get(PAGE, "").split(" "))
    ticked = _references(request.form.getlist("who"))
    chosen_here = chosen.list_among(event, g.user.id, here | ticked)
    words = list_pages.chosen_words(number, len(chosen_here & here))
    said = f"{words}. {left_words}" if left_words else words
    return {"said": said, "number": number, "refused": sorted(ticked - chosen_here)}


def _next_url(event: Event, filters: listing.Filters, act: str, number: int, anchor: str | None) -> str:
    """Return the URL to which the pressed button leads: to the page that asks before an act, or back to the list."""
    if act not in (*FORMS, *PAGES):
        return _list_url(event, filters, act, anchor)
    if request.form.get("whom") == ALL:
        return _act_url(event, act, filters.query())
    if not number:
        flash(_("Choose at least one person."), "warning")
        return _list_url(event, filters)
    return _act_url(event, act, listing.Filters(chooser=g.user.id).query())


def _act_url(event: Event, act: str, query: Mapping[str, Any]) -> str:
    if act in PAGES:
        return url_for(PAGES[act], event=event.slug, **query)
    return url_for("bulk.ask", event=event.slug, act=act, **{**query, "whom": ALL})


def _list_url(event: Event, filters: listing.Filters, act: str = "", anchor: str | None = None) -> str:
    """Return the URL of the next page of the list for the button NEXT, else of the page on which a button was pressed.

    `anchor` is the id of the element to which the browser jumps. An organiser who has chosen nobody any more, and whose
    list shows only chosen people, gets the list of everybody.
    """
    cursor = Cursor.of(request.args)
    shown = [text for text in request.form.getlist("shown") if read_reference(text)]
    if act == NEXT and shown:
        cursor = Cursor(shown[-1])
    query = filters.query(**{CHOSEN: ""}) if act == NONE else filters.query()
    beside = cursor.args() if cursor else {}
    return url_for("attendees.index", event=event.slug, **query | beside, _anchor=anchor)
