"""Text is escaped everywhere; the few places that make HTML are listed (S33)."""

import re

from forum.config import PROJECT

MAKES_HTML = re.compile(
    r"\bMarkup\(|\|\s*safe\b|autoescape\s*(=\s*False|false)|%\s*autoescape|render_template_string"
)
ALLOWED = {
    "forum/web/countries.py": 5,  # option elements, filled in by Markup.format, which escapes
    "forum/web/markdown.py": 1,  # what nh3 let through
}


def test_only_listed_files_make_html():
    found = {}
    for folder, pattern in (("forum", "*.py"), ("templates", "*")):
        for path in (PROJECT / folder).rglob(pattern):
            if path.is_file() and (number := len(MAKES_HTML.findall(path.read_text(errors="replace")))):
                found[path.relative_to(PROJECT).as_posix()] = number
    assert found == ALLOWED


def test_every_template_is_escaped_by_its_name(app):
    """Flask escapes by the file's ending; plain text mails are the only ones that need none."""
    odd = {
        name
        for name in app.jinja_env.list_templates()
        if not app.select_jinja_autoescape(name)
        and not name.startswith(("security/", "mail/", "layouts/mail"))
    }
    assert odd == set()
