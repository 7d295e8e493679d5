"""Which functions a function may call, found in the source: whether a job may delete rows, for instance.

The search follows functions and methods that a source names; it does not see a function in a table of a module.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from sqlalchemy import delete

UNKNOWN = object()


def may_delete(begin: Callable[..., Any]) -> bool:
    """Return whether the function, or one that it names, makes a DELETE statement or deletes an object."""
    seen, waiting = {begin}, [begin]
    while waiting:
        function = waiting.pop()
        for named in _names(function):
            if named is delete:
                return True
            if inspect.isfunction(named) and named.__module__.startswith("forum.") and named not in seen:
                seen.add(named)
                waiting.append(named)
    return False


@cache
def _names(function: Callable[..., Any]) -> tuple[Any, ...]:
    return tuple(_read_names(inspect.unwrap(function)))


def _read_names(function: Callable[..., Any]) -> Iterator[Any]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    known = inspect.getclosurevars(function)
    names = {**known.globals, **known.nonlocals}
    for node in ast.walk(tree):
        if (isinstance(node, ast.Attribute) and node.attr == "delete") or (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.startswith("DELETE ")
        ):
            yield delete
        elif isinstance(node, ast.Name | ast.Attribute) and (value := _value(node, names)) is not UNKNOWN:
            yield value


def _value(node: ast.AST, names: dict[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return names.get(node.id, UNKNOWN)
    if isinstance(node, ast.Attribute):
        base = _value(node.value, names)
        if inspect.ismodule(base) or inspect.isclass(base):
            return inspect.getattr_static(base, node.attr, UNKNOWN)
    return UNKNOWN
