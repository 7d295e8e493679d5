"""An edit is refused when somebody else has changed the stored values since the form showed them (R30)."""

from datetime import date

import pytest
from flask_babel import force_locale
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, FieldList, Form, FormField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from forum.web.edits import ChangedMeanwhile, ShowsStored, ShowsStoredUnseen, differences

STORED = {"name": {"sv": "Forum", "en": "Forum"}, "starts_on": date(2027, 11, 16), "capacity": 150}


class EditForm(ShowsStored, Form):
    name = StringField()


def _sent(stored: dict) -> EditForm:
    shown = EditForm()
    shown.show(stored)
    return EditForm(MultiDict({"seen": shown.seen.data, "name": "A new name"}))


def test_an_edit_passes_while_the_stored_values_are_those_that_were_shown():
    _sent(STORED).refuse_if_changed({**STORED, "name": dict(reversed(STORED["name"].items()))})


def test_two_pages_do_not_show_whether_hidden_values_have_changed():
    """Two pages carry different digests of the same values; either digest tells whether stored values have changed."""

    class Care(ShowsStoredUnseen, Form):
        name = StringField()

    pages = Care(), Care()
    for page in pages:
        page.show(STORED)
    assert pages[0].seen.data != pages[1].seen.data
    assert [page.is_outdated(STORED) for page in pages] == [False, False]
    assert [page.is_outdated(STORED | {"capacity": 151}) for page in pages] == [True, True]
    assert all(Care(MultiDict({"seen": sent})).is_outdated(STORED) for sent in ("", ".", "x" * 99, "a.b.c"))


@pytest.mark.parametrize(
    "change", [{"capacity": 151}, {"starts_on": date(2027, 11, 17)}, {"name": {"sv": "Forum"}}]
)
def test_an_edit_is_refused_when_a_stored_value_has_changed(change):
    form = _sent(STORED)
    with pytest.raises(ChangedMeanwhile) as refusal:
        form.refuse_if_changed(STORED | change)
    assert refusal.value.stored == STORED | change
    assert form.name.data == "A new name"


@pytest.mark.parametrize("seen", ["", "x" * 32])
def test_an_edit_without_a_true_digest_is_refused(seen):
    with pytest.raises(ChangedMeanwhile):
        EditForm(MultiDict({"seen": seen})).refuse_if_changed(STORED)


class Texts(Form):
    sv, en = StringField("Svenska"), StringField("English")


class Row(Form):
    title, has_seats = FormField(Texts, "Title"), BooleanField("Has seats")


class WholeForm(Form):
    policy = SelectField("Policy", choices=[SelectChoice("open", "Open"), SelectChoice("review", "Reviewed")])
    points = FieldList(FormField(Row), "Point")


def test_each_typed_value_that_is_not_stored_is_named_with_both(app):
    point = {"title": {"sv": "Start", "en": "Start"}, "has_seats": True}
    stored = {"policy": "review", "points": [point, point]}
    typed = {"policy": "open", "points": [{"title": {"sv": "Start", "en": "Begin"}, "has_seats": False}]}
    with app.app_context(), force_locale("en"):
        found = list(differences(WholeForm(data=typed), stored))
    assert [(each.label, each.before, each.after, each.language) for each in found] == [
        ("Policy", "Reviewed", "Open", ""),
        ("Point 1: Title: English", "Start", "Begin", "en"),
        ("Point 1: Has seats", "Yes", "No", ""),
        ("Point 2", "Start, Start, True", "", ""),
    ]
    with app.app_context(), force_locale("en"):
        assert list(differences(WholeForm(data=stored), stored)) == []
