"""Repeat the erasure of people whom a restored backup has brought back, found by their tombstones (P09)."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask.blueprints import BlueprintSetupState
from sqlalchemy import exists, func, or_, select

from forum.audit import actions as audit
from forum.delegations import asking
from forum.delegations.models import Delegate, Delegation, Substitution
from forum.events.models import Event
from forum.extensions import db
from forum.followers import ending as followers_ending
from forum.followers.models import Follower
from forum.health import checks
from forum.invitations.models import Invitation
from forum.privacy import erasing
from forum.registration import names, owners, places, reinstating, separating, tombstones
from forum.registration.enums import Status
from forum.registration.errors import CannotBeUndone
from forum.registration.models import Registration
from forum.registration.tombstones import ADDRESS, DELEGATION, FOLLOWER, REGISTRATION, Mark

log = logging.getLogger("forum.erasures")


def install(state: BlueprintSetupState) -> None:
    """Register the check, for monitors and `forum doctor`, that erasures can be repeated in a restored backup."""
    checks.install(state.app, "erasures", lambda now: tombstones.examine(now=now))


def list_due(*, now: datetime) -> list[str]:
    """Return the digests of the tombstones whose erasures have to be repeated."""
    return tombstones.list_due(now=now)


def plant_if_empty(*, now: datetime) -> bool:
    """Write the rows of all due tombstones if the database has no people: then no erased person can be back in it.

    This needs no audit key. Return whether the database has no people. Call after `start_write`.
    """
    people = (exists(select(model.id)) for model in (Registration, Delegation, Invitation, Follower))
    if db.session.scalar(select(or_(*people))):
        return False
    for digest in list_due(now=now):
        if mark := tombstones.find_noted(digest):
            tombstones.plant(mark)
    return True


@dataclass(frozen=True)
class Repeated:
    """The result of repeating an erasure: whether there was anything to erase, and whom an organiser has to help.

    A restored backup may hold merges that had been undone before the erasure. Where a merge cannot be undone again,
    `left_ended` has the reference of the registration that the merge ended, whose person must be registered again, and
    `left_mixed` has references of registrations that may still have values of the erased person, such as the address.
    """

    erased: bool = False
    left_ended: Sequence[str] = ()
    left_mixed: Sequence[str] = ()


def repeat(digest: str, *, now: datetime) -> int:
    """Repeat a tombstone's erasure, in the worker; return 1 if anything was erased, else 0. Raises KeyIsAway."""
    return int(repeat_as("worker", digest, now=now).erased)


def repeat_as(actor: str, digest: str, *, now: datetime) -> Repeated:
    """Repeat the erasure of the tombstone with this digest.

    The tombstone's row is written in the same transaction, so after a failure the erasure is still due. Registrations
    merged with this one have tombstones of their own; if one has none, its merge was undone before the erasure.
    Raises KeyIsAway. Call after `start_write`.
    """
    mark = tombstones.find_noted(digest)
    # If another process has repeated this erasure while this process waited for the lock, nothing is left to do.
    if mark is None or tombstones.is_planted(digest):
        return Repeated()
    key = mark.find_key()
    tombstones.plant(mark)
    if follower := _find_follower(mark, key):
        audit.record("follower.left_again", follower.event, actor=actor, at=now)
        followers_ending.end(follower)
        return Repeated(erased=True)
    if delegation := _find_delegation(mark, key):
        places.lock(delegation.event)
        audit.record("delegation.contact_erased", delegation, actor=actor, at=now)
        asking.forget(delegation)
        return Repeated(erased=True)
    registration, addresses = _find_registration(mark, key), _list_addresses(mark, key)
    if not (registration or addresses):
        return Repeated()
    event_id = registration.event_id if registration else addresses[0][0]
    event = db.session.get_one(Event, event_id)
    places.lock(event)
    left_ended, left_mixed = (
        _undo_merges(registration, mark, actor=actor, now=now) if registration else ([], [])
    )
    others = [_standing_for(event_id, address, mark) for _event_id, address in addresses]
    erasing.repeat(event, [registration] if registration else [], others, mark, actor=actor, now=now)
    return Repeated(erased=True, left_ended=left_ended, left_mixed=left_mixed)


def _undo_merges(
    registration: Registration, mark: Mark, *, actor: str, now: datetime
) -> tuple[list[str], list[str]]:
    """Undo again the merges that had been undone before the erasure, so that the other person of a merge loses nothing.

    Return the references of other people's registrations that stay ended, and of those that may still have values of
    the erased person. A merge whose two registrations both have tombstones is left: it was in force at the erasure.
    """
    key, noted = mark.find_key(), tombstones.read_file()[0]
    left_ended: list[str] = []
    left_mixed: list[str] = []
    for merge in separating.list_merges(registration):
        is_kept = merge.kept_id == registration.id
        other = merge.ended if is_kept else merge.kept
        if tombstones.digest_of(key, REGISTRATION, other.event_id, other.reference) in noted:
            continue
        is_apart = _try(separating.take_apart, merge, actor=actor, now=now)
        # Registrations that were merged with `other` may have taken over values of the erased person, too.
        mixed = [] if is_apart else [other]
        mixed += (
            []
            if is_apart and is_kept
            else [one for one in owners.list_joined(other) if one is not registration]
        )
        ended = [other] if is_kept and not (is_apart and _is_restored(other, actor=actor, now=now)) else []
        for one in {*mixed, *ended}:
            log.warning("a merge of registration %s with an erased one was not undone", one.reference)
            audit.record("registration.left_merged", one, actor=actor, at=now)
        left_mixed += [one.reference for one in mixed]
        left_ended += [one.reference for one in ended]
    return left_ended, left_mixed


def _is_restored(ended: Registration, *, actor: str, now: datetime) -> bool:
    """Restore a registration that a merge had ended; return whether that was possible."""
    return _try(reinstating.reinstate, ended, is_merge=True, may_be_late=True, actor=actor, now=now)


def _try(act: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
    """Call a function that may raise CannotBeUndone; return whether it succeeded. If not, nothing is changed."""
    try:
        with db.session.begin_nested():
            act(*args, **kwargs)
    except CannotBeUndone:
        return False
    return True


def _find_registration(mark: Mark, key: bytes) -> Registration | None:
    columns = Registration.id, Registration.event_id, Registration.reference
    earlier = select(*columns).where(Registration.requested_at < mark.until)
    for number, event_id, reference in db.session.execute(earlier):
        if tombstones.digest_of(key, REGISTRATION, event_id, reference) == mark.digest:
            return db.session.get_one(Registration, number, populate_existing=True)
    return None


def _find_follower(mark: Mark, key: bytes) -> Follower | None:
    columns = Follower.id, Follower.event_id, Follower.email_canonical, Follower.confirmed_at
    earlier = select(*columns).where(Follower.confirmed_at < mark.until)
    for number, event_id, address, confirmed_at in db.session.execute(earlier):
        value = tombstones.follower_value(address, confirmed_at or mark.until)
        if tombstones.digest_of(key, FOLLOWER, event_id, value) == mark.digest:
            return db.session.get_one(Follower, number, with_for_update=True)
    return None


def _find_delegation(mark: Mark, key: bytes) -> Delegation | None:
    columns = Delegation.id, Delegation.event_id, Delegation.form_key
    earlier = select(*columns).where(Delegation.asked_at < mark.until)
    for number, event_id, form_key in db.session.execute(earlier):
        if tombstones.digest_of(key, DELEGATION, event_id, form_key) == mark.digest:
            return db.session.get_one(Delegation, number)
    return None


def _list_addresses(mark: Mark, key: bytes) -> list[tuple[int, str]]:
    """Return (event id, address) where the tombstone's address has an invitation or the like (`_addresses_before`)."""
    if mark.address is None:
        return []
    held = set(_addresses_before(mark.until))
    return [pair for pair in sorted(held) if tombstones.digest_of(key, ADDRESS, *pair) == mark.address]


def _addresses_before(moment: datetime) -> Iterator[tuple[int, str]]:
    """Yield (event id, canonical address) of each invitation, contact, delegate and substitution before a moment.

    Those made later came after the erasure and are not erased.
    """
    invited = select(Invitation.event_id, Invitation.email).where(Invitation.made_at < moment)
    contacts = select(Delegation.event_id, Delegation.email).where(Delegation.asked_at < moment)
    people = select(Delegation.event_id, Delegate.email).join(Delegate.delegation)
    named = people.where(func.coalesce(Delegate.asked_at, Delegation.asked_at) < moment)
    colleagues = select(Registration.event_id, Substitution.email).join(Substitution.registration)
    asked = colleagues.where(Substitution.asked_at < moment)
    for query in (invited, contacts, named, asked):
        for event_id, email in db.session.execute(query):
            if email:
                yield event_id, names.canonical_email(email)


def _standing_for(event_id: int, address: str, mark: Mark) -> Registration:
    """Return an unsaved registration with this confirmed address, by which `erasing` finds all data of the address."""
    confirmed = {"confirmed_at": mark.erased_at, "status": Status.CANCELLED}
    return Registration(event_id=event_id, email=address, email_canonical=address, **confirmed)
