"""What a page says before a message goes to many people: how many by language and by sector, and how long it takes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from flask_babel import gettext as _
from flask_babel import ngettext

from forum.accounts.access import may_open
from forum.events.models import Event
from forum.mailings import progress
from forum.mailings.audience import Addressee
from forum.mailings.chosen_audience import Reader
from forum.outbox import pacing
from forum.registration.small_numbers import list_together
from forum.web.languages import NAMES, grouped, in_language, language_name

Key = TypeVar("Key")
HOUR = 60 * 60
# An estimate of at least this many seconds is told in hours instead of minutes.
TOLD_IN_HOURS = 2 * HOUR


class Group(NamedTuple):
    """The name of a language or sector, and the number of its people who get the message."""

    label: str
    value: str


@dataclass(frozen=True)
class Expected:
    """A message that is not sent yet: its people by language and by sector, and in words how long sending takes."""

    languages: Sequence[Group]
    sectors: Sequence[Group]
    duration: str


def describe_expected(
    event: Event, people: Sequence[Reader | Addressee], languages: Mapping[str, int]
) -> Expected:
    """Return what is known of a message to these people; `languages` has their numbers by the language of the mail."""
    domains = Counter(person.domain for person in people)
    sectors = Counter(person.sector_id for person in people)
    names = {sector.id: in_language(sector.name) for sector in event.sectors}
    codes = {code: language_name(code).capitalize() for code in dict.fromkeys([*NAMES, *sorted(languages)])}
    return Expected(
        _groups(event, codes, languages, _("Other languages")),
        _groups(event, names, sectors, _("Other sectors")),
        _duration_text(progress.seconds_for_new(domains)),
    )


def _groups(event: Event, names: Mapping[Key, str], numbers: Mapping[Key, int], rest: str) -> list[Group]:
    """Return languages or sectors by name with their numbers of people.

    For organisers who may not open the attendee list, small numbers are added up as `rest`. A message may be for people
    who were found by an answer: with exact numbers, somebody who may only send messages could read what few people
    have answered (P10).
    """
    shown = [key for key in names if numbers.get(key)]
    together = () if may_open("attendees.index", event) else list_together(shown, numbers)
    alone = [Group(names[key], grouped(numbers[key])) for key in shown if key not in together]
    if not together:
        return alone
    label = rest if alone else _("Together")
    return [*alone, Group(label, grouped(sum(numbers[key] for key in together)))]


def _duration_text(seconds: float) -> str:
    if not pacing.is_on():
        return _(
            "No pace is set: the messages leave one after another, as fast as the mail server takes them."
        )
    if seconds >= TOLD_IN_HOURS:
        return ngettext(
            "Once it has begun, sending takes at least %(num)s hour.",
            "Once it has begun, sending takes at least %(num)s hours.",
            round(seconds / HOUR),
        )
    return ngettext(
        "Once it has begun, sending takes at least %(num)s minute.",
        "Once it has begun, sending takes at least %(num)s minutes.",
        max(1, round(seconds / 60)),
    )
