"""Fixtures for races and crashes: processes, and functions that start a race or kill an act."""

import json
import os
import signal
from pathlib import Path

import pytest
from flask import current_app

from forum.extensions import db
from tests.faults.racers import PROCESSES, Race, Racers
from tools import forking

CRASHER = "from tests.faults import crasher; crasher.main()"


@pytest.fixture(scope="module")
def racers():
    """Give four processes that are reused for all races."""
    with Racers() as racers:
        yield racers


@pytest.fixture
def race(app, racers, settings, tmp_path, database_url, database):
    """Return `race(act, jobs)`, which runs a race, returns outcomes in the jobs' order and empties the session."""
    own = {**settings, "INSTANCE": tmp_path / "instance", "DATABASE_URL": database_url}

    def run(act, jobs, *, with_lock=True):
        shared = [jobs[number::PROCESSES] for number in range(PROCESSES)]
        database.remove()
        outcomes = iter(racers.run(Race(own, act, shared, with_lock)))
        database.remove()
        came = [[next(outcomes) for _ in own_jobs] for own_jobs in shared]
        return [came[number % PROCESSES][number // PROCESSES] for number in range(len(jobs))]

    return run


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
