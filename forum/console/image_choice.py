"""The page on which organisers look for an image of an event's library; editors show its list in a dialog."""

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.images import queries
from forum.images.pictures import picture_of
from forum.images.queries import ImagesPage

bp = Blueprint("image_choice", __name__, url_prefix="/console/<event>/images/choose")

PER_PAGE, LAST_PAGE = 24, 9999
LONGEST = 200  # the most characters of a search for images that are read


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """Show the event's images, the newest first, or only those that match the searched words."""
    this_event, number = get_any_or_404(event), request.args.get("page", 1, type=int)
    if not 1 <= number <= LAST_PAGE:
        abort(404)
    words = request.args.get("q", "").strip()[:LONGEST]
    page = queries.search_page(this_event.id, words, number, PER_PAGE)
    if number > page.pages:
        abort(404)
    return render_template(
        "console/library/choose.html",
        event=this_event,
        page=page,
        words=words,
        picture_of=picture_of,
        summary=_summary(page, words),
        pages=_pages(this_event, page, words),
    )


def _summary(page: ImagesPage, words: str) -> str:
    if words:
        return ngettext("%(num)s image matches", "%(num)s images match", page.total)
    return ngettext("%(num)s image", "%(num)s images", page.total)


def _pages(event: Event, page: ImagesPage, words: str) -> dict[str, str | None]:
    def url(number: int) -> str | None:
        if not 1 <= number <= page.pages:
            return None
        return url_for(".index", event=event.slug, q=words or None, page=number if number > 1 else None)

    summary = _("Page %(number)s of %(total)s", number=page.number, total=page.pages)
    return {
        "previous_url": url(page.number - 1),
        "next_url": url(page.number + 1),
        "summary": summary if page.pages > 1 else None,
    }
