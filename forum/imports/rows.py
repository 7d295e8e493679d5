"""Reading the rows of a table: the person whom a row names, or its faults. Each row is checked like a sent form."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import EmailField
from wtforms.validators import Optional

from forum.events.models import Event, Sector
from forum.events.queries import find_sector
from forum.imports import answers, values
from forum.imports.checking import Fault, Person, of_unknown_sector
from forum.imports.tables import MOST_COLUMNS
from forum.questions.fields import name_of
from forum.questions.models import Question
from forum.registration.applicant import ASKED
from forum.registration.organisers_forms import PersonForm
from forum.registration.wording import FIELDS
from forum.web.forms import is_email
from forum.web.language_names import read_language
from forum.web.languages import NAMES

COLUMNS: Mapping[str, Any] = {
    "given_name": FIELDS["given_name"],
    "family_name": FIELDS["family_name"],
    "full_name": _l("Whole name, if it stands in one column"),
    "email": _l("E-mail address"),
    "organisation": FIELDS["organisation"],
    "title": FIELDS["title"],
    "sector": _l("Sector"),
    "country": FIELDS["country"],
    "language": FIELDS["language"],
    "phone": FIELDS["phone"],
    "reference": _l("Reference"),
    "status": _l("Status"),
}

# The values of which a row has one at least if it is about somebody.
NAMING = ("given_name", "family_name", "full_name", "email")


@dataclass(frozen=True)
class Otherwise:
    """The sector, organisation, country and language of rows that name none."""

    sector: Sector | None
    organisation: str
    country: str
    language: str

    @classmethod
    def of(cls, event: Event, chosen: Mapping[str, str | None]) -> "Otherwise":
        """Return the values that an organiser has chosen in the form for rows that name none."""
        sector = find_sector(event, chosen.get("sector") or "")
        texts = (chosen.get(name) or "" for name in ("organisation", "country", "language"))
        return cls(sector, *texts)


class ImportedRowForm(PersonForm):
    """One row of the table, checked as the form for adding a person by hand is; the outer form has the CSRF token."""

    class Meta(PersonForm.Meta):
        csrf = False

    email = EmailField(_l("E-mail address"), [Optional(), is_email])


class Read(NamedTuple):
    """The result of reading rows of a table: people, faults of other rows, and the numbers of rows by their status.

    `left_out` are rows of people who do not come, `undecided` those of people who have no place elsewhere yet.
    """

    people: list[Person]
    faults: list[Fault]
    left_out: list[int]
    undecided: list[int]


def columns_of(chosen: Mapping[str, str | None], questions: Sequence[Question]) -> dict[str, int]:
    """Return, by the name of a value, its column's index, as chosen in the form's fields such as `from_email`."""
    places = {str(place): place for place in range(MOST_COLUMNS)}
    told = {name: chosen.get(f"from_{name}") or "" for name in (*COLUMNS, *map(name_of, questions))}
    return {name: places[place] for name, place in told.items() if place in places}


def read_rows(
    rows: Iterable[tuple[int, Sequence[str]]],
    columns: Mapping[str, int],
    event: Event,
    otherwise: Otherwise,
    questions: Sequence[Question],
    *,
    with_undecided: bool = False,
) -> Read:
    """Read numbered rows of a table; `columns` has, by the name of a value, the index of its column.

    People who have no place elsewhere yet are left out unless `with_undecided`.
    """
    done = Read([], [], [], [])
    for number, cells in rows:
        told = {name: cells[place] for name, place in columns.items() if place < len(cells)}
        if not values.is_coming(told.get("status", "")):
            # alf.io lists tickets that nobody has bought, as FREE: nobody is left out with them.
            done.left_out.extend([number] if any(told.get(name) for name in NAMING) else [])
            continue
        if values.is_undecided(told.get("status", "")):
            done.undecided.append(number)
            if not with_undecided:
                continue
        read = list(read_row(number, told, event, otherwise, questions))
        done.people.extend(one for one in read if isinstance(one, Person))
        done.faults.extend(one for one in read if isinstance(one, Fault))
    return done


def read_row(
    number: int, told: Mapping[str, str], event: Event, otherwise: Otherwise, questions: Sequence[Question]
) -> Iterator[Person | Fault]:
    """Yield the person of a row, or its faults; `told` has the row's cells by the name of their value."""
    named = told.get("sector", "")
    sector = values.find_sector(event, named) if named else otherwise.sector
    form = _form(told, otherwise)
    form.validate()
    faults = [
        Fault(number, str(COLUMNS[name]), _fault(form, name, told)) for name in ASKED if form[name].errors
    ]
    if sector is None:
        faults.append(of_unknown_sector(number, named))
        yield from faults
        return
    said, language = answers.read(questions, sector.key, told), told.get("language", "")
    faults += [Fault(number, label, words) for label, words in said.wrong]
    yield from faults
    if not faults:
        reference = values.reference(told.get("reference", ""))
        yield Person(
            number,
            sector,
            form.details(),
            form.email.data or "",
            reference,
            said.given,
            tuple(said.unasked),
            lacks_own_language=bool(language) and not own_language(language),
        )


def own_language(text: str) -> str:
    """Return the code of the language that a cell names; "" for none, and for one in which the forum does not write."""
    code = read_language(text)
    return code if code in NAMES else ""


def _form(told: Mapping[str, str], otherwise: Otherwise) -> ImportedRowForm:
    given_name, family_name = values.names(told)
    country = told.get("country")
    return ImportedRowForm(
        MultiDict(
            {
                "given_name": given_name,
                "family_name": family_name,
                "email": told.get("email", ""),
                "organisation": told.get("organisation") or otherwise.organisation,
                "title": told.get("title", ""),
                "country": values.country(country) if country else otherwise.country,
                "language": own_language(told.get("language", "")) or otherwise.language,
                "phone": values.phone(told.get("phone", "")),
            }
        )
    )


def _fault(form: ImportedRowForm, name: str, told: Mapping[str, str]) -> str:
    """Return the message about a wrong cell, which quotes the name of an unknown country or language."""
    if name == "country" and not told.get("country"):
        return _("The row names no country, and none is chosen for such rows")
    if name == "language" and not told.get("language"):
        return _("The row names no language, and none is chosen for such rows")
    if name == "country":
        return _("“%(name)s” is no country that we know", name=told.get("country", "")[:100])
    if name == "language":
        return _(
            "The forum does not write in “%(name)s”, and no language is chosen for rows that name none",
            name=told.get("language", "")[:100],
        )
    return str(form[name].errors[0])
