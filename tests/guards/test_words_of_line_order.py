"""No page or mail names the order of time for a waiting list without asking whether the event has that order.

An event may order its waiting list by the balance of sectors instead. A sentence that names the order of time has to
stand in a choice, in its template, whose condition asks for `line_order`.
"""

from collections.abc import Iterator

import pytest
from jinja2 import Environment, nodes

from forum.settings.project import PROJECT

PARSER = Environment(autoescape=True, extensions=["jinja2.ext.i18n", "jinja2.ext.do"])
SAYS_ORDER = "order in which registrations came in"


def unasked(source: str) -> list[str]:
    """Return the sentences of a template that name the order of time without asking for the event's order."""
    return list(_unasked(PARSER.parse(source), asked=False))


def _unasked(node: nodes.Node, *, asked: bool) -> Iterator[str]:
    if isinstance(node, nodes.Const | nodes.TemplateData) and not asked:
        text = str(node.value if isinstance(node, nodes.Const) else node.data)
        if SAYS_ORDER in text:
            yield text
    if isinstance(node, nodes.CondExpr | nodes.If):
        asked = asked or any(one.attr == "line_order" for one in _attributes(node.test))
    for child in node.iter_child_nodes():
        yield from _unasked(child, asked=asked)


def _attributes(node: nodes.Node) -> Iterator[nodes.Getattr]:
    if isinstance(node, nodes.Getattr):
        yield node
    yield from node.find_all(nodes.Getattr)


@pytest.mark.parametrize("file", sorted(PROJECT.glob("templates/**/*.*")), ids=lambda file: file.name)
def test_the_order_of_time_is_named_only_where_the_event_has_it(file):
    assert not unasked(file.read_text("utf-8"))


@pytest.mark.parametrize(
    ("template", "number"),
    [
        ("{{ _('You wait, in the order in which registrations came in.') }}", 1),
        ("<p>In the order in which registrations came in.</p>", 1),
        (
            "{{ _('A') if event.has_waiting_list else _('B, in the order in which registrations came in') }}",
            1,
        ),
        (
            "{{ _('A') if event.line_order == 'balance' else _('B, in the order in which registrations came in') }}",
            0,
        ),
        (
            "{% if x and event.line_order == 'time' %}In the order in which registrations came in{% endif %}",
            0,
        ),
    ],
)
def test_a_sentence_that_asks_for_nothing_is_noticed(template, number):
    assert len(unasked(template)) == number
