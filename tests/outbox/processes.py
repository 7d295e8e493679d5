"""Sending mail in a separate process, which tests kill or let compete with others."""


def main() -> None:
    """Send until nothing is due, with the clock frozen at the tests' time."""
    from forum import clock, create_app
    from forum.outbox import delivery
    from tests.factories.events import NOW

    clock.freeze(NOW)
    with create_app().app_context():
        while delivery.deliver_due():
            pass
