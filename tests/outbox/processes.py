"""Sending mail in a separate process, which tests kill or let compete with others.

python -m tests.outbox.processes    sends until nothing is due, under the settings in FORUM_*
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent.parent


def start_delivery(settings: Mapping[str, Any]) -> subprocess.Popen:
    """Start sending what is due in another process; `settings` are FORUM_* without the prefix."""
    environment = {**os.environ, **{f"FORUM_{name}": str(value) for name, value in settings.items()}}
    command = [sys.executable, "-m", "tests.outbox.processes"]
    return subprocess.Popen(command, env=environment, cwd=PROJECT)


def main() -> None:
    """Send until nothing is due, with the clock frozen at the tests' time."""
    from forum import clock, create_app
    from forum.outbox import delivery
    from tests.factories.events import NOW

    clock.freeze(NOW)
    with create_app().app_context():
        while delivery.deliver_due():
            pass


if __name__ == "__main__":
    main()
