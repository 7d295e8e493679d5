"""The worker's jobs about mailings in a separate process, which tests kill.

python -m tests.mailings.processes    runs them until no mailing is being sent, under the settings in FORUM_*
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent.parent


def start_jobs(settings: Mapping[str, Any]) -> subprocess.Popen:
    """Start the jobs in another process; `settings` are FORUM_* without the prefix."""
    environment = {**os.environ, **{f"FORUM_{name}": str(value) for name, value in settings.items()}}
    command = [sys.executable, "-m", "tests.mailings.processes"]
    return subprocess.Popen(command, env=environment, cwd=PROJECT)


def main() -> None:
    """Run the jobs with the clock frozen at the tests' time."""
    from forum import clock, create_app
    from forum.jobs.table import JOBS
    from forum.jobs.worker import run_job
    from forum.mailings import queries
    from forum.mailings.enums import MailingStatus
    from tests.factories.events import NOW

    clock.freeze(NOW)
    mine = [job for job in JOBS if "mailings" in job.name]
    with create_app().app_context():
        while queries.list_ids(MailingStatus.SENDING):
            for job in mine:
                run_job(job)


if __name__ == "__main__":
    main()
