"""The form of a standing page."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import FormField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from forum.events.page_drafts import SAID, PageDraft
from forum.web.edits import ShowsStored
from forum.web.forms import LinesField, PartForm, TidyForm
from forum.web.languages import NAMES

LACKING = {"title": _l("Write a title"), "body": _l("Write the text")}


class PageTextForm(PartForm):
    """The part of the form with a page's text in one language."""

    title = StringField(_l("Title"), [Length(max=200, message=_l("Use at most %(max)d characters"))])
    summary = TextAreaField(_l("Summary"), [Length(max=600, message=_l("Use at most %(max)d characters"))])
    body = LinesField(_l("Text"))


class PageForm(ShowsStored, TidyForm):
    """The form for a standing page: text in each language (a part named by the language's code), address and order."""

    slug = StringField(_l("Address"), [Length(max=50, message=_l("Use at most %(max)d characters"))])
    after = SelectField(_l("Stands after"))

    def __init__(self, *args: Any, pages: Mapping[str, str], **options: Any):
        super().__init__(*args, **options)
        self.after.choices = [SelectChoice(slug, name) for slug, name in pages.items()]
        for code in NAMES:
            for field in self[code].form:
                field.render_kw = {"lang": code}

    def draft(self) -> PageDraft:
        """Return the typed page as a draft."""
        texts = {code: {name: self[code].form[name].data or "" for name in SAID} for code in NAMES}
        begun = {code: said for code, said in sorted(texts.items()) if any(said.values())}
        return PageDraft(texts=begun, after=self.after.data or "")

    def validate(self, extra_validators: Any = None) -> bool:
        """Refuse wrong values, and a language that has a title without a text or a text without a title."""
        is_right = super().validate(extra_validators)
        for code in self.draft().texts or [next(iter(NAMES))]:
            for name, message in LACKING.items():
                field = self[code].form[name]
                if not field.data and not field.errors:
                    field.errors, is_right = [message], False
        return is_right


for _code, _name in NAMES.items():
    setattr(PageForm, _code, FormField(PageTextForm, _name))
