"""Organisers' pages of a mailing: its text, sending, progress, pausing and ending."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console import mailing_words as words
from forum.console.mailing_forms import SendForm, WordsForm
from forum.console.own_mailing_words import list_named, may_know_people, note_named
from forum.console.sending_words import describe_expected
from forum.console.settings_editing import get_locked_or_404, show_stored
from forum.console.settings_fields import want_languages
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import actions, queries
from forum.mailings.audience import audience_of
from forum.mailings.enums import OPEN, STARTED, MailingKind, MailingStatus
from forum.mailings.errors import (
    AlreadyDecided,
    EventHidden,
    MailingRefused,
    NobodyToTell,
    ReminderOver,
    WordsMissing,
)
from forum.mailings.models import Mailing
from forum.registration import wording as registration_wording
from forum.web.edits import ChangedMeanwhile, differences
from forum.web.forms import TidyForm
from forum.web.languages import NAMES, language_name

bp = Blueprint("mailings", __name__, url_prefix="/console/<event>/mailings")
# The name of the button that previews the message with the typed words, without saving them.
PREVIEW = "preview"


def proposed_change(event: Event) -> words.Proposed | None:
    """Return the open mailing about a change of the event, for pages that link to it; None once the event is over."""
    mailing = None if events.is_over(event, clock.now()) else queries.find_open_change(event)
    return words.describe_open(mailing) if mailing else None


def list_drafts(event: Event) -> list[Mailing]:
    """Return the drafts of messages that organisers write, for the list of messages."""
    return [mailing for mailing in queries.list_drafts(event) if may_know_people(mailing)]


def list_rows(event: Event) -> list[words.Row]:
    """Return the event's latest mailings, for the list of messages."""
    return words.describe_rows([one for one in queries.list_started(event) if may_know_people(one)])


@bp.route("/<int:mailing>", methods=["GET", "POST"])
def show(event: str, mailing: int) -> ResponseReturnValue:
    """Show a mailing's text and recipients, or its progress; on POST save organisers' own words, or preview them."""
    shown = _get_or_404(get_any_or_404(event), mailing)
    if shown.kind == MailingKind.OWN_WORDS:
        return redirect(url_for("sent_mailings.show", event=event, mailing=mailing), 303)
    form = _words_form(shown)
    if not form.validate_on_submit() or request.form.get("act") == PREVIEW:
        return _page(shown, form)
    shown = _get_or_404(get_locked_or_404(event), mailing)
    try:
        form.refuse_if_changed(WordsForm.stored(shown))
        actor = sign_ins.current_actor()
        is_new = actions.write_words(shown, form.text(), actor=actor, now=clock.now())
    except (AlreadyDecided, ChangedMeanwhile) as refusal:
        db.session.rollback()
        return _page(shown, form, refusal)
    db.session.commit()
    flash(
        _("Saved. The message below contains your words.") if is_new else _("Nothing was different."),
        "success",
    )
    return _to(event, mailing)


@bp.route("/<int:mailing>/sending", methods=["GET", "POST"])
def send(event: str, mailing: int) -> ResponseReturnValue:
    """Ask whether to send a mailing to its recipients, after both factors were entered (S09); on POST start sending."""
    if answer := sign_ins.require_fresh():
        return answer
    form = SendForm()
    shown = _get_or_404(get_any_or_404(event), mailing, MailingKind.EVENT_CHANGED)
    if not form.validate_on_submit():
        return _ask(shown, form)
    shown = _get_or_404(get_locked_or_404(event), mailing)
    try:
        form.refuse_if_changed(SendForm.stored(shown))
        people = actions.send(shown, user_id=g.user.id, actor=sign_ins.current_actor(), now=clock.now())
    except (MailingRefused, ChangedMeanwhile) as refusal:
        return _refused(event, mailing, refusal)
    db.session.commit()
    flash(_begun_words(people), "success")
    return _to(event, mailing)


@bp.route("/<int:mailing>/end", methods=["GET", "POST"])
def stop(event: str, mailing: int) -> ResponseReturnValue:
    """Say how many people have not been written to yet; on POST end the mailing for good."""
    form = TidyForm()
    if form.validate_on_submit():
        return _change(event, mailing, actions.stop, _("The mailing has ended. Nothing more is sent."))
    shown = _get_or_404(get_any_or_404(event), mailing)
    if shown.status not in STARTED:
        return _to(event, mailing)
    counts = queries.count_by_result([shown])[shown.id]
    return render_template(
        "console/mailings/stop.html", event=shown.event, mailing=shown, form=form, counts=counts
    )


@bp.route("/<int:mailing>/pause", methods=["POST"])
def pause(event: str, mailing: int) -> ResponseReturnValue:
    """Pause a mailing: its further mails are not sent until an organiser resumes it."""
    return _change(event, mailing, actions.pause, _("The mailing is paused."))


@bp.route("/<int:mailing>/resumption", methods=["POST"])
def resume(event: str, mailing: int) -> ResponseReturnValue:
    """Continue a paused mailing."""
    return _change(event, mailing, actions.resume, _("The mailing continues."))


@bp.route("/<int:mailing>/dismissal", methods=["POST"])
def dismiss(event: str, mailing: int) -> ResponseReturnValue:
    """Dismiss a proposed mailing: an organiser has decided that nobody has to be written to."""
    _get_or_404(get_any_or_404(event), mailing, MailingKind.EVENT_CHANGED)
    return _change(event, mailing, actions.dismiss, _("Noted: no message about this change is needed."))


def _words_form(mailing: Mailing) -> WordsForm:
    form = WordsForm(kept_words.sent_or_kept(), data=WordsForm.stored(mailing))
    if not form.is_submitted():
        show_stored(form, WordsForm.stored(mailing))
    return form


def _change(slug: str, number: int, act: Callable[..., None], done: str) -> ResponseReturnValue:
    """Apply `act` to the event's mailing, flash `done` or the refusal, and redirect to the mailing."""
    mailing = _get_or_404(get_locked_or_404(slug), number)
    try:
        act(mailing, actor=sign_ins.current_actor(), now=clock.now())
    except MailingRefused as refusal:
        return _refused(slug, number, refusal)
    db.session.commit()
    flash(done, "success")
    return _to(slug, number)


def _refused(slug: str, number: int, refusal: MailingRefused | ChangedMeanwhile) -> ResponseReturnValue:
    db.session.rollback()
    flash(_refusal_words(refusal), "warning")
    return _to(slug, number)


def _refusal_words(refusal: MailingRefused | ChangedMeanwhile) -> str:
    match refusal:
        case ChangedMeanwhile():
            return _("The message has changed since the page was shown, so nothing was sent. Check it again.")
        case EventHidden():
            return _("Nobody can be written to while the event is not public, or once it is over.")
        case ReminderOver():
            return _(
                "The reminder’s time is over: it is sent at most twelve hours after the planned time,"
                " and not once the forum has begun."
            )
        case NobodyToTell():
            return _("Everybody already knows about the change.")
        case WordsMissing(languages=codes):
            names = ", ".join(map(language_name, codes))
            return _(
                "Your own words are missing in: %(languages)s. Add them, or leave all empty.", languages=names
            )
        case _:
            return _(
                "The mailing had already changed when you pressed the button. This page shows how it stands now."
            )


def _begun_words(people: int) -> str:
    return ngettext(
        "The message to %(num)s person is on its way. You can leave this page.",
        "The messages to %(num)s people are on their way. You can leave this page.",
        people,
    )


def _ask(mailing: Mailing, form: SendForm) -> ResponseReturnValue:
    if mailing.status != MailingStatus.PROPOSED:
        return _to(mailing.event.slug, mailing.id)
    form.show(SendForm.stored(mailing))
    audience = audience_of(mailing)
    named = list_named(mailing, audience)
    note_named(mailing.event, named)
    return render_template(
        "console/mailings/send.html",
        event=mailing.event,
        mailing=mailing,
        form=form,
        audience=audience,
        named=named,
        wording=registration_wording,
        expected=describe_expected(mailing.event, audience.people, audience.languages),
        previews=words.list_previews(mailing, audience),
    )


def _page(
    mailing: Mailing, form: WordsForm, refusal: AlreadyDecided | ChangedMeanwhile | None = None
) -> ResponseReturnValue:
    meanwhile = refusal if isinstance(refusal, ChangedMeanwhile) else None
    compared = [*differences(form, meanwhile.stored)] if meanwhile else []
    if meanwhile:
        form.show(meanwhile.stored)
    is_proposed = mailing.status == MailingStatus.PROPOSED
    audience = audience_of(mailing) if is_proposed else None
    if audience:
        want_languages(form, [code for code in NAMES if audience.languages[code]])
    named = list_named(mailing, audience) if audience else []
    note_named(mailing.event, named)
    label, kind = words.state_words(mailing)
    is_unsaved = not refusal and not form.errors and request.form.get("act") == PREVIEW
    said = actions.sketch(mailing, form.text()) if is_unsaved else mailing
    page = render_template(
        f"console/mailings/{'proposed' if is_proposed else 'show'}.html",
        event=mailing.event,
        mailing=mailing,
        form=form,
        meanwhile=meanwhile,
        compared=compared,
        audience=audience,
        named=named,
        wording=registration_wording,
        previews=words.list_previews(said, audience) if audience else [],
        is_unsaved=is_unsaved,
        counts=queries.count_by_result([mailing])[mailing.id],
        label=label,
        kind=kind,
        is_open=mailing.status in OPEN,
        may_send=mailing.event.is_published and not events.is_over(mailing.event, clock.now()),
        lost=form.text() if refusal and not is_proposed else None,
        **words.facts_compared(mailing),
    )
    return page, 409 if refusal else 422 if form.errors else 200


def _get_or_404(event: Event, number: int, *kinds: MailingKind) -> Mailing:
    """Return the event's mailing, else 404; one about answers on diet or access is for the role care alone (S14)."""
    mailing = queries.find(event, number, *kinds)
    return mailing if mailing and may_know_people(mailing) else abort(404)


def _to(slug: str, number: int) -> ResponseReturnValue:
    return redirect(url_for("mailings.show", event=slug, mailing=number), 303)
