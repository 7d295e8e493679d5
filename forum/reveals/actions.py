"""The rule by which a handler may reveal a person's identity."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from forum.accounts.models import User
from forum.audit import actions as audit
from forum.audit.queries import IDENTITY_REVEALED
from forum.registration.answers import NOT_PROTECTED
from forum.registration.models import Registration
from forum.reveals import mails, queries, reasons
from forum.reveals.errors import AlreadyShown, TooManyReveals

WITHIN = timedelta(hours=1)


@dataclass(frozen=True)
class Revealed:
    """The revealed answer of one person: whether their identity is protected, real name and contact if given."""

    is_protected: bool
    real_name: str
    contact: str


def reveal(
    registration: Registration, *, reason: str, key: str, by: User, most: int, now: datetime
) -> Revealed:
    """Record the reveal, mail the other handlers and return the answer, with the same work for each person (P21, P25).

    `key` is the key of the form, which works once; `most` is how many people a handler may reveal within an hour. The
    caller has locked the account of the handler `by`, so that a handler's requests follow each other. Raises
    AlreadyShown, TooManyReveals.
    """
    actor = f"user:{by.id}"
    if queries.was_shown(key):
        raise AlreadyShown
    moments = queries.list_moments(actor, since=now - WITHIN)
    if len(moments) >= most:
        raise TooManyReveals((moments[-most] if most else now) + WITHIN)
    kept = {"reference": registration.reference, "key": key, "reason": reasons.close(reason, key)}
    for other in queries.list_told(registration.event, by=by):
        mails.queue_revealed(registration, by=by, to=other, now=now)
    audit.record(IDENTITY_REVEALED, registration, actor=actor, at=now, **kept)
    told = registration.protected_identity.answer if registration.protected_identity else NOT_PROTECTED
    return Revealed(bool(told["is_protected"]), str(told["real_name"] or ""), str(told.get("contact") or ""))
