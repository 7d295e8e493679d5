"""Registering as a visitor does, and finding the personal links in the mails."""

import re

from forum.outbox.models import OutboxMessage
from forum.registration import links
from forum.registration.enums import TokenPurpose
from tests.factories.events import NOW
from tests.factories.registrations import write

ANSWERS = {
    "given_name": "Þórdís",
    "family_name": "Ångström-Łęcka",
    "email": "thordis@example.org",
    "organisation": "Exempelstads tingsrätt",
    "country": "IS",
}


def checked(pages, sector="justice", *, event=None, **differing):
    """Fill in the details and return the page "Check your answers"; `event` is a slug, None for the current event."""
    answers = {**ANSWERS, **differing}
    return pages.post("registration.details", answers, sector=sector, event=event, follow=True, expect=200)


def mails(database, kind=None):
    found = database.query(OutboxMessage).order_by(OutboxMessage.id).all()
    return [mail for mail in found if kind in (None, mail.kind)]


def manage_token(registration) -> str:
    """Issue a personal link and return its token."""
    return write(links.issue, registration, TokenPurpose.MANAGE, now=NOW)


def link_in(mail) -> str:
    """Return the path of the personal link in a mail's plain text."""
    content = mail.content.decode().replace("=\r\n", "").replace("=3D", "=")
    return re.search(r"https?://[^/\s]+(/\w\w/r/\S+)", content)[1]


def typed(page) -> dict[str, list[str]]:
    """Return the values in the form's fields, without its event, key and CSRF token."""
    unseen = {"event", "key", "csrf_token"}
    return {name: values for name, values in page.form().data.items() if name not in unseen}
