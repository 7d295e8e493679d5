"""`python -m bench.long_work`: importing 20,000 people from a table and tagging 100,000, on SQLite and PostgreSQL.

Organisers' pages are opened as by a browser; the worker's jobs run in this process, one after the other. For each step
it prints the time, how long one transaction kept other writers waiting, and by how much the process has grown.
`--people 2000 --tagged 10000` measures less, `--on sqlite` one database.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Connection

from bench import desk, filling
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from tools import servers

JOBS_OF_IMPORTS = [job for job in JOBS if job.name == "work off imports"]
STEPS = 5


class Locks:
    """Measures the writing transactions of an app: seconds and CPU seconds of each, in `taken`."""

    def __init__(self, app: Flask):
        self.taken: list[tuple[float, float]] = []
        with app.app_context():
            for name, listener in (("begin", self._begin), ("commit", self._end), ("rollback", self._end)):
                event.listen(db.engine, name, listener)

    def _begin(self, connection: Connection) -> None:
        is_sqlite = connection.dialect.name == "sqlite"
        is_writing = not is_sqlite or connection.get_execution_options().get("sqlite_begin") == "IMMEDIATE"
        connection.info["since"] = (time.perf_counter(), time.process_time()) if is_writing else None

    def _end(self, connection: Connection) -> None:
        if since := connection.info.pop("since", None):
            self.taken.append((time.perf_counter() - since[0], time.process_time() - since[1]))


def main() -> None:
    """Measure on each database, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.long_work", description=__doc__)
    parser.add_argument("--people", type=int, default=20_000, help="rows of the imported table")
    parser.add_argument("--tagged", type=int, default=100_000, help="people who are tagged")
    parser.add_argument("--on", choices=["sqlite", "postgresql"], help="one database only")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="forum-bench-") as name:
        if told.on != "postgresql":
            _measure(Path(name), f"sqlite:///{name}/forum.sqlite3", told)
        if told.on != "sqlite":
            with servers.run_postgres(durable=True) as server:
                _measure(Path(name), server.url(server.create()), told)


def _measure(folder: Path, url: str, told: argparse.Namespace) -> None:
    app = filling.new_app(folder, url)
    locks = Locks(app)
    print(f"\n{url.partition(':')[0]}", flush=True)
    _import(app, locks, told.people)
    filling.add_registrations(app, told.tagged)
    _tag(app, locks)


def _import(app: Flask, locks: Locks, number: int) -> None:
    pages, base = desk.sign_in(app)
    page = pages.get(f"{base.removesuffix('/attendees')}/imports/new")
    file = desk.table("long", number).encode()
    with _step(locks, f"sending a table of {number:,} rows"):
        columns = page.submit(files={"file": file}, button="Go on to the columns", follow=True)
    with _step(locks, "choosing the columns"):
        columns.submit(desk.IMPORTED, button="Look at what would happen", follow=True)
    with _step(locks, "the worker's dry run"):
        _work(app, JOBS_OF_IMPORTS)
    with _step(locks, "the page with the outcome"):
        outcome = pages.get(columns.path)
    with _step(locks, "pressing the button"):
        outcome.submit(button=f"Import {number} people", follow=True)
    with _step(locks, "the worker's import", parts=True):
        _work(app, JOBS_OF_IMPORTS)
    with _step(locks, "the page of the import that is done"):
        pages.get(columns.path)


def _tag(app: Flask, locks: Locks) -> None:
    pages, base = desk.sign_in(app)
    with _step(locks, "the page that asks about tagging everybody"):
        asked = pages.get(f"{base}/many/tag?whom=all")
    with _step(locks, "starting it"):
        task = asked.submit({"tags": "bench"}, follow=True)
    with _step(locks, "the worker's tags", parts=True):
        _work(app, desk.JOBS_OF_TASKS)
    with _step(locks, "the page of the task that is done"):
        pages.get(task.path)


def _work(app: Flask, jobs: list) -> None:
    with app.app_context():
        while sum(run_job(job) for job in jobs):
            db.session.rollback()


@contextmanager
def _step(locks: Locks, what: str, *, parts: bool = False) -> Iterator[None]:
    locks.taken.clear()
    began, computed, size = time.perf_counter(), time.process_time(), _megabytes()
    yield
    taken, computed = time.perf_counter() - began, time.process_time() - computed
    longest, of_cpu = max(locks.taken, default=(0.0, 0.0))
    lock = f"longest lock {1000 * longest:.0f} ms, {1000 * of_cpu:.0f} of CPU"
    print(f"{what}: {taken:.1f} s, {computed:.1f} of CPU; {lock}; +{_megabytes() - size:.0f} MB", flush=True)
    if parts:
        each = [cpu for _seconds, cpu in locks.taken]
        size = -(-len(each) // STEPS) or 1
        fifths = [each[start : start + size] for start in range(0, len(each), size)]
        means = ", ".join(f"{1000 * sum(some) / len(some):.1f}" for some in fifths)
        print(f"  {len(each):,} transactions, by fifths {means} ms of CPU", flush=True)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
