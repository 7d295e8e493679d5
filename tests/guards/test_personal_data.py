"""The register of personal data names every column and form field that holds personal data (P01, P02)."""

import gc
import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Column, Integer, MetaData, String, Table
from wtforms import StringField
from wtforms.fields.core import UnboundField

import forum
from forum.database import Base
from forum.privacy import technical
from forum.privacy.register import REGISTER
from forum.web.forms import TidyForm

FORBIDDEN = (
    "personnummer",
    "national_id",
    "identity_number",
    "birth",
    "home_address",
    "street",
    "party",
    "religion",
)
BUTTONS = {"SubmitField"}


def columns() -> set[str]:
    """Return all columns of all tables."""
    return {
        f"{table.name}.{column.name}" for table in Base.metadata.tables.values() for column in table.columns
    }


def technical_columns() -> set[str]:
    """Return the columns that hold no personal data."""
    by_table = {name for name in columns() if name.split(".")[0] in technical.TABLES}
    return by_table - technical.PERSONAL | {
        f"{table}.{column}" for table, names in technical.COLUMNS.items() for column in names
    }


def fields() -> set[str]:
    """Return all fields of the project's forms, by the class that declares them."""
    return {f"{form.__name__}.{name}" for form, name, _ in declared_fields()}


def declared_fields() -> Iterator[tuple[type, str, UnboundField]]:
    """Yield each form of the project with the name of each field that it declares, and the field."""
    for module in pkgutil.walk_packages(forum.__path__, "forum."):
        importlib.import_module(module.name)
    # Collecting garbage deletes the form classes that views have made for the events of earlier tests.
    gc.collect()
    for form in _subclasses(TidyForm):
        for name, value in vars(form).items():
            if isinstance(value, UnboundField) and value.field_class.__name__ not in BUTTONS:
                yield form, name, value


def _subclasses(parent: type) -> Iterator[type]:
    for child in parent.__subclasses__():
        yield child
        yield from _subclasses(child)


def unlisted(columns: set[str], fields: set[str]) -> set[str]:
    """Return the columns and fields that neither the register nor the list of technical ones names."""
    listed = {name for entry in REGISTER for name in (*entry.columns, *entry.fields)}
    return (columns | fields) - listed - technical_columns() - technical.FIELDS


def needless(names: set[str]) -> set[str]:
    """Return the column and field names that suggest data which the forum must not ask for (P02)."""
    return {name for name in names for word in FORBIDDEN if word in name.lower()}


def test_every_column_and_form_field_is_registered_or_technical():
    assert unlisted(columns(), fields()) == set()
    registered = Counter(name for entry in REGISTER for name in (*entry.columns, *entry.fields))
    assert set(registered) & (technical_columns() | technical.FIELDS) == set()
    assert {name for name, times in registered.items() if times > 1} == set()


def test_register_names_no_column_or_field_that_is_gone():
    registered = {name for entry in REGISTER for name in entry.columns}
    assert (registered | technical_columns()) - columns() == set()
    assert set(technical.TABLES) - set(Base.metadata.tables) == set()
    registered_fields = {name for entry in REGISTER for name in entry.fields}
    assert (registered_fields | technical.FIELDS) - fields() == set()


def test_every_entry_says_all_that_the_law_asks():
    for entry in REGISTER:
        assert all(map(str, (entry.what, entry.purpose, entry.basis, entry.audience, entry.retention)))


def test_nothing_is_kept_that_we_do_not_need():
    assert needless(columns() | fields()) == set()


def test_a_new_column_and_a_new_field_are_found():
    """Control: a new column in a table of people and a new form field are noticed."""
    new = Table("registrations", MetaData(), Column("id", Integer), Column("date_of_birth", String(10)))
    seen = {f"{new.name}.{column.name}" for column in new.columns}

    class SurveyForm(TidyForm):
        home_address = StringField()

    try:
        asked = {name for name in fields() if name.startswith("SurveyForm.")}
        assert unlisted(seen, asked) == {"registrations.date_of_birth", "SurveyForm.home_address"}
        assert needless(seen | asked) == unlisted(seen, asked)
    finally:
        del SurveyForm
        gc.collect()  # collecting garbage deletes SurveyForm, so that no other test finds this form
