"""A whole worker for messages to many in a separate process: it makes their mails and sends them."""


def main() -> None:
    """Make and send mails until no message is being sent, with the clock frozen at the tests' time."""
    from forum import clock, create_app
    from forum.jobs.table import JOBS
    from forum.jobs.worker import run_job
    from forum.mailings import queries
    from forum.mailings.enums import MailingStatus
    from forum.outbox import delivery
    from tests.factories.events import NOW

    clock.freeze(NOW)
    mine = [job for job in JOBS if "mailings" in job.name]
    with create_app().app_context():
        while queries.list_ids(MailingStatus.SENDING):
            for job in mine:
                run_job(job)
            delivery.deliver_due()
