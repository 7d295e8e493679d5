"""The mails of an invitation: neutral subject and sender, personal words of organisers, personal links (P26)."""

from datetime import datetime

from flask import current_app
from flask_babel import lazy_gettext as _l

from forum.columns import digest, new_token
from forum.invitations import queries
from forum.invitations.models import Invitation
from forum.outbox import actions as outbox
from forum.outbox.enums import Lane
from forum.outbox.models import OutboxMessage
from forum.registration.review_words import paragraphs

# Others may see a mail's first line in a list of mails, so this line names neither the event nor the person (P26).
OPENING = _l("This is an invitation to take part in something. Further down you can read what it is about.")


def queue(invitation: Invitation, *, now: datetime) -> OutboxMessage:
    """Queue the mail of an invitation with low priority; only the digest of its link is stored (S18)."""
    invitation.link_digest, link = _new_link(invitation)
    invitation.message = _queue(invitation, "invitation", link, now)
    return invitation.message


def queue_reminder(invitation: Invitation, *, now: datetime) -> OutboxMessage:
    """Queue the only reminder of an invitation, with a link of its own; the invitation's link still works."""
    invitation.reminder_digest, link = _new_link(invitation)
    invitation.reminder = _queue(invitation, "invitation-reminder", link, now)
    return invitation.reminder


def let_leave_until_deadline(invitation: Invitation) -> None:
    """Let unsent mails of an invitation leave until its deadline, which has moved, and no later (R18)."""
    for mail in (invitation.message, invitation.reminder):
        if mail:
            mail.not_after = invitation.expires_at


def _new_link(invitation: Invitation) -> tuple[str, str]:
    """Make a new personal link of an invitation; return its digest and its URL."""
    token = new_token()
    base = current_app.config["BASE_URL"]
    return digest(token), f"{base}/{invitation.language}/r/invitation/{token}"


def _forwarder(invitation: Invitation) -> str:
    """Return the name under which the person who forwarded the invitation was invited; "" if nobody has forwarded it.

    This is never the registered name: the reader of the mail knows the person, and would learn an alias (P20).
    """
    colleague = queries.find_forwarder(invitation) if invitation.from_colleague else None
    return f"{colleague.given_name} {colleague.family_name}".strip() if colleague else ""


def _queue(invitation: Invitation, kind: str, link: str, now: datetime) -> OutboxMessage:
    mail = outbox.queue(
        kind=kind,
        recipient=invitation.email,
        language=invitation.language,
        context={
            "opening": OPENING,
            "event": invitation.event,
            "sector": invitation.sector,
            "paragraphs": paragraphs(invitation.words),
            "until": invitation.expires_at,
            "is_held": invitation.holds_place,
            "may_forward": invitation.may_forward,
            "from_colleague": invitation.from_colleague,
            "forwarder": _forwarder(invitation),
            "link": link,
        },
        now=now,
        event_id=invitation.event_id,
        lane=Lane.BULK,
        reply_to=invitation.event.contact_email,
    )
    # A worker that was away must not send the mail after the invitation's deadline.
    mail.not_after = invitation.expires_at
    return mail
