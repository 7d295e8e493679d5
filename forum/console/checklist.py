"""The checklist before an event is published: its facts, its places, its texts, mail and safety."""

from collections.abc import Iterator
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from forum.console.checks import Check, Checklist, Group, State, link
from forum.console.question_checks import question_checks
from forum.console.sector_words import idle_text
from forum.console.text_checks import name_missing, text_checks
from forum.events.days import has_hours
from forum.events.models import Event
from forum.health import backups
from forum.outbox import heartbeats, relay, transport
from forum.outbox.wording import no_server_text, relay_text
from forum.web.languages import dates_of, in_language, moment_text


def checklist_of(event: Event, now: datetime) -> Checklist:
    """Return the event's checklist; the caller has loaded the event's sectors and pages."""
    return Checklist(
        (
            Group(_("Facts"), tuple(_facts(event))),
            Group(_("Places"), tuple(_places(event, now))),
            Group(_("Texts"), (*text_checks(event), *question_checks(event))),
            Group(_("Mail and safety"), tuple(_mail_and_safety(event, now))),
        )
    )


def _facts(event: Event) -> Iterator[Check]:
    facts = link("settings.facts", event=event.slug)
    yield _name_and_place(event, facts)
    yield _check(
        has_hours(event),
        _("Hours of each day"),
        _("Until they are known, pages and calendars show whole days."),
        facts,
        otherwise=State.LATER,
    )
    yield from _organiser(event)


def _name_and_place(event: Event, url: str) -> Check:
    title = _("Name, dates and place")
    texts = {
        _("Name"): event.name,
        _("Short name"): event.short_name,
        _("Place"): event.place,
        _("How to get there"): event.directions,
    }
    if missing := name_missing(texts, event.offered_languages):
        words = _("Not translated, so visitors read it in another language: %(missing)s.", missing=missing)
        return Check(title, State.NEEDED, words, url, _("Fill in"))
    words = f"{in_language(event.name)}, {dates_of(event)}, {in_language(event.place)}"
    return Check(title, State.DONE, words, url, _("Change"))


def _organiser(event: Event) -> Iterator[Check]:
    organiser = link("settings.organiser", event=event.slug)
    yield _check(
        bool(in_language(event.organiser_name)),
        _("Organiser"),
        _("Visitors do not learn who arranges the event and answers for their data."),
        organiser,
    )
    yield _check(
        bool(event.contact_email),
        _("E-mail address for questions"),
        _("Without it nobody can ask a question, and answers to our messages reach nobody."),
        organiser,
    )
    yield _check(
        bool(event.organiser_address.get("street")),
        _("Postal address of the organiser"),
        _("It stands at the foot of every page and in the privacy notice."),
        organiser,
        otherwise=State.LATER,
    )
    yield _check(
        bool(event.help_lines),
        _("Help lines by country"),
        _("Until they are filled in, every page shows the Swedish numbers 112 and 114 14."),
        organiser,
        otherwise=State.LATER,
    )


def _places(event: Event, now: datetime) -> Iterator[Check]:
    sectors = link("settings.sectors", event=event.slug)
    yield _sectors(event, sectors)
    registration = link("settings.registration", event=event.slug)
    if event.closes_at <= now:
        yield Check(
            _("When registration is open"),
            State.NEEDED,
            _("It would be closed: it ended on %(moment)s.", moment=moment_text(event.closes_at, event.zone)),
            registration,
            _("Change"),
        )
        return
    yield Check(
        _("When registration is open"),
        State.DONE,
        _(
            "Opens on %(opens)s and closes on %(closes)s.",
            opens=moment_text(event.opens_at, event.zone),
            closes=moment_text(event.closes_at, event.zone),
        ),
        registration,
        _("Change"),
    )


def _sectors(event: Event, url: str) -> Check:
    floors = sum(sector.floor for sector in event.sectors)
    title, state, change = _("Sectors add up"), State.NEEDED, _("Change")
    if not event.sectors:
        return Check(_("Sectors"), state, _("There is none, so nobody can register."), url, _("Fill in"))
    if floors > event.capacity:
        words = _(
            "Floors keep %(floors)s places, and there are %(places)s.", floors=floors, places=event.capacity
        )
    elif event.idle:
        words = idle_text(event)
    else:
        state = State.DONE
        words = ngettext(
            "%(num)s sector; floors keep %(floors)s of %(places)s places.",
            "%(num)s sectors; floors keep %(floors)s of %(places)s places.",
            len(event.sectors),
            floors=floors,
            places=event.capacity,
        )
    return Check(title if state == State.DONE else _("Sectors do not add up"), state, words, url, change)


def _mail_and_safety(event: Event, now: datetime) -> Iterator[Check]:
    yield _mail_server(event, now)
    is_silent = heartbeats.is_silent(heartbeats.last_beat(now=now), now=now)
    yield _check(
        not is_silent,
        _("Messages are being sent"),
        _(
            "The program that sends messages has not been heard from."
            " Whoever runs the server should see that it is started."
        ),
    )
    yield _check(
        backups.find_last(now).is_recent,
        _("Backup of the last day"),
        _("None was made on this machine. Whoever runs the server can make one every night."),
        otherwise=State.LATER,
    )


def _mail_server(event: Event, now: datetime) -> Check:
    title = _("Mail server")
    if not transport.has_server():
        return Check(title, State.NEEDED, no_server_text())
    if trouble := relay.find_trouble():
        return Check(title, State.NEEDED, relay_text(trouble, event.zone, now))
    return Check(title)


def _check(
    is_done: bool, title: str, missing: str, url: str = "", *, otherwise: State = State.NEEDED
) -> Check:
    """Return a check that is done, or one that says what is missing and links to the page for it."""
    return (
        Check(title, State.DONE, "", url, _("Change"))
        if is_done
        else Check(title, otherwise, missing, url, _("Fill in"))
    )
