"""The variables that all templates share are set while the app is made; nothing that a request does changes them.

`home/site` gives every template the same dictionary, because a copy for each one cost a page half a millisecond.
`get_template(name, globals=…)` would write the given variables into that dictionary when the template is already
loaded, and they would stay for all pages of all visitors.
"""

import ast
from collections.abc import Iterator

import pytest

from forum.settings.project import PROJECT

# The expressions by which functions that set the app up may reach the variables that all templates share. `app` and
# `state` (a blueprint's setup state) are parameters of these functions; `find_writers` reports all other expressions.
AT_SET_UP = {"app.jinja_env.globals", "state.app.jinja_env.globals", "app.jinja_env.make_globals"}


def find_writers(source: str) -> Iterator[str]:
    """Yield what could change the shared variables after the app is made."""
    if "globals" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield from (
                f"{ast.unparse(node.func)}(globals=)" for one in node.keywords if one.arg == "globals"
            )
        is_one = isinstance(node, ast.Attribute) and node.attr in ("globals", "make_globals")
        if is_one and (name := ast.unparse(node)) not in AT_SET_UP:
            yield name


def test_no_source_gives_a_template_variables_of_its_own():
    modules = {path: path.read_text() for path in sorted((PROJECT / "forum").rglob("*.py"))}
    assert {str(path): told for path, source in modules.items() if (told := list(find_writers(source)))} == {}


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("env.get_template(name, globals={'a': 1})", "env.get_template(globals=)"),
        ("current_app.jinja_env.globals['a'] = 1", "current_app.jinja_env.globals"),
        ("current_app.jinja_env.get_template(name).globals.update(a=1)", ".globals"),
        ("state.app.jinja_env.globals.update(a=1)", ""),
    ],
)
def test_each_way_to_change_them_is_found(source, told):
    """Control: each way to change the shared variables is found, except in a function that sets the app up."""
    assert [one.endswith(told) for one in find_writers(source)] == [True] * bool(told)


def test_pages_leave_the_shared_variables_as_they_are(app, pages, organiser):
    """No page changes the shared variables. Control: giving a variable to a loaded template does change them."""
    shared = app.jinja_env.globals
    before = dict(shared)
    for endpoint in ("home.front", "registration.choose", "news.index"):
        pages.get(endpoint)
    organiser.get("console.overview", event="nf27")
    assert dict(shared) == before
    app.jinja_env.get_template("layouts/public.html", globals={"planted": True})
    assert shared.pop("planted", None)
