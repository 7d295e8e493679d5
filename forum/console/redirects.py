"""Old addresses in the console: their list, adding, changing and removing one, and many from a file."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from wtforms.validators import ValidationError

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console.edit_pages import edit_page
from forum.console.old_addresses_forms import MOST_BYTES, ImportForm, OldAddressForm, target_of
from forum.console.settings_editing import flash_saved, show_stored
from forum.database import start_write
from forum.events.in_url import get_any_or_404
from forum.extensions import db
from forum.news import redirects as rules
from forum.news.models import OldAddress
from forum.news.old_addresses import address_of
from forum.news.redirects import AddressPage, LeadsInCircle, LeadsNowhere, NotOld, Target
from forum.tidying import tidy
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import TidyForm

bp = Blueprint("redirects", __name__, url_prefix="/console/<event>/news/old-addresses")

LAST_PAGE = 9999
LONGEST_QUERY = 100
CHECK = "check"


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """Show the old addresses that contain the search words in the URL, and where each leads."""
    this_event = get_any_or_404(event)
    number, words = request.args.get("page", 1, type=int), tidy(request.args.get("q", "")[:LONGEST_QUERY])
    page = rules.read_list(words, number if 1 <= number <= LAST_PAGE else abort(404))
    return render_template(
        "console/redirects/index.html",
        event=this_event,
        page=page,
        words=words,
        address_of=address_of,
        pages=_pages(event, words, page),
    )


@bp.route("/new", methods=["GET", "POST"])
def new(event: str) -> ResponseReturnValue:
    """Add an old address."""
    return _edit(event, None)


@bp.route("/change/<path:path>", methods=["GET", "POST"])
def edit(event: str, path: str) -> ResponseReturnValue:
    """Change an old address, or its target (R30)."""
    return _edit(event, get_old_or_404(path))


@bp.route("/removal/<path:path>", methods=["GET", "POST"])
def remove(event: str, path: str) -> ResponseReturnValue:
    """Ask whether to remove an old address; on POST remove it."""
    form, old = TidyForm(), get_old_or_404(path)
    if not form.validate_on_submit():
        return edit_page("redirects/removal", event, form, old=old)
    start_write(db.session)
    rules.remove(get_old_or_404(path), actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash(_("The old address is removed."), "success")
    return redirect(url_for(".index", event=event), 303)


@bp.route("/import", methods=["GET", "POST"])
def import_file(event: str) -> ResponseReturnValue:
    """Import many old addresses from a file or pasted lines, or only show what the import would change."""
    form = ImportForm(kept_words.sent_or_kept())
    if not form.validate_on_submit():
        return edit_page("redirects/import", event, form)
    try:
        rows = form.read(_read_upload())
    except ValidationError as refusal:
        form.lines.errors = str(refusal).split("\n")
        return edit_page("redirects/import", event, form)
    try:
        if request.form.get("act") == CHECK:
            return edit_page("redirects/import", event, form, counted=rules.count_changes(rows))
        start_write(db.session)
        changed = rules.store_all(rows, actor=sign_ins.current_actor(), now=clock.now())
    except LeadsInCircle as refusal:
        db.session.rollback()
        form.lines.errors = [_circle_words(refusal)]
        return edit_page("redirects/import", event, form)
    db.session.commit()
    flash(_imported_words(changed, len(rows)), "success")
    return redirect(url_for(".index", event=event), 303)


def _read_upload() -> bytes:
    uploaded = request.files.get("file")
    return uploaded.read(MOST_BYTES + 1) if uploaded else b""


def get_old_or_404(path: str) -> OldAddress:
    """Return the old address with this path, or abort with 404."""
    return rules.find(f"/{path}") or abort(404)


def _edit(event: str, old: OldAddress | None) -> ResponseReturnValue:
    get_any_or_404(event)
    stored = OldAddressForm.stored(old) if old else {}
    form = OldAddressForm(kept_words.sent_or_kept(), data=stored)
    if not form.is_submitted():
        show_stored(form, stored)
    if not form.validate_on_submit():
        return edit_page("redirects/edit", event, form, old=old)
    start_write(db.session)
    old = get_old_or_404(old.path) if old else None
    by: dict[str, Any] = {"actor": sign_ins.current_actor(), "now": clock.now()}
    try:
        target = _target(form, old)
        is_changed = rules.store(form.old.data, target, replaces=old, **by)
    except ChangedMeanwhile as meanwhile:
        db.session.rollback()
        return edit_page("redirects/edit", event, form, meanwhile, old=old)
    except (LeadsNowhere, NotOld):
        db.session.rollback()
        form.leads_to.errors = [_("Enter a path of this site that there is, such as /sv/news/")]
        return edit_page("redirects/edit", event, form, old=old)
    except LeadsInCircle as refusal:
        db.session.rollback()
        form.leads_to.errors = [_circle_words(refusal)]
        return edit_page("redirects/edit", event, form, old=old)
    db.session.commit()
    flash_saved("", is_changed=is_changed)
    return redirect(url_for(".index", event=event), 303)


def _target(form: OldAddressForm, old: OldAddress | None) -> Target:
    """Return the typed target of an old address.

    Raises LeadsNowhere, and ChangedMeanwhile for an outdated form (R30).
    """
    there = old or rules.find(form.old.data or "")
    form.refuse_if_changed(OldAddressForm.stored(there) if there else {})
    return target_of(form.leads_to.data or "")


def _circle_words(refusal: LeadsInCircle) -> str:
    return _("%(path)s would lead in a circle", path=refusal.path)


def _imported_words(changed: int, lines: int) -> str:
    return ngettext(
        "Imported: %(num)s old address of %(lines)s is new or different.",
        "Imported: %(num)s old addresses of %(lines)s are new or different.",
        changed,
        lines=lines,
    )


def _pages(event: str, words: str, page: AddressPage) -> dict[str, str | None]:
    def url(number: int) -> str | None:
        is_there = 1 <= number <= page.pages
        page_number = number if number > 1 else None
        return url_for(".index", event=event, q=words or None, page=page_number) if is_there else None

    summary = _("Page %(number)s of %(total)s", number=page.number, total=page.pages)
    return {
        "previous_url": url(page.number - 1),
        "next_url": url(page.number + 1),
        "summary": summary if page.pages > 1 else None,
    }
