"""Form fields for mail addresses and columns for URLs have types that refuse invalid ones (S27, S32, S36)."""

import re
from collections.abc import Iterator

from wtforms import EmailField, SelectField
from wtforms.fields.core import UnboundField

from forum.columns import Link
from forum.extensions import db
from forum.web.forms import TidyForm


def test_every_column_that_holds_an_address_is_a_link():
    addresses = [
        column
        for table in db.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("url")
    ]
    assert {str(column) for column in addresses} >= {"sources.url", "events.hotline_url"}
    assert [str(column) for column in addresses if not isinstance(column.type, Link)] == []


def test_every_field_for_an_address_is_one_that_refuses():
    """Characters that no address may hold are refused in an EmailField; `TidyForm` removes them from other fields."""
    forms = list(subclasses(TidyForm))
    kinds = {
        f"{form.__name__}.{name}": field.field_class
        for form in forms
        for name, field in vars(form).items()
        if isinstance(field, UnboundField) and re.search("mail|address", name)
    }
    assert kinds.keys() >= {
        "RegistrationForm.email",
        "LinkForm.email",
        "SignInForm.email",
        "ForgotForm.email",
    }
    # Skip selection fields: they accept only values that they offer, such as a column of an imported table.
    typed = {name: kind for name, kind in kinds.items() if not issubclass(kind, SelectField)}
    assert [name for name, kind in typed.items() if kind is not EmailField] == []


def subclasses(form: type) -> Iterator[type]:
    for one in form.__subclasses__():
        yield one
        yield from subclasses(one)
