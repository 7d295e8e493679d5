"""Settings as the environment gives them: each is parsed by its type, and a malformed one is noted as a problem."""

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import limits

PREFIX = "FORUM_"
READ_ELSEWHERE = {"CONFIG", "LOG_LEVEL", "SECRET_KEY_FILE", "DATA_KEYS_FILE"}
ON, OFF = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


class Given(dict[str, Any]):
    """The FORUM_* variables of the environment without their prefix, with `overrides` on top.

    `problems` names malformed settings, without their values; `secret_files` are the files that hold settings, and
    `unreadable` the settings whose file cannot be read.
    """

    def __init__(self, overrides: Mapping[str, Any]):
        super().__init__(
            {
                name.removeprefix(PREFIX): value
                for name, value in os.environ.items()
                if name.startswith(PREFIX)
            }
        )
        self.problems: list[str] = []
        self.secret_files = [Path(self["CONFIG"])] if super().get("CONFIG") else []
        self.unreadable: list[str] = []
        self._names = set(READ_ELSEWHERE)
        for name in ("SECRET_KEY", "DATA_KEYS"):
            if path := self.pop(f"{name}_FILE", None):
                self._read_file(name, Path(path))
        self.update(overrides)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the setting, and note that its name is one that the forum reads (see `misspelt`)."""
        self._names.add(key)
        return super().get(key, default)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return whether the setting is on.

        A word that means neither on nor off is a problem: read as off, it could let mail be sent without TLS.
        """
        word = str(self.get(name, default)).strip().lower()
        if word not in ON + OFF:
            self.refuse(f"FORUM_{name} must be 1 or 0")
        return word in ON

    def number(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        """Return a whole number of at least `least`, and of at most `most` if given."""
        try:
            number = int(self.get(name, default))
        except (TypeError, ValueError):
            self.refuse(f"FORUM_{name} must be a number")
            return default
        if number < least:
            self.refuse(f"FORUM_{name} must be {least} or more")
        if most is not None and number > most:
            self.refuse(f"FORUM_{name} must be {most} or less")
        return number

    def limit(self, name: str, default: str) -> str:
        """Return a limit such as "60 per 10 minutes"."""
        text = str(self.get(name, default))
        try:
            limits.parse(text)
        except ValueError:
            self.refuse(f"FORUM_{name} must be a limit, such as {default}")
        return text

    def refuse(self, problem: str) -> None:
        """Note a problem, only once even if the setting is read several times."""
        if problem not in self.problems:
            self.problems.append(problem)

    def misspelt(self) -> Iterator[str]:
        """Name each variable that the forum has not read, with the setting that was probably meant.

        Otherwise a misspelt variable would be ignored silently.
        """
        for name in sorted(name.removeprefix(PREFIX) for name in os.environ if name.startswith(PREFIX)):
            if name not in self._names:
                nearest = get_close_matches(name, sorted(self._names), n=1)
                yield f"FORUM_{name} is no setting" + "".join(f"; FORUM_{word} is" for word in nearest)

    def _read_file(self, name: str, path: Path) -> None:
        self.secret_files.append(path)
        try:
            self[name] = path.read_text().strip()
        except (OSError, UnicodeError):
            self.unreadable.append(name)
