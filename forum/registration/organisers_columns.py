"""Choosing the columns of the attendee list, each organiser for themselves."""

from dataclasses import replace

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from forum.accounts import queries as accounts
from forum.database import start_write
from forum.extensions import db
from forum.registration import list_columns, saved_views
from forum.registration.console import list_of

bp = Blueprint("attendee_columns", __name__, url_prefix="/console/<event>/attendees")


@bp.route("/columns", methods=["POST"])
def choose(event: str) -> ResponseReturnValue:
    """Store the ticked columns, or restore the standard ones with the other button; the list's filters stay.

    While a saved view is open nothing is stored: the list shows the ticked columns, which can be saved into the view,
    or with the other button the columns of the view.
    """
    start_write(db.session)
    this_event, filters = list_of(event)
    ticked = None if "delivered" in request.form else request.form.getlist("column")
    if saved_views.find(this_event, filters.view, g.user.id):
        shown = () if ticked is None else (list_columns.NAME, *list_columns.known(this_event, ticked))
        return redirect(
            url_for("attendees.index", event=event, **replace(filters, columns=shown).query()), 303
        )
    accounts.lock_user(g.user.id)
    if ticked is None:
        list_columns.reset(g.user.id, this_event)
    else:
        list_columns.choose(g.user.id, this_event, ticked)
    db.session.commit()
    return redirect(url_for("attendees.index", event=event, **filters.query(view="", column="")), 303)
