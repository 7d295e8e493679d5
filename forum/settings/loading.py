"""Load the settings, or say why the forum cannot start with them."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forum import presence
from forum.settings import project
from forum.settings.errors import UnsafeSettings
from forum.settings.given import Given
from forum.settings.keys import new_data_keys, new_secret_key, read_or_make
from forum.settings.nonsense import find_nonsense
from forum.settings.safety import find_unsafe
from forum.settings.table import read_settings

ENVIRONMENTS = ("development", "production")
WHICH_FORUM = (
    "Which forum is meant? FORUM_CONFIG names the file of its settings (docs/operations.md);"
    " FORUM_ENV=development means the one of `make run`"
)


def refuse_to_guess() -> None:
    """Raise UnsafeSettings when neither FORUM_CONFIG nor FORUM_ENV says for which installation a command is meant."""
    if not os.environ.get("FORUM_CONFIG") and not os.environ.get("FORUM_ENV"):
        raise UnsafeSettings([WHICH_FORUM])


def load_settings(overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return Flask's configuration from the environment, with `overrides` on top.

    Raises UnsafeSettings, naming every setting that is missing, malformed or unsafe. Source: S05.
    """
    given = Given(overrides or {})
    environment = str(given.get("ENV") or "development")
    instance = Path(given.get("INSTANCE") or project.DEFAULT_INSTANCE).resolve()
    production = environment == "production"
    if presence.is_foreign_to_root(instance):
        raise UnsafeSettings([run_as(presence.owner(instance))])
    if not production:
        _make_instance(given, instance)
    problems = [f"FORUM_{name}_FILE cannot be read" for name in given.unreadable]
    if environment not in ENVIRONMENTS:
        problems.append(f"FORUM_ENV must be one of {', '.join(ENVIRONMENTS)}")
    said_already = {f"FORUM_{name} is missing" for name in given.unreadable}
    unsafe = find_unsafe(given, instance)
    problems += [problem for problem in unsafe if production and problem not in said_already]
    settings = read_settings(given, instance, production=production)
    problems += given.problems
    problems += find_nonsense(given, project.PROJECT / "translations", production=production)
    problems += given.misspelt()
    if problems:
        raise UnsafeSettings(problems)
    return {**settings, "SECRET_FILES": given.secret_files}  # `forum doctor` checks who may read these files


def run_as(user: str) -> str:
    """Return the message for root when the instance folder belongs to another user: run the command as that user."""
    return (
        f"FORUM_INSTANCE is the folder of {user}, who could not read what root writes there."
        f" Run it as {user}: sudo -u {shlex.quote(user)} FORUM_CONFIG=… forum …"
    )


def _make_instance(given: Given, instance: Path) -> None:
    """Create the instance folder and its keys if they are missing, so that development needs no settings."""
    # The folder holds personal data, so only its owner may open it.
    instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    given.setdefault("SECRET_KEY", read_or_make(instance / "secret_key", new_secret_key))
    given.setdefault("DATA_KEYS", read_or_make(instance / "data_keys.json", new_data_keys))
