"""The page on which an event's colours and images are chosen; forum.console.settings gives it its address."""

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console.look_form import LookForm
from forum.console.settings_editing import flash_saved, get_locked_or_404, render, show_stored
from forum.events import changes
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.images.offering import number_asked
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import SWITCH

PREVIEW, NEAREST = "preview", "nearest"


def look(event: str) -> ResponseReturnValue:
    """Show an event's colours, logo and share picture; on POST preview or save new ones."""
    this_event = get_any_or_404(event)
    form = LookForm(kept_words.sent_or_kept(), data=LookForm.stored(this_event))
    number = number_asked(request.form.get(SWITCH, ""))
    form.offer_images(this_event, number)
    if not form.is_submitted():
        show_stored(form, LookForm.stored(this_event))
    act = request.form.get("act", "")
    if act == NEAREST:
        form.take_nearest()
    if not form.validate_on_submit() or act in (PREVIEW, NEAREST):
        return _page(this_event, form)
    this_event = get_locked_or_404(event)
    try:
        form.refuse_if_changed(LookForm.stored(this_event))
    except ChangedMeanwhile as meanwhile:
        db.session.rollback()
        return _page(this_event, form, meanwhile)
    if form.has_lost_images(this_event, number):
        db.session.rollback()
        return _page(this_event, form)
    changed = changes.change(this_event, form.values(), actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash_saved("", is_changed=bool(changed))
    return redirect(url_for("settings.look", event=event), 303)


def _page(event: Event, form: LookForm, meanwhile: ChangedMeanwhile | None = None) -> ResponseReturnValue:
    status = 409 if meanwhile else 422 if form.errors else 200
    is_tried = {name: form[name].data or "" for name in LookForm.stored(event)} != LookForm.stored(event)
    context: dict[str, Any] = {"samples": form.samples(), "is_tried": is_tried}
    return render(event, "look", form, meanwhile, **context), status
