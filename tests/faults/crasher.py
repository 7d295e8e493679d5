"""A process that kills itself right before or right after a commit of an act (R05, R06).

arguments: ACT before|after NUMBER [FORM]

NUMBER is the commit's number in the act, from 1. FORM is the file of a form for the act "press": its path, its data and
the session cookie of the browser that presses its button, in JSON.
"""

import json
import os
import signal
import sys
from itertools import count
from pathlib import Path

from flask import current_app
from sqlalchemy import event, select

from forum import clock, create_app
from forum.database import start_write
from forum.events.queries import find_current, find_sector
from forum.extensions import db
from forum.imports import actions as undoing
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.outbox import delivery
from forum.registration import actions, intake, kept_exports, places, reviewing
from forum.registration.enums import DeclineReason
from forum.registration.models import Registration
from forum.registration.reviewing import Refusal
from tests.factories.events import NOW
from tests.factories.registrations import make_applicant

MAIL_GOES = "deliver"
JOBS_RUN = {
    "expire": ["expire registrations"],
    "queue invitations": ["queue invitations"],
    "queue mailings": ["begin mailings", "queue mailings"],
    "work off tasks": ["work off tasks"],
    "make exports": ["make exports"],
    "work off imports": ["work off imports"],
    "undo imports": ["undo imports"],
}
BUTTON_IS_PRESSED = "press"


def act(name: str, form: str = "") -> None:
    """Do the act of this name and commit it, as views, the worker and jobs do."""
    if name == BUTTON_IS_PRESSED:
        _press(**json.loads(Path(form).read_text()))
        return
    if name == MAIL_GOES:
        delivery.deliver_due()
        return
    if name in JOBS_RUN:
        # A list of a few people gets as many parts as one of thousands, so that there are several commits.
        kept_exports.ROWS_AT_ONCE = 2
        undoing.UNDONE_AT_ONCE = 4
        for job in [job for job in JOBS if job.name in JOBS_RUN[name]]:
            run_job(job)
        return
    start_write(db.session)
    if name == "register":
        current = find_current()
        applicant = make_applicant(email="crash@example.org", submission_key="crash")
        places.lock(current)
        intake.register(current, find_sector(current, "justice"), applicant, now=NOW)
    else:
        registration = db.session.scalars(select(Registration).order_by(Registration.id.desc())).first()
        changes = {"confirm": actions.confirm, "accept": actions.accept_offer, "cancel": _cancel}
        changes |= {"approve": _approve, "decline": _decline}
        changes[name](registration, now=NOW)
    db.session.commit()


def _press(path: str, data: dict[str, list[str]], cookie: str) -> None:
    """Send a form as the browser with this session cookie would."""
    browser = current_app.test_client()
    browser.set_cookie(current_app.config["SESSION_COOKIE_NAME"], cookie)
    answer = browser.post(path, data=data)
    assert answer.status_code == 303, answer.text


def _cancel(registration: Registration, *, now) -> None:
    actions.cancel(registration, actor="person", now=now)


def _approve(registration: Registration, *, now) -> None:
    reviewing.approve(registration, actor="command", now=now)


def _decline(registration: Registration, *, now) -> None:
    reviewing.decline(registration, Refusal(DeclineReason.OFF_SUBJECT), actor="command", now=now)


def die_at(moment: str, number: int) -> None:
    """Kill this process before a commit reaches the database, or after the database has confirmed the commit."""
    commits = count(1)

    def before(_connection) -> None:
        if next(commits) == number:
            if moment == "after":
                event.listen(db.session, "after_commit", _die)
                return
            _die()

    event.listen(db.engine, "commit", before)


def _die(*_) -> None:
    """Kill this process with SIGKILL, as abruptly as a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Do the act and die at the given commit; an act with fewer commits ends normally."""
    name, moment, number, *form = sys.argv[1:]
    clock.freeze(NOW)
    app = create_app({"TESTING": True})
    with app.app_context():
        die_at(moment, int(number))
        act(name, *form)
