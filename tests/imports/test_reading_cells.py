"""Cells of an imported table that name a choice, and tables that cannot be read."""

import pytest
from flask_babel import force_locale

from forum.columns import Text
from forum.imports import answers, tables
from forum.questions.enums import QuestionKind, Sensitivity
from forum.questions.models import Choice, Question
from forum.web.sheet_rows import TooLarge
from tests.factories.events import NOW


def question(kind: QuestionKind, **withdrawn) -> Question:
    """Return a question with the choices meat and fish."""
    choices = [
        Choice(
            key=key,
            label=Text(sv=label, en=key.capitalize()),
            position=place,
            withdrawn_at=withdrawn.get(key),
        )
        for place, (key, label) in enumerate((("meat", "Kött"), ("fish", "Fisk")))
    ]
    return Question(
        key="dish", kind=kind, label=Text(en="Dish"), sensitivity=Sensitivity.ORDINARY, choices=choices
    )


def test_a_cell_names_one_choice_by_key_or_label_in_any_language():
    one = question(QuestionKind.ONE_OF)
    assert [answers._understood(one, text) for text in ("fish", "FISK", "Meat", "soup")] == [
        ["fish"],
        ["fish"],
        ["meat"],
        ["soup"],
    ]
    without_fish = question(QuestionKind.ONE_OF, fish=NOW)
    assert answers._understood(without_fish, "Fisk") == ["Fisk"]


def test_a_cell_with_more_parts_than_choices_names_none():
    several = question(QuestionKind.SEVERAL_OF)
    assert answers._understood(several, "Fisk, Kött") == ["meat", "fish"]
    assert answers._understood(several, "a, b, c") == ["a, b, c"]


def test_what_to_write_into_a_cell_is_told(app):
    with app.test_request_context(), force_locale("en"):
        assert answers.hint(question(QuestionKind.ONE_OF)) == "Write one of these: Meat · Fish"


def test_a_table_without_people_or_with_too_much_in_it_is_not_read(app, monkeypatch):
    with pytest.raises(tables.NoRows):
        tables.read(b"", "Given name;E-mail\n")
    with app.app_context():
        table = tables.read(b"", "Given name;E-mail\nKim;kim@example.org\n")
        sealed = tables.sealed(table, "one")
        monkeypatch.setattr(tables, "LONGEST_SEALED", 10)
        assert tables.unsealed(sealed, "one") is None
        with pytest.raises(TooLarge):
            tables.sealed(table, "one")
