"""The worker's jobs about news by mail in a separate process, which tests kill."""


def main() -> None:
    """Run the jobs, until the process is killed, with the clock frozen at the moment when a post of NOW goes out."""
    from forum import clock, create_app
    from forum.followers.sending import PAUSE
    from forum.jobs.table import JOBS
    from forum.jobs.worker import run_job
    from tests.factories.events import NOW

    clock.freeze(NOW + PAUSE)
    mine = [job for job in JOBS if job.name in {"begin mailing posts", "queue mails about posts"}]
    with create_app().app_context():
        while True:
            for job in mine:
                run_job(job)
