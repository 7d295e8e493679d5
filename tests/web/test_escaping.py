"""Templates escape their values as Markupsafe does, and translate their own texts in the language of the page."""

import markupsafe
import pytest
from flask_babel import force_locale, lazy_gettext
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import StrictUndefined, UndefinedError
from markupsafe import Markup

from forum.web.escaping import escape

HOSTILE = "<b onclick=\"a('x')\">&amp;"
READY = Markup(HOSTILE)  # noqa: S704 - a test of HTML that is left as it is


class Named(str):
    """A text of a class of its own, as enums of texts are."""


class Drawn:
    """A value that knows its own HTML."""

    def __html__(self) -> str:
        return "<svg>&amp;</svg>"


def test_values_are_escaped_as_by_markupsafe():
    """Texts, numbers, nothing, HTML and values with HTML of their own come out as from Markupsafe."""
    for value in (HOSTILE, Named(HOSTILE), READY, Drawn(), None, 7, 1.5, True, [HOSTILE], b"<", ""):
        assert escape(value) == markupsafe.escape(value)


@given(st.text())
def test_any_text_is_escaped_as_by_markupsafe(text):
    """Whatever somebody types comes out as from Markupsafe, and nothing in it is HTML."""
    assert escape(text) == str(markupsafe.escape(text))
    assert not {*"<>\"'"} & {*escape(text)}


def test_lazy_text_is_shown_as_by_markupsafe(app):
    """A text that is translated when it is shown comes out as from Markupsafe."""
    with app.test_request_context("/en/"), force_locale("sv"):
        assert (
            escape(lazy_gettext("Attendees")) == markupsafe.escape(lazy_gettext("Attendees")) == "Deltagare"
        )


def test_missing_value_is_an_error():
    """A variable that a view forgot to pass is still an error."""
    with pytest.raises(UndefinedError):
        escape(StrictUndefined(name="title"))


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{{ text }}", "{}"),
        ("<i title='{{ text }}'>", "<i title='{}'>"),
        ("{{ text ~ '<' }}", "{}&lt;"),
        ("{% macro part(x) %}<p>{{ x }}</p>{% endmacro %}{{ part(text) }}", "<p>{}</p>"),
        (
            "{% macro part() %}<p>{{ caller() }}</p>{% endmacro %}{% call part() %}{{ text }}{% endcall %}",
            "<p>{}</p>",
        ),
        ("{% set part %}<p>{{ text }}</p>{% endset %}{{ part }}", "<p>{}</p>"),
        ("{% for one in [text, text] %}{{ one }}{% endfor %}", "{0}{0}"),
        ("{{ [text, text] | join('<') }}", "{0}&lt;{0}"),
        ("{{ text | upper | lower }}", "{}"),
        ("{{ text if text else '' }}", "{}"),
        ("{% filter trim %}{{ text }}{% endfilter %}", "{}"),
    ],
)
def test_template_escapes_a_value_once(app, template, shown):
    """In every kind of block a value of a template is escaped, and not twice."""
    hostile = HOSTILE.lower()
    with app.test_request_context("/en/"):
        given = app.jinja_env.from_string(template).render(text=hostile)
    assert given == shown.format(markupsafe.escape(hostile))


def test_templates_use_this_function(app):
    """The code of a template calls the forum's `escape` for its values."""
    code = app.jinja_env.from_string("{{ text }}").root_render_func.__globals__
    assert code["escape"] is escape


def test_text_of_a_template_is_in_the_language_of_the_page(app):
    """A template's own text follows the language, also when the language changes within one request."""
    template = app.jinja_env.from_string("{{ _('Attendees') }}")
    said = []
    with app.test_request_context("/en/"):
        for code in ("en", "sv", "en", "sv"):
            with force_locale(code):
                said.append(template.render())
    assert said == ["Attendees", "Deltagare", "Attendees", "Deltagare"]


def test_value_in_a_text_is_escaped(app):
    """A value that is filled into a text is escaped where the template is HTML, and only there."""
    source = "{{ _('Choose %(name)s, %(reference)s', name=name, reference='A') }} {{ _('100 %%') }}"
    with app.test_request_context("/en/"), force_locale("en"):
        html = app.jinja_env.from_string(source).render(name="<b>")
        text = app.jinja_env.overlay(autoescape=False).from_string(source).render(name="<b>")
    assert (html, text) == ("Choose &lt;b&gt;, A 100 %", "Choose <b>, A 100 %")
