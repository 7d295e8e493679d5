"""Reading the mails that are sent about an account."""

import re

from sqlalchemy import select

from forum.accounts.models import User
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from tests.registration.reading import Mail, read


def mails_to(user: User) -> list[Mail]:
    """Return the mails to the user, oldest first, read from their bytes."""
    rows = select(OutboxMessage).where(OutboxMessage.recipient == user.email).order_by(OutboxMessage.id)
    return [read(row) for row in db.session.scalars(rows)]


def link_in(mail: Mail) -> str:
    """Return the path of the account's link in a mail."""
    (path,) = re.findall(r"^https?://[^/]+(/account/\S+)$", mail.text, re.MULTILINE)
    return path
