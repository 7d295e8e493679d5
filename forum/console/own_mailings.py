"""Organisers' pages of a message of their own before it is sent: its words, its recipients, sending a trial."""

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.accounts.access import may_open
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.console import own_mailing_words as words
from forum.console import reminder_words
from forum.console.own_mailing_forms import MessageForm, NewMessageForm, PeopleForm
from forum.console.own_mailing_tools import WRITING_OVER, by_now, change, find_or_404, lead_to, refused
from forum.console.settings_editing import get_locked_or_404, show_stored
from forum.console.settings_fields import want_languages
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import afterwards, leaving, mails, own_words, queries, unanswered
from forum.mailings.enums import MailingStatus
from forum.mailings.errors import MailingRefused
from forum.mailings.models import Mailing
from forum.registration import listing, seen_lists
from forum.registration import wording as registration_wording
from forum.registration.filtering import Filters
from forum.registration.models import Registration
from forum.registration.narrowing import UnknownFilter, by_first, list_asked
from forum.web.edits import ChangedMeanwhile, differences
from forum.web.forms import TidyForm
from forum.web.languages import NAMES

bp = Blueprint("own_mailings", __name__, url_prefix="/console/<event>")
# The name of the button that saves a draft's words and sends them to the signed-in organiser alone.
TRIAL = "trial"
# The name of the button that previews the message with the typed words, without saving them.
PREVIEW = "preview"
# The name of the button that counts whom a message of the chosen category reaches; the words may be incomplete.
COUNT = "count"


@bp.route("/message", methods=["GET", "POST"])
def new(event: str) -> ResponseReturnValue:
    """Ask for the words of a message to the people selected by the URL's filters; on POST keep or preview it."""
    shown, filters = _filters_in_url(event)
    form = NewMessageForm(kept_words.sent_or_kept(), event=shown)
    if form.is_submitted() and request.form.get("act") == COUNT:
        return _new_page(shown, filters, form, is_unsaved=False)
    is_valid, is_preview = form.validate_on_submit(), request.form.get("act") == PREVIEW
    if not is_valid or is_preview:
        return _new_page(shown, filters, form, is_unsaved=is_valid and is_preview)
    get_locked_or_404(event)
    mailing = _keep(*_filters_in_url(event), form)
    db.session.commit()
    return _show_kept(mailing)


@bp.route("/mailings/<int:mailing>/text", methods=["GET", "POST"])
def write(event: str, mailing: int) -> ResponseReturnValue:
    """Show a draft; on POST save its words, and send them to the organiser if asked, or preview them unsaved."""
    shown = find_or_404(get_any_or_404(event), mailing)
    if answer := _ask_if_planned(shown):
        return answer
    form = _form_of(shown)
    is_valid, is_preview = form.validate_on_submit(), request.form.get("act") == PREVIEW
    if not is_valid or is_preview:
        return _draft_page(shown, form, is_unsaved=is_valid and is_preview)
    shown = find_or_404(get_locked_or_404(event), mailing)
    try:
        form.refuse_if_changed(MessageForm.stored(shown))
        is_new = own_words.rewrite(shown, form.written(), **by_now())
    except ChangedMeanwhile as meanwhile:
        db.session.rollback()
        return _draft_page(find_or_404(get_any_or_404(event), mailing), form, meanwhile)
    except MailingRefused as refusal:
        return refused(event, mailing, refusal)
    is_trial = request.form.get("act") == TRIAL
    said = _try_out(shown) if is_trial else _said_of(is_new=is_new)
    db.session.commit()
    flash(said, "success")
    return lead_to(shown)


@bp.route("/mailings/<int:mailing>/people", methods=["GET", "POST"])
def people(event: str, mailing: int) -> ResponseReturnValue:
    """Ask which sectors and statuses a draft is for; on POST save them."""
    shown = find_or_404(get_any_or_404(event), mailing)
    if answer := _ask_if_planned(shown):
        return answer
    form = PeopleForm(kept_words.sent_or_kept(), event=shown.event, data=shown.audience or {})
    if not form.validate_on_submit():
        page = render_template(
            "console/own_mailings/people.html", event=shown.event, mailing=shown, form=form
        )
        return page, 422 if form.errors else 200
    return change(event, mailing, own_words.readdress, _("Saved."), audience=form.query())


@bp.route("/mailings/<int:mailing>/removal", methods=["GET", "POST"])
def discard(event: str, mailing: int) -> ResponseReturnValue:
    """Ask whether to delete a draft; on POST delete it."""
    form = TidyForm()
    if not form.validate_on_submit():
        shown = find_or_404(get_any_or_404(event), mailing)
        if shown.status != MailingStatus.PROPOSED:
            return lead_to(shown)
        return render_template(
            "console/own_mailings/discard.html", event=shown.event, mailing=shown, form=form
        )
    shown = find_or_404(get_locked_or_404(event), mailing)
    try:
        own_words.discard(shown, **by_now())
    except MailingRefused as refusal:
        return refused(event, mailing, refusal)
    db.session.commit()
    flash(_("The draft is deleted."), "success")
    return redirect(url_for("outbox.index", event=event), 303)


def _new_page(event: Event, filters: Filters, form: MessageForm, *, is_unsaved: bool) -> ResponseReturnValue:
    """Return the page of a new message; if `is_unsaved`, the typed words are valid, and the page previews them.

    The page counts whom a search finds and why some are left out, so it is recorded as a search (P18).
    """
    seen_lists.note_list(event, filters, (), actor=sign_ins.current_actor())
    reached = words.describe_chosen(event, filters, form.category.data)
    page = render_template(
        "console/own_mailings/new.html",
        event=event,
        form=form,
        said=words.filters_text(event, filters),
        reached=reached,
        number=reached[0].people + sum(number for _why, number in reached[0].left),
        samples=words.list_samples(own_words.sketch(event, form.written())) if is_unsaved else [],
    )
    return page, 422 if form.errors else 200


def _form_of(mailing: Mailing) -> MessageForm:
    form = MessageForm(kept_words.sent_or_kept(), event=mailing.event, data=MessageForm.stored(mailing))
    if not form.is_submitted():
        show_stored(form, MessageForm.stored(mailing))
    return form


def _ask_if_planned(mailing: Mailing) -> ResponseReturnValue | None:
    """Ask for both factors before a planned draft is changed, because no page asks for them when it is sent (S09)."""
    return sign_ins.require_fresh() if queries.find_reminder(mailing) else None


def _try_out(mailing: Mailing) -> str:
    """Send a draft to the organiser alone, in each language in which it is written; return the confirmation to show."""
    for code in NAMES:
        if mailing.words.get(code):
            mails.queue_trial(
                mailing, g.user, code, leave_address=leaving.address_of_nobody(), now=clock.now()
            )
    return _("It is on its way to you, at %(address)s.", address=g.user.email)


def _said_of(*, is_new: bool) -> str:
    return _("Saved. Nothing has been sent.") if is_new else _("Nothing was different.")


def _filters_in_url(slug: str) -> tuple[Event, Filters]:
    """Return the event and the filters; whoever may not see the attendee list may filter by sector and status alone."""
    event = get_any_or_404(slug)
    try:
        filters = Filters.of(request.args, event, g.user.id)
    except UnknownFilter:
        abort(404)
    if filters.needs_rows and not may_open("attendees.index", event):
        abort(404)
    return event, filters


def _keep(event: Event, filters: Filters, form: NewMessageForm) -> Mailing:
    """Store the draft with its filters; return the earlier draft if the same form has been sent before.

    If filters name people or depend on who is reading, store the people themselves instead. Where an organiser has
    ticked people in the list, nobody knows which answers the list was filtered by. Such a draft is therefore stored
    with every question by which the list can be filtered (P27).
    """
    sent = {"form_key": form.own_key(), **by_now()}
    if not (filters.q or filters.delegation or filters.chooser):
        query = filters.query(sort="", view="", column="")
        return own_words.draft(event, form.written(), audience=query, **sent)
    chosen = listing.matching(event, filters).with_only_columns(Registration.id).order_by(*listing.BY_NAME)
    numbers = db.session.scalars(chosen).all()
    asked = [one.key for one in list_asked(event)] if filters.chooser else []
    keys = [*dict.fromkeys([*asked, *by_first(filters.values("answer"))])]
    return own_words.draft(event, form.written(), audience=None, people=numbers, question_keys=keys, **sent)


def _show_kept(mailing: Mailing) -> ResponseReturnValue:
    """Redirect to the message that the form has made, now or when it was sent before; say if it has changed since."""
    if queries.is_as_drafted(mailing):
        flash(_("Saved as a draft. Nothing has been sent."), "success")
    else:
        flash(
            _(
                "This form was saved before. Somebody has changed or sent the message since. Look how it stands now."
            ),
            "warning",
        )
    if not words.may_know_people(mailing):
        return redirect(url_for("outbox.index", event=mailing.event.slug), 303)
    return lead_to(mailing)


def _draft_page(
    mailing: Mailing,
    form: MessageForm,
    meanwhile: ChangedMeanwhile | None = None,
    *,
    is_unsaved: bool = False,
) -> ResponseReturnValue:
    """Return the page of a draft; if `is_unsaved`, the typed words are valid, and the page previews them."""
    if mailing.status != MailingStatus.PROPOSED:
        return lead_to(mailing)
    compared = [*differences(form, meanwhile.stored)] if meanwhile else []
    if meanwhile:
        form.show(meanwhile.stored)
    # The preview shows the saved words if the typed words have an error, or a colleague has saved others meanwhile.
    said = own_words.sketch(mailing.event, form.written(), mailing.audience) if is_unsaved else mailing
    meant, text = words.describe_meant(mailing, said), request.args.get("person", "")
    want_languages(form, [code for code in NAMES if meant.audience.languages[code]])
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 1
    if persons := words.preview_for(said, meant.audience, number):
        note_view(audit_queries.REGISTRATION_VIEWED, persons.person, actor=sign_ins.current_actor())
    words.note_named(mailing.event, meant.named)
    page = render_template(
        "console/own_mailings/write.html",
        event=mailing.event,
        mailing=mailing,
        form=form,
        meanwhile=meanwhile,
        compared=compared,
        meant=meant,
        list_url=_list_url(mailing),
        persons=persons,
        samples=words.list_samples(said),
        is_unsaved=is_unsaved,
        may_send=afterwards.can_write(mailing.event, clock.now()),
        writing_over=WRITING_OVER,
        may_plan=not events.is_over(mailing.event, clock.now()),
        wording=registration_wording,
        reminder=queries.find_reminder(mailing),
        reminder_rule=reminder_words.rule_text,
    )
    return page, 409 if meanwhile else 422 if form.errors else 200


def _list_url(mailing: Mailing) -> str:
    """Return the URL of the attendee list with the recipients of a draft; "" if the list cannot filter them."""
    if (
        mailing.audience is None
        or unanswered.PARAMETER in mailing.audience
        or not may_open("attendees.index", mailing.event)
    ):
        return ""
    return url_for("attendees.index", event=mailing.event.slug, **mailing.audience)
