"""People who were left out of a message, and whom it can reach now because the reason for leaving them out is gone.

Somebody whose mail came back has another address now, say, or has confirmed it, or has allowed such messages again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from forum.extensions import db
from forum.mailings import chosen_audience, reminder_times
from forum.mailings.enums import LeftOut, RecipientStatus
from forum.mailings.models import Mailing, MailingRecipient

LEFT_OUT = (RecipientStatus.LEFT_OUT, RecipientStatus.OMITTED)
# Reasons that stay: the person has answered what the message asks for, or the time of a reminder was over.
FOR_GOOD = (LeftOut.ANSWERED, LeftOut.LATE)


def list_ids(mailing: Mailing, now: datetime) -> Sequence[int]:
    """Return the ids of the recipients who were left out of a message that was sent, and can be written to now.

    Nobody can be reached by a reminder whose time is over, nor by a message whose recipients were deleted.
    """
    if mailing.kept_counts is not None or reminder_times.is_over(mailing, now):
        return []
    mine = MailingRecipient.mailing_id == mailing.id, MailingRecipient.status.in_(LEFT_OUT)
    # Somebody without a stored reason was left out by what no organiser of this event may know (S13, S14).
    told = MailingRecipient.left_because.is_not(None), MailingRecipient.left_because.not_in(FOR_GOOD)
    left = select(MailingRecipient.registration_id, MailingRecipient.id).where(*mine, *told)
    ids = dict(db.session.execute(left).all())
    if not ids:
        return []
    reached = chosen_audience.reached_of(mailing, left.with_only_columns(MailingRecipient.registration_id))
    return [ids[person.registration_id] for person in reached]


def let_in(mailing: Mailing, now: datetime) -> int:
    """Let mails be made for the people whom the message can reach now; return their number. The caller locks the event.

    Those who were left out from the start become recipients of the message by that.
    """
    ids = list_ids(mailing, now)
    mine = MailingRecipient.id.in_(ids)
    omitted = select(MailingRecipient.left_because).where(
        mine, MailingRecipient.status == RecipientStatus.OMITTED
    )
    reasons = db.session.scalars(omitted).all()
    mailing.people += len(reasons)
    left_out = {
        reason: number - reasons.count(LeftOut(reason)) for reason, number in mailing.left_out.items()
    }
    mailing.left_out = {reason: number for reason, number in left_out.items() if number > 0}
    waits: dict[str, Any] = {"status": RecipientStatus.WAITING, "left_because": None}
    db.session.execute(update(MailingRecipient).where(mine).values(**waits))
    return len(ids)
