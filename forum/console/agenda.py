"""The tasks and coming dates of an event, which an organiser finds first in the console."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from babel.dates import format_datetime
from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from forum.accounts import sign_ins
from forum.accounts.access import may_open
from forum.audit import queries as audit
from forum.console import agenda_tasks
from forum.console.agenda_posts import list_planned_posts
from forum.console.agenda_tasks import ALARM, Task
from forum.console.mailings import proposed_change
from forum.console.scope import mail_scope
from forum.console.text_checks import blanks_of
from forum.console.waits import waits_of
from forum.events import queries as events
from forum.events.days import has_hours
from forum.events.enums import RegistrationState
from forum.events.models import Event
from forum.mailings.enums import MailingStatus
from forum.outbox import listing as outbox
from forum.outbox.wording import relay_text
from forum.privacy import queries as privacy
from forum.privacy.models import ErasureRequest
from forum.registration import line_queries, listing, tombstones, wording
from forum.registration.balance import Balance
from forum.registration.enums import RestrictionState, Status
from forum.registration.restriction_models import RestrictionRequest
from forum.review import queries as reviews
from forum.web.languages import day_text, language

BRAKES_SHOWN = timedelta(days=1)


@dataclass(frozen=True)
class Coming:
    """A change that will happen by itself at a moment, such as the end of registration."""

    at: datetime
    at_text: str
    text: str


def list_tasks(event: Event, counts: listing.Counts, now: datetime) -> list[Task]:
    """Return the event's tasks that the signed-in user may do, first the tasks for which people are waiting."""
    # For each kind of task: the page where it is done (or one with the same audience), and the function that lists the
    # tasks. An organiser who may open the page sees the tasks.
    kinds: tuple[tuple[str, Callable[[Event, datetime], Iterator[Task]]], ...] = (
        ("erasure_requests.index", _requests),
        ("erasure_requests.index", _erasures),
        ("review.index", _reviews),
        ("waiting_list.index", partial(_offers, counts=counts)),
        ("mailings.show", _mailings),
        ("outbox.index", _mail_troubles),
        ("outbox.index", agenda_tasks.list_missing_server),
        ("settings.sectors", agenda_tasks.list_idle_places),
        ("bulk.index", agenda_tasks.list_standing_work),
        ("log.index", _brakes),
        ("posts.index", list_planned_posts),
        ("settings.texts", _blanks),
        ("log.index", agenda_tasks.list_old_backup),
    )
    return [
        task for endpoint, list_kind in kinds if may_open(endpoint, event) for task in list_kind(event, now)
    ]


def list_coming(event: Event, balance: Balance, counts: listing.Counts, now: datetime) -> list[Coming]:
    """Return the coming moments of the event, the next one first; none if the event is over or cancelled."""
    if events.is_off(event, now):
        return []
    moments = [(event.starts_at, _("The forum begins")), (event.ends_at, _("The forum ends"))]
    moments += [(event.opens_at, _("Registration opens")), (event.closes_at, _("Registration closes"))]
    if event.freezes_at:
        moments.append((event.freezes_at, _("People can no longer change their answers themselves")))
    if event.release_at and balance.kept:
        text = ngettext(
            "Kept places are released: today %(num)s place",
            "Kept places are released: today %(num)s places",
            balance.kept,
        )
        moments.append((event.release_at, text))
    if listing.total(counts, status=Status.OFFERED):
        number, ends = line_queries.find_ending(event, now)
        if ends is not None:
            moments.append(
                (ends, ngettext("The open offer ends", "The first of %(num)s open offers ends", number))
            )
    ahead = sorted((moment for moment in moments if moment[0] > now), key=lambda moment: moment[0])
    return [Coming(at, _moment(at, event, now), text) for at, text in ahead]


def standing_text(event: Event, now: datetime) -> str:
    """Return a sentence about the event's state today: unpublished, over, or how long registration is open."""
    if events.is_over(event, now):
        return _("The forum is over.")
    if event.cancelled_at:
        return _("The forum is cancelled.")
    state, zone = events.registration_state(event, now), event.zone
    if state == RegistrationState.UNPUBLISHED:
        return _("The event is not published: visitors do not see it.")
    if state == RegistrationState.UPCOMING:
        return _("Registration opens on %(day)s.", day=day_text(event.opens_at, zone))
    if state == RegistrationState.CLOSED:
        return _("Registration is closed.")
    days = (event.closes_at.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days == 0:
        return _("Registration closes today.")
    return ngettext(
        "Registration is open for %(num)s more day.", "Registration is open for %(num)s more days.", days
    )


def _requests(event: Event, now: datetime) -> Iterator[Task]:
    """Yield a task for requests about personal data, marked as trouble after three weeks of the month for answering."""
    if not waits_of(event).open_requests:
        return
    erasures, others = privacy.list_open(event), privacy.list_restrictions(event, RestrictionState.OPEN)
    both: list[ErasureRequest | RestrictionRequest] = [*erasures, *others]
    requests = sorted(both, key=lambda request: request.due_at)
    overdue = sum(request.due_at <= now for request in requests)
    if overdue:
        detail = _("%(overdue)s too late to answer.", overdue=overdue)
    else:
        last_day = day_text(requests[0].last_moment, event.zone)
        detail = _("The first answer is due on %(day)s at the latest.", day=last_day)
    yield Task(
        len(requests),
        ngettext("person has asked to be erased", "people have asked to be erased", len(requests))
        if not others
        else ngettext("request about personal data", "requests about personal data", len(requests)),
        detail,
        url_for("erasure_requests.index", event=event.slug),
        is_trouble=any(privacy.is_urgent(request, now) for request in requests),
    )


def _erasures(_event: Event, now: datetime) -> Iterator[Task]:
    """Yield a task if somebody who was erased may be in the database again, or may come back with a backup (P09)."""
    is_well, _words = tombstones.examine(now=now)
    if not is_well:
        yield Task(
            ALARM,
            _("Erased people may be here again, or come back with a restored backup"),
            _("Whoever runs the server should see what forum doctor says of erasures."),
            url_for("health.status"),
            is_trouble=True,
        )


def _reviews(event: Event, now: datetime) -> Iterator[Task]:
    """Yield a task for registrations that wait for a decision, marked as trouble once an answer is overdue."""
    number, sectors = waits_of(event).undecided, sign_ins.reviewed_sectors(event)
    first = next(iter(reviews.list_undecided(event, sectors, limit=1)), None) if number else None
    if first is None:
        return
    late = reviews.count_late(event, sectors, now)
    since = day_text(first.review_since or first.requested_at, event.zone)
    told = [_("%(name)s has waited longest, since %(day)s.", name=wording.full_name(first), day=since)]
    if late:
        told.append(
            ngettext(
                "%(num)s answer is later than promised.", "%(num)s answers are later than promised.", late
            )
        )
    elif first.answer_by:
        told.append(_("An answer is promised by %(day)s.", day=day_text(first.answer_by, event.zone)))
    yield Task(
        number,
        ngettext("registration waits for a decision", "registrations wait for a decision", number),
        " ".join(told),
        url_for("review.index", event=event.slug),
        is_trouble=bool(late),
    )


def _offers(event: Event, now: datetime, counts: listing.Counts) -> Iterator[Task]:
    if listing.total(counts, status=Status.OFFERED) and not event.cancelled_at:
        yield from agenda_tasks.list_ending_offers(event, now)


def _mailings(event: Event, _now: datetime) -> Iterator[Task]:
    """Yield a task for people who have not been told of a change, or who wait in a paused mailing."""
    if (proposed := proposed_change(event)) is None:
        return
    mailing, number = proposed.mailing, proposed.people
    url = url_for("mailings.show", event=event.slug, mailing=mailing.id)
    if number and mailing.status == MailingStatus.PAUSED:
        title = ngettext(
            "person is waiting in a paused mailing", "people are waiting in a paused mailing", number
        )
        yield Task(number, title, _("Continue or end it."), url)
    elif number and mailing.status == MailingStatus.PROPOSED:
        title = ngettext(
            "person has not been told about the latest change",
            "people have not been told about the latest change",
            number,
        )
        told = _("%(parts)s: write to them, or note that no message is needed.", parts=proposed.parts)
        yield Task(number, title, told, url)


def _mail_troubles(event: Event, now: datetime) -> Iterator[Task]:
    scope = mail_scope(event)
    trouble = outbox.find_trouble(scope, now=now)
    if trouble.failed:
        yield Task(
            trouble.failed,
            ngettext("message has failed", "messages have failed", trouble.failed),
            _("See why, and try again."),
            url_for("outbox.index", event=event.slug, status="failed"),
            is_trouble=True,
        )
    if trouble.is_late or trouble.is_silent or trouble.relay:
        yield Task(
            ALARM,
            _("Messages are not reaching people"),
            " ".join(_reasons(trouble, event, now)),
            url_for("outbox.index", event=event.slug),
            is_trouble=True,
        )


def _reasons(trouble: outbox.Trouble, event: Event, now: datetime) -> Iterator[str]:
    if trouble.relay:
        yield relay_text(trouble.relay, event.zone, now)
    if trouble.is_silent:
        yield _("The program that sends messages has not been heard from for some minutes.")
        if trouble.waiting:
            yield ngettext("%(num)s message is waiting.", "%(num)s messages are waiting.", trouble.waiting)
        yield _("Whoever runs the server should see that it is started.")
    elif trouble.is_late:
        yield ngettext(
            "%(num)s message has been waiting for more than 15 minutes.",
            "%(num)s messages are waiting, the first for more than 15 minutes.",
            trouble.waiting,
        )
        yield _("Whoever runs the server should see why the mail server takes nothing.")


def _brakes(event: Event, now: datetime) -> Iterator[Task]:
    brakes = audit.list_brakes(event, now - BRAKES_SHOWN)
    if not brakes:
        return
    number = sum(brake.times for brake in brakes)
    nothing_lost = _(
        "Nothing was lost: the page keeps the answers and sends them again at the press of a button."
        " Whoever runs the server can change the limits."
    )
    words = [wording.brake_words(brake, event.zone) for brake in brakes]
    yield Task(
        number,
        ngettext(
            "form was held back in the last 24 hours", "forms were held back in the last 24 hours", number
        ),
        " ".join([*words, nothing_lost]),
        url_for("log.index", event=event.slug),
    )


def _blanks(event: Event, now: datetime) -> Iterator[Task]:
    """Yield a task for blanks such as "[name]" that visitors see; an unpublished event has them in its checklist."""
    if not event.is_published or events.is_over(event, now):
        return
    blanks = blanks_of(event)
    if number := sum(len(text.words) for text in blanks):
        places = [f"{text.title}, {text.language} ({len(text.words)})" for text in blanks]
        yield Task(
            number,
            ngettext("blank on public pages", "blanks on public pages", number),
            "; ".join(places) + ".",
            blanks[0].url,
        )


def _moment(at: datetime, event: Event, now: datetime) -> str:
    """Return day and time as text, with the year unless it is this year, without a time if the hours are unknown."""
    there, today = at.astimezone(event.zone), now.astimezone(event.zone)
    is_bare = at in (event.starts_at, event.ends_at) and not has_hours(event)
    if is_bare and at == event.ends_at:
        there -= timedelta(seconds=1)
    pattern = " ".join(
        ["d MMM", *(["y"] if there.year != today.year else []), *([] if is_bare else ["HH:mm"])]
    )
    return format_datetime(there, pattern, locale=language())
