"""A process that dies without a word right before or right after the commit of an act (R05).

usage: python -m tests.faults.crasher DATABASE_URL INSTANCE ACT before|after
"""

import os
import signal
import sys

from sqlalchemy import event, select

from forum import create_app
from forum.database import start_write
from forum.events.queries import find_current, find_sector
from forum.extensions import db
from forum.registration import actions
from forum.registration.models import Registration
from tests.factories.events import NOW
from tests.factories.registrations import make_applicant


def act(name: str) -> None:
    """Do one act in a transaction that is not committed yet."""
    start_write(db.session)
    if name == "register":
        current = find_current()
        applicant = make_applicant(email="crash@example.org", submission_key="crash")
        actions.register(event=current, sector=find_sector(current, "justice"), applicant=applicant, now=NOW)
        return
    registration = db.session.scalars(select(Registration)).one()
    if name == "confirm":
        actions.confirm(registration, now=NOW)
    else:
        actions.cancel(registration, actor="person", now=NOW)


def die(*_) -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, instance: str, name: str, moment: str) -> None:
    """Act, and die at the moment."""
    app = create_app({"TESTING": True, "INSTANCE": instance, "DATABASE_URL": url})
    with app.app_context():
        act(name)
        if moment == "before":
            event.listen(db.engine, "commit", die)
        db.session.commit()
        die()


if __name__ == "__main__":
    main(*sys.argv[1:])
