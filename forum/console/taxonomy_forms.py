"""The forms for categories and hashtags."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from forum.columns import Text
from forum.console.settings_fields import LineTexts, SettingsForm, TextsField, at_most
from forum.news.hashtags import free_aliases
from forum.news.models import Category, Tag
from forum.news.tagging import read_names
from forum.news.tags import fold
from forum.web.edits import ShowsStored
from forum.web.forms import TidyForm, required

LONGEST_TAG, MOST_ALIASES = 80, 40


class CategoryForm(SettingsForm):
    """The form for a category's names and addresses."""

    name = TextsField(LineTexts, _l("Name"), longest=60, missing=_l("Enter what the category is called"))
    slug = TextsField(LineTexts, _l("Address"), longest=80)

    @staticmethod
    def stored(category: Category) -> dict[str, Any]:
        """Return the values that the form's fields show for the category."""
        return {"name": dict(category.name), "slug": dict(category.slug)}


class OrderForm(ShowsStored, TidyForm):
    """The buttons that move categories; `seen` is a digest of the order that the page shows."""


class MergeForm(TidyForm):
    """The form that merges a category into another one."""

    into = SelectField(_l("Merge into"))

    def __init__(self, *args: Any, others: Mapping[str, str], **options: Any):
        super().__init__(*args, **options)
        self.into.choices = [SelectChoice(key, name) for key, name in others.items()]


class TagForm(SettingsForm):
    """The form for a hashtag's names and aliases."""

    name = StringField(_l("Hashtag"), [required(_l("Enter the hashtag")), at_most(LONGEST_TAG)])
    names = TextsField(LineTexts, _l("In each language"), longest=LONGEST_TAG)
    aliases = TextAreaField(_l("Other spellings"), [at_most(1000)])

    @staticmethod
    def stored(tag: Tag) -> dict[str, Any]:
        """Return the values that the form's fields show for the hashtag."""
        return {"name": tag.name, "names": dict(tag.names or {}), "aliases": ", ".join(free_aliases(tag))}

    def validate(self, extra_validators: Any = None) -> bool:
        """Refuse wrong values, text that is not one hashtag, and aliases that are too long or too many."""
        is_right = super().validate(extra_validators)
        fields = [self.name, *self.names.form]
        for field in fields:
            if field.data and not field.errors and not _is_one(field.data):
                field.errors, is_right = [_("Write one hashtag, with a letter or digit in it")], False
        if not self.aliases.errors and (refusal := _refusal(self.spellings())):
            self.aliases.errors, is_right = [refusal], False
        return is_right

    def called(self) -> tuple[str, Text]:
        """Return the hashtag's main name, and its names by language without the languages that were left empty."""
        names = {code: _with_sign(words) for code, words in self.names.text.items()}
        return _with_sign(self.name.data or ""), Text(names)

    def spellings(self) -> list[str]:
        """Return the aliases that were typed, each with its #."""
        return read_names(self.aliases.data or "")


class MergeTagForm(TidyForm):
    """The form that merges a hashtag into another one, which is written in any of its spellings."""

    into = StringField(_l("Merge into"), [required(_l("Enter the other hashtag")), at_most(LONGEST_TAG)])


def _is_one(words: str) -> bool:
    names = read_names(words)
    return len(names) == 1 and _fits(names[0])


def _with_sign(words: str) -> str:
    return next(iter(read_names(words)), "")


def _fits(name: str) -> bool:
    return max(len(name), len(fold(name))) <= LONGEST_TAG


def _refusal(names: list[str]) -> str:
    if len(names) > MOST_ALIASES:
        return _("Use at most %(number)s spellings", number=MOST_ALIASES)
    if not all(map(_fits, names)):
        return _("Use at most 80 characters in a hashtag; commas stand between them")
    return ""
