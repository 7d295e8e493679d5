"""What a page says before a message goes to many people: how many by language and by sector, and how long it takes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

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
    return Expected(
        [Group(language_name(code).capitalize(), grouped(languages[code])) for code in _in_order(languages)],
        _list_sectors(event, sectors),
        _duration_text(progress.seconds_for_new(domains)),
    )


def _in_order(languages: Mapping[str, int]) -> list[str]:
    """Return the codes with a number, those of the forum's languages first and in their order."""
    return [code for code in dict.fromkeys([*NAMES, *sorted(languages)]) if languages.get(code)]


def _list_sectors(event: Event, numbers: Mapping[int, int]) -> list[Group]:
    """Return the sectors with their numbers; small ones are told together to whoever may not open the attendee list.

    A message may be for people whom an answer has found. With exact numbers, somebody who may only send messages could
    read what few people of a sector have answered (P10).
    """
    shown = [sector for sector in event.sectors if numbers.get(sector.id)]
    ids = [sector.id for sector in shown]
    together = () if may_open("attendees.index", event) else list_together(ids, numbers)
    alone = [sector for sector in shown if sector.id not in together]
    groups = [Group(in_language(sector.name), grouped(numbers[sector.id])) for sector in alone]
    rest = sum(numbers[sector_id] for sector_id in together)
    return [*groups, Group(_("Other sectors"), grouped(rest))] if rest else groups


def _duration_text(seconds: float) -> str:
    if not pacing.is_on():
        return _(
            "No pace is set: the messages leave one after another, as fast as the mail server takes them."
        )
    if seconds >= TOLD_IN_HOURS:
        return ngettext(
            "Once it has begun, sending takes about %(num)s hour.",
            "Once it has begun, sending takes about %(num)s hours.",
            round(seconds / HOUR),
        )
    return ngettext(
        "Once it has begun, sending takes about %(num)s minute.",
        "Once it has begun, sending takes about %(num)s minutes.",
        max(1, round(seconds / 60)),
    )
