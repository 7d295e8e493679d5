"""Withdraws a consent in a process of its own, as another worker process of the site does.

python -m tests.participants.processes REFERENCE    under the settings in FORUM_*
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent.parent


def withdraw_elsewhere(reference: str, settings: Mapping[str, Any]) -> None:
    """Withdraw all consents of a registration in another process; `settings` are FORUM_* without the prefix."""
    environment = {**os.environ, **{f"FORUM_{name}": str(value) for name, value in settings.items()}}
    command = [sys.executable, "-m", "tests.participants.processes", reference]
    subprocess.run(command, env=environment, cwd=PROJECT, check=True)


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


if __name__ == "__main__":
    main()
