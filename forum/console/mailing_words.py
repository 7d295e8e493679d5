"""Words and numbers about mailings for the console's pages."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum import clock
from forum.mailings import mails, own_words, queries
from forum.mailings.audience import Audience, audience_of
from forum.mailings.enums import MailingKind, MailingStatus
from forum.mailings.facts import Facts, Part, differing, event_with
from forum.mailings.models import Mailing
from forum.outbox.rendering import Rendered
from forum.web.languages import NAMES, in_language, language

PARTS = {
    Part.DAYS: _l("days or hours"),
    Part.ZONE: _l("time zone"),
    Part.PLACE: _l("place"),
    Part.CANCELLED: _l("whether it takes place"),
}
STATES = {
    MailingStatus.PROPOSED: (_l("Not sent"), "wait"),
    MailingStatus.SENDING: (_l("Being sent"), "offered"),
    MailingStatus.PAUSED: (_l("Paused"), "wait"),
    MailingStatus.DONE: (_l("Finished"), "in"),
    MailingStatus.STOPPED: (_l("Ended early"), "out"),
    MailingStatus.SUPERSEDED: (_l("Replaced by a newer change"), "out"),
    MailingStatus.DISMISSED: (_l("No message needed"), "out"),
}


@dataclass(frozen=True)
class Proposed:
    """A proposed mailing, not sent yet: what has changed, and how many people have not been told of the change."""

    mailing: Mailing
    people: int
    parts: str


@dataclass(frozen=True)
class Row:
    """A mailing in the list of messages: its state as text and icon, what changed, and how many mails were sent."""

    mailing: Mailing
    label: str
    kind: str
    parts: str
    counts: queries.Counts


@dataclass(frozen=True)
class Preview:
    """A mail in one language for people who were told the same earlier facts, and how many people get it.

    `step` is the index of these facts in the mailing's `steps`. `lacks_words` says that the organisers' own words are
    missing in this language.
    """

    code: str
    step: int
    people: int
    mail: Rendered
    lacks_words: bool


def describe_open(mailing: Mailing) -> Proposed:
    """Return the open mailing in words, with the number of people whom it has not reached."""
    if mailing.status == MailingStatus.PROPOSED:
        people = len(audience_of(mailing).people)
    else:
        counts = queries.count_by_result([mailing])[mailing.id]
        people = counts.waiting + counts.retried
    return Proposed(mailing, people, parts_text(mailing))


def describe_rows(mailings: list[Mailing]) -> list[Row]:
    """Return the mailings as rows of a list."""
    counts = queries.count_by_result(mailings)
    return [
        Row(mailing, *state_words(mailing), parts_text(mailing), counts[mailing.id]) for mailing in mailings
    ]


def is_own(mailing: Mailing) -> bool:
    """Return whether organisers have written the mailing themselves."""
    return mailing.kind == MailingKind.OWN_WORDS


def state_words(mailing: Mailing) -> tuple[str, str]:
    """Return a mailing's state as text and icon; one that is sent later is called "Planned" until its time comes."""
    if mailing.status == MailingStatus.SENDING and own_words.can_take_back(mailing, clock.now()):
        return _("Planned"), "wait"
    label, kind = STATES[mailing.status]
    return str(label), kind


def parts_text(mailing: Mailing) -> str:
    """Return what has changed, such as "Days or hours, place", or the subject of a message that organisers wrote."""
    if is_own(mailing):
        return in_language(mailing.subjects)
    was, now = mailing.steps[0]["facts"], mailing.steps[-1]["facts"]
    named = {part for code in NAMES for part in differing(was, now, code)}
    named |= {Part.CANCELLED} if _find_told_otherwise(mailing) else set()
    words = ", ".join(str(PARTS[part]) for part in Part if part in named)
    return words[:1].upper() + words[1:] if words else _("Changed and changed back")


def list_previews(mailing: Mailing, audience: Audience) -> list[Preview]:
    """Return the versions of a mailing's mail: by language and by the earlier facts that recipients know."""
    numbers = audience.by_mail
    return [
        Preview(
            code,
            step,
            numbers[code, step],
            mails.preview(mailing, code, step),
            bool(mailing.words) and not mailing.words.get(code),
        )
        for code in NAMES
        for step in sorted(known for language, known in numbers if language == code)
    ]


def facts_compared(mailing: Mailing) -> dict[str, Any]:
    """Return the event's former and present facts, each as an event, and the parts that differ in any language.

    `told` has the facts before the change by which some recipients know whether the event takes place.
    """
    was, now = mailing.steps[0]["facts"], mailing.steps[-1]["facts"]
    codes = [language(), *NAMES]
    parts = {part for code in codes for part in differing(was, now, code)}
    otherwise = _find_told_otherwise(mailing)
    parts |= {Part.CANCELLED} if otherwise else set()
    return {
        "was": event_with(was),
        "told": event_with(otherwise or was),
        "holds": event_with(now),
        "parts": parts,
    }


def _find_told_otherwise(mailing: Mailing) -> Facts | None:
    """Return facts of an intermediate step that recipients know, if they are wrong on whether the event is cancelled.

    None if there are no such facts. An earlier mailing has told them: where the event was moved, then cancelled, and
    takes place after all, neither the first facts nor the present ones say that it was cancelled.
    """
    now = mailing.steps[-1]["facts"]
    between = {
        number: step["facts"]
        for number, step in enumerate(mailing.steps[1:-1], start=1)
        if bool(step["facts"].get("cancelled_at")) != bool(now.get("cancelled_at"))
    }
    if not between:
        return None
    if mailing.status == MailingStatus.PROPOSED:
        known = {person.step for person in audience_of(mailing).people}
    else:
        known = queries.list_steps(mailing)
    return next((facts for number, facts in between.items() if number in known), None)
