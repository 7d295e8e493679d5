"""Steps that tests of acts on many people share.

choose(organiser, "cancel", *people)         the page that asks before an act on these people
choose(organiser, "tag", sector="justice")   on everybody who matches the filters
work()                                       the worker does the tasks, and ends them
"""

from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.registration.models import Registration

HERE = {"event": "nf27"}
JOBS_OF_TASKS = [job for job in JOBS if job.name in ("work off tasks", "end tasks")]


def choose(organiser, act: str, *chosen: Registration, **filters: str):
    """Open the page that asks before the act, for these people or for everybody who matches the filters."""
    whom = {"whom": "chosen", "who": [one.reference for one in chosen]} if chosen else {"whom": "all"}
    return organiser.get("bulk.ask", **HERE, act=act, **whom, **filters)


def work() -> None:
    """Run the worker's jobs about tasks once."""
    db.session.rollback()
    for job in JOBS_OF_TASKS:
        run_job(job)
    db.session.expire_all()
