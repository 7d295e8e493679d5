"""The settings file for every command: `forum.toml`, or lines FORUM_NAME=value in systemd's syntax.

FORUM_CONFIG names the file; by default it lies in the instance folder. Environment variables override the file. The
file's settings are put into the process's environment, so that child processes have them too.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from forum.settings import project
from forum.settings.errors import UnsafeSettings

NAMES = ("forum.toml", "forum.env")
PREFIX = "FORUM_"
ASSIGNED = re.compile(r"(FORUM_\w*)[ \t]*=[ \t]*")
ENCLOSED = re.compile(r"""(?:'([^']*)'|"((?:[^"\\]|\\.)*)")[ \t]*""", re.DOTALL)
ESCAPED_IN_QUOTES = re.compile(r"""\\(["\\`$\n])""")
BARE = re.compile(r"(?:[^\\\n]|\\.)*", re.DOTALL)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class _Malformed(Exception):
    """The file cannot be parsed. The message contains no value, which could be a secret."""


def read_into(environment: MutableMapping[str, str]) -> None:
    """Add the file's settings to the environment, without replacing variables that are set. Raises UnsafeSettings."""
    path = _path(environment)
    if path is None:
        return
    try:
        text = path.read_text()
        settings = _toml(text) if path.suffix == ".toml" else dict(_lines(text))
        _refuse_what_no_environment_holds(settings)
    except (OSError, UnicodeError):
        raise UnsafeSettings([f"FORUM_CONFIG: {path} cannot be read"]) from None
    except _Malformed as problem:
        raise UnsafeSettings([f"FORUM_CONFIG: {path} {problem}"]) from None
    above = set(environment)
    for name, value in {**settings, "FORUM_CONFIG": str(path)}.items():
        same = name.removesuffix("_FILE") if name.endswith("_FILE") else f"{name}_FILE"
        # FORUM_X and FORUM_X_FILE are alternatives: either of them in the environment overrides both in the file.
        if same not in above:
            environment.setdefault(name, value)


def _path(environment: MutableMapping[str, str]) -> Path | None:
    if named := environment.get("FORUM_CONFIG"):
        return Path(named)
    instance = Path(environment.get("FORUM_INSTANCE") or project.DEFAULT_INSTANCE)
    return next((instance / name for name in NAMES if (instance / name).is_file()), None)


def _refuse_what_no_environment_holds(settings: Mapping[str, str]) -> None:
    """Raise _Malformed for a name or a value that cannot be put into the environment of a process."""
    for name, value in settings.items():
        if "=" in name or "\0" in name:
            raise _Malformed(f"{name!r}: the name of a setting has neither = nor NUL in it")
        if "\0" in value:
            raise _Malformed(f"{name}: a setting has no NUL in it")


def _toml(text: str) -> dict[str, str]:
    try:
        given = list(_flat(tomllib.loads(text), PREFIX))
    except tomllib.TOMLDecodeError as problem:
        raise _Malformed(f"is not TOML ({problem})") from None
    except ValueError:  # Python neither reads nor writes a number of more than 4,300 digits.
        raise _Malformed("has a number with too many digits") from None
    settings: dict[str, str] = {}
    for name, value in given:
        # TOML refuses a key that occurs twice, but accepts `mail_server` beside `[mail] server`, which is the same
        # setting.
        if name in settings:
            raise _Malformed(f"{name} is set twice")
        settings[name] = value
    return settings


def _flat(table: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    """Yield the table's settings with their full names: `[mail] server = …` as FORUM_MAIL_SERVER."""
    for key, value in table.items():
        name = f"{prefix}{key.upper()}"
        match value:
            case dict():
                yield from _flat(value, f"{name}_")
            case bool():
                yield name, str(int(value))
            case str() | int():
                yield name, str(value)
            case list() if all(isinstance(item, str) for item in value):
                yield name, " ".join(value)
            case _:
                raise _Malformed(f"{key}: a setting is a text, a number, true, false or a list of texts")


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and value of lines FORUM_NAME=value, by the rules of EnvironmentFile= in systemd.exec(5)."""
    rest = text.lstrip()
    while rest:
        if rest.startswith(("#", ";")):
            rest = rest.partition("\n")[2].lstrip()
            continue
        number = text[: len(text) - len(rest)].count("\n") + 1
        if (assigned := ASSIGNED.match(rest)) is None:
            raise _Malformed(f"line {number} is not FORUM_NAME=value")
        value, rest = _value(rest[assigned.end() :], number)
        yield assigned[1], value


def _value(text: str, number: int) -> tuple[str, str]:
    """Return the value at the start of the text, and the text after it.

    A quote has a meaning only at the start of the value or of a further quoted part; spaces at the ends are dropped.
    """
    value, at = "", 0
    while enclosed := ENCLOSED.match(text, at):
        plain, escaped = enclosed.groups()
        value += plain if plain is not None else ESCAPED_IN_QUOTES.sub(_unescaped, escaped)
        at = enclosed.end()
    bare = BARE.match(text, at)
    if bare is None or text[at : at + 1] in {"'", '"'} or text[bare.end() : bare.end() + 1] not in {"", "\n"}:
        raise _Malformed(f"line {number} is not FORUM_NAME=value")
    return value + ESCAPED.sub(_unescaped, _without_end(bare[0])), text[bare.end() :].lstrip()


def _without_end(raw: str) -> str:
    """Return the value without the spaces at its end, except one that a backslash escapes."""
    kept = raw.rstrip(" \t")
    is_escaped = (len(kept) - len(kept.rstrip("\\"))) % 2 == 1
    return raw[: len(kept) + is_escaped]


def _unescaped(escape: re.Match[str]) -> str:
    """Return the character that a backslash escapes; an escaped line end is dropped, so the line goes on."""
    return escape[1].strip("\n")
