"""Fixtures for races and crashes: processes, and functions that start a race or kill an act."""

import json
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import current_app
from sqlalchemy.engine import make_url

from forum.extensions import db
from tests.faults.beginnings import Beginnings, Database, PostgresCopy, SqliteFile
from tests.faults.racers import PROCESSES, Outcome, Race, Racers
from tools import forking

CRASHER = "from tests.faults import crasher; crasher.main()"


@dataclass(frozen=True)
class Starter:
    """Starts races on the app's database: `race(act, jobs)` returns the outcomes in the jobs' order.

    Each race empties the session. `race.begin(save)` fills the database before the race, as the function `save` does.
    """

    racers: Racers
    settings: dict[str, Any]
    database: Database
    beginnings: Beginnings
    with_lock: bool = True

    def __call__(self, act: str, jobs: Sequence[Any]) -> list[Outcome]:
        shared = [jobs[number::PROCESSES] for number in range(PROCESSES)]
        db.session.remove()
        outcomes = iter(self.racers.run(Race(self.settings, act, shared, self.with_lock)))
        db.session.remove()
        came = [[next(outcomes) for _ in own_jobs] for own_jobs in shared]
        return [came[number % PROCESSES][number // PROCESSES] for number in range(len(jobs))]

    def begin(self, save: Callable[[], Any]) -> Any:
        """Fill the database as `save` does and return its result; see tests/faults/beginnings.py."""
        return self.beginnings.begin(self.database, save)

    def without_lock(self) -> "Starter":
        """Return a starter of races without the forum's transactions and locks, for controls."""
        return replace(self, with_lock=False)


@pytest.fixture(scope="module")
def racers():
    """Give four processes that are reused for all races."""
    with Racers() as racers:
        yield racers


@pytest.fixture(scope="module")
def beginnings() -> Beginnings:
    """Give the cache of database contents with which races begin: each is saved once for all tests of a module."""
    return Beginnings()


@pytest.fixture
def copied_database(request, database_url) -> Database:
    """Give the test's database as an object that can be read and filled as a whole, which `Beginnings` needs."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return SqliteFile(Path(url.database))
    return PostgresCopy(url.database, request.getfixturevalue("spare_databases"))


@pytest.fixture
def race(racers, beginnings, copied_database, settings, app, database_url, database) -> Starter:
    """Give the starter of races on the test's database."""
    own = {**settings, "INSTANCE": app.config["INSTANCE"], "DATABASE_URL": database_url}
    return Starter(racers, own, copied_database, beginnings)


@pytest.fixture
def crash(settings, database_url, tmp_path, database):
    """Return a function that runs an act in a process that is killed at a commit; it returns whether the process died.

    `form` is the file with the form that the act "press" sends.
    """

    def run(name: str, moment: str, number: int, form: Path | None = None, **differing) -> bool:
        db.session.rollback()
        own = {name: settings[name] for name in ("SECRET_KEY", "DATA_KEYS", "STATIC")}
        given = {**own, "INSTANCE": tmp_path / "instance", "DATABASE_URL": database_url, **differing}
        ended = forking.run(
            *(CRASHER, name, moment, str(number), *([str(form)] if form else [])),
            env={**os.environ, **{f"FORUM_{name}": str(value) for name, value in given.items()}},
        )
        assert ended.returncode in {0, -signal.SIGKILL}, ended.stderr
        return ended.returncode != 0

    return run


@pytest.fixture
def press(crash, tmp_path):
    """Return a function that sends a page's form in a process killed at a commit; it returns whether it died."""

    def run(page, button: str | None, moment: str, number: int, **data) -> bool:
        form, file = page.form(), tmp_path / "form.json"
        cookie = page.client.get_cookie(current_app.config["SESSION_COOKIE_NAME"]).value
        sent = {"path": form.target(button), "data": form.values(data, button=button), "cookie": cookie}
        file.write_text(json.dumps(sent))
        return crash("press", moment, number, form=file, FORM_MIN_SECONDS=0)

    return run
