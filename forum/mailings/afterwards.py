"""Messages once the event is over: new ones are sent while personal links work, earlier ones end.

Organisers thank people and send them slides. A message that was to leave before the end of the event speaks of what was
ahead then, so it ends, as do reminders and messages about a change of the event.
"""

from datetime import datetime

from forum.events import queries as events
from forum.events.models import Event
from forum.mailings import queries
from forum.mailings.enums import MailingKind
from forum.mailings.models import Mailing
from forum.registration import links


def is_past(mailing: Mailing, now: datetime, *, begins_at: datetime | None = None) -> bool:
    """Return whether nobody gets the message any more, because its event is over.

    `begins_at` is the moment for which a draft is to be planned. A draft without one would be sent now.
    """
    event = mailing.event
    if not events.is_over(event, now):
        return False
    begins = begins_at or mailing.begins_at or mailing.started_at or now
    is_own = mailing.kind == MailingKind.OWN_WORDS and queries.find_reminder(mailing) is None
    return not is_own or not events.is_over(event, begins) or now >= last_moment(event)


def last_moment(event: Event) -> datetime:
    """Return the moment from which on no message about the event is begun: the personal links in it would be dead."""
    return links.managing_ends(event)


def can_write(event: Event, now: datetime) -> bool:
    """Return whether organisers can send a new message to people of the event now."""
    return event.is_published and now < last_moment(event)
