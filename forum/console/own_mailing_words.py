"""Words and numbers about messages that organisers write, for the console's pages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask import g
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from forum.accounts import sign_ins
from forum.accounts.access import may_open
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import chosen_audience, mails, progress, queries, reminder_times, results, unanswered
from forum.mailings.audience import Audience
from forum.mailings.chosen_audience import ChosenAudience
from forum.mailings.enums import Category, LeftOut, MailingStatus, RecipientStatus
from forum.mailings.models import Mailing, MailingRecipient
from forum.mailings.wording import CATEGORIES, reason_text
from forum.outbox.enums import MessageStatus
from forum.outbox.rendering import Rendered
from forum.outbox.wording import failure_text, report_text, status_words
from forum.outbox.wording import reason_text as aborted_text
from forum.registration import filter_words, listing, seen_lists
from forum.registration.filtering import Filters
from forum.registration.models import Registration
from forum.registration.narrowing import UnknownFilter
from forum.web.languages import NAMES, in_language

# The most people whom a page names as left out of a message.
NAMED = 50


@dataclass(frozen=True)
class Meant:
    """The recipients of a message: its filters in words, the people, and numbers and names of people who are left out.

    `is_unknown` is True when a filter does not exist any more, so that nobody can tell who was meant.
    """

    filters: Sequence[str]
    audience: ChosenAudience
    left: Sequence[tuple[str, int]]
    named: Sequence[tuple[Registration, str]]
    missing: Sequence[str]
    is_unknown: bool = False


@dataclass(frozen=True)
class Reached:
    """How many people get a new message of a category, and how many are left out, by reason.

    `category` is its name; "" when the numbers are those of all categories.
    """

    category: str
    people: int
    left: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class PersonsPreview:
    """The mail of one recipient, who is `number` of `people` recipients."""

    person: Registration
    number: int
    people: int
    code: str
    mail: Rendered


@dataclass(frozen=True)
class Result:
    """The outcome of the mail to one person, as text and icon."""

    label: str
    kind: str
    why: str
    at: datetime | None


def describe_meant(mailing: Mailing, said: Mailing | None = None) -> Meant:
    """Return the recipients of a message; their names are there only for organisers who may open people's pages.

    `said` is an unsaved version of the message: its words and its category then count instead of the stored ones.
    """
    said = said or mailing
    try:
        audience = chosen_audience.audience_of(mailing, category=said.category)
    except UnknownFilter:
        return Meant([_("A filter that the list no longer has")], ChosenAudience(), [], [], [], True)
    left = [(reason_text(reason), number) for reason, number in audience.reasons.items()]
    missing = chosen_audience.missing_languages(said, audience)
    return Meant(_filters_text(mailing, audience), audience, left, list_named(mailing, audience), missing)


def describe_chosen(event: Event, filters: Filters, category: str | None) -> list[Reached]:
    """Return how many of the people whom the filters find get a new message, and how many are left out and why.

    Before a category is chosen this is told for each, unless all categories reach the same people.
    """
    categories = [one for one in Category if one.value == category] or [*Category]
    audiences = chosen_audience.audiences_of(event, listing.matching(event, filters), categories)
    reached = [
        Reached(
            str(CATEGORIES[one]),
            len(audience.people),
            [(reason_text(reason), number) for reason, number in audience.reasons.items()],
        )
        for one, audience in audiences.items()
    ]
    is_same = all(one.left == reached[0].left for one in reached)
    return [replace(reached[0], category="")] if is_same else reached


def list_named(mailing: Mailing, audience: ChosenAudience | Audience) -> list[tuple[Registration, str]]:
    """Return some of the people who are left out, with the reason, if the organiser may open people's pages.

    A page that shows these names calls `note_named`.
    """
    if not audience.left or not may_open("attendees.show", mailing.event):
        return []
    reasons = dict(audience.left[:NAMED])
    people = db.session.scalars(select(Registration).where(Registration.id.in_(reasons)))
    by_id = {person.id: person for person in people}
    return [(by_id[number], reason_text(reason)) for number, reason in reasons.items() if number in by_id]


def note_named(event: Event, named: Sequence[tuple[Registration, str]]) -> None:
    """Record, as a view of the attendee list, that an organiser sees names of people whom a message leaves out."""
    if named:
        seen_lists.note_people(event, actor=sign_ins.current_actor())


def list_samples(mailing: Mailing) -> list[tuple[str, Rendered]]:
    """Return the message in each language in which it is written, as it looks when it is sent to the organiser."""
    codes = [code for code in NAMES if mailing.words.get(code)]
    return [(code, mails.preview_own_words(mailing, g.user, None, code)) for code in codes]


def preview_for(mailing: Mailing, audience: ChosenAudience, number: int) -> PersonsPreview | None:
    """Return the message as its recipient of this number gets it; None if the organiser may not open people's pages."""
    people = audience.people
    if not people or not may_open("attendees.show", mailing.event):
        return None
    number = min(max(number, 1), len(people))
    person = db.session.get_one(Registration, people[number - 1].registration_id)
    code = chosen_audience.code_for(mailing, person.language) or next(iter(mailing.words), person.language)
    mail = mails.preview_own_words(mailing, g.user, person, code)
    return PersonsPreview(person, number, len(people), code, mail)


def may_know_people(mailing: Mailing) -> bool:
    """Return whether the organiser may know how many people the message is for, and who they are.

    For a message to people who have not answered about diet or access, only the role care may: the list of recipients
    would also tell who has answered (S14).
    """
    return not unanswered.is_of_care(mailing) or may_open("counts.people", mailing.event)


def forgotten_words() -> str:
    """Return the sentence that recipients are not listed, because the answers that chose them are deleted (P27)."""
    return _(
        "The people were chosen by an answer that tells where somebody is. The answers were deleted after the forum,"
        " and with them who got this message."
    )


def narrowed_to(only: str, mailing: Mailing) -> str:
    """Return `only`, the filter of a message's results; "" if unknown, or if the organiser may not see these people."""
    may_see = only == results.TROUBLED or may_open("attendees.show", mailing.event)
    return only if only in {results.TROUBLED, results.OMITTED} and may_see else ""


def result_of(recipient: MailingRecipient, mailing: Mailing, *, is_of_care: bool) -> Result:
    """Return the outcome of a recipient's mail as text and icon.

    With `is_of_care` (answers on diet or access), a recipient left out without a stored reason has answered meanwhile.
    """
    message = recipient.message
    if message is not None and not (message.abort_reason and recipient.left_because):
        words = status_words(message.status, message.abort_reason)
        is_sent = message.status == MessageStatus.SENT
        why = (report_text if is_sent else failure_text)(message.last_error) if message.last_error else ""
        if message.abort_reason:
            why = aborted_text(message.abort_reason)
        return Result(words.label, words.kind, why, message.sent_at)
    if recipient.status == RecipientStatus.WAITING and not recipient.registration.is_live:
        return Result(_("Left out"), "out", reason_text(LeftOut.ENDED), None)
    if recipient.status == RecipientStatus.WAITING:
        return Result(_("Waiting"), "wait", "", None)
    why = reason_text(recipient.left_because) if recipient.left_because else ""
    if recipient.left_because == LeftOut.ENDED and recipient.registration.is_live:
        why = _("the registration had ended")
    elif not why and mailing.status == MailingStatus.STOPPED:
        why = _("the message was ended early")
    elif not why and is_of_care and recipient.status == RecipientStatus.LEFT_OUT:
        why = reason_text(LeftOut.ANSWERED)
    return Result(_("Left out"), "out", why, None)


def done_at(mailing: Mailing, counts: queries.Counts, now: datetime) -> datetime | None:
    """Return when the last mail will probably have left; None while no estimate is possible.

    The estimate uses the slower of the pace so far and the pace to which mails to many people are limited.
    """
    begun = mailing.begins_at or mailing.started_at
    if mailing.status != MailingStatus.SENDING or begun is None or now <= begun or not counts.waiting:
        return None
    done = counts.sent + counts.failed + counts.retried
    so_far = (now - begun).total_seconds() / done * counts.waiting if done else 0
    seconds = max(so_far, progress.seconds_left(mailing))
    return now + timedelta(seconds=seconds) if seconds else None


def too_late(mailing: Mailing, now: datetime) -> dict[str, Any]:
    """Return whether a paused reminder's time is over for everybody, and for how many of those who wait for it."""
    reminder = queries.find_reminder(mailing) if mailing.status == MailingStatus.PAUSED else None
    if reminder is None:
        return {"is_too_late": False, "too_late": 0}
    late = reminder_times.list_late_recipients(reminder, now, is_paused=True)
    return {"is_too_late": reminder_times.is_over(mailing, now), "too_late": len(late)}


def filters_text(event: Event, filters: Filters) -> list[str]:
    """Return the filters of the attendee list in words, and that a search found the people; [] for everybody.

    The searched words may be a name, so only organisers who may read names see them.
    """
    said = filter_words.said(event, filters)
    if filters.q and may_open("attendees.show", event):
        said.append(_("Search: “%(words)s”", words=filters.q))
    elif filters.q:
        said.append(_("Found by a search"))
    return said


def _filters_text(mailing: Mailing, audience: ChosenAudience) -> list[str]:
    if mailing.kept_counts is not None:
        return [forgotten_words()]
    if mailing.audience is None:
        number = len(audience.people) + len(audience.left)
        return [ngettext("%(num)s person chosen one by one", "%(num)s people chosen one by one", number)]
    filters: Any = chosen_audience.filters_of(mailing.audience, mailing.event)
    said = filters_text(mailing.event, filters)
    if question := unanswered.find_question(mailing):
        said.append(_("No answer: %(question)s", question=in_language(question.label)))
    return said or [_("Everybody")]
