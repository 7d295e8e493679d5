"""The filters of the attendee list in words: all choices for its panel, and a chip for each chosen filter."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import pgettext
from markupsafe import Markup
from sqlalchemy import func, select

from forum.events.models import Event
from forum.extensions import db
from forum.questions.enums import NO, YES
from forum.questions.models import Question
from forum.questions.wording import answer_text
from forum.registration import belonging, imported, listing, narrowing, wording
from forum.registration.enums import AddressState, ConsentPurpose, Group
from forum.registration.filtering import Filters
from forum.registration.listing import BY_LIFE, Counts
from forum.registration.models import Registration
from forum.registration.narrowing import BETWEEN, UNANSWERED
from forum.web.countries import NORDIC, country_names, other_options
from forum.web.languages import NAMES, day_text, in_language, language, language_name, short_moment_text


@dataclass(frozen=True)
class Option:
    """A value that a filter may have, in words.

    `number` is how many people the list would show if this were the only value of its filter and the other filters
    stayed; None if the panel shows no number.
    """

    value: str
    label: str
    is_chosen: bool
    number: int | None = None


@dataclass(frozen=True)
class Choice:
    """A filter of the list as a group of boxes to tick; the list shows people who have any of the ticked values."""

    name: str
    label: str
    options: Sequence[Option]

    @property
    def chosen(self) -> list[Option]:
        """The options that are ticked."""
        return [option for option in self.options if option.is_chosen]


@dataclass(frozen=True)
class Chip:
    """A chosen filter in words; `url` is the URL of the list without this filter."""

    label: str
    words: str
    url: str


@dataclass(frozen=True)
class Panel:
    """The panel of filters: `main` are the filters used most, `more` all others, `chips` the chosen ones.

    `countries` is HTML: the options of a drop-down list with the countries that have no box.
    """

    main: Sequence[Choice]
    more: Sequence[Choice]
    countries: Markup
    chips: Sequence[Chip]

    @property
    def more_chosen(self) -> int:
        """How many of the chosen filters are not among the main ones."""
        return len(self.chips) - sum(1 for choice in self.main if choice.chosen)


def describe(
    event: Event,
    filters: Filters,
    asked: Sequence[Question],
    counts: Counts | None = None,
    tags: Sequence[str] = (),
) -> Panel:
    """Return the panel and the chips of the list's filters; `asked` is what `narrowing.list_asked` returns.

    With `counts`, by sector and status, sectors and statuses get numbers as far as these counts give them: no rows are
    counted for a box. `tags` are those that the panel offers besides the chosen ones.
    """
    main = [_sectors(event, filters, counts), _statuses(event, filters, counts), _countries(filters)]
    more = [
        _organisations(event, filters),
        *_of_people(tags, filters),
        *_consents(filters),
        *_answers(asked, filters),
        _imports(event, filters),
        _days(filters),
    ]
    others = other_options(language(), frozenset(option.value for option in main[2].options))
    shown = [choice for choice in more if choice.options]
    return Panel(main, shown, others, [*_chips(event, filters, [*main, *shown])])


def said(event: Event, filters: Filters) -> list[str]:
    """Return the chosen filters of the list in words, such as "Sector: Politics", for a printed page."""
    return [
        f"{chip.label}: {chip.words}" for chip in describe(event, filters, narrowing.list_asked(event)).chips
    ]


def name_gone(parameter: str) -> str:
    """Return the words, such as "A sector that is gone", for a filter (by its URL parameter) whose value is gone."""
    names = {
        "sector": _("A sector that is gone"),
        "answer": _("An answer to a question that is gone or was changed"),
        "delegation": _("A delegation that is gone"),
        "import": _("An import that was undone"),
    }
    return names.get(parameter) or _("A filter that the list no longer has")


def _options(values: Iterable[tuple[str, Any]], chosen: Iterable[str]) -> list[Option]:
    taken = set(chosen)
    return [Option(value, str(label), value in taken) for value, label in values]


def _sectors(event: Event, filters: Filters, counts: Counts | None) -> Choice:
    alone = ((sector, replace(filters, sectors=(sector,))) for sector in event.sectors)
    options = [
        Option(one.key, in_language(one.name), one in filters.sectors, _number(event, narrowed, counts))
        for one, narrowed in alone
    ]
    return Choice("sector", _("Sector"), options)


def _statuses(event: Event, filters: Filters, counts: Counts | None) -> Choice:
    alone = ((status, replace(filters, statuses=(status,))) for status in (*Group, *BY_LIFE))
    options = [
        Option(str(one), wording.status_name(one), one in filters.statuses, _number(event, narrowed, counts))
        for one, narrowed in alone
    ]
    return Choice("status", _("Status"), options)


def _number(event: Event, filters: Filters, counts: Counts | None) -> int | None:
    return None if counts is None else listing.tell_number(event, filters, counts)


def _countries(filters: Filters) -> Choice:
    """Return boxes for the Nordic countries and for chosen countries; a drop-down list has all other countries."""
    names, chosen = country_names(language()), filters.values("country")
    codes = [*NORDIC, *(code for code in chosen if code not in NORDIC)]
    return Choice("country", _("Country"), _options(((code, names[code]) for code in codes), chosen))


def _organisations(event: Event, filters: Filters) -> Choice:
    keys = filters.values("organisation")
    names = _names_of(event, keys)
    return Choice(
        "organisation", _("Organisation"), _options(((key, names.get(key, key)) for key in keys), keys)
    )


def _names_of(event: Event, keys: Sequence[str]) -> dict[str, str]:
    """Return, by key, each organisation's name as organisers have entered it, else as somebody has typed it."""
    if not keys:
        return {}
    named = belonging.find_names(event, keys)
    rest = [key for key in keys if key not in named]
    mine = Registration.event_id == event.id, Registration.organisation_key.in_(rest)
    typed = select(Registration.organisation_key, func.min(Registration.organisation)).where(*mine)
    rows = db.session.execute(typed.group_by(Registration.organisation_key)).all() if rest else []
    return {**named, **dict(rows)}


def _of_people(tags: Sequence[str], filters: Filters) -> Iterator[Choice]:
    offered = sorted({*tags, *filters.values("tag")})
    yield Choice("tag", _("Tag"), _options(((name, f"#{name}") for name in offered), filters.values("tag")))
    spoken = ((code, language_name(code)) for code in NAMES)
    yield Choice("language", _("Language"), _options(spoken, filters.values("language")))
    invited = ((YES, _("Invited")), (NO, _("Not invited")))
    yield Choice("invited", _("Invitation"), _options(invited, filters.values("invited")))
    states = (
        (AddressState.CONFIRMED, _("Confirmed")),
        (AddressState.ENTERED, _("Entered, not confirmed yet")),
        (AddressState.NONE, _("No address")),
    )
    yield Choice("address", _("E-mail address"), _options(states, filters.values("address")))


def _consents(filters: Filters) -> Iterator[Choice]:
    for purpose in ConsentPurpose:
        words = ((YES, _("Given")), (NO, _("Not given")))
        named = ((f"{purpose}{BETWEEN}{value}", word) for value, word in words)
        label = _("Consent: %(purpose)s", purpose=wording.CONSENTS[purpose])
        yield Choice("consent", label, _options(named, filters.values("consent")))


def _answers(asked: Sequence[Question], filters: Filters) -> Iterator[Choice]:
    """Yield a filter for each question, with its answers; for a withdrawn question only while it filters the list."""
    chosen = narrowing.by_first(filters.values("answer"))
    for question in asked:
        if question.withdrawn_at is None or question.key in chosen:
            words = {value: answer_text(question, value) for value in narrowing.answers_to(question)}
            named = {**words, UNANSWERED: _("No answer")}.items()
            options = _options(
                ((f"{question.key}{BETWEEN}{value}", word) for value, word in named), filters.values("answer")
            )
            yield Choice("answer", in_language(question.label), options)


def _imports(event: Event, filters: Filters) -> Choice:
    """Return an option for each chosen import; an import is chosen by a link on the page of imports."""
    chosen = filters.values("import")
    moments = imported.find_moments(event, [*map(int, chosen)])
    named = ((value, short_moment_text(moments[int(value)], event.zone)) for value in chosen)
    return Choice("import", pgettext("filter", "Import"), _options(named, chosen))


def _days(filters: Filters) -> Choice:
    words = (_("today"), _("since yesterday"), _("in the last 7 days"), _("in the last 30 days"))
    named = zip(narrowing.DAYS, words, strict=True)
    return Choice("within", _("Registered"), _options(named, filters.values("within")))


def _chips(event: Event, filters: Filters, choices: Sequence[Choice]) -> Iterator[Chip]:
    """Yield a chip for each chosen filter: the alternatives of one kind stand together and are removed together."""

    def without(name: str, *values: str) -> str:
        kept = [one for one in filters.query().get(name, ()) if one not in values] if values else []
        query = filters.query(**{name: kept})
        return url_for("attendees.index", event=event.slug, **query)

    for choice in choices:
        if chosen := choice.chosen:
            words = ", ".join(option.label for option in chosen)
            yield Chip(choice.label, words, without(choice.name, *(option.value for option in chosen)))
    if filters.delegation:
        name = wording.membership_name(filters.delegation)
        yield Chip(_("Delegation"), name, without("delegation"))
    if filters.chooser:
        yield Chip(_("People"), _("those chosen"), without("chosen"))
    for name, label, day in (
        ("since", _("Registered from"), filters.since),
        ("until", _("Registered until"), filters.until),
    ):
        if day:
            yield Chip(
                label, day_text(datetime.combine(day, time(12), event.zone), event.zone), without(name)
            )
