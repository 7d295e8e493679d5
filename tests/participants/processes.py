"""Withdraws a consent in a process of its own, as another worker process of the site does."""

import os
import sys
from collections.abc import Mapping
from typing import Any

from tools.forking import run


def withdraw_elsewhere(reference: str, settings: Mapping[str, Any]) -> None:
    """Withdraw all consents of a registration in another process; `settings` are FORUM_* without the prefix."""
    environment = {**os.environ, **{f"FORUM_{name}": str(value) for name, value in settings.items()}}
    done = run("from tests.participants.processes import main; main()", reference, env=environment)
    assert done.returncode == 0, done.stderr


def main() -> None:
    """Withdraw with the clock frozen at the tests' time."""
    from forum import clock, create_app
    from forum.database import start_write
    from forum.extensions import db
    from forum.registration import actions
    from forum.registration.models import Registration
    from tests.factories.events import NOW

    clock.freeze(NOW)
    with create_app().app_context():
        start_write(db.session)
        person = db.session.query(Registration).filter_by(reference=sys.argv[1]).one()
        actions.set_consents(person, frozenset(), now=NOW)
        db.session.commit()
