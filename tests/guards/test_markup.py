"""Text is escaped everywhere, and the few files that produce HTML are listed (S33)."""

import re
from pathlib import Path

import pytest

from forum.settings.project import PROJECT

MAKES_HTML = re.compile(
    r"\bMarkup\(|\|\s*safe\b|autoescape\s*(=\s*False|false)|%\s*autoescape|render_template_string"
)
ALLOWED = {
    "forum/events/own_links.py": 1,  # contains HTML made by `web/markdown`; its links are changed to the event's paths
    "forum/registration/row_menu.py": 2,  # contains links made by Markup's %, which escapes
    "forum/web/countries.py": 7,  # contains option elements made by Markup.format, which escapes
    "forum/web/languages.py": 2,  # marks the words of a template’s own texts, as Jinja does; values are escaped
    "forum/web/markdown.py": 1,  # contains HTML that nh3 has made harmless
}


def makes_html(project: Path) -> dict[str, int]:
    """Return how often each Python file marks a text as HTML that needs no escaping."""
    found = {}
    for folder, pattern in (("forum", "*.py"), ("templates", "*")):
        for path in (project / folder).rglob(pattern):
            if path.is_file() and (number := len(MAKES_HTML.findall(path.read_text(errors="replace")))):
                found[path.relative_to(project).as_posix()] = number
    return found


def test_only_listed_files_make_html():
    assert makes_html(PROJECT) == ALLOWED


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("forum/a.py", "return Markup(name)"),
        ("forum/a.py", "render_template_string(name)"),
        ("templates/a.html", "{{ name|safe }}"),
        ("templates/a.html", "{{ name | upper | safe }}"),
        ("templates/mail/a/body.html", "{%- autoescape false %}"),
    ],
)
def test_a_file_that_makes_html_is_found(tmp_path, name, text):
    """Control: each way to mark a text as HTML is found in a file."""
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(f"{text} and a safe word")
    assert makes_html(tmp_path) == {name: 1}


def test_every_template_is_escaped_by_its_name(app):
    """Flask escapes values by the ending of a template's name; only templates of mails may have another."""
    odd = {
        name
        for name in app.jinja_env.list_templates()
        if not app.select_jinja_autoescape(name)
        and not name.startswith(("security/", "mail/", "layouts/mail"))
    }
    assert odd == set()
