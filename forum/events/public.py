"""Public pages of an event: its standing pages and its calendar file; and filters for templates."""

import re
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from forum import clock
from forum.events import look as looks
from forum.events import own_links, queries
from forum.events.calendar import event_calendar
from forum.events.cancelling import is_off_now
from forum.events.cards import page_card, when_and_where
from forum.events.contacts import list_contacts
from forum.events.days import list_days, zone_text
from forum.events.freezing import is_frozen_now, seconds_unfrozen
from forum.events.help_lines import list_help_lines
from forum.events.hours import read_hours
from forum.events.in_url import get_published_or_404, of_event
from forum.events.models import Event, Page
from forum.events.organisers import organiser_of
from forum.images.bodies import illustrate
from forum.web import cache, share_picture
from forum.web.headers import FOR_EVER
from forum.web.languages import day_text, in_language, language
from forum.web.markdown import render, render_with_parts
from forum.web.seo import Seo
from forum.web.telephones import tel_url

bp = Blueprint("events", __name__)

# The names of placeholders: a page's text may have each once, as `{{name}}` on a line of its own. The template puts
# data that are stored elsewhere in its place.
PLACES = {"field-register", "organiser", "hours", "help-lines", "changes", "directions", "contacts"}
PRACTICAL = "practical"
# The headings of the parts that the practical page shows at its end if its text has no placeholder for them.
SECTIONS = {"directions": _l("Getting there"), "contacts": _l("Contacts")}
PLACEHOLDERS = re.compile(r"<p>\{\{([a-z-]{1,20})\}\}</p>")

bp.add_app_template_filter(organiser_of, "organiser")
bp.add_app_template_filter(list_help_lines, "help_lines")
bp.add_app_template_filter(tel_url, "tel")
bp.add_app_template_filter(list_contacts, "contacts")
bp.add_app_template_filter(list_days, "days")
bp.add_app_template_filter(when_and_where, "when_and_where")
bp.add_app_template_filter(read_hours, "clock_days")
bp.add_app_template_filter(zone_text, "zone_name")
bp.add_app_template_test(is_frozen_now, "frozen")
bp.add_app_template_test(is_off_now, "off")


@of_event(bp, "/pages/<slug>", previewed=True)
@cache.page()
def page(slug: str, event: str | None = None) -> ResponseReturnValue:
    """Show a standing page, such as the practical information."""
    this_event = get_published_or_404(event, sectors=False)
    shown = queries.find_page(this_event, slug) or abort(404)
    cache.hold_at_most(seconds_unfrozen(this_event, clock.now()))
    return render_template("public/events/page.html", **shown_page(this_event, shown))


@of_event(bp, "/pages/<slug>/share.png")
@cache.page()
def picture(slug: str, event: str | None = None) -> ResponseReturnValue:
    """Return the picture that other services show beside a link to the page."""
    this_event = get_published_or_404(event)
    shown = queries.find_page(this_event, slug) or abort(404)
    return share_picture.answer(page_card(this_event, in_language(shown.title)))


@of_event(bp, "/event.ics", previewed=True)
@cache.page()
def calendar(event: str | None = None) -> ResponseReturnValue:
    """Return a calendar file of the event (M14)."""
    this_event = get_published_or_404(event, sectors=False)
    name = f'attachment; filename="{this_event.slug}.ics"'
    headers = {"Content-Disposition": name}
    return Response(
        event_calendar(this_event, language()), headers=headers, content_type="text/calendar; charset=utf-8"
    )


@bp.get("/look/<look>.css")
@cache.page()
def style_sheet(look: str) -> ResponseReturnValue:
    """Return the style sheet with an event's colours; the URL contains the colours, so its content never changes."""
    chosen = looks.find_look(look) or abort(404)
    headers = {"Cache-Control": FOR_EVER}
    return Response(looks.style_sheet(chosen), headers=headers, content_type="text/css; charset=utf-8")


def shown_page(event: Event, page: Page) -> dict[str, Any]:
    """Return the context of templates/public/events/page.html."""
    outlined = render_with_parts(in_language(page.body))
    picture = url_for("events.picture", slug=page.slug, event=queries.slug_in_url(event))
    image = looks.shared_image(event)
    pieces = list(_split(own_links.stay(outlined.html)))
    more = _lacking(event, {name for _text, name in pieces}) if page.slug == PRACTICAL else []
    return {
        "event": event,
        "page": page,
        "pieces": [(illustrate(text), placed) for text, placed in pieces],
        "more": more,
        "parts": [*outlined.parts, *((name, str(SECTIONS[name])) for name in more)],
        "directions": own_links.stay(render(in_language(event.directions))),
        "updated": day_text(page.updated_at, event.zone),
        **Seo(in_language(page.title), in_language(page.summary), picture=picture, image=image).context(),
    }


def _lacking(event: Event, placed: set[str]) -> list[str]:
    """Return the names of parts for the end of the practical page: they have data, but no placeholder in its text."""
    known = {"directions": in_language(event.directions) or event.map_url, "contacts": event.contacts}
    return [name for name in SECTIONS if known[name] and name not in placed]


def _split(html: Markup) -> Iterator[tuple[Markup, str]]:
    """Split a page's text at its placeholders; yield each piece, and the name of the placeholder after it or ""."""
    names: set[str] = set()
    done = 0
    for place in PLACEHOLDERS.finditer(html):
        if place[1] in PLACES - names:
            names.add(place[1])
            yield html[done : place.start()], place[1]
            done = place.end()
    yield html[done:], ""
