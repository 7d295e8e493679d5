"""The register of personal data is whole (P01, P02): nothing is kept that it does not name."""

import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterator

import pytest
from wtforms.fields.core import UnboundField

import forum
from forum.columns import Text
from forum.database import Base
from forum.privacy import technical
from forum.privacy.register import REGISTER
from forum.web.forms import TidyForm
from tests.factories.events import make_event, make_page

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
    """Every column of every table."""
    return {
        f"{table.name}.{column.name}" for table in Base.metadata.tables.values() for column in table.columns
    }


def technical_columns() -> set[str]:
    """The columns that say nothing of a person."""
    by_table = {name for name in columns() if name.split(".")[0] in technical.TABLES}
    return by_table | {f"{table}.{column}" for table, names in technical.COLUMNS.items() for column in names}


def fields() -> set[str]:
    """Every field of every form of ours, by the class that declares it."""
    for module in pkgutil.walk_packages(forum.__path__, "forum."):
        importlib.import_module(module.name)
    return {f"{form.__name__}.{name}" for form in _subclasses(TidyForm) for name in _declared(form)}


def _subclasses(parent: type) -> Iterator[type]:
    for child in parent.__subclasses__():
        yield child
        yield from _subclasses(child)


def _declared(form: type) -> Iterator[str]:
    for name, value in vars(form).items():
        if isinstance(value, UnboundField) and value.field_class.__name__ not in BUTTONS:
            yield name


def test_every_column_is_registered_or_technical():
    registered = Counter(name for entry in REGISTER for name in entry.columns)
    assert columns() - set(registered) - technical_columns() == set()
    assert set(registered) & technical_columns() == set()
    assert {name for name, times in registered.items() if times > 1} == set()


def test_register_names_no_column_that_is_gone():
    listed = {name for entry in REGISTER for name in entry.columns} | technical_columns()
    assert listed - columns() == set()
    assert set(technical.TABLES) - set(Base.metadata.tables) == set()


def test_every_form_field_is_registered_or_technical():
    registered = {name for entry in REGISTER for name in entry.fields}
    assert fields() - registered - technical.FIELDS == set()
    assert (registered | technical.FIELDS) - fields() == set()


def test_nothing_is_kept_that_we_do_not_need():
    assert [name for name in columns() | fields() for word in FORBIDDEN if word in name.lower()] == []


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("language", ["sv", "en"])
def test_privacy_page_shows_the_register_in_its_place(pages, language):
    text = "## Before\n\n{{field-register}}\n\n## After\n\nThe end."
    make_page(make_event(), "privacy", body=Text(sv=text, en=text))
    page = pages.get("events.page", slug="privacy", lang=language)
    assert len(page.soup.select("main tbody tr")) == len(REGISTER)
    assert page.all("main h2") == ["Before", "After"]
    assert "field-register" not in page.text
