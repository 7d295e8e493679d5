"""No field for a name, an organisation, a title, a reason or words to a person takes an identity number (P02)."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from flask_babel import force_locale
from werkzeug.datastructures import MultiDict
from wtforms import StringField
from wtforms.fields.core import UnboundField
from wtforms.form import BaseForm

from forum.web.forms import PartForm
from tests.guards.test_personal_data import declared_fields

PERSONAL = {"name", "given_name", "family_name", "full_name", "real_name", "organisation", "title"}
PERSONAL |= {"reason", "words"}
# Further fields for texts about a person or to a person: their names are too general for PERSONAL.
ABOUT = {"NoteForm.text", "TagsForm.tags", "TagManyForm.tags", "OwnWordsForm.sv", "OwnWordsForm.en"}
# Fields whose name is in PERSONAL but that ask for something else than a person or an organisation, or are not kept as
# typed.
OTHERS = {
    "PasskeyForm.name": "a device",
    "ViewForm.name": "a saved view",
    "TagForm.name": "a hashtag",
    "NewEventForm.name": "an event",
    "CopyForm.name": "an event",
    "PageTextForm.title": "a page",
    "GlossaryForm.reason": "a word",
}
NUMBERS = ("701208-1233", "Kim Ek 19701208-1233", "081270 10081", "Chef (081270-1002)")
TAKEN = (
    "Kim Ek 2, stab",
    "08-701 12 33",
    "+46 70 123 45 67",
    "Exempel AB 556012-5790",
    "Landspítali 500300-2130",
)
REFUSALS = {
    "en": "This looks like a national identity number.",
    "sv": "Det här ser ut som ett personnummer.",
}


def fields() -> Iterator[tuple[str, UnboundField]]:
    """Yield each field that is named like a detail of a person or a reason, with the form that declares it."""
    for form, name, field in declared_fields():
        full_name = f"{form.__name__}.{name}"
        if (name in PERSONAL or full_name in ABOUT) and issubclass(field.field_class, StringField):
            yield full_name, field


def errors_of(field: UnboundField, text: str) -> list[str]:
    """Return the errors of this field, alone in a form, when this text is entered."""
    form = BaseForm({"tried": field}, meta=PartForm.Meta())
    # A real name is asked for only when the box for protected identity is ticked.
    form.is_protected = SimpleNamespace(data=True)
    form.process(MultiDict({"tried": text}))
    form.validate()
    return [str(error) for error in form["tried"].errors]


@pytest.mark.parametrize("language", REFUSALS)
def test_each_field_refuses_an_identity_number_and_takes_other_numbers(app, language):
    known = dict(fields())
    with app.test_request_context(f"/{language}/"), force_locale(language):
        said = {name: [errors_of(field, text) for text in NUMBERS] for name, field in known.items()}
        taken = {name: [errors_of(field, text) for text in TAKEN] for name, field in known.items()}
    refusing = {
        name
        for name, errors in said.items()
        if all(len(one) == 1 and one[0].startswith(REFUSALS[language]) for one in errors)
    }
    assert known.keys() - refusing == OTHERS.keys()
    assert {name for name in refusing if any(taken[name])} == set()
