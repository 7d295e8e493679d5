"""Organisers' pages of a message of their own once Send is pressed: confirming, stopping, results."""

from collections import Counter
from datetime import datetime
from functools import partial
from typing import Any

from flask import Blueprint, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.accounts.access import may_open
from forum.console import own_mailing_words as words
from forum.console.mailing_words import state_words
from forum.console.own_mailing_forms import SendOwnForm
from forum.console.own_mailing_tools import by_now, change, find_or_404, lead_to, refused
from forum.console.sending_words import describe_expected
from forum.console.settings_editing import get_locked_or_404
from forum.events.in_url import get_any_or_404
from forum.extensions import db
from forum.mailings import afterwards, chosen_audience, own_words, queries, reachable, results, unanswered
from forum.mailings.enums import OPEN, MailingStatus
from forum.mailings.errors import MailingRefused
from forum.mailings.models import Mailing
from forum.mailings.wording import reason_text
from forum.registration import seen_lists
from forum.registration import wording as registration_wording
from forum.registration.narrowing import UnknownFilter
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import TidyForm
from forum.web.pagination import Cursor, Page

# The states in which a message can be sent to people whom it has not reached.
SENDING_OR_DONE = (MailingStatus.SENDING, MailingStatus.DONE)
bp = Blueprint("sent_mailings", __name__, url_prefix="/console/<event>/mailings")


@bp.route("/<int:mailing>/start", methods=["GET", "POST"])
def send(event: str, mailing: int) -> ResponseReturnValue:
    """Ask for the time of sending and show the recipients, after both factors (S09); on POST fix the recipients."""
    if answer := sign_ins.require_fresh():
        return answer
    form = SendOwnForm(kept_words.sent_or_kept())
    shown = find_or_404(get_any_or_404(event), mailing)
    if not form.validate_on_submit() or not form.is_complete(shown.event):
        return _ask(shown, form)
    shown = find_or_404(get_locked_or_404(event), mailing)
    try:
        audience = chosen_audience.audience_of(shown)
        form.refuse_if_changed(SendOwnForm.stored(shown, audience))
        begins = form.begins_at(shown.event)
        number = own_words.send(shown, begins_at=begins, user_id=g.user.id, **by_now())
    except (MailingRefused, ChangedMeanwhile, UnknownFilter) as refusal:
        return refused(event, mailing, refusal)
    db.session.commit()
    flash(_fixed_words(number), "success")
    return lead_to(shown)


@bp.route("/<int:mailing>/results")
def show(event: str, mailing: int) -> ResponseReturnValue:
    """Show how far a message has come, and the result of the mail to each person."""
    shown, now = find_or_404(get_any_or_404(event), mailing), clock.now()
    if shown.status == MailingStatus.PROPOSED:
        return lead_to(shown)
    only = words.narrowed_to(request.args.get("only", ""), shown)
    by_name = may_open("attendees.show", shown.event)
    page = results.read_results(shown, Cursor.of(request.args), only=only, by_name=by_name)
    if page.rows:
        seen_lists.note_people(shown.event, actor=sign_ins.current_actor())
    return render_template(
        "console/sent_mailings/show.html",
        event=shown.event,
        mailing=shown,
        form=TidyForm(),
        **_progress(shown, now),
        page=page,
        pages=_pages(shown, page, only),
        only=only,
        result_of=partial(words.result_of, mailing=shown, is_of_care=unanswered.is_of_care(shown)),
        wording=registration_wording,
    )


@bp.route("/<int:mailing>/return", methods=["POST"])
def take_back(event: str, mailing: int) -> ResponseReturnValue:
    """Turn a message back into a draft, if none of its mails has left."""
    return change(event, mailing, own_words.take_back, _("Stopped: nobody has got it. It is a draft again."))


@bp.route("/<int:mailing>/again", methods=["POST"])
def again(event: str, mailing: int) -> ResponseReturnValue:
    """Send a message to those whom it has not reached: their mails have failed, or they can be written to only now."""
    return change(
        event,
        mailing,
        own_words.send_again,
        _("Those whom it did not reach are tried again, unless mail to their address comes back."),
    )


def _progress(mailing: Mailing, now: datetime) -> dict[str, Any]:
    """Return how far sending the message has come, and what an organiser can do with it now."""
    counts = queries.count_by_result([mailing])[mailing.id]
    label, kind = state_words(mailing)
    return {
        "counts": counts,
        "label": label,
        "kind": kind,
        "left": [(reason_text(reason), number) for reason, number in mailing.left_out.items()],
        "is_open": mailing.status in OPEN,
        "can_take_back": own_words.can_take_back(mailing, now),
        "seconds": round(((mailing.begins_at or now) - now).total_seconds()),
        "done_at": words.done_at(mailing, counts, now),
        "reachable": len(reachable.list_ids(mailing, now)) if mailing.status in SENDING_OR_DONE else 0,
        "may_send": mailing.event.is_published and not afterwards.is_past(mailing, now),
        **words.too_late(mailing, now),
        "forgotten": words.forgotten_words(),
        "samples": words.list_samples(mailing),
    }


def _fixed_words(number: int) -> str:
    return ngettext(
        "The recipients are fixed: %(num)s person. Nothing leaves before the time below, and you can stop it.",
        "The recipients are fixed: %(num)s people. Nothing leaves before the time below, and you can stop it.",
        number,
    )


def _ask(mailing: Mailing, form: SendOwnForm) -> ResponseReturnValue:
    meant = words.describe_meant(mailing)
    if mailing.status != MailingStatus.PROPOSED or not meant.audience.people or meant.missing:
        return lead_to(mailing)
    form.show(SendOwnForm.stored(mailing, meant.audience))
    words.note_named(mailing.event, meant.named)
    page = render_template(
        "console/sent_mailings/send.html",
        event=mailing.event,
        mailing=mailing,
        form=form,
        meant=meant,
        expected=describe_expected(mailing.event, meant.audience.people, _languages(mailing, meant)),
        wording=registration_wording,
        samples=words.list_samples(mailing),
    )
    return page, 422 if form.errors else 200


def _languages(mailing: Mailing, meant: words.Meant) -> Counter[str]:
    """Return the number of people by the language of their mails, which may be the fallback in place of their own."""
    numbers: Counter[str] = Counter()
    for language, number in meant.audience.languages.items():
        numbers[chosen_audience.code_for(mailing, language)] += number
    return numbers


def _pages(mailing: Mailing, page: Page[Any], only: str) -> dict[str, str | None]:
    here = {"event": mailing.event.slug, "mailing": mailing.id, **({"only": only} if only else {})}

    def url(beside: str, row: Any) -> str:
        return url_for(".show", **here, **{beside: row.key})

    return {
        "previous_url": url("before", page.rows[0]) if page.has_previous else None,
        "next_url": url("after", page.rows[-1]) if page.has_next else None,
        "summary": None,
    }
