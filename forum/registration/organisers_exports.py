"""Lists that the worker exports for an organiser: seeing how far they are, downloading and deleting them."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _

from forum import clock
from forum.accounts import sign_ins
from forum.audit import actions as audit
from forum.audit.queries import EXPORT_FETCHED
from forum.database import start_write
from forum.events.in_url import get_any_or_404
from forum.extensions import db
from forum.registration import exports, kept_exports
from forum.registration.enums import ExportShape
from forum.registration.kept_export_models import KeptExport
from forum.web.forms import TidyForm

bp = Blueprint("kept_exports", __name__, url_prefix="/console/<event>/exports")


@bp.route("/")
def index(event: str) -> ResponseReturnValue:
    """Show the lists that this organiser has asked for within a day, and how far the worker is with each."""
    this_event = get_any_or_404(event)
    own = kept_exports.list_own(this_event, g.user.id)
    narrowed = kept_exports.read_filters(own)
    return render_template(
        "console/attendees/kept_exports.html",
        event=this_event,
        rows=[_described(made, narrowed.get(made.id, [])) for made in own],
        form=TidyForm(formdata=None),
    )


@bp.route("/take", methods=["POST"])
def take(event: str) -> ResponseReturnValue:
    """Record that the organiser downloads a list, then return the file; an unfinished list is not returned."""
    if answer := sign_ins.require_fresh(back=url_for(".index", event=event)):
        return answer
    start_write(db.session)
    made = _find(event)
    if made is None or made.ready_at is None:
        return _refuse(event, made)
    audit.record(
        EXPORT_FETCHED, made.event, actor=sign_ins.current_actor(), at=clock.now(), **_recorded(made)
    )
    db.session.commit()
    narrowed = kept_exports.read_filters([made]).get(made.id, [])
    mark = exports.Mark(
        made.event, made.maker.name, made.asked_at, made.purpose, made.recipient, made.total, narrowed
    )
    rows = kept_exports.read(made)
    with force_locale(made.language):
        return exports.as_file(made.headings, rows, mark, shape=made.shape, number=made.id)


@bp.route("/remove", methods=["POST"])
def remove(event: str) -> ResponseReturnValue:
    """Delete a prepared list before the worker would delete it."""
    start_write(db.session)
    made = _find(event)
    if made is None:
        return _refuse(event, made)
    db.session.delete(made)
    db.session.commit()
    flash(_("The file has been deleted."), "success")
    return redirect(url_for(".index", event=event), 303)


def _recorded(made: KeptExport) -> dict[str, Any]:
    """Return what the audit trail keeps of a list that is downloaded: enough to say who may be in it (P18)."""
    return {
        "purpose": made.purpose,
        "recipient": made.recipient,
        "shape": made.shape,
        "count": made.total,
        "sector": kept_exports.read_sectors(made),
        "asked": int(made.asked_at.timestamp()),
    }


def _described(made: KeptExport, narrowed: Sequence[str]) -> dict[str, Any]:
    return {
        "made": made,
        "narrowed": narrowed,
        "recipient": exports.RECIPIENTS[made.recipient],
        "purpose": exports.PURPOSES[made.purpose],
        "shape": exports.SHAPES[ExportShape(made.shape)],
        "until": made.asked_at + kept_exports.KEPT_FOR,
    }


def _find(slug: str) -> KeptExport | None:
    event, number = get_any_or_404(slug), request.form.get("number", "")
    is_number = number.isascii() and number.isdigit() and len(number) < 11
    return kept_exports.find_own(event, g.user.id, int(number)) if is_number else None


def _refuse(slug: str, made: KeptExport | None) -> ResponseReturnValue:
    """Redirect to the page of prepared files with a message that the file is not ready yet, or was deleted."""
    db.session.rollback()
    flash(_("The file is not ready yet.") if made else _("The file is no longer there."), "warning")
    return redirect(url_for(".index", event=slug), 303)
