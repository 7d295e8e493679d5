"""A field to choose a country.

Its 249 options are rendered once per language, because that takes longer than the rest of a form.
"""

from functools import lru_cache

from babel import Locale
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError
from wtforms.widgets import html_params

NORDIC = ("SE", "NO", "DK", "FI", "IS", "FO", "GL", "AX")
NOT_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}


class CountryField(SelectField):
    """A choice of country by ISO 3166-1 alpha-2 code, the Nordic countries first, named in the page's language."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, validate_choice=False, **kwargs)
        self.choices = country_choices(str(get_locale()))

    def __call__(self, **attributes) -> Markup:
        """Render the list with the chosen country selected."""
        given = Markup(html_params(name=self.name, **{"id": self.id, **attributes}))  # noqa: S704 - html_params escapes
        options = _options(str(get_locale()), self.data or "")
        return Markup("<select {}>{}</select>").format(given, options)

    def pre_validate(self, form) -> None:
        """Refuse a value that is not in the list."""
        if self.data not in country_names(str(get_locale())):
            raise ValidationError(_l("Choose your country"))


@lru_cache(maxsize=8)
def country_choices(language: str) -> list[SelectChoice]:
    """Return the options as code and name: an empty one, the Nordic countries, then the others sorted by name."""
    names = Locale.parse(language).territories
    others = {
        code: name
        for code, name in names.items()
        if len(code) == 2 and code.isalpha() and code not in {*NORDIC, *NOT_COUNTRIES}
    }
    by_name = sorted(others.items(), key=lambda choice: choice[1])
    listed = [("", ""), *((code, names[code]) for code in NORDIC), *by_name]
    return [SelectChoice(code, name) for code, name in listed]


@lru_cache(maxsize=8)
def country_names(language: str) -> dict[str, str]:
    """Return, by code, the names of the choices: countries, and "" for no country."""
    return {choice.value: choice.label for choice in country_choices(language)}


@lru_cache(maxsize=64)
def other_options(language: str, without: frozenset[str]) -> Markup:
    """Return the options of all countries, except those with codes in `without`, as HTML."""
    option = Markup('<option value="{}">{}</option>')
    names = country_names(language)
    return Markup("\n").join(
        option.format(code, name) for code, name in names.items() if code and code not in without
    )


@lru_cache(maxsize=64)
def _options(language: str, chosen: str) -> Markup:
    """Return the options as HTML; an unknown `chosen` selects none of them."""
    option = Markup('<option value="{}"{}>{}</option>')
    selected = {chosen: Markup(" selected")}
    return Markup("").join(
        option.format(choice.value, selected.get(choice.value, ""), choice.label)
        for choice in country_choices(language)
    )
