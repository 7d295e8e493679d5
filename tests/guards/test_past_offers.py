"""No page or mail says that a place is offered without asking whether the time to accept it is over.

Until the worker has ended an offer whose time is over, or lengthened it, its status is still "offered". Each place in a
template, or in a file with texts, that names this status has to ask there whether the time is over, too
(`deadlines.is_past_offer`): joined by "and", in a condition around it, or in an earlier branch of the same choice. Or
its line stands below with the reason why it need not ask.
"""

import ast
import re
from collections.abc import Iterator

import pytest
from jinja2 import Environment, nodes

from forum.settings.project import PROJECT

BY_STATUS_ALONE = re.compile(r"status_name\(\s*\w+\.status\s*\)")
LITERAL = re.compile(r"""["']offered["']""")
ASKS_FOR_TIME = {"past_offer", "is_past_offer", "is_past_offer_now"}
Line = tuple[str, str]  # a line of a file: the file's path, and the line's text without spaces around it
EXEMPT: dict[str, set[Line]] = {
    "it opens the page of an act that an organiser can do after the offer's time, too": {
        ("templates/console/attendees/_acts.html", '{%- elif registration.status == "offered" %}'),
        (
            "forum/registration/row_menu.py",
            '("waiting_list.extend", _l("Extend the offer"), (Status.OFFERED,)),',
        ),
        (
            "forum/registration/row_menu.py",
            '("waiting_list.withdraw", _l("Withdraw the offer"), (Status.OFFERED,)),',
        ),
        (
            "forum/registration/waiting_pages.py",
            'can_act = registration.status == (Status.WAITING if page == "offer" else Status.OFFERED)',
        ),
    },
    "it says what the act has done at this very moment": {
        (
            "forum/registration/organisers_undoing.py",
            'Status.OFFERED: _("The cancellation has been undone, and a place is offered to the person."),',
        ),
        (
            "forum/registration/mails.py",
            "return _queue_managing(registration, FOR_STATE[Status.OFFERED], now, until=until, why=told_why)",
        ),
    },
    "it chooses a mail that says until which moment the place is offered": {
        ("forum/registration/mails.py", 'Status.OFFERED: "offered",'),
        ("forum/registration/mails.py", "if registration.status == Status.OFFERED:"),
    },
    "the same words are true before and after the offer's time": {
        (
            "templates/public/self_service/cancel.html",
            '<p>{{ _("You can register again while registration is open, but you will then be last in line.") if waits'
            ' or registration.status == "offered" else _("You can register again while registration is open.") }}</p>',
        ),
        (
            "templates/public/self_service/show.html",
            "{% if (not is_over or event.cancelled_at) and registration.status in"
            ' ("confirmed", "waiting", "offered", "in_review") %}',
        ),
        (
            "forum/registration/stages.py",
            "if registration.status not in (Status.OFFERED, Status.CONFIRMED) or offered_at is None:",
        ),
        (
            "forum/registration/stages.py",
            "has_rank = registration.status in (Status.WAITING, Status.OFFERED)",
        ),
    },
    "words of what is past": {
        (
            "templates/public/self_service/show.html",
            '"confirmed": _("You had a place"), "waiting": _("You were on the waiting list"),'
            ' "offered": _("You were offered a place"),',
        ),
        ("forum/delegations/delegation_words.py", 'Status.OFFERED: _l("Was offered a place"),'),
        ("forum/registration/wording.py", 'Status.OFFERED: _l("Was offered a place"),'),
    },
    "another line of the file, or a template that this one includes, asks before it is shown": {
        (
            "templates/public/self_service/show.html",
            '"confirmed": _("You have a place"), "waiting": _("You are on the waiting list"),'
            ' "offered": _("A place is free for you"),',
        ),
        ("templates/public/self_service/show.html", '{% elif registration.status == "offered" %}'),
        (
            "forum/delegations/delegation_words.py",
            'Status.OFFERED: (_("Offered a place"), "offered", _("The person has to accept it.")),',
        ),
        (
            "forum/registration/dossier.py",
            "(_offer_label(registration), registration.offer_expires_at, Status.OFFERED),",
        ),
        ("forum/registration/own_offer.py", "if registration.status != Status.OFFERED:"),
        ("forum/registration/stages.py", "if status == Status.OFFERED and registration.offer_expires_at:"),
        ("forum/registration/wording.py", 'Status.OFFERED: (_l("Offered a place"), "offered"),'),
        (
            "forum/registration/wording.py",
            "until = registration.offer_expires_at if registration.status == Status.OFFERED else None",
        ),
    },
    "it hands over a value that another file shows only after asking, or takes that file's words": {
        (
            "forum/registration/list_pages.py",
            "OF_THE_PERSON = {Status.WAITING, Status.OFFERED}  # statuses whose words name a position in line"
            " or a deadline",
        ),
        (
            "forum/registration/own_page.py",
            "every, is_offered = questions.list_all(registration.event_id), registration.status == Status.OFFERED",
        ),
        (
            "forum/registration/waiting_pages.py",
            "total = sum(number for (_sector, status), number in counts.items() if status == Status.OFFERED)",
        ),
        (
            "forum/registration/waiting_view.py",
            "return Registration.event_id == event.id, Registration.status == Status.OFFERED",
        ),
        (
            "forum/privacy/telling.py",
            'if (table, name, value) == ("registrations", "status", Status.OFFERED):',
        ),
    },
    "it counts registrations by status: a place is held until the worker has ended the offer": {
        ("forum/console/agenda.py", "if listing.total(counts, status=Status.OFFERED):"),
        (
            "forum/console/agenda.py",
            "if listing.total(counts, status=Status.OFFERED) and not event.cancelled_at:",
        ),
        (
            "forum/console/figure_files.py",
            "OTHER_STATES = (Status.OFFERED, Status.WAITING, Status.IN_REVIEW, Status.PENDING)",
        ),
        ("forum/console/overview.py", "offered = listing.total(counts, status=Status.OFFERED)"),
    },
}
PARSER = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"])  # noqa: S701 - it renders nothing


def in_template(source: str) -> Iterator[tuple[int, bool]]:
    """Yield each line of a template that names the status "offered", and whether it asks if the time is over."""
    if LITERAL.search(source):
        yield from _in_node(PARSER.parse(source), asked=False)


def _in_node(node: nodes.Node, *, asked: bool) -> Iterator[tuple[int, bool]]:
    if isinstance(node, nodes.Const) and node.value == "offered":
        yield node.lineno, asked
    if isinstance(node, nodes.If):
        yield from _in_branches(node, asked=asked)
        return
    known = asked or (isinstance(node, nodes.And | nodes.CondExpr) and _asks(getattr(node, "test", node)))
    for child in node.iter_child_nodes():
        is_test = child is getattr(node, "test", None)
        yield from _in_node(child, asked=asked if is_test else known)


def _in_branches(choice: nodes.If, *, asked: bool) -> Iterator[tuple[int, bool]]:
    """Yield what `in_template` yields, for an `if`: what an earlier branch has asked counts in the later ones."""
    for branch in (choice, *choice.elif_):
        yield from _in_node(branch.test, asked=asked)
        asked = asked or _asks(branch.test)
        for child in branch.body:
            yield from _in_node(child, asked=asked)
    for child in choice.else_:
        yield from _in_node(child, asked=asked)


def _asks(test: nodes.Node) -> bool:
    parts = [test, *test.find_all((nodes.Test, nodes.Name))]
    return any(getattr(part, "name", None) in ASKS_FOR_TIME for part in parts)


def in_module(source: str) -> Iterator[tuple[int, bool]]:
    """Yield each line of a Python file that names the status "offered", and whether it asks if the time is over."""
    if "flask_babel" in source:
        yield from _in_code(ast.parse(source), asked=False)


def _in_code(node: ast.AST, *, asked: bool) -> Iterator[tuple[int, bool]]:
    is_compared = isinstance(node, ast.Compare) and any(
        isinstance(part, ast.Constant) and part.value == "offered" for part in ast.walk(node)
    )
    if is_compared or (isinstance(node, ast.Attribute) and node.attr == "OFFERED"):
        yield node.lineno, asked
    is_choice = isinstance(node, ast.If | ast.IfExp)
    is_both = isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And)
    known = asked or ((is_choice or is_both) and _asks_in_code(getattr(node, "test", node)))
    for child in ast.iter_child_nodes(node):
        is_test = is_choice and child is node.test
        yield from _in_code(child, asked=asked if is_test else known)


def _asks_in_code(test: ast.AST) -> bool:
    parts = ast.walk(test)
    return any((getattr(part, "attr", None) or getattr(part, "id", None)) in ASKS_FOR_TIME for part in parts)


def lines_that_name_the_status(*, asked: bool) -> list[Line]:
    """Return the lines that name the status "offered": those that ask if the time is over, or those that do not."""
    found: dict[tuple[Line, int], bool] = {}
    for folder, ending, look in (("templates", "*.*", in_template), ("forum", "*.py", in_module)):
        for path in sorted((PROJECT / folder).rglob(ending)):
            source = path.read_text()
            lines = source.splitlines()
            for number, asks in look(source):
                line = (str(path.relative_to(PROJECT)), lines[number - 1].strip()), number
                found[line] = found.get(line, True) and asks
    return sorted(line for (line, _number), asks in found.items() if asks == asked)


def test_each_text_about_an_offered_place_asks_whether_the_time_is_over():
    assert lines_that_name_the_status(asked=False) == sorted(
        line for lines in EXEMPT.values() for line in lines
    )
    assert len(lines_that_name_the_status(asked=True)) >= 10


def test_no_text_names_the_state_of_a_registration_by_its_status_alone():
    """Texts name a registration's state by `wording.state_name`, which also knows whether an offer's time is over."""
    texts = [*(PROJECT / "templates").rglob("*.html"), *(PROJECT / "forum").rglob("*.py")]
    alone = {str(path.relative_to(PROJECT)) for path in texts if BY_STATUS_ALONE.search(path.read_text())}
    assert alone == {"forum/registration/wording.py"}


@pytest.mark.parametrize(
    "tag",
    [
        '{% if registration.status == "offered" %}',
        "{% if status != 'offered' %}",
        '{% if status in ("waiting", "offered") %}',
        '{% if status is eq("offered") %}',
        '{% set is_open = status == "offered" %}{% if is_open %}',
        '{% if registration is past_offer %}{% endif %}{% if status == "offered" %}',
        '{% if status == "offered" or registration is past_offer %}',
        '{% if status == "offered" %}{% elif registration is past_offer %}',
    ],
)
def test_a_tag_that_does_not_ask_for_the_time_is_found(tag):
    """Control: a tag that tests for the status "offered" alone is found, even if another tag asks for the time."""
    end = "{% endif %}{{ registration is past_offer }}"
    assert list(in_template(f"{tag}{end}")) == [(1, False)]


@pytest.mark.parametrize(
    "template",
    [
        '{% if status == "offered" and registration is not past_offer %}{% endif %}',
        '{% if registration is past_offer %}{% elif status == "offered" %}{% endif %}',
        '{% if x %}{% elif is_past_offer %}{% elif status == "offered" %}{% endif %}',
        '{% if is_past_offer %}{% else %}{{ "x" if status == "offered" }}{% endif %}',
        '{{ "x" if is_past_offer else "y" if status == "offered" }}',
    ],
)
def test_a_tag_that_asks_for_the_time_is_told_apart(template):
    assert list(in_template(template)) == [(1, True)]


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("if one.status == Status.OFFERED: pass", False),
        ("if one.status in ('waiting', 'offered'): pass", False),
        ("x = {Status.OFFERED: 1}; y = is_past_offer(one)", False),
        ("if one.status == Status.OFFERED or is_past_offer(one): pass", False),
        ("if one.status == Status.OFFERED and not deadlines.is_past_offer(one, now): pass", True),
        ("x = a if is_past_offer(one) else b if one.status == Status.OFFERED else c", True),
    ],
)
def test_a_line_of_code_is_told_by_whether_it_asks_for_the_time(line, asked):
    """Control: a line passes only if the condition around it asks whether the offer's time is over."""
    assert list(in_module(f"import flask_babel\n{line}")) == [(2, asked)]
