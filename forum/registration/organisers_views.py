"""Views of the attendee list that organisers save under a name, for themselves or for their colleagues."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import pgettext
from wtforms import BooleanField, StringField
from wtforms.validators import Length

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.accounts.audiences import REGISTRARS
from forum.database import start_write
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.registration import filter_words, list_columns, narrowing, saved_views
from forum.registration.console import list_of, may_change_view, show_list
from forum.registration.errors import NameTaken, TooManyViews, ViewGone
from forum.registration.filtering import Filters
from forum.registration.saved_view_models import LONGEST_NAME, SavedView
from forum.registration.wording import SORTS
from forum.web.edits import ChangedMeanwhile, ShowsStored, differences
from forum.web.forms import TidyForm, required

bp = Blueprint("attendee_views", __name__, url_prefix="/console/<event>/attendees/views")


class ViewForm(TidyForm):
    """The name of a new view, and who sees it."""

    name = StringField(
        _l("Name"),
        [
            required(_l("Enter a name for the view")),
            Length(max=LONGEST_NAME, message=_l("Use at most 60 characters")),
        ],
    )
    is_shared = BooleanField(_l("Share the view with everybody at the office who sees this list"))


class ChangeViewForm(ShowsStored, ViewForm):
    """The name of a saved view, who sees it, and whether it takes over the filters and columns of the list."""

    replaces = BooleanField(_l("Let the view show what the list shows now"))

    @staticmethod
    def stored(view: SavedView) -> dict[str, Any]:
        """Return the values that the form's fields show."""
        return {"name": view.name, "is_shared": view.is_shared}


@bp.route("/<int:saved>")
def show(event: str, saved: int) -> ResponseReturnValue:
    """Show the list as the view was saved, or say which of its filters are gone."""
    this_event = get_any_or_404(event)
    view = saved_views.find(this_event, saved, g.user.id) or abort(404)
    try:
        return show_list(this_event, saved_views.filters_of(view, this_event))
    except narrowing.UnknownFilter:
        return _say_what_is_gone(this_event, view), 409


@bp.route("/new", methods=["GET", "POST"])
def new(event: str) -> ResponseReturnValue:
    """Save what the list shows under a name."""
    this_event, filters = list_of(event)
    form = ViewForm(kept_words.sent_or_kept())
    _leave_out_sharing(this_event, form)
    if not form.validate_on_submit():
        return _ask("view_new.html", this_event, filters, form)
    start_write(db.session)
    this_event, filters = list_of(event)
    shown = saved_views.content(this_event, filters, g.user.id)
    name, is_shared = form.name.data or "", bool("is_shared" in form and form.is_shared.data)
    try:
        by, now = g.user.id, clock.now()
        view = saved_views.save(this_event, shown, user_id=by, name=name, is_shared=is_shared, now=now)
    except (NameTaken, TooManyViews) as refusal:
        return _refuse("view_new.html", event, form, refusal)
    db.session.commit()
    flash(_("The view has been saved."), "success")
    return redirect(url_for(".show", event=event, saved=view.id), 303)


@bp.route("/<int:saved>/change", methods=["GET", "POST"])
def change(event: str, saved: int) -> ResponseReturnValue:
    """Rename a view, share it or stop sharing it, and save into it what the list shows now."""
    (this_event, filters), view = list_of(event), _get(event, saved)
    form = ChangeViewForm(kept_words.sent_or_kept(), data=ChangeViewForm.stored(view))
    _leave_out_sharing(this_event, form)
    if not form.is_submitted() and not form.seen.data:
        form.show(ChangeViewForm.stored(view))
    if not form.validate_on_submit():
        return _ask("view_change.html", this_event, filters, form, view=view)
    try:
        _save(event, saved, form)
    except NameTaken as refusal:
        return _refuse("view_change.html", event, form, refusal, saved)
    except ChangedMeanwhile as refusal:
        return _ask_anew(event, saved, form, refusal)
    return _leave_changed(this_event, saved)


@bp.route("/<int:saved>/remove", methods=["GET", "POST"])
def remove(event: str, saved: int) -> ResponseReturnValue:
    """Say who loses the view; on POST delete it."""
    view, form = _get(event, saved), TidyForm()
    if not form.validate_on_submit():
        return _page("view_remove.html", get_any_or_404(event), form=form, view=view)
    start_write(db.session)
    saved_views.remove(_get(event, saved), actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash(_("The view has been deleted."), "success")
    return redirect(url_for("attendees.index", event=event), 303)


def _leave_changed(event: Event, number: int) -> ResponseReturnValue:
    """Redirect to the saved view, or to the list if a colleague's view is no longer shared; flash a message."""
    if saved_views.find(event, number, g.user.id):
        flash(_("The view has been changed."), "success")
        return redirect(url_for(".show", event=event.slug, saved=number), 303)
    owner = db.session.get_one(SavedView, number).maker.name
    flash(_("The view is no longer shared: only %(name)s sees it now.", name=owner), "success")
    return redirect(url_for("attendees.index", event=event.slug), 303)


def _say_what_is_gone(event: Event, view: SavedView) -> str:
    gone, rest = saved_views.split(view, event)
    return _page(
        "view_gone.html",
        event,
        view=view,
        gone=list(dict.fromkeys(filter_words.name_gone(name) for name, _value in gone)),
        rest_url=url_for("attendees.index", event=event.slug, **rest | {"view": view.id}),
        may_change=may_change_view(event, view),
        who_may_change=_who_may_change(view),
    )


def _who_may_change(view: SavedView) -> str:
    """Return a sentence that says who may change the view, for an organiser who may not."""
    if view.user_id == g.user.id:
        return _("You no longer share views of this list, so only an organiser can change this one.")
    if saved_views.maker_may_change(view):
        return _("%(name)s or an organiser can change the view.", name=view.maker.name)
    return _("An organiser can change the view.")


def _save(slug: str, number: int, form: ChangeViewForm) -> None:
    """Store the changes; abort with 404 for a view that is gone. Raises NameTaken and ChangedMeanwhile."""
    start_write(db.session)
    (event, filters), view = list_of(slug), _get(slug, number)
    try:
        saved_views.lock(view)
    except ViewGone:
        abort(404)
    form.refuse_if_changed(ChangeViewForm.stored(view))
    shown = saved_views.content(event, filters, g.user.id) if form.replaces.data else None
    is_shared = form.is_shared.data if "is_shared" in form else view.is_shared
    name, actor = form.name.data or "", sign_ins.current_actor()
    saved_views.change(view, name=name, is_shared=is_shared, shown=shown, actor=actor, now=clock.now())
    db.session.commit()


def _get(slug: str, number: int) -> SavedView:
    """Return a view that the organiser may change; redirect to one that they may only see, or abort with 404."""
    event = get_any_or_404(slug)
    view = saved_views.find(event, number, g.user.id) or abort(404)
    if not may_change_view(event, view):
        flash(_who_may_change(view), "warning")
        abort(redirect(url_for(".show", event=slug, saved=number), 303))
    return view


def _leave_out_sharing(event: Event, form: ViewForm) -> None:
    """Remove the box for sharing from the form of users who may only read the list: their views are for themselves."""
    if sign_ins.roles_for(event).isdisjoint(REGISTRARS.roles):
        del form.is_shared


def _refuse(
    name: str, slug: str, form: ViewForm, refusal: Exception, number: int | None = None
) -> ResponseReturnValue:
    db.session.rollback()
    taken = _("You have another view with this name. Choose another one.")
    many = _("You have %(number)s views. Delete one of them first.", number=saved_views.MOST)
    form.name.errors = [taken if isinstance(refusal, NameTaken) else many]
    shown: dict[str, Any] = {"view": _get(slug, number)} if number else {}
    return _ask(name, *list_of(slug), form, **shown)


def _ask_anew(slug: str, number: int, form: ChangeViewForm, refusal: ChangedMeanwhile) -> ResponseReturnValue:
    db.session.rollback()
    compared = list(differences(form, refusal.stored))
    form.show(refusal.stored)
    told: dict[str, Any] = {"view": _get(slug, number), "meanwhile": refusal, "compared": compared}
    page, _status = _ask("view_change.html", *list_of(slug), form, **told)
    return page, 409


def _ask(name: str, event: Event, filters: Filters, form: ViewForm, **shown: Any) -> tuple[str, int]:
    told = {"form": form, "filters": filters, "content": _content_rows(event, filters)}
    page = _page(name, event, **{"meanwhile": None, "compared": []} | told | shown)
    return page, 422 if form.errors else 200


def _content_rows(event: Event, filters: Filters) -> list[dict[str, str]]:
    """Return in words what a view of the list shows: search text, filters, order and columns."""
    filters = replace(filters, chooser=None)
    asked = narrowing.list_asked(event)
    labels = list_columns.offered(asked, has_delegations=True)
    columns = [labels[key] for key in saved_views.content(event, filters, g.user.id).columns if key in labels]
    rows = [(pgettext("filter", "Search"), filters.q)] if filters.q else []
    rows += [(chip.label, chip.words) for chip in filter_words.describe(event, filters, asked).chips]
    rows += [(_("Order"), str(SORTS[filters.sort])), (_("Columns"), ", ".join([_("Name"), *columns]))]
    return [{"label": label, "value": value} for label, value in rows]


def _page(name: str, event: Event, **shown: Any) -> str:
    return render_template(f"console/attendees/{name}", event=event, **shown)
