"""A worker of another machine, whose clock is not that of the test: it runs its jobs whenever it gets a moment to read.

Each line of the standard input of the worker's process is such a moment (ISO 8601).
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from subprocess import PIPE
from typing import Any

from tools.forking import Forked


@contextmanager
def worker_elsewhere(settings: Mapping[str, Any]) -> Iterator[Callable[[datetime], None]]:
    """Start a worker in a process of its own; give a function that lets it run all jobs at a moment, and waits.

    `settings` are FORUM_* without the prefix.
    """
    environment = {**os.environ, **{f"FORUM_{name}": str(value) for name, value in settings.items()}}
    code = "from tests.jobs.processes import main; main()"
    with Forked(code, env=environment, stdin=PIPE, stdout=PIPE) as process:

        def run_jobs(at: datetime) -> None:
            process.stdin.write(f"{at.isoformat()}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "done\n"

        yield run_jobs
        process.stdin.close()


def main() -> None:
    """Run the worker's jobs, its sign of life among them, at each moment that is read."""
    from forum import clock, create_app
    from forum.jobs.worker import Worker

    app = create_app()
    for line in sys.stdin:
        clock.freeze(datetime.fromisoformat(line.strip()))
        with app.app_context():
            Worker(app).run_jobs()
        sys.stdout.write("done\n")
        sys.stdout.flush()
