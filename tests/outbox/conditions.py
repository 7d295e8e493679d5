"""The values that the conditions in the templates of mails have, for each mail that is made.

with noted_conditions(app, monkeypatch) as noted:
    ...                                 # make mails
noted.one_sided(["<1@example.org>"])    # the conditions with one value only in all of these mails, by Message-ID

A condition is what stands after `if` or `elif`, in a tag, between two values or behind a loop, and what
stands before `or`.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from jinja2 import nodes

from forum.outbox import actions

OF_MAILS = re.compile(r"(mail|layouts/mail[^/]*|components/mail[^/]*)(/|\.|$)")


@dataclass
class Noted:
    """The conditions of all templates of mails, and the values that they had in each mail, by its Message-ID."""

    conditions: set[str] = field(default_factory=set)
    came_to: dict[str, set[tuple[str, bool]]] = field(default_factory=dict)
    now: set[tuple[str, bool]] = field(default_factory=set)

    def note(self, value: Any, condition: str) -> Any:
        """Note whether a condition is true in the mail that is being made; return its value."""
        self.now.add((condition, bool(value)))
        return value

    def one_sided(self, mails: Iterable[str]) -> list[str]:
        """Return the conditions that were never true, or never false, in these mails."""
        all_of_them = set().union(*(self.came_to[mail] for mail in mails))
        return sorted(
            f"{condition}: never {value}"
            for condition in self.conditions
            for value in (True, False)
            if (condition, value) not in all_of_them
        )


@contextmanager
def noted_conditions(app: Flask, patched: Any) -> Iterator[Noted]:
    """Within the block, note the values of the conditions of mails; `patched` is pytest's monkeypatch."""
    noted, environment = Noted(), app.jinja_env
    parse, write = environment._parse, actions._write

    def parse_and_mark(source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = parse(source, name, filename)
        for condition, node, place in _conditions(tree, source, name or ""):
            noted.conditions.add(condition)
            setattr(node, place, _marked(getattr(node, place), condition))
        return tree

    def write_and_keep(message: Any, *told: Any) -> None:
        noted.now = set()
        write(message, *told)
        noted.came_to[message.message_id] = noted.now

    patched.setattr(environment, "_parse", parse_and_mark)
    # The marked code must not reach other apps: read the files, not the code that all apps of the tests share.
    patched.setattr(environment, "loader", getattr(environment.loader, "files", environment.loader))
    patched.setattr(environment, "bytecode_cache", None)
    patched.setitem(environment.filters, "noted", noted.note)
    patched.setattr(actions, "_write", write_and_keep)
    environment.cache.clear()
    for name in environment.list_templates(filter_func=lambda name: bool(OF_MAILS.match(name))):
        environment.get_template(name)
    yield noted
    environment.cache.clear()


def _conditions(tree: nodes.Template, source: str, name: str) -> Iterator[tuple[str, nodes.Node, str]]:
    """Yield each condition of a template of mails: a name, the node, and the node's attribute with the condition.

    The name says file, line, number and the text of the line: "(0)" is the file's first condition, "(1)" the second,
    and so on, because a line may have several.
    """
    lines = source.splitlines() if OF_MAILS.match(name) else []
    asking = tree.find_all((nodes.If, nodes.CondExpr, nodes.For, nodes.Or)) if lines else []
    for number, node in enumerate(asking):
        place = "left" if isinstance(node, nodes.Or) else "test"
        if getattr(node, place) is not None:
            yield f"{name}:{node.lineno} ({number}) {lines[node.lineno - 1].strip()[:80]}", node, place


def _marked(test: nodes.Expr, condition: str) -> nodes.Expr:
    marked = nodes.Filter(test, "noted", [nodes.Const(condition)], [], None, None)
    marked.set_lineno(test.lineno, override=True)
    return marked.set_environment(test.environment)
