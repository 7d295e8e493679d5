"""The columns of the attendee list: all that an event has, those that an organiser has chosen, and their cells.

The name is always shown. Cells are read for the people of one page, by one statement for each kind of column, from
tables that have the same rows for everybody: protected identity makes no difference (P21).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, func, select

from forum.events.models import Event
from forum.extensions import db
from forum.people.models import RegistrationTag
from forum.questions.models import Answer, Question
from forum.questions.wording import answer_text
from forum.registration import consents, delegated, invited, narrowing
from forum.registration.enums import ConsentPurpose
from forum.registration.list_column_models import ListColumns
from forum.registration.models import Registration
from forum.registration.saved_view_models import SavedView
from forum.registration.wording import CONSENTS, FIELDS
from forum.web.countries import country_names
from forum.web.languages import in_language, language, language_name

NAME = "name"  # The column of names is always shown, so organisers cannot choose this key.
ORGANISATION, SECTOR, STATUS, REGISTERED = "organisation", "sector", "status", "registered"
TAGS, INVITED = "tags", "invited"
DELIVERED = (ORGANISATION, SECTOR, delegated.COLUMN, STATUS, REGISTERED)
ANSWER = "answer-"  # The key of a question's column has this before the question's key.
# Built once, because each page of the attendee list runs this statement.
CHOSEN = select(ListColumns.names).where(
    ListColumns.user_id == bindparam("user_id"), ListColumns.event_id == bindparam("event_id")
)
LABELS: Mapping[str, Any] = {
    ORGANISATION: FIELDS["organisation"],
    "title": FIELDS["title"],
    "country": FIELDS["country"],
    SECTOR: _l("Sector"),
    delegated.COLUMN: _l("Delegation"),
    STATUS: _l("Status"),
    REGISTERED: _l("Registered"),
    "language": FIELDS["language"],
    TAGS: _l("Tags"),
    INVITED: _l("Invitation"),
    **{str(purpose): label for purpose, label in CONSENTS.items()},
}


@dataclass(frozen=True)
class Column:
    """A column of the attendee list; `cells` are its texts by registration id, empty where the template fills it."""

    key: str
    label: str
    is_chosen: bool = True
    cells: Mapping[int, str] = field(default_factory=dict)


def offered(asked: Sequence[Question], *, has_delegations: bool) -> dict[str, str]:
    """Return the headings of the columns that can be chosen (all but the name), by key, in the order of the list."""
    named = {key: str(label) for key, label in LABELS.items() if has_delegations or key != delegated.COLUMN}
    questions = (one for one in asked if one.withdrawn_at is None)
    return {**named, **{f"{ANSWER}{one.key}": in_language(one.label) for one in questions}}


def chosen(
    user_id: int, event: Event, view: SavedView | None = None, others: Sequence[str] = ()
) -> Sequence[str]:
    """Return the keys of the columns to show: those of the saved view, or `others` chosen while the view was open.

    Without a view, return those that the organiser has chosen for this event, else the standard ones.
    """
    names = None if view else db.session.scalar(CHOSEN, {"user_id": user_id, "event_id": event.id})
    return shown(names, view, others)


def shown(
    names: Sequence[str] | None, view: SavedView | None = None, others: Sequence[str] = ()
) -> Sequence[str]:
    """Return the columns of the open view, else those that the organiser has chosen (`names`), else the usual ones."""
    if view:
        return others or view.columns
    return DELIVERED if names is None else names


def known(event: Event, keys: Collection[str]) -> list[str]:
    """Return these keys in the order of the list, without keys of columns that the event does not have (S13, S34)."""
    return [key for key in offered(narrowing.list_asked(event), has_delegations=True) if key in keys]


def choose(user_id: int, event: Event, keys: Collection[str]) -> None:
    """Store which columns this organiser sees in the event's attendee list; the caller commits."""
    names = known(event, keys)
    row = db.session.get(ListColumns, (user_id, event.id))
    if row is None and names != list(DELIVERED):
        db.session.add(ListColumns(user_id=user_id, event_id=event.id, names=names))
    elif row is not None:
        row.names = names
    db.session.flush()


def reset(user_id: int, event: Event) -> None:
    """Show this organiser the standard columns of the event's attendee list again; the caller commits."""
    if row := db.session.get(ListColumns, (user_id, event.id)):
        db.session.delete(row)
    db.session.flush()


def describe(
    event: Event,
    rows: Sequence[Registration],
    asked: Sequence[Question],
    wanted: Collection[str],
    *,
    has_delegations: bool,
) -> list[Column]:
    """Return all columns of the list; those that are wanted, by their keys (`shown`), have the cells of these rows.

    `asked` is what `narrowing.list_asked` returns.
    """
    cells = _cells(event, rows, asked, wanted)
    return [
        Column(key, label, key in wanted, cells.get(key, {}))
        for key, label in offered(asked, has_delegations=has_delegations).items()
    ]


def select_tags() -> Any:
    """Return the subquery for a registration's tags in no particular order, separated by blanks, which no tag has."""
    tags = select(func.aggregate_strings(RegistrationTag.name, " "))
    return tags.where(RegistrationTag.registration_id == Registration.id).scalar_subquery().label(TAGS)


def _cells(
    event: Event, rows: Sequence[Registration], asked: Sequence[Question], wanted: Collection[str]
) -> dict[str, dict[int, str]]:
    ids, cells = [row.id for row in rows], dict[str, dict[int, str]]()
    if "title" in wanted:
        cells["title"] = {row.id: row.title for row in rows}
    if "country" in wanted:
        countries = country_names(language())
        cells["country"] = {row.id: countries.get(row.country, row.country) for row in rows}
    if "language" in wanted:
        cells["language"] = {row.id: language_name(row.language) for row in rows}
    if TAGS in wanted:
        cells[TAGS] = _tags(ids)
    if INVITED in wanted:
        cells[INVITED] = _marked(ids, invited.is_invited(event), _("Invited"))
    for purpose in ConsentPurpose:
        if purpose in wanted:
            cells[purpose] = _marked(ids, consents.is_given(purpose), _("Given"))
    shown = {one.id: one for one in asked if f"{ANSWER}{one.key}" in wanted}
    return {**cells, **(_answers(ids, shown) if shown else {})}


def _tags(ids: Sequence[int]) -> dict[int, str]:
    query = select(RegistrationTag.registration_id, RegistrationTag.name)
    names: dict[int, list[str]] = defaultdict(list)
    for number, name in db.session.execute(query.where(RegistrationTag.registration_id.in_(ids))):
        names[number].append(f"#{name}")
    return {number: " ".join(sorted(listed)) for number, listed in names.items()}


def _marked(ids: Sequence[int], condition: Any, word: str) -> dict[int, str]:
    marked = select(Registration.id).where(Registration.id.in_(ids), condition)
    return dict.fromkeys(db.session.scalars(marked), word)


def _answers(ids: Sequence[int], shown: Mapping[int, Question]) -> dict[str, dict[int, str]]:
    query = select(Answer.registration_id, Answer.question_id, Answer.value)
    mine = Answer.registration_id.in_(ids), Answer.question_id.in_(shown)
    cells: dict[str, dict[int, str]] = defaultdict(dict)
    for number, question_id, value in db.session.execute(query.where(*mine)):
        question = shown[question_id]
        cells[f"{ANSWER}{question.key}"][number] = answer_text(question, value)
    return cells
