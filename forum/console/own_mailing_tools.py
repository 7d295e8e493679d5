"""What the pages of messages that organisers write share: finding and changing a message, and refusals in words."""

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum import clock
from forum.accounts import sign_ins
from forum.console.own_mailing_words import may_know_people
from forum.console.settings_editing import get_locked_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import queries
from forum.mailings.enums import MailingKind, MailingStatus
from forum.mailings.errors import (
    BegunAlready,
    DraftAgain,
    EventHidden,
    MailingRefused,
    NeedsFilters,
    NobodyToTell,
    NotAhead,
    NothingFailed,
    Planned,
    ReminderOver,
    SubjectTells,
    WordsMissing,
)
from forum.mailings.models import Mailing
from forum.registration.links import MANAGE_DAYS_AFTER_EVENT
from forum.registration.narrowing import UnknownFilter
from forum.web.edits import ChangedMeanwhile
from forum.web.languages import language_name

WRITING_OVER = _l(
    "Nobody can be written to while the event is not public, or from %(days)s days after it.",
    days=MANAGE_DAYS_AFTER_EVENT,
)
# Sentences that tell the organiser why a change of a message is refused, by the type of the refusal.
REFUSALS = {
    ChangedMeanwhile: _l(
        "The message or its recipients have changed since the page was shown. Check it again."
    ),
    EventHidden: WRITING_OVER,
    NobodyToTell: _l("There is nobody to write to. Choose other people."),
    NotAhead: _l(
        "Choose a time at least a minute ahead, and at most %(days)s days after the event.",
        days=MANAGE_DAYS_AFTER_EVENT,
    ),
    NothingFailed: _l("No message has failed."),
    ReminderOver: _l(
        "The reminder’s time is over: it is sent at most twelve hours after the planned time,"
        " and not once the forum has begun."
    ),
    SubjectTells: _l(
        "The subject names the forum, organiser or place as they are called now. Save the words with another one."
    ),
    Planned: _l(
        "It is in the plan of reminders and leaves on its day. Take it out of the plan to send it now."
    ),
    NeedsFilters: _l(
        "A reminder after confirming is for people whom filters find. Choose for whom it is by sector or status."
    ),
    BegunAlready: _l("It has begun already. You can pause it, or end it for those who wait."),
    DraftAgain: _l("It has been stopped already: nobody has got it, and it is a draft again."),
    UnknownFilter: _l("A filter is gone by which people were chosen. Choose again for whom it is."),
}
DECIDED = _l("Somebody has sent or deleted the message meanwhile. This page shows how it stands now.")


def find_or_404(event: Event, number: int) -> Mailing:
    """Return the event's message in the organisers' own words; abort with 404 for any other mailing (S13).

    A message to people who have not answered about diet or access is shown to the role care alone (S14).
    """
    mailing = queries.find(event, number, MailingKind.OWN_WORDS)
    return mailing if mailing and may_know_people(mailing) else abort(404)


def by_now() -> dict[str, Any]:
    """Return the keyword arguments `actor` and `now` that rules take: who acts, and when."""
    return {"actor": sign_ins.current_actor(), "now": clock.now()}


def change(slug: str, number: int, act: Callable[..., Any], done: str, **values: Any) -> ResponseReturnValue:
    """Apply `act` to the event's message, flash `done` or the refusal, and redirect to the message."""
    mailing = find_or_404(get_locked_or_404(slug), number)
    try:
        act(mailing, **values, **by_now())
    except MailingRefused as refusal:
        return refused(slug, number, refusal)
    db.session.commit()
    flash(done, "success")
    return lead_to(mailing)


def refused(slug: str, number: int, refusal: Exception) -> ResponseReturnValue:
    """Roll back, flash why the change was refused, and redirect to the message's page."""
    db.session.rollback()
    flash(_refusal_words(refusal), "warning")
    return redirect(url_for("own_mailings.write", event=slug, mailing=number), 303)


def lead_to(mailing: Mailing) -> ResponseReturnValue:
    """Redirect to the page of the message: its words while it is a draft, else its results."""
    endpoint = "own_mailings.write" if mailing.status == MailingStatus.PROPOSED else "sent_mailings.show"
    return redirect(url_for(endpoint, event=mailing.event.slug, mailing=mailing.id), 303)


def _refusal_words(refusal: Exception) -> str:
    if isinstance(refusal, WordsMissing):
        names = ", ".join(map(language_name, refusal.languages))
        return _(
            "The text is missing in: %(languages)s. Write it, or choose a language instead.", languages=names
        )
    return str(REFUSALS.get(type(refusal), DECIDED))
