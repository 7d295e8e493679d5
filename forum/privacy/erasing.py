"""Erasing a person: the registration ends by the usual rules, then all rows about it are deleted (P08, Art. 17)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, update

from forum.audit import actions as audit
from forum.audit import queries as audit_queries
from forum.delegations import by_address
from forum.events.models import Event
from forum.extensions import db
from forum.invitations import actions as invitations
from forum.mailings import kept_links
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.privacy import mails
from forum.privacy.enums import RequestState
from forum.privacy.models import ErasureRequest
from forum.registration import actions, owners, places, tombstones, views_naming, waiting_list
from forum.registration.models import Registration

# The kind of the last mail to an erased person: the row belongs to no registration and is deleted once it was sent.
LAST_MAIL = "erased"
TRIED_FOR = timedelta(days=2)


@dataclass(frozen=True)
class Reach:
    """The other registrations that the erasure of a person concerns.

    `joined` are merged with the person's registration, `former` have ended and have the same address: both are erased
    with it. `kept` have ended with the same address and are under a restriction, `living` is the registration of
    somebody else who uses the address now: these stay.
    """

    joined: Sequence[Registration]
    former: list[Registration]
    kept: list[Registration]
    living: Registration | None

    def erased_with(self, registration: Registration) -> list[Registration]:
        """Return all registrations that are erased together with `registration`, which comes first."""
        return [registration, *self.joined, *self.former]

    def list_named(self, registration: Registration) -> list[str]:
        """Return the addresses that erased and remaining registrations share: invitations to these stay."""
        every = self.erased_with(registration)
        addressed = owners.list_forgettable(every)
        return sorted({one.email for one in every if one not in addressed})

    def shown(self, registration: Registration) -> dict[str, Any]:
        """Return the values that a page shows before an erasure: if they change, the erasure is refused (R30)."""
        named = {"joined": self.joined, "former": self.former, "kept": self.kept}
        ended = {
            name: [(one.id, one.status, one.given_name, one.family_name) for one in people]
            for name, people in named.items()
        }
        stays = self.living and (self.living.id, self.living.given_name, self.living.family_name)
        return {**ended, "living": stays, "named": self.list_named(registration)}


def foresee(registration: Registration) -> Reach:
    """Return the other registrations that erasing this one would concern now."""
    joined, former = owners.list_joined(registration), owners.list_former(registration)
    kept = owners.list_kept(former)
    gone = [one for one in former if one not in kept]
    return Reach(joined, gone, kept, owners.find_living(registration))


def erase(registration: Registration, *, actor: str, now: datetime) -> None:
    """Erase a registration and every row that refers to it, and send the person a last mail.

    Registrations merged with this one are the same person's and are erased, too, and so are ended ones with the same
    confirmed address (`owners.list_former`) without a restriction. A place becomes free and is offered as after a
    cancellation. Rows are found by the database's foreign keys (`privacy.hanging`), unsent mails and search texts
    included; so are invitations, delegations and substitutions with the person's address, unless another
    registration with that address stays, to whose person they may belong. The audit trail keeps its entries without
    their details, and the hash chain stays valid (S46). Tombstones are written, so that the erasure can be repeated
    in a restored backup (P09). Call after `start_write`.
    """
    event = registration.event
    places.lock(event)
    db.session.refresh(registration)
    reach = foresee(registration)
    every = reach.erased_with(registration)
    addressed = owners.list_forgettable(every)
    tombstones.remember(every, addressed, now=now)
    _end(event, every, addressed, actor=actor, now=now)
    is_all, stays = len(addressed) == len(every), registration not in addressed
    mails.queue_erased(registration, is_all=is_all, stays=stays, now=now)
    views_naming.forget_naming(every, now=now)
    for one in every:
        _delete(one, answered_at=now, actor=actor, now=now)
    audit.record("registration.erased", event, actor=actor, at=now)


def repeat(
    event: Event,
    registrations: Sequence[Registration],
    others: Sequence[Registration],
    mark: tombstones.Mark,
    *,
    actor: str,
    now: datetime,
) -> None:
    """Erase again the registrations that a restored backup has brought back, without mails about it.

    `others` are registrations made for this call, not stored ones: invitations, delegations and the like with their
    addresses are erased as well, if made before the erasure that the tombstone `mark` remembers. The address that the
    backup has for a registration is not used: it may have been somebody else's, corrected before the erasure. The
    person's requests count as answered at the time of that erasure. The caller has locked the event.
    """
    _end(event, registrations, others, actor=actor, now=now, before=mark.until)
    views_naming.forget_naming(registrations, now=now)
    for one in registrations:
        _delete(one, answered_at=mark.erased_at, actor=actor, now=now)
    audit.record("registration.erased_again", event, actor=actor, at=now)


def forget(registration: Registration, *, actor: str, now: datetime) -> None:
    """Erase one ended registration that was stored long enough, and nothing else with its address; send no mail.

    No tombstone is written: in a restored backup the registration is due for erasure, too. The caller has locked the
    event.
    """
    views_naming.forget_naming([registration], now=now)
    _delete(registration, answered_at=now, actor=actor, now=now)


def _end(
    event: Event,
    registrations: Sequence[Registration],
    addressed: Sequence[Registration],
    *,
    actor: str,
    now: datetime,
    before: datetime | None = None,
) -> None:
    """End registrations, delete invitations and other rows with addresses of `addressed`, and offer free places."""
    erased = [one.id for one in registrations]
    for one in addressed:
        invitations.forget_of(one, answered_by=erased, before=before)
        by_address.forget(one, actor=actor, now=now, before=before)
    for one in registrations:
        if one.is_live:
            actions.cancel(one, actor=actor, now=now)
    waiting_list.offer_free_places(event, now=now)


def _delete(registration: Registration, *, answered_at: datetime, actor: str, now: datetime) -> None:
    """Delete an ended registration and the details of its audit entries; mark an open request for erasure as answered.

    Links by which the person refuses messages go on working (M07).
    """
    kept_links.keep_links_of(registration)
    for entry in audit_queries.find_all(registration):
        audit.erase_details(entry, actor=actor, at=now)
    asked = ErasureRequest.registration_id == registration.id
    done = {"state": RequestState.DONE, "decided_at": answered_at}
    db.session.execute(
        update(ErasureRequest).where(asked, ErasureRequest.state == RequestState.OPEN).values(**done)
    )
    db.session.execute(update(ErasureRequest).where(asked).values(registration_id=None, reason=None))
    db.session.execute(delete(Registration).where(Registration.id == registration.id))


def forget_last_mails(*, now: datetime) -> int:
    """Delete the last mails to erased people once they were sent, or after two days; return how many."""
    over = or_(
        OutboxMessage.status.in_((MessageStatus.SENT, MessageStatus.ABORTED)),
        OutboxMessage.created_at <= now - TRIED_FOR,
    )
    last = delete(OutboxMessage).where(OutboxMessage.kind == LAST_MAIL, over)
    return len(db.session.scalars(last.returning(OutboxMessage.id)).all())
