"""An event for visitors: its standing pages and its calendar file."""

from flask import Blueprint, Response, abort, render_template
from flask.typing import ResponseReturnValue

from forum.events import queries
from forum.events.calendar import event_calendar
from forum.events.in_url import get_published_or_404, of_event
from forum.web import cache
from forum.web.languages import day_text, in_language, language
from forum.web.markdown import render_with_parts
from forum.web.seo import Seo

bp = Blueprint("events", __name__)

# The line in a page's text that the register of personal data replaces.
FIELD_REGISTER = "<p>{{field-register}}</p>"


@of_event(bp, "/pages/<slug>")
@cache.page()
def page(slug: str, event: str | None = None) -> ResponseReturnValue:
    """Show a standing page, such as the practical information."""
    found = get_published_or_404(event)
    shown = queries.find_page(found, slug) or abort(404)
    outlined = render_with_parts(in_language(shown.body))
    before, _, after = outlined.html.partition(FIELD_REGISTER)
    return render_template(
        "public/events/page.html",
        event=found,
        page=shown,
        before=before,
        has_register=bool(after),
        after=after,
        parts=outlined.parts,
        updated=day_text(shown.updated_at, found.zone),
        **Seo(in_language(shown.title), in_language(shown.summary)).context(),
    )


@of_event(bp, "/event.ics")
@cache.page()
def calendar(event: str | None = None) -> ResponseReturnValue:
    """Return a calendar file of the event (M14)."""
    found = get_published_or_404(event)
    name = f'attachment; filename="{found.slug}.ics"'
    headers = {"Content-Disposition": name}
    return Response(
        event_calendar(found, language()), headers=headers, content_type="text/calendar; charset=utf-8"
    )
