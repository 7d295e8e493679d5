"""An event's figures for organisers: drawings with exact numbers, and a CSV file of each to hand on (P10)."""

from flask import Blueprint, Response, abort, render_template, url_for
from flask.typing import ResponseReturnValue

from forum import clock
from forum.console.figure_files import make_file
from forum.console.figure_words import FigureName, count_left_out, list_figures
from forum.events.in_url import get_any_or_404
from forum.web.tables import short_csv_response

bp = Blueprint("figures", __name__, url_prefix="/console/<event>/figures")


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """Show all figures of an event."""
    this_event, now = get_any_or_404(event), clock.now()
    figures = list_figures(this_event, now)
    return render_template(
        "console/figures/index.html",
        event=this_event,
        figures=figures,
        left_out=count_left_out(figures),
        list_url=lambda sector, state: url_for(
            "attendees.index", event=this_event.slug, sector=sector or None, status=state or None
        ),
        now=now,
    )


@bp.route("/<figure>.csv")
def file(event: str, figure: str) -> Response:
    """Return a figure as a CSV file without small numbers. It names nobody, so it is not recorded as an export."""
    this_event, now = get_any_or_404(event), clock.now()
    if figure not in set(FigureName):
        abort(404)
    columns, cells = make_file(FigureName(figure), this_event)
    name = f"{this_event.slug}-{figure}-{now.astimezone(this_event.zone):%Y-%m-%d}.csv"
    return short_csv_response(name, columns, cells)
