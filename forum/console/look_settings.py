"""The page on which an event's colours and images are chosen; forum.console.settings gives it its address."""

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
from forum.images import queries as images
from forum.images.models import Image
from forum.images.offering import offered_images
from forum.images.pictures import picture_of
from forum.web.edits import ChangedMeanwhile

PREVIEW, NEAREST = "preview", "nearest"


def look(event: str) -> ResponseReturnValue:
    """Show colours, logo and share picture; preview others, or save them."""
    found = get_any_or_404(event)
    form = LookForm(kept_words.sent_or_kept(), data=LookForm.stored(found), images=_images(found))
    if not form.is_submitted():
        show_stored(form, LookForm.stored(found))
    act = request.form.get("act", "")
    if act == NEAREST:
        form.take_nearest()
    if not form.validate_on_submit() or act in (PREVIEW, NEAREST):
        return _page(found, form)
    found = get_locked_or_404(event)
    try:
        form.refuse_if_changed(LookForm.stored(found))
    except ChangedMeanwhile as meanwhile:
        db.session.rollback()
        return _page(found, form, meanwhile)
    changed = changes.change(found, form.values(), actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash_saved("", is_changed=bool(changed))
    return redirect(url_for("settings.look", event=event), 303)


def _page(event: Event, form: LookForm, meanwhile: ChangedMeanwhile | None = None) -> ResponseReturnValue:
    status = 409 if meanwhile else 422 if form.errors else 200
    is_tried = {name: form[name].data or "" for name in LookForm.stored(event)} != LookForm.stored(event)
    pictures = {image.key: picture_of(image) for image in _images(event)}
    context = {"samples": form.samples(), "is_tried": is_tried, "pictures": pictures}
    return render(event, "look", form, meanwhile, **context), status


def _images(event: Event) -> list[Image]:
    """Return the images to choose from: the newest of the event's library, and those that are chosen already."""
    chosen = [images.find_own(event.id, key) for key in (event.logo_key, event.share_key) if key]
    found = [*filter(None, chosen), *offered_images(event.id)]
    return list({image.key: image for image in found}.values())
