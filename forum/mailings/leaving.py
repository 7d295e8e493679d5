"""Refusing messages by writing a mail: the address that a message names for this, and reading mails to it (M06).

Each message names an address of its own, of the kind to which mail servers report (`outbox.return_paths`). The address
tells nothing about the person, and only somebody who has the message knows it. So neither the sender nor the text of a
mail to it matters.
"""

import secrets
from datetime import datetime

from forum.extensions import db
from forum.mailings import kept_links, refusals
from forum.mailings.models import MailingRecipient
from forum.outbox import return_paths

PURPOSE = b"forum: refusing messages by mail"


def address_of(recipient: MailingRecipient) -> str:
    """Return the mail address by which the recipient refuses messages; "" where the forum reads no incoming mail."""
    if not return_paths.can_come_back() or recipient.leave_digest is None:
        return ""
    return return_paths.address_of(PURPOSE, recipient.id, recipient.leave_digest)


def address_of_nobody() -> str:
    """Return an address for refusing messages, for a trial that an organiser gets: a mail to it changes nothing."""
    if not return_paths.can_come_back():
        return ""
    return return_paths.address_of(PURPOSE, 0, secrets.token_hex())


def note(addresses: str, *, now: datetime) -> bool:
    """Flush a refusal if one of these addresses, to which a mail came, is one for refusing; return whether one is."""
    for number, mark in return_paths.rows_in(PURPOSE, addresses):
        recipient = db.session.get(MailingRecipient, number)
        # Compare the part of a digest that the address contains, too: after a restore from a backup the id in the
        # address may be that of another recipient.
        if recipient and recipient.leave_digest and mark == return_paths.mark_of(recipient.leave_digest):
            return refusals.refuse_for(recipient, now=now)
        if link := kept_links.find_link(mark):
            refusals.refuse_by(link, now=now)
            return True
    return False
