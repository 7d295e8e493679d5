"""Substitutes who were asked and have not confirmed: taking the question back, and forgetting their addresses."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select

from forum.audit import actions as audit
from forum.delegations import mails, queries
from forum.delegations.models import Substitution
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration import places
from forum.registration.actions import CONTACT
from forum.registration.enums import LIVE
from forum.registration.models import Registration


def take_back(registration: Registration, *, actor: str, now: datetime) -> bool:
    """Cancel the open substitution; return whether there was one.

    A delegation's contact cancels only what they have asked for themselves: where the person has asked somebody
    meanwhile, nothing happens and the result is False. Raises NotLive.
    """
    places.lock_live(registration)
    asked = queries.find_asked(registration, now)
    if asked is None or (actor == CONTACT and not asked.is_by_contact):
        return False
    forget_asked(registration)
    audit.record("registration.substitute_taken_back", registration, actor=actor, at=now)
    return True


def forget_ended(*, now: datetime) -> int:
    """Delete the addresses of substitutes who have not confirmed in time, and the mails to them; return how many."""
    ended = Substitution.registration_id.in_(select(Registration.id).where(Registration.status.not_in(LIVE)))
    over = Substitution.confirmed_at.is_(None), or_(Substitution.expires_at <= now, ended)
    gone = db.session.scalars(delete(Substitution).where(*over).returning(Substitution.id)).all()
    _forget_mails(OutboxMessage.registration_id.not_in(select(Substitution.registration_id)))
    return len(gone)


def forget_asked(registration: Registration) -> None:
    """Delete the address of a named substitute and the mail to it, so that the link never works again."""
    mine = Substitution.registration_id == registration.id, Substitution.confirmed_at.is_(None)
    db.session.execute(delete(Substitution).where(*mine))
    _forget_mails(OutboxMessage.registration_id == registration.id)


def list_mails(named: Substitution) -> Sequence[OutboxMessage]:
    """Return the mails that ask somebody to come as a substitute."""
    mine = OutboxMessage.registration_id == named.registration_id, OutboxMessage.recipient == named.email
    query = select(OutboxMessage).where(*mine, OutboxMessage.kind == mails.ASKED)
    return db.session.scalars(query.order_by(OutboxMessage.id)).all()


def _forget_mails(which: ColumnElement[bool]) -> None:
    db.session.execute(delete(OutboxMessage).where(OutboxMessage.kind == mails.ASKED, which))
