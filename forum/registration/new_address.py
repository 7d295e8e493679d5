"""Changing the e-mail address of a registration: requested, confirmed by a link sent to it, then in use.

Until the new address is confirmed nothing changes. The old address, if there is one, gets a mail about the request.
Once the new address is confirmed, all earlier links end (S20). An address belongs to one live registration at most
(R04): an organiser learns which registration has it already; a person does not, but the owner of that address gets a
mail that it is registered (S24).
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select

from forum.audit import actions as audit
from forum.columns import digest, new_token
from forum.events import freezing
from forum.events import queries as events
from forum.events.models import Event
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.people.models import AddressChange
from forum.registration import (
    actions,
    answers,
    belonging,
    caps,
    former_address,
    links,
    mails,
    names,
    owners,
    places,
    queries,
    reviewing,
    settling,
    suppressions,
    unconfirmed,
    views_naming,
    waiting_list,
)
from forum.registration.deadlines import CONFIRM_TIME
from forum.registration.enums import Status
from forum.registration.errors import AddressTaken, LinkRefused, NotLive, SameAddress
from forum.registration.mails import TO_OTHERS
from forum.registration.models import Registration
from forum.registration.senders import MayMail, always
from forum.registration.settling import Settled

PERSON = "person"


def ask(
    registration: Registration,
    email: str,
    *,
    actor: str,
    comes_with_it: bool = False,
    may_mail: MayMail = always,
    now: datetime,
) -> None:
    """Send a link to the new address and tell the old one; an earlier request for another address ends.

    `comes_with_it` says that the registration is added with this address, whose owner may then read its sealed answers.
    Raises NotLive, SameAddress, AddressTaken (organisers), AnswersFrozen (the person). Call after `start_write`.
    """
    places.lock_live(registration)
    event, canonical = registration.event, names.canonical_email(email)
    if events.is_over(event, now):
        raise NotLive
    if actor == PERSON:
        freezing.refuse_if_frozen(event, now)
    if canonical == registration.email_canonical:
        raise SameAddress
    taken = queries.find_confirmed(event, canonical)
    if taken and actor != PERSON:
        raise AddressTaken(taken)
    withheld = not may_mail(email)
    db.session.execute(delete(AddressChange).where(AddressChange.registration_id == registration.id))
    token, until = new_token(), find_early_end(event, actor=actor, now=now) or now + CONFIRM_TIME
    change = AddressChange(digest=digest(token), registration_id=registration.id, email=email)
    # Store the same expiry for every address, even if its mail is withheld: a different one would show why (S24).
    change.is_own, change.asked_at, change.expires_at = comes_with_it or actor == PERSON, now, until
    db.session.add(change)
    if registration.status == Status.PENDING:
        registration.confirm_by = max(registration.confirm_by, until)
    if taken:
        mails.queue_already_registered(taken, withheld=withheld, now=now)
    else:
        mails.queue_new_address(registration, email, token, until=until, withheld=withheld, now=now)
    mails.queue_address_leaving(registration, now=now)
    audit.record("registration.address_asked", registration, actor=actor, at=now)


def find_early_end(event: Event, *, actor: str, now: datetime) -> datetime | None:
    """Return when a link to a new address that is sent now ends, or None if it works for the whole CONFIRM_TIME.

    No address changes once the event is over, and none that the person enters once people's answers are frozen.
    """
    ends = [event.ends_at]
    if actor == PERSON and event.freezes_at is not None:
        ends.append(event.freezes_at)
    return min(ends) if min(ends) < now + CONFIRM_TIME else None


def find_asked(registration: Registration, now: datetime) -> AddressChange | None:
    """Return the address that waits to be confirmed, if any."""
    mine = AddressChange.registration_id == registration.id
    change = db.session.scalars(select(AddressChange).where(mine, AddressChange.expires_at > now)).first()
    return change if change and not _is_too_late(registration, change, now) else None


def find_last(registration: Registration) -> str | None:
    """Return the new address that was entered last and is still stored, whether its link works or not."""
    mine = AddressChange.registration_id == registration.id
    return db.session.scalars(select(AddressChange.email).where(mine)).first()


def without_foreign(registration: Registration, mails: Iterable[OutboxMessage]) -> list[OutboxMessage]:
    """Return those of a registration's mails that went to an address of the person's own.

    Mails to an address that the person has typed and nobody has confirmed are left out: whether one was made, or
    arrived, would reveal whether somebody else is registered with it (S24).
    """
    mails = list(mails)
    own = {registration.email, *(mail.recipient for mail in mails if mail.kind not in TO_OTHERS)}
    return [mail for mail in mails if mail.recipient in own]


def follow(token: str, *, now: datetime) -> tuple[Registration, str]:
    """Return the registration and the new address of a link. Raises LinkRefused."""
    registration, change = _find(token, now)
    return registration, change.email


def _find(token: str, now: datetime) -> tuple[Registration, AddressChange]:
    query = select(AddressChange).where(AddressChange.digest == digest(token), AddressChange.expires_at > now)
    change = db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    registration = db.session.get(Registration, change.registration_id) if change else None
    if change is None or registration is None or not registration.is_live:
        raise LinkRefused
    if _is_too_late(registration, change, now):
        raise LinkRefused
    return registration, change


def _is_too_late(registration: Registration, change: AddressChange, now: datetime) -> bool:
    """Return whether the event is over, or people's answers are frozen and the person has entered the address.

    Organisers may have moved either moment since the link was sent. The freeze does not bind organisers: an address
    that comes with a registration which has none was entered by them.
    """
    is_by_person = change.is_own and registration.has_address
    return events.is_over(registration.event, now) or (
        is_by_person and freezing.is_frozen(registration.event, now)
    )


def confirm(token: str, *, now: datetime) -> Registration:
    """Use the new address from now on, and send the message of the registration's status there.

    What waits for the former address is taken back, and mails that say more than the status are made anew.
    A person who had not confirmed any address thereby confirms the registration. An open invitation to the address is
    answered (`settling`). Where the new address belongs to another organisation, the place counts for that one. Raises
    LinkRefused, AddressTaken, OrganisationFull, SectorFull. Call after `start_write`.
    """
    registration, _email = follow(token, now=now)
    places.lock_live(registration)
    registration, change = _find(token, now)
    email, canonical = change.email, names.canonical_email(change.email)
    if taken := queries.find_confirmed(registration.event, canonical):
        raise AddressTaken(taken)
    taken_back = former_address.take_back(registration, canonical, now=now)
    has_freed = unconfirmed.end(registration.event, canonical, now=now)
    key = belonging.key_of(registration.event, registration.organisation, canonical)
    moves = key != registration.organisation_key
    caps.refuse_if_full(registration, key)
    links.revoke(registration, now=now)
    if change.is_own:
        owners.follow_address(registration, canonical)
    else:
        owners.keep_owner(registration)
    former = {"email": registration.email}
    registration.email, registration.email_canonical = email, canonical
    answers.derive(registration)
    views_naming.forget_former(registration, former, now=now)
    db.session.flush()
    is_unconfirmed = registration.status == Status.PENDING
    settled = Settled() if is_unconfirmed else _confirm_again(registration, now)
    suppressions.note_reached(registration)
    audit.record("registration.address_changed", registration, actor=PERSON, at=now)
    former_address.tell_anew(registration, taken_back, tells_status=not is_unconfirmed, now=now)
    if is_unconfirmed:
        # Links that were mailed to the former address end unused, so the answers of the form that came first are
        # confirmed here.
        actions.confirm(registration, answers.find_first_form(registration), now=now)
    reviewing.begin_again(registration, settled.changed, now=now)
    # Offer free places if the person has waited without a confirmed address: until now the person was passed over, even
    # if a place was free.
    was_passed_over = registration.status == Status.WAITING and not former["email"]
    if moves or has_freed or settled.has_freed or was_passed_over:
        waiting_list.offer_free_places(registration.event, now=now)
    return registration


def _confirm_again(registration: Registration, now: datetime) -> Settled:
    """Note that the address of a registration past its first confirmation is confirmed; renew its calendar entry.

    The person has thereby answered an open invitation to the address, whose held place may become theirs.
    """
    registration.confirmed_at, before = registration.confirmed_at or now, registration.status
    settled = settling.settle(registration, now)
    if registration.status != before:
        audit.record("registration.confirmed", registration, actor=PERSON, at=now)
    # A calendar may hold an earlier registration's entry for this address, which only an entry with a higher number
    # replaces.
    earlier = queries.find_last_calendar_sequence(registration)
    if earlier is not None and earlier >= registration.calendar_sequence:
        registration.calendar_sequence = earlier + 1
    return settled
