"""Changing an unanswered invitation: language, deadline, reminder, place, personal words, forwarding."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from forum.audit import actions as audit
from forum.extensions import db
from forum.invitations import actions, mails
from forum.invitations.models import Invitation
from forum.outbox import holding
from forum.outbox.models import OutboxMessage
from forum.registration import places, waiting_list

# Columns whose values the invitation's mail shows: when one of them changes, an unsent mail is made anew.
IN_MAIL = frozenset({"language", "words", "expires_at", "holds_place", "may_forward"})


def change(invitation: Invitation, values: dict[str, Any], *, actor: str, now: datetime) -> list[str]:
    """Store new values, by column, of an open invitation; return the names of the changed columns.

    Holds or frees a place as the values say. Call with the event locked. Raises NotOpen, NoPlaceToHold.
    """
    actions.lock_open(invitation, now)
    changed = [name for name, value in values.items() if getattr(invitation, name) != value]
    if not changed:
        return []
    if "holds_place" in changed:
        _hold_or_free(invitation, now, holds=values["holds_place"])
    for name in changed:
        setattr(invitation, name, values[name])
    if not IN_MAIL.isdisjoint(changed):
        _make_mail_anew(invitation)
    if "expires_at" in changed:
        mails.let_leave_until_deadline(invitation)
    db.session.flush()
    audit.record("invitation.changed", invitation, actor=actor, at=now, fields=changed)
    waiting_list.offer_free_places(invitation.event, now=now)
    return changed


def _hold_or_free(invitation: Invitation, now: datetime, *, holds: bool) -> None:
    if holds:
        waiting_list.offer_free_places(invitation.event, now=now)
        actions.hold(invitation.sector, now)
    else:
        places.give_back(invitation.sector)


def _make_mail_anew(invitation: Invitation) -> None:
    """Cancel the invitation's mail if no worker has tried to send it; the worker then makes a mail with a new link."""
    mine: Select = select(OutboxMessage.id).where(OutboxMessage.id == invitation.message_id)
    if invitation.message_id and holding.withdraw_untried(mine):
        db.session.refresh(invitation)
        invitation.link_digest = None
