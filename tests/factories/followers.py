"""Followers of the news for tests, by the forum's own rules.

follower = make_follower(event, "a@example.org")               confirmed, in English, at once, of every category
follower = make_follower(event, pace=Pace.WEEKLY, language="sv")
token = asked(event, "a@example.org")                          the token in the mail that asks to confirm
"""

import re
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select

from forum.events.models import Event
from forum.extensions import db
from forum.followers import actions
from forum.followers.choices import Choices
from forum.followers.enums import Pace
from forum.followers.models import Follower
from forum.outbox.models import OutboxMessage
from forum.registration.names import canonical_email
from forum.registration.senders import always
from tests.factories.events import NOW
from tests.factories.registrations import write
from tests.registration.reading import newest_mail_to

BEFORE = NOW - timedelta(days=1)
_numbers = count(1)


def ask(event: Event, address: str, *, now: datetime = NOW, may_mail=always, **chosen: Any) -> None:
    """Ask to follow the news by mail, as the form on the site does."""
    choices = Choices(**{"language": "en", "pace": Pace.AT_ONCE, "categories": (), **chosen})
    write(actions.ask, event, address, choices, may_mail=may_mail, now=now)


def token_in(address: str, kind: str) -> str:
    """Return the token of the first link in the newest mail of this kind to the address."""
    return re.search(r"/r/news/\w+/([\w-]{43})", newest_mail_to(address, kind).text)[1]


def make_follower(event: Event, address: str = "", *, now: datetime = BEFORE, **chosen: Any) -> Follower:
    """Put an address on the list, through the mail that asks its owner; that mail is deleted."""
    address = address or f"follower-{next(_numbers)}@example.org"
    ask(event, address, now=now, **chosen)
    write(actions.confirm, token_in(address, "follow-asked"), now=now)
    asked = select(OutboxMessage).where(OutboxMessage.recipient == address)
    for mail in db.session.scalars(asked.where(OutboxMessage.kind == "follow-asked")).all():
        write(db.session.delete, mail)
    mine = Follower.event_id == event.id, Follower.email_canonical == canonical_email(address)
    return db.session.scalars(select(Follower).where(*mine)).one()
