"""A worker of another machine, whose clock is not that of the test: it runs its jobs when it is told the time.

python -m tests.jobs.processes    under the settings in FORUM_*; each line that it reads is a moment (ISO 8601)
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent.parent


@contextmanager
def worker_elsewhere(settings: Mapping[str, Any]) -> Iterator[Callable[[datetime], None]]:
    """Start a worker in a process of its own; give a function that lets it run all jobs at a moment, and waits.

    `settings` are FORUM_* without the prefix.
    """
    environment = {**os.environ, **{f"FORUM_{name}": str(value) for name, value in settings.items()}}
    command = [sys.executable, "-m", "tests.jobs.processes"]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, cwd=PROJECT, **streams) as process:

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


if __name__ == "__main__":
    main()
