"""The mails of substitutions, as neutral as all mails of registrations (`registration.mails`, P26, M12)."""

from datetime import datetime

from flask import current_app
from flask_babel import lazy_gettext as _l

from forum.outbox.enums import Lane
from forum.outbox.models import OutboxMessage
from forum.registration import mails
from forum.registration.enums import TokenPurpose
from forum.registration.models import Registration

OPENING = _l("This is about a registration.")
ASKED, REPLACED, REVIEWED = mails.SUBSTITUTE_ASKED, "substituted", "substitute-in-review"
REGISTERED = "substitute-registered"


def queue_asked(
    registration: Registration,
    email: str,
    token: str,
    *,
    until: datetime,
    withheld: bool = False,
    now: datetime,
) -> OutboxMessage | None:
    """Queue the mail that asks somebody to come instead; it names nobody, because a visitor typed its address."""
    link = f"{current_app.config['BASE_URL']}/{registration.language}/r/instead/{token}"
    return mails.queue(
        registration,
        ASKED,
        now,
        to=email,
        withheld=withheld,
        lane=Lane.NOW,
        link=link,
        until=until,
        opening=OPENING,  # in place of the person's reference, which the newcomer is not to know
    )


def queue_registered(
    registration: Registration, *, withheld: bool = False, now: datetime
) -> OutboxMessage | None:
    """Queue the mail that tells the owner of a named address, and only them, that it is registered already (S24)."""
    return mails.queue(
        registration, REGISTERED, now, leads_to=TokenPurpose.MANAGE, withheld=withheld, lane=Lane.NOW
    )


def queue_replaced(registration: Registration, *, now: datetime) -> OutboxMessage | None:
    """Queue the mail that tells a person that somebody comes instead; take back mails that have not left yet."""
    mails.take_back([registration])
    return mails.queue(registration, REPLACED, now)
