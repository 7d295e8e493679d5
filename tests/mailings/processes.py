"""The worker's jobs about mailings in a separate process, which tests kill."""


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
