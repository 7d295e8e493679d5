"""The log has words for every action that the audit trail records, in every language (S46, P18)."""

import ast
import re
from collections.abc import Iterator

from forum.console.log_kinds import LISTED
from forum.console.log_words import ACTS, TOLD
from forum.settings.project import PROJECT

ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
# Functions whose first argument is the name of an action.
RECORDING = {
    "record",
    "_record",
    "_settled",
    "record_form",
    "note_view",
    "note_once",
    "note_refusal",
    "note_brake",
}
# Modules that only pass on the names of actions that their callers give.
PASSING_ON = {"forum/audit/traces.py"}
MODULES = {
    path.relative_to(PROJECT).as_posix(): ast.parse(path.read_text())
    for path in sorted((PROJECT / "forum").rglob("*.py"))
}


def list_recorded(modules: dict[str, ast.Module]) -> set[str]:
    """Return the names of all actions that these modules record."""
    constants = dict(pair for module in modules.values() for pair in _constants(module))
    named = [
        (argument, module)
        for path, module in modules.items()
        if path not in PASSING_ON
        for argument in _arguments(module)
    ]
    plain = {action for argument, _module in named for action in _plain(argument, constants)}
    rooms = {action.partition(".")[0] for action in plain}
    known = {action for argument, module in named for action in _actions(argument, module, constants)}
    return {action for action in known if action.partition(".")[0] in rooms}


def _arguments(module: ast.Module) -> Iterator[ast.expr]:
    """Yield the expressions that name an action: first arguments of functions that record, and values of `action`."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and node.args:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in RECORDING:
                yield node.args[0]
        if isinstance(node, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
            yield from (value for key, value in zip(keys, node.values, strict=True) if key == "action")
        if isinstance(node, ast.keyword) and node.arg == "action":
            yield node.value


def _actions(named: ast.expr, module: ast.Module, constants: dict[str, str]) -> set[str]:
    """Return the actions that an expression may name; if it has no constant, all actions that its module names."""
    names = {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}
    return _plain(named, constants) or _texts(module) | {constants[name] for name in names & constants.keys()}


def _plain(named: ast.expr, constants: dict[str, str]) -> set[str]:
    name = named.attr if isinstance(named, ast.Attribute) else getattr(named, "id", "")
    return {constants[name]} if name in constants else _texts(named)


def _texts(tree: ast.AST) -> set[str]:
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return {text for text in texts if isinstance(text, str) and ACTION.fullmatch(text)}


def _constants(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the constants of a module that may name an action, also those that are assigned several at once."""
    for node in module.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name | ast.Tuple):
            names = getattr(node.targets[0], "elts", [node.targets[0]])
            values = getattr(node.value, "elts", [node.value]) if len(names) > 1 else [node.value]
            for name, value in zip(names, values, strict=False):
                if isinstance(name, ast.Name) and isinstance(value, ast.Constant) and _texts(value):
                    yield name.id, str(value.value)


def test_every_recorded_action_has_words():
    recorded = list_recorded(MODULES)
    assert len(recorded) > 150
    assert sorted(recorded - set(ACTS) - TOLD) == []


def test_no_words_or_kinds_are_left_over():
    recorded = list_recorded(MODULES)
    assert sorted(set(ACTS) - recorded) == []
    assert sorted({action for actions in LISTED.values() for action in actions} - recorded) == []


def test_action_without_words_is_found():
    """Control: a new action is found wherever its name stands."""
    source = """
NAMED, OTHER = "zebra.fed", "zebra.washed"
def tend(zebra):
    audit.record(NAMED, zebra)
    audit.record("zebra.seen" if zebra.is_near else "zebra.lost", zebra)
    action = "zebra.found"
    audit.record(action, zebra)
    end(zebra, action="zebra.ended")
"""
    planted = list_recorded({"planted.py": ast.parse(source)})
    assert planted == {f"zebra.{act}" for act in ("fed", "washed", "seen", "lost", "found", "ended")}
