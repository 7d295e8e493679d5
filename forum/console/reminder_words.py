"""The plan of reminders in words: dated lines with how many people each would reach today."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from forum.console.mailing_words import state_words
from forum.console.own_mailing_words import may_know_people
from forum.events import queries as events
from forum.events.models import Event
from forum.invitations import queries as invitations
from forum.invitations import silence
from forum.invitations.wording import silence_rule_text
from forum.mailings import chosen_audience, queries, reminder_times, reminders
from forum.mailings.enums import Anchor, LeftOut, MailingStatus, Skipped
from forum.mailings.errors import DayNotAhead, DayOver
from forum.mailings.models import Mailing, Reminder
from forum.mailings.moved_reminders import Followed
from forum.registration import offers
from forum.registration.narrowing import UnknownFilter
from forum.web.languages import hour_text, in_language, moment_text

WHY = {
    Skipped.LATE: _l("Left out: its hour was missed, so it did not leave late"),
    Skipped.NOBODY: _l("Left out: there was nobody to write to"),
    Skipped.WORDS: _l("Left out: a language is missing"),
    Skipped.SUBJECT: _l("Left out: the subject names the forum, organiser or place as they are called now"),
    Skipped.FILTER: _l("Left out: a filter is gone by which people were chosen"),
}


@dataclass(frozen=True)
class Line:
    """A line of the plan of reminders: the day, the mail, its state as text and icon, and how many people it reaches.

    `at` is None when no day is known; `people` and `url` are None if the organiser may not know the people. `is_ahead`
    says that the mail is in the plan, and has neither begun nor been left out.
    """

    at: datetime | None
    title: str
    rule: str
    url: str | None
    label: str
    kind: str
    people: int | None
    note: str = ""
    is_ahead: bool = False


def list_lines(event: Event, now: datetime) -> list[Line]:
    """Return the lines of the plan by day: organisers' reminders, and those that every event sends by itself."""
    late = queries.count_left_out(event, LeftOut.LATE)
    own = [_line(one, late.get(one.mailing_id, 0), now) for one in queries.list_reminders_of(event)]
    if events.is_off(event, now):
        own = [
            replace(line, label=_("Does not leave"), kind="out", people=0) if line.is_ahead else line
            for line in own
        ]
    ahead = [] if events.is_off(event, now) else [*_of_invitations(event, now), *_of_offers(event, now)]
    return sorted([*own, *ahead], key=lambda line: (line.at is None, line.at or now, line.title))


def rule_text(reminder: Reminder) -> str:
    """Return when a reminder leaves, such as "3 days before the forum, at 09:00"."""
    hour = hour_text(reminder.hour)
    if reminder.anchor == Anchor.START:
        if not reminder.days:
            return _("on the day the forum begins, at %(hour)s", hour=hour)
        return ngettext(
            "%(num)s day before the forum, at %(hour)s",
            "%(num)s days before the forum, at %(hour)s",
            reminder.days,
            hour=hour,
        )
    return ngettext(
        "%(num)s day after each person has confirmed, at %(hour)s",
        "%(num)s days after each person has confirmed, at %(hour)s",
        reminder.days,
        hour=hour,
    )


def _line(reminder: Reminder, late: int, now: datetime) -> Line:
    """Return the line of an organisers' reminder; `late` people were left out of it after it had begun."""
    mailing = reminder.mailing
    is_draft = mailing.status == MailingStatus.PROPOSED
    endpoint = "reminders.plan" if is_draft else "sent_mailings.show"
    label, kind = (_("Planned"), "wait") if is_draft else state_words(mailing)
    if reminder.skipped_at and reminder.skipped_because:
        label, kind = str(WHY[reminder.skipped_because]), "out"
    at, people, note = _reach(reminder, late, now)
    url = url_for(endpoint, event=mailing.event.slug, mailing=mailing.id)
    is_known = may_know_people(mailing)
    return Line(
        at,
        in_language(mailing.subjects),
        rule_text(reminder),
        url if is_known else None,
        label,
        kind,
        people if is_known else None,
        note if is_known else "",
        is_ahead=is_draft and not reminder.skipped_at,
    )


def _reach(reminder: Reminder, late: int, now: datetime) -> tuple[datetime | None, int, str]:
    """Return a reminder's next moment, how many people it would reach today, and a remark if it missed some, or ""."""
    mailing = reminder.mailing
    if reminder.anchor == Anchor.START and mailing.status != MailingStatus.PROPOSED:
        return mailing.begins_at, mailing.people, _missed_words(late)
    if reminder.skipped_at:
        return reminder.skipped_at, 0, _missed_words(late)
    try:
        if reminder.anchor == Anchor.START:
            return reminder_times.due_at(reminder), len(chosen_audience.audience_of(mailing).people), ""
        moments = [*reminders.list_newcomers(reminder, now).values()]
    except UnknownFilter:
        return None, 0, str(WHY[Skipped.FILTER])
    missed = sum(reminders.is_late(reminder, at, now) for at in moments)
    return reminders.first_of(moments, now), len(moments) - missed, _missed_words(missed + late)


def _missed_words(number: int) -> str:
    if not number:
        return ""
    return ngettext(
        "%(num)s person got none: the hour was missed.",
        "%(num)s people got none: the hour was missed.",
        number,
    )


def list_rules(event: Event) -> list[tuple[str, str, str, str]]:
    """Return the reminders that every event sends: name, rule, endpoint that changes the rule, kind of mail."""
    return [
        (
            _("Offered places that are not answered"),
            offer_rule_text(event),
            "reminder_rules.of_offers",
            "offer-reminder",
        ),
        (
            _("Invitations that are not answered"),
            silence_rule_text(event),
            "reminder_rules.of_invitations",
            "invitation-reminder",
        ),
    ]


def offer_rule_text(event: Event) -> str:
    """Return when people are reminded of offered places, such as "24 hours before the end of the offer"."""
    hours = event.offer_reminder_hours
    if hours is None:
        return _("with a quarter of the time left to answer")
    if not hours:
        return _("never")
    return ngettext(
        "%(num)s hour before the end of the offer", "%(num)s hours before the end of the offer", hours
    )


def _of_invitations(event: Event, now: datetime) -> Iterator[Line]:
    by_rule = [at for at in silence.list_moments(event, now).values() if at > now]
    for moments, rule in (
        (invitations.list_reminder_moments(event, now), _("before the deadline of each invitation")),
        (by_rule, silence_rule_text(event)),
    ):
        for at, number in _by_day(event, moments):
            url = url_for("invitations.index", event=event.slug)
            title = _("Invitations that are not answered")
            yield Line(at, title, rule, url, _("By itself"), "wait", number)


def _of_offers(event: Event, now: datetime) -> Iterator[Line]:
    for at, number in _by_day(event, offers.list_reminder_moments(event, now)):
        url = url_for("waiting_list.index", event=event.slug)
        title = _("Offered places that are not answered")
        yield Line(at, title, offer_rule_text(event), url, _("By itself"), "wait", number)


def _by_day(event: Event, moments: Sequence[datetime]) -> Iterable[tuple[datetime, int]]:
    """Group the moments by day at the venue; return each day's first moment, and how many moments the day has."""
    first: dict[date, datetime] = {}
    numbers: Counter[date] = Counter()
    for at in sorted(moments):
        day = at.astimezone(event.zone).date()
        first.setdefault(day, at)
        numbers[day] += 1
    return [(first[day], numbers[day]) for day in first]


def refusal_text(refusal: DayNotAhead, event: Event) -> str:
    """Return why a reminder cannot be planned for this day, with the moment at which it would leave."""
    moment = moment_text(refusal.due, event.zone)
    if isinstance(refusal, DayOver):
        return _("It would leave on %(moment)s, which has passed. Enter fewer days.", moment=moment)
    return _(
        "It would leave on %(moment)s, when the forum has begun. Enter more days, or choose an earlier hour.",
        moment=moment,
    )


def followed_texts(followed: Followed) -> list[str]:
    """Return sentences on the reminders that a new start of the event has left out or planned again."""
    sentences = []
    if followed.left_out:
        sentences.append(
            ngettext(
                "By the new days the hour of this reminder has passed, so it does not leave: %(subjects)s.",
                "By the new days the hours of these reminders have passed, so they do not leave: %(subjects)s.",
                len(followed.left_out),
                subjects=_subjects(followed.left_out),
            )
        )
    if followed.planned:
        sentences.append(
            ngettext(
                "This reminder had been left out and is planned again: %(subjects)s.",
                "These reminders had been left out and are planned again: %(subjects)s.",
                len(followed.planned),
                subjects=_subjects(followed.planned),
            )
        )
    return sentences


def _subjects(mailings: Sequence[Mailing]) -> str:
    return ", ".join(_("“%(subject)s”", subject=in_language(mailing.subjects)) for mailing in mailings)


def planned_words(reminder: Reminder) -> str:
    """Return the message after a reminder was planned."""
    event = reminder.mailing.event
    if reminder.anchor == Anchor.START:
        return _("Planned for %(moment)s.", moment=moment_text(reminder_times.due_at(reminder), event.zone))
    return _("Planned. It leaves to each person on their day.")
