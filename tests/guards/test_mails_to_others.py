"""`registration.mails.TO_OTHERS` lists all kinds of a registration's mails to other addresses (S24).

Own data leave these mails out, because they would reveal who is registered.
"""

import ast
import importlib
from collections.abc import Callable, Iterator

from forum.registration.mails import TO_OTHERS
from forum.settings.project import PROJECT

# Exceptions: kinds of mails to a second address that the same person has confirmed, in a merged registration.
OWN = {"merged"}
PLANTED = "mails.queue(registration, 'planted', now, to=email)\nmails.queue(registration, 'own', now)"


def kinds_to_others(tree: ast.AST, value_of: Callable[[ast.expr], str]) -> Iterator[str]:
    """Yield the kind of each mail that is queued for another address than the registration's."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1].startswith(
            ("queue", "_queue")
        ):
            is_of_registration = any(keyword.arg == "to" for keyword in call.keywords) and len(call.args) > 1
            if is_of_registration:
                yield value_of(call.args[1])


def found_in_forum() -> Iterator[str]:
    for path in sorted((PROJECT / "forum").rglob("*.py")):
        module = ".".join(path.relative_to(PROJECT).with_suffix("").parts)

        def value_of(kind: ast.expr, module=module) -> str:
            return (
                kind.value
                if isinstance(kind, ast.Constant)
                else getattr(importlib.import_module(module), ast.unparse(kind))
            )

        yield from kinds_to_others(ast.parse(path.read_text()), value_of)


def test_kinds_of_mails_to_others_are_listed():
    assert set(found_in_forum()) == TO_OTHERS | OWN


def test_a_kind_that_is_not_listed_is_found():
    assert list(kinds_to_others(ast.parse(PLANTED), ast.literal_eval)) == ["planted"]
