"""What every console view starts with: the event of the address, and who acts."""

from flask import abort, g

from forum.accounts import sign_ins
from forum.events import queries as events
from forum.events.models import Event


def get_event_or_404(slug: str) -> Event:
    """Return the event with this slug, published or not; the guard has seen that the organiser may (S12, S13)."""
    event = events.find_event(slug)
    if event is None:
        abort(404)
    g.event = event
    return event


def actor() -> str:
    """Return the signed-in organiser as the audit trail names them."""
    return sign_ins.current_actor()
