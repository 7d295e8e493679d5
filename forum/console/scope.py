"""Which mails an organiser may see in the console."""

from forum.accounts import sign_ins
from forum.accounts.access import may_open
from forum.events.models import Event
from forum.outbox.queries import Scope


def mail_scope(event: Event) -> Scope:
    """Return the mails that the signed-in organiser may see on this event's pages."""
    with_care = may_open("counts.people", event)
    return Scope(event.id, with_accounts=sign_ins.is_admin_of_all(), with_care=with_care)
