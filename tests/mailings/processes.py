"""The worker's jobs about mailings in a separate process, which tests kill."""

import os
from collections.abc import Mapping
from typing import Any

from tools.forking import Forked


def start_jobs(settings: Mapping[str, Any], module: str = "tests.mailings.processes") -> Forked:
    """Start the jobs in another process, by the module's `main`; `settings` are FORUM_* without the prefix."""
    environment = {**os.environ, **{f"FORUM_{name}": str(value) for name, value in settings.items()}}
    return Forked(f"from {module} import main; main()", env=environment)


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
