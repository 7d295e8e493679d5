"""Counts on pages are grouped as the reader's language does it: "1,320", or "1 320" in Swedish.

The numbers in texts with a plural (`ngettext`) are grouped, and so are those in a table's column of numbers.
"""

import re

import pytest
from flask import render_template_string
from flask_babel import force_locale, ngettext

from forum.settings.project import PROJECT

CELL = re.compile(r'<td class="num[^>]*>(.*?)</td>', re.DOTALL)
SHOWN = re.compile(r"\{\{-? *(.*?) *-?\}\}", re.DOTALL)
# Expressions in cells of such columns that print no count: row numbers, words beside a number, texts, macros.
NO_COUNTS = {"row", "fault.row", "one.row", "one.number", "at", "url", "what"}
BEGIN_NO_COUNT = ("_(", "url_for(", "people_link(", "places[")
IN_TEMPLATE = '{{ ngettext("%(num)s person", "%(num)s people", 12345) }}'


@pytest.mark.parametrize(("code", "number"), [("en", "12,345"), ("sv", "12\N{NO-BREAK SPACE}345")])
def test_a_text_with_a_number_groups_it_in_code_and_in_templates(app, code, number):
    with app.test_request_context(), force_locale(code):
        in_code = ngettext("%(num)s person", "%(num)s people", 12345)
        assert in_code == render_template_string(IN_TEMPLATE)
        assert in_code.split(" ")[0] == number


def test_every_number_in_a_column_of_numbers_is_grouped():
    shown = {
        (str(path.relative_to(PROJECT)), printed)
        for path in (PROJECT / "templates").rglob("*.html")
        for cell in CELL.findall(path.read_text(encoding="utf-8"))
        for printed in SHOWN.findall(cell)
    }
    assert len(shown) > 30
    ungrouped = {(path, one) for path, one in shown if "grouped" not in one and "short_moment" not in one}
    assert {(path, one) for path, one in ungrouped if not one.startswith(BEGIN_NO_COUNT)} == {
        (path, one) for path, one in ungrouped if one in NO_COUNTS
    }
