"""How far an organiser sees beyond the event of a page."""

from forum.accounts import sign_ins
from forum.events.models import Event
from forum.outbox.queries import Scope


def mail_scope(event: Event) -> Scope:
    """Return whose mails the organiser may read on this event's pages."""
    return Scope(event.id, with_accounts=sign_ins.is_admin_of_all())
