"""Style sheets have no unused rules, and at most two declarations on a line."""

import re
from collections.abc import Iterable, Iterator

import pytest

from forum.settings.project import PROJECT

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
JINJA_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
SELECTORS = re.compile(r"([^{};]+)\{")
CLASS = re.compile(r"\.([a-zA-Z][\w-]*)")
IN_MARKUP = re.compile(r'class="((?:\{\{.*?\}\}|\{%.*?%\}|[^"])*)"')
OF_BODY = re.compile(r"\{% block body_class %\}(.*?)\{% endblock %\}")
WORD = re.compile(r"[a-zA-Z][\w-]*")
# Finds the constant beginning of class names with a variable end: "status-{{ kind }}", "input-" ~ width, f"sector-{n}".
BEGUN = re.compile(r"""([a-z][\w-]*-)(?:\{|["'] *~|["'] *\+)""")
BLOCK = re.compile(r"\{([^{}]*)\}")
DARK = re.compile(r"@media[^{]*prefers-color-scheme[^{]*\{((?:[^{}]*\{[^{}]*\})*)")
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
COLOUR = re.compile(r"--[\w-]+: (?:#[0-9a-f]{3,8}|\d+%)")
STRING = re.compile(r"""(["']).*?\1""")
MOST_ON_A_LINE = 2


def test_every_class_of_the_style_sheets_is_used():
    assert sorted(find_unused(sheets(), sources())) == []


def test_declarations_beyond_two_have_a_line_each():
    crowded = {
        path.name: lines
        for path in (PROJECT / "static/css").rglob("*.css")
        if (lines := list(find_crowded(path.read_text())))
    }
    assert crowded == {}


def test_the_dark_scheme_differs_by_colours_only():
    """Only colours differ in the dark scheme, so axe's rules about anything else need not run there (browser/looks)."""
    assert (
        sorted(find_not_colours(path.read_text() for path in (PROJECT / "static/css").rglob("*.css"))) == []
    )


def test_a_dark_rule_that_is_no_colour_is_found():
    """Control: a rule of the dark scheme is found when it sets no colour, or sets one elsewhere than on :root."""
    dark = "@media (prefers-color-scheme: dark) {{ {} }}"
    rules = (
        ":root { --ink: #fff; --free: 30%; }",
        "p { color: #fff; }",
        ":root { --gap: 2rem; display: none; }",
    )
    assert list(find_not_colours([dark.format(rule) for rule in rules])) == [
        "p { color: #fff }",
        ":root { --gap: 2rem }",
        ":root { display: none }",
    ]


@pytest.mark.parametrize(
    ("markup", "unused"),
    [
        ('<p class="lead small">', []),
        ('<p class="lead{% if x %} small{% endif %}">', []),
        ("<p class=\"lead{{ ' small' if x }}\">", []),
        ('<p class="lead">small</p>', ["small"]),
        ('<p class="sma-{{ kind }}"><b class="lead">', ["small"]),
        ('{# <p class="lead small"> #}', ["lead", "small"]),
    ],
)
def test_an_unused_class_is_found(markup, unused):
    """Control: a class is found exactly when no markup uses it."""
    assert sorted(find_unused([".lead.small > p { color: red; } /* .gone */"], [markup])) == unused


def test_a_class_that_is_put_together_counts_as_used():
    assert list(find_unused([".status-in::before { color: red; }"], ['<p class="status-{{ kind }}">'])) == []


@pytest.mark.parametrize(
    ("sheet", "number"),
    [
        ("a { color: red; margin: 0; }", 0),
        ("a { color: red; margin: 0; padding: 0; }", 1),
        ("a { background: url('data:a;b;c'); margin: 0; }", 0),
        ("@media print { a { color: red; margin: 0; padding: 0; } }", 1),
        ("a {\n  color: red;\n  margin: 0;\n  padding: 0;\n}", 0),
        ("a {\n  color: red; margin: 0;\n  padding: 0;\n}", 1),
    ],
)
def test_a_crowded_rule_is_found(sheet, number):
    """Control: a rule is found when it has more than two declarations on a line."""
    assert len(list(find_crowded(sheet))) == number


def find_unused(sheets: Iterable[str], sources: Iterable[str]) -> Iterator[str]:
    """Yield the classes of the style sheets that no template, script or Python file uses."""
    words, begun = set(), set()
    for source in sources:
        words |= named_in(source)
        begun |= set(BEGUN.findall(JINJA_COMMENT.sub("", source)))
    for name in classes_of(sheets) - words:
        if not any(name.startswith(beginning) for beginning in begun):
            yield name


def find_not_colours(sheets: Iterable[str]) -> Iterator[str]:
    """Yield each declaration of the dark scheme, with its selector, that does not set a colour of :root."""
    for sheet in sheets:
        for block in DARK.findall(COMMENT.sub("", sheet)):
            for selector, body in RULE.findall(block):
                for declaration in filter(None, map(str.strip, body.split(";"))):
                    if selector.strip() != ":root" or not COLOUR.fullmatch(declaration):
                        yield f"{selector.strip()} {{ {declaration} }}"


def find_crowded(sheet: str) -> Iterator[str]:
    """Yield the rules with more declarations on a line than are allowed."""
    for block in BLOCK.findall(STRING.sub("", COMMENT.sub("", sheet))):
        lines = [line for line in block.split("\n") if line.strip()]
        if len(lines) < block.count(";") > MOST_ON_A_LINE:
            yield block.strip()


def named_in(source: str) -> set[str]:
    """Return the class names in a file's class attributes."""
    source = JINJA_COMMENT.sub("", source)
    values = IN_MARKUP.findall(source) + OF_BODY.findall(source)
    return {word for value in values for word in WORD.findall(value)}


def classes_of(sheets: Iterable[str]) -> set[str]:
    """Return the classes in the style sheets' selectors."""
    return {
        name
        for sheet in sheets
        for selectors in SELECTORS.findall(COMMENT.sub("", sheet))
        if not selectors.strip().startswith("@")
        for name in CLASS.findall(selectors)
    }


def sheets() -> list[str]:
    return [path.read_text() for path in (PROJECT / "static/css").rglob("*.css")]


def templates() -> list[str]:
    """Return the templates of pages; mails have their own styles."""
    folder = PROJECT / "templates"
    paths = [path for path in folder.rglob("*.html") if "mail" not in path.relative_to(folder).parts[0]]
    return [path.read_text() for path in paths]


def sources() -> list[str]:
    """Return the files that can use a class: templates, scripts, and Python files that produce markup."""
    paths = [*(PROJECT / "static/js").glob("*.js"), *(PROJECT / "forum").rglob("*.py")]
    return [*templates(), *(path.read_text() for path in paths)]
