"""Sending mail in a separate process, which tests kill or let compete with others."""

import os
from collections.abc import Mapping
from typing import Any

from tools.forking import Forked


def start_delivery(settings: Mapping[str, Any]) -> Forked:
    """Start sending what is due in another process; `settings` are FORUM_* without the prefix."""
    environment = {**os.environ, **{f"FORUM_{name}": str(value) for name, value in settings.items()}}
    return Forked("from tests.outbox.processes import main; main()", env=environment)


def main() -> None:
    """Send until nothing is due, with the clock frozen at the tests' time."""
    from forum import clock, create_app
    from forum.outbox import delivery
    from tests.factories.events import NOW

    clock.freeze(NOW)
    with create_app().app_context():
        while delivery.deliver_due():
            pass
