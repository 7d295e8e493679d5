"""Links in sent mails that refuse further messages although nothing else tells who got the mail (M07, M10)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, insert, or_, select

from forum.events.models import Event
from forum.extensions import db
from forum.mailings import address_digests
from forum.mailings.models import LeaveLink, Mailing, MailingRecipient
from forum.outbox import return_paths
from forum.outbox.models import OutboxMessage
from forum.registration.models import Registration
from forum.registration.names import canonical_email

# How long after the event its messages can be refused by links whose mails or recipients are deleted.
LINKS_KEPT = timedelta(days=365)


def links_of(*which: ColumnElement[bool]) -> dict[str, dict[str, Any]]:
    """Return, for `keep_links`, the links for refusing messages in these recipients' mails: values by digest."""
    columns = (MailingRecipient.leave_digest, OutboxMessage.recipient, Mailing.event_id, Mailing.category)
    made = select(*columns).join(OutboxMessage, OutboxMessage.id == MailingRecipient.message_id)
    made = made.join(MailingRecipient.mailing).where(MailingRecipient.leave_digest.is_not(None))
    return {
        link: {
            "address_digest": address_digests.of_event(event_id, canonical_email(address))[0],
            "category": category,
        }
        for link, address, event_id, category in db.session.execute(made.where(*which))
        if link
    }


def keep_links_of(registration: Registration) -> None:
    """Let the links in a person's mails refuse messages for a year after the event, although the person is erased.

    Somebody who refuses by an old mail must get no further one, even if the address is registered again (M07, M10).
    """
    mine = MailingRecipient.registration_id == registration.id
    may_have_left = or_(OutboxMessage.attempts > 0, OutboxMessage.sent_at.is_not(None))
    keep_links(registration.event, links_of(mine, may_have_left))


def keep_links(event: Event, links: Mapping[str, Mapping[str, Any]]) -> None:
    """Store links that refuse messages until a year after the event, although recipients or mails are deleted."""
    # Store the links sorted by their digests, so that their order does not tell which links belong to one message.
    rows = [{"digest": one, **links[one], "ends_at": event.ends_at + LINKS_KEPT} for one in sorted(links)]
    if rows:
        db.session.execute(insert(LeaveLink), rows)


def find_link(mark: bytes) -> LeaveLink | None:
    """Return the link whose address for refusing by mail has this mark (`return_paths.mark_of`); None without one."""
    links = db.session.scalars(select(LeaveLink).execution_options(yield_per=500))
    return next((link for link in links if return_paths.mark_of(link.digest) == mark), None)
