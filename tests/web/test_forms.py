"""Building a form, of any kind, changes neither the session nor the response."""

from collections.abc import Iterator
from inspect import signature

import pytest
from flask import g, session
from flask.globals import request_ctx
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import EmailField, Field, FieldList, FormField, HiddenField, PasswordField, StringField
from wtforms.form import BaseForm

from forum.accounts.forms import SignInForm
from forum.questions.enums import QuestionKind
from forum.questions.models import Question
from forum.registration.exports import ExportForm
from forum.registration.forms import RegistrationForm
from forum.web.forms import LinesField, TidyForm


def all_forms(form: type[TidyForm] = TidyForm) -> list[type[TidyForm]]:
    return [form, *(found for below in form.__subclasses__() for found in all_forms(below))]


def needed_by(form: type[TidyForm], event) -> dict:
    """Return the arguments of a console form: the event, or the choices that a field offers."""
    needed = {
        "event": event,
        "pages": {},
        "events": {},
        "categories": {},
        "images": [],
        "languages": [],
        "others": {},
        "covers": {},
        "kind": QuestionKind.ONE_OF,
        "question": Question(sector_keys=[]),
        "offered": [],
        "is_free": True,
        "is_reviewed": False,
        "has_line": True,
        "will": 1,
        "undoes": 1,
        "language": "en",
        "standard": {},
    }
    # Look at all base classes: a class such as SentOnce passes arguments on to the next one without naming them.
    asked = {name for each in form.__mro__ for name in signature(each.__init__).parameters}
    return {name: value for name, value in needed.items() if name in asked}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_building_a_form_has_no_effect(app, event, method):
    """Building any form changes neither session nor response. Forms of the console are given what they need."""
    assert {RegistrationForm, SignInForm, ExportForm} <= set(all_forms())
    with app.test_request_context("/", method=method):
        for form in all_forms():
            form(**needed_by(form, event))
        assert (dict(session), "csrf_token" in g, request_ctx._after_request_functions) == ({}, False, [])


def test_flask_wtf_alone_would_make_the_token_early(app):
    """Control: building a form of Flask-WTF, without the forum's form class, does change the session."""
    with app.test_request_context("/"):
        FlaskForm()
        assert (set(session), "csrf_token" in g) == ({"csrf_token"}, True)


def test_a_form_that_is_shown_has_the_token_of_the_session(app):
    with app.test_request_context("/"):
        shown = str(TidyForm().csrf_token())
        assert f'value="{g.csrf_token}"' in shown
        assert str(TidyForm().csrf_token()) == shown
        assert set(session) == {"csrf_token"}


def text_fields(form: BaseForm) -> Iterator[Field]:
    """Yield each text field of the form, those of its parts and rows included.

    Mail addresses are left out: these lose only the blanks around them, and hidden characters in them are refused.
    """
    for field in form:
        if isinstance(field, FieldList):
            yield from text_fields(field.append_entry().form)
        elif isinstance(field, FormField):
            yield from text_fields(field.form)
        elif isinstance(field, StringField) and not isinstance(
            field, EmailField | HiddenField | PasswordField
        ):
            yield field


def test_every_text_field_of_the_console_loses_blanks_at_the_ends_of_lines_and_of_the_text(app, event):
    """Text fields lose blanks at the ends. A LinesField keeps several lines; in any other field they become one."""
    typed, one_line, lines = " \n  a b\u00a0 \r\n \nc\u200b  \n ", "a b c", "a b\n\nc"
    named = {}
    with app.test_request_context("/"):
        for form in all_forms():
            if not form.__module__.startswith("forum."):
                continue
            for field in text_fields(form(**needed_by(form, event))):
                field.process(MultiDict({field.name: typed}))
                named[form.__name__, field.name] = field
    assert {("PostForm", "sv-body"), ("OrganiserForm", "contacts-1-role-sv")} <= named.keys()
    # A field for a colour puts "#" before whatever was typed.
    kept = {name: field.data.removeprefix("#") for name, field in named.items()}
    assert kept == {
        name: lines if isinstance(field, LinesField) else one_line for name, field in named.items()
    }
