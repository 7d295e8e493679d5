"""Organisers' pages about the words of the standard mails: which are changed, changing them, trying a mail out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.accounts.access import may_open
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.console.mail_text_forms import MailTextForm
from forum.console.settings_editing import get_locked_or_404, show_stored
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import mail_texts
from forum.mailings.mail_texts import State, Words
from forum.outbox import passages
from forum.outbox.passages import OPENING, PASSAGES
from forum.outbox.rendering import Rendered
from forum.outbox.wording import kind_text
from forum.registration import queries as registrations
from forum.web.differences import Difference
from forum.web.edits import ChangedMeanwhile, differences
from forum.web.forms import TidyForm
from forum.web.languages import NAMES

bp = Blueprint("mail_texts", __name__, url_prefix="/console/<event>/mail-texts")
# The name of the button that saves the words and sends the mail to the signed-in organiser alone.
TRIAL = "trial"
# The name of the button that previews the mail with the typed words, without saving them.
PREVIEW = "preview"


@dataclass(frozen=True)
class Shown:
    """A mail as shown on the page: for the person with this reference, or for an invented one without a reference.

    `is_unknown` is True when no registration has the reference that was typed.
    """

    mail: Rendered
    reference: str = ""
    is_unknown: bool = False


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """List the standard mails, and say for each language whether its words are changed."""
    shown = get_any_or_404(event)
    return render_template(
        "console/mail_texts/index.html",
        event=shown,
        kinds=[(kind, kind_text(kind)) for kind in passages.KINDS],
        changed=mail_texts.list_changed(shown),
        codes=list(NAMES),
    )


@bp.route("/<kind>/<code>", methods=["GET", "POST"])
def edit(event: str, kind: str, code: str) -> ResponseReturnValue:
    """Show the words of a mail and the mail itself; on POST save them, and send it to the organiser if asked (S09)."""
    if answer := sign_ins.require_fresh():
        return answer
    shown, state = _read_or_404(event, kind, code)
    told: dict[str, Any] = {"event": shown, "kind": kind, "language": code, "standard": state.standard}
    form = MailTextForm(kept_words.sent_or_kept(), data=state.words, **told)
    if not form.is_submitted():
        show_stored(form, state.words)
    if not form.validate_on_submit() or request.form.get("act") == PREVIEW:
        return _page(shown, kind, code, form)
    shown = get_locked_or_404(event)
    try:
        form.refuse_if_changed(mail_texts.read(shown, kind, code).words)
    except ChangedMeanwhile as meanwhile:
        db.session.rollback()
        return _page(get_any_or_404(event), kind, code, form, meanwhile)
    return _save(shown, kind, code, form)


@bp.route("/<kind>/<code>/standard", methods=["POST"])
def reset(event: str, kind: str, code: str) -> ResponseReturnValue:
    """Go back to the standard words of a mail in one language."""
    _read_or_404(event, kind, code)
    shown = get_locked_or_404(event)
    is_new = mail_texts.reset(shown, kind, code, actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash(_said_of_reset(is_new=is_new), "success")
    return _lead_to(event, kind, code)


def _save(event: Event, kind: str, code: str, form: MailTextForm) -> ResponseReturnValue:
    now = clock.now()
    is_new = mail_texts.change(event, kind, code, form.words(), actor=sign_ins.current_actor(), now=now)
    if request.form.get("act") == TRIAL:
        mail_texts.queue_trial(event, kind, g.user, code, now=now)
        said = _("Saved. It is on its way to you, at %(address)s.", address=g.user.email)
    else:
        said = _("Saved. Messages have these words from now on.") if is_new else _("Nothing was different.")
    db.session.commit()
    flash(said, "success")
    return _lead_to(event.slug, kind, code)


def _said_of_reset(*, is_new: bool) -> str:
    return _("The standard words hold again.") if is_new else _("Nothing was different.")


def _read_or_404(slug: str, kind: str, code: str) -> tuple[Event, State]:
    event = get_any_or_404(slug)
    if kind not in passages.KINDS or code not in NAMES:
        abort(404)
    return event, mail_texts.read(event, kind, code)


def _lead_to(slug: str, kind: str, code: str) -> ResponseReturnValue:
    return redirect(url_for(".edit", event=slug, kind=kind, code=code), 303)


def _page(
    event: Event, kind: str, code: str, form: MailTextForm, meanwhile: ChangedMeanwhile | None = None
) -> ResponseReturnValue:
    compared = [*differences(form, meanwhile.stored)] if meanwhile else []
    if meanwhile:
        form.show(meanwhile.stored)
    state = mail_texts.read(event, kind, code)
    is_unsaved = not meanwhile and not form.errors and request.form.get("act") == PREVIEW
    page = render_template(
        "console/mail_texts/edit.html",
        event=event,
        kind=kind,
        code=code,
        name=kind_text(kind),
        form=form,
        back=TidyForm(),
        meanwhile=meanwhile,
        compared=compared,
        state=state,
        changed=_changed(form, state, code),
        names=NAMES,
        known=_braced(passages.known(kind, OPENING)),
        needed=_braced(passages.needed(kind, OPENING)),
        is_unsaved=is_unsaved,
        shown=_shown(event, kind, code, form.words() if is_unsaved else None),
    )
    return page, 409 if meanwhile else 422 if form.errors else 200


def _braced(names: Sequence[str]) -> list[str]:
    return [f"{{{name}}}" for name in names]


def _changed(form: MailTextForm, state: State, code: str) -> list[Difference]:
    """Return the parts of the mail in which the stored words differ from the standard words."""
    return [
        Difference(str(form[name].label.text), state.standard[name], state.words[name], code)
        for name in PASSAGES
        if state.words[name] != state.standard[name]
    ]


def _shown(event: Event, kind: str, code: str, words: Words | None) -> Shown:
    """Return the mail for the person whose reference the URL has, else for an invented person.

    Only organisers who may open people's pages see it for a real person. The mail has the given words, or the saved
    ones if `words` is None.
    """
    preview = partial(mail_texts.preview, event, kind, code, words=words)
    reference, now = request.args.get("reference", "").strip().upper(), clock.now()
    if not reference or not may_open("attendees.show", event):
        return Shown(preview(now=now))
    person = registrations.find_by_reference(event, reference) if "\x00" not in reference else None
    mail = preview(registration=person, now=now)
    if person:
        note_view(audit_queries.REGISTRATION_VIEWED, person, actor=sign_ins.current_actor())
    return Shown(mail, reference if person else "", person is None)
