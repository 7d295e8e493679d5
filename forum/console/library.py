"""The images of an event in the console: the library, sending an image, describing and removing one."""

import re
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console.image_uses import find_uses
from forum.console.library_forms import ImageForm, UploadForm
from forum.console.settings_editing import flash_saved
from forum.database import read_locked, start_write
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.images import actions, making, queries, store
from forum.images.bodies import mark_of
from forum.images.errors import NotTaken, OtherKind, StillUsed, TooLarge, TooNarrow, TooSmall
from forum.images.models import LONGEST_NAME, Image
from forum.images.pictures import picture_of
from forum.images.queries import ImagesPage
from forum.tidying import tidy
from forum.web.edits import ChangedMeanwhile, differences
from forum.web.forms import TidyForm
from forum.web.languages import NAMES

bp = Blueprint("library", __name__, url_prefix="/console/<event>/images")

LAST_PAGE = 9999
LONGEST_SENT = 1000  # the most characters of an uploaded file's name that are read
# The path of the page that takes an image, whose requests may be larger than those of other forms, and the most bytes
# of their body: an image file and the fields.
UPLOAD = re.compile(r"/console/[^/]+/images/new")
LARGEST_BODY = making.LARGEST_FILE + 256 * 1024


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """Show the event's images, the newest first, and how often each is used."""
    this_event, number = get_any_or_404(event), request.args.get("page", 1, type=int)
    page = queries.list_page(this_event.id, number if 1 <= number <= LAST_PAGE else abort(404))
    if number > page.pages:
        abort(404)
    return render_template(
        "console/library/index.html",
        event=this_event,
        page=page,
        picture_of=picture_of,
        uses=find_uses(page.images),
        pages=_pages(this_event, page),
    )


@bp.route("/new", methods=["GET", "POST"])
def add(event: str) -> ResponseReturnValue:
    """Take an image into the library: the image is checked, re-encoded and described in each language."""
    this_event = get_any_or_404(event)
    form = UploadForm(kept_words.sent_or_kept(), languages=this_event.offered_languages)
    is_valid = form.validate_on_submit()
    made = _make(form, is_described=is_valid) if form.is_submitted() else None
    if made is None:
        return _show_upload(this_event, form)
    key = made.key_for(this_event.slug)
    # Store the files before the row: a row without files would be a broken image, files without a row harm nobody.
    store.put(key, made.files)
    this_event = _lock_event_or_404(event)
    # Store the files again: before the lock, another organiser may have removed the same image with its files.
    store.put(key, made.files)
    by: dict[str, Any] = {"actor": sign_ins.current_actor(), "now": clock.now()}
    image, is_new = actions.add(this_event.id, key, made, form.said(), file_name=_name_sent(form), **by)
    db.session.commit()
    flash(
        _("The image is in the library.") if is_new else _("The library has this image already."), "success"
    )
    return _lead_to(url_for(".show", event=event, key=image.key))


@bp.route("/<key>", methods=["GET", "POST"])
def show(event: str, key: str) -> ResponseReturnValue:
    """Show an image and where it is used; on POST change its description (R30)."""
    this_event, image = _get_or_404(get_any_or_404(event), key)
    form = ImageForm(
        kept_words.sent_or_kept(), data=ImageForm.filled(image), languages=this_event.offered_languages
    )
    if not form.is_submitted() and not form.seen.data:
        form.show(ImageForm.filled(image))
    if not form.validate_on_submit():
        return _show_image(this_event, image, form)
    this_event, image = _get_or_404(_lock_event_or_404(event), key)
    try:
        form.refuse_if_changed(ImageForm.filled(image))
    except ChangedMeanwhile as meanwhile:
        return _show_image(this_event, image, form, meanwhile)
    is_changed = actions.describe(image, form.said(), actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash_saved(_("Pages show it at once."), is_changed=is_changed)
    return redirect(url_for(".show", event=event, key=key), 303)


@bp.route("/<key>/removal", methods=["GET", "POST"])
def remove(event: str, key: str) -> ResponseReturnValue:
    """Ask whether to remove an image that nothing shows; on POST remove it and its files."""
    this_event, image = _get_or_404(get_any_or_404(event), key)
    form = TidyForm()
    if not form.validate_on_submit():
        return _show_removal(this_event, image, form)
    _found, image = _get_or_404(_lock_event_or_404(event), key)
    try:
        _remove_row(image)
    except StillUsed:
        db.session.rollback()
        return redirect(url_for(".remove", event=event, key=key), 303)
    _remove_files(event, key)
    flash(_("The image is removed."), "success")
    return redirect(url_for(".index", event=event), 303)


def _make(form: UploadForm, *, is_described: bool) -> making.Made | None:
    """Return the uploaded image, re-encoded. None, with an error at the form's field, if refused or not described."""
    content = form.take(request.files.get(form.file.name))
    if not content or not is_described:
        return None
    try:
        return making.make(content)
    except NotTaken as refusal:
        form.file.errors = [_refusal_words(refusal)]
        return None


def _lead_to(url: str) -> ResponseReturnValue:
    """Redirect to a page. A script that sent the image gets the URL as JSON, and opens the page itself."""
    if request.accept_mimetypes.best == "application/json":
        return {"url": url}, 201
    return redirect(url, 303)


def _name_sent(form: UploadForm) -> str:
    """Return the name of the uploaded file, without the folders that some browsers put before it."""
    sent = request.files.get(form.file.name)
    name = (sent.filename or "") if sent else ""
    return tidy(name[:LONGEST_SENT].replace("\\", "/").rpartition("/")[2])[:LONGEST_NAME]


def _refusal_words(refusal: NotTaken) -> str:
    if isinstance(refusal, OtherKind):
        return _("Choose a JPEG, PNG or WebP image. Drawings (SVG), animations and documents are not taken.")
    if isinstance(refusal, TooLarge):
        return _(
            "The image is too large. It may have 12 MB, and 64 million pixels as JPEG or 30 million otherwise."
        )
    if isinstance(refusal, TooSmall):
        return _("The image is too small. Each side has at least 320 pixels.")
    if isinstance(refusal, TooNarrow):
        return _("The image is too long and narrow. One side is at most seven times as long as the other.")
    return _("The file is damaged and cannot be read. Save the image anew and send that.")


def _lock_event_or_404(slug: str) -> Event:
    """Begin to write, and let nobody else change the event or its images until the commit."""
    start_write(db.session)
    db.session.execute(read_locked(events.select_event(slug)))
    return get_any_or_404(slug)


def _get_or_404(event: Event, key: str) -> tuple[Event, Image]:
    """Return the event and its image; another event's image is 404, as if it did not exist (S13)."""
    return event, queries.find_own(event.id, key) or abort(404)


def _remove_row(image: Image) -> None:
    """Take the image out of the library for good. Raises StillUsed."""
    queries.lock_for_removal(image)
    _refuse_used(image)
    actions.remove(image, actor=sign_ins.current_actor(), now=clock.now())
    try:
        db.session.commit()
    except IntegrityError as problem:
        # The image is used after all: a post with it as its cover was saved meanwhile.
        raise StillUsed from problem


def _remove_files(event: str, key: str) -> None:
    """Remove the files of a removed image, unless somebody has sent the same image again meanwhile."""
    _lock_event_or_404(event)
    if queries.find(key) is None:
        store.remove(key)
    db.session.rollback()


def _refuse_used(image: Image) -> None:
    """Raise StillUsed when a post or page shows the image."""
    if find_uses([image])[image.key]:
        raise StillUsed


def _show_upload(event: Event, form: UploadForm) -> ResponseReturnValue:
    page = render_template("console/library/new.html", event=event, form=form, largest=making.LARGEST_FILE)
    return page, 422 if form.errors else 200


def _show_image(
    event: Event, image: Image, form: ImageForm, meanwhile: ChangedMeanwhile | None = None
) -> ResponseReturnValue:
    compared = list(differences(form, meanwhile.stored)) if meanwhile else []
    if meanwhile:
        db.session.rollback()
        form.show(meanwhile.stored)
    page = _render("show", event, image, form, meanwhile=meanwhile, compared=compared, mark=mark_of(image))
    return page, 409 if meanwhile else 422 if form.errors else 200


def _show_removal(event: Event, image: Image, form: TidyForm) -> ResponseReturnValue:
    return _render("removal", event, image, form)


def _render(name: str, event: Event, image: Image, form: TidyForm, **context: Any) -> str:
    return render_template(
        f"console/library/{name}.html",
        event=event,
        image=image,
        picture=picture_of(image),
        uses=find_uses([image])[image.key],
        form=form,
        names=NAMES,
        **context,
    )


def _pages(event: Event, page: ImagesPage) -> dict[str, str | None]:
    def url(number: int) -> str | None:
        is_there = 1 <= number <= page.pages
        return url_for(".index", event=event.slug, page=number if number > 1 else None) if is_there else None

    summary = _("Page %(number)s of %(total)s", number=page.number, total=page.pages)
    return {
        "previous_url": url(page.number - 1),
        "next_url": url(page.number + 1),
        "summary": summary if page.pages > 1 else None,
    }
