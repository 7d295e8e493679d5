"""Templates escape their values, and translate their own texts in the language of the page."""

import markupsafe
import pytest
from flask_babel import force_locale

HOSTILE = "<b onclick=\"a('x')\">&amp;"


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
