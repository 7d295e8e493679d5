"""Building a form, of any kind, changes neither the session nor the response."""

from inspect import signature

import pytest
from flask import g, session
from flask.globals import request_ctx
from flask_wtf import FlaskForm

from forum.accounts.forms import SignInForm
from forum.registration.exports import ExportForm
from forum.registration.forms import RegistrationForm
from forum.web.forms import TidyForm


def all_forms(form: type[TidyForm] = TidyForm) -> list[type[TidyForm]]:
    return [form, *(found for below in form.__subclasses__() for found in all_forms(below))]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_building_a_form_has_no_effect(app, event, method):
    """The test gives the forms of the console the event, or the choices of their fields, which they need."""
    assert {RegistrationForm, SignInForm, ExportForm} <= set(all_forms())
    needed = {
        "event": event,
        "pages": {},
        "events": {},
        "categories": {},
        "images": [],
        "languages": [],
        "others": {},
        "covers": {},
    }
    with app.test_request_context("/", method=method):
        for form in all_forms():
            form(**{name: needed[name] for name in signature(form.__init__).parameters if name in needed})
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
