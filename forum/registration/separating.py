"""Undoing a merge of two registrations within a day: each gets its former values again.

A value that was changed after the merge stays. The ended registration is restored as after a cancellation
(`reinstating`): with a place if one is free, on the waiting list by the time of registering, or in review.

A consent that the merge has ended stays ended in both registrations until it is given anew: whoever opened the page
since has seen no consent there, and may not want any. Nor is the restored registration on the list of participants.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select, update

from forum.audit import actions as audit
from forum.events import queries as events
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.people.models import RegistrationNote, RegistrationTag
from forum.registration import (
    answers,
    belonging,
    caps,
    consents,
    ending,
    former_address,
    joining,
    links,
    mails,
    places,
    queries,
    reviewing,
    unconfirmed,
    views_naming,
)
from forum.registration.applicant import CHANGEABLE
from forum.registration.enums import ConsentPurpose, Status, TokenPurpose
from forum.registration.errors import CannotBeUndone
from forum.registration.former_address import TakenBack
from forum.registration.merge_models import RegistrationMerge
from forum.registration.models import Registration
from forum.registration.names import canonical_email
from forum.registration.reinstating import UNDO_TIME, reinstate
from forum.registration.uniting import (
    ASKED,
    EMAIL,
    MAIL,
    drop_files,
    exchange_files,
    put_answers,
    seal,
    take_address,
    values_of,
)

Before = dict[str, Any]
# The kind of the mail to whom the kept registration belongs.
MAIL_OF_KEPT = "merge-undone"


def find_last(registration: Registration) -> RegistrationMerge | None:
    """Return the latest merge into this registration."""
    mine = select(RegistrationMerge).where(RegistrationMerge.kept_id == registration.id)
    return db.session.scalars(
        mine.order_by(RegistrationMerge.merged_at.desc(), RegistrationMerge.ended_id.desc()).limit(1)
    ).first()


def find_kept(registration: Registration) -> Registration | None:
    """Return the registration into which this one was merged, None if it was not merged."""
    mine = select(Registration).join(RegistrationMerge, RegistrationMerge.kept_id == Registration.id)
    return db.session.scalars(mine.where(RegistrationMerge.ended_id == registration.id)).first()


def list_merges(registration: Registration) -> Sequence[RegistrationMerge]:
    """Return the merges of this registration with others, the latest first."""
    either = or_(RegistrationMerge.kept_id == registration.id, RegistrationMerge.ended_id == registration.id)
    latest_first = select(RegistrationMerge).where(either).order_by(RegistrationMerge.merged_at.desc())
    return db.session.scalars(latest_first).all()


def may_undo(merge: RegistrationMerge, now: datetime) -> bool:
    """Return whether undoing the merge may be tried; it fails if somebody else has the place or the address."""
    in_time = now < merge.merged_at + UNDO_TIME and not events.is_off(merge.kept.event, now)
    return in_time and _is_untouched(merge)


def separate_last(registration: Registration, *, actor: str, now: datetime) -> Registration:
    """Undo the latest merge into this registration; return the restored one. Raises CannotBeUndone."""
    merge = find_last(registration)
    if merge is None:
        raise CannotBeUndone
    ended = merge.ended
    separate(merge, actor=actor, now=now)
    return ended


def separate(merge: RegistrationMerge, *, actor: str, now: datetime) -> Status:
    """Undo the merge; return the status of the restored registration. Raises CannotBeUndone.

    If the kept registration was in review when it was merged and has been approved since, a name or an organisation
    that it gets back is reviewed again, because the approval was of other values.

    Call after `start_write`; after a refusal the caller has to roll back.
    """
    _lock(merge)
    kept, ended = merge.kept, merge.ended
    if not may_undo(merge, now):
        raise CannotBeUndone
    was_in_review = (merge.before or {}).get("in_review", False)
    merged = {name: getattr(kept, name) for name in reviewing.REVIEWED}
    _take_apart(merge, now)
    status = reinstate(ended, is_merge=True, actor=actor, now=now)
    _keep_consents_ended(kept, ended, actor, now)
    if was_in_review:
        restored = [name for name, value in merged.items() if getattr(kept, name) != value]
        reviewing.begin_again(kept, restored, actor=actor, now=now)
    audit.record("registration.merge_undone", kept, actor=actor, at=now)
    tell_kept(kept, now)
    return status


def tell_kept(kept: Registration, now: datetime) -> None:
    """Queue the mail that says that the merge is undone, and what holds now for the registration that was kept."""
    holds: dict[str, Any] = {
        "until": kept.offer_expires_at,
        "is_change_reviewed": reviewing.is_change_reviewed(kept),
        "consents_to_list": kept.has_consented(consents.LIST),
    }
    mails.queue(kept, MAIL_OF_KEPT, now, leads_to=TokenPurpose.MANAGE, **holds)


def take_apart(merge: RegistrationMerge, *, actor: str, now: datetime) -> None:
    """Give both registrations their former values, but leave the status of both as it is. Raises CannotBeUndone.

    This is for a merge that was undone, came back with a restored backup, and has to be undone before one of the two
    registrations is erased again. There is no time limit, and the kept registration may have ended.
    """
    _lock(merge)
    kept = merge.kept
    if merge.sealed_before is None or merge.ended.status != Status.CANCELLED:
        raise CannotBeUndone
    _take_apart(merge, now)
    audit.record("registration.merge_undone", kept, actor=actor, at=now)


def _lock(merge: RegistrationMerge) -> None:
    places.lock(merge.kept.event)
    for row in (merge, merge.kept, merge.ended):
        db.session.refresh(row)


def _take_apart(merge: RegistrationMerge, now: datetime) -> None:
    """Give both registrations their former values, and delete the merge. Raises CannotBeUndone."""
    kept, ended = merge.kept, merge.ended
    before, care_before = merge.before or {}, merge.care_before or {}
    old_email, since, taken_back = kept.email, merge.merged_at, TakenBack()
    if EMAIL in before.get("values", {}) and old_email == ended.email:
        former_address.let_messages_follow(kept, _canonical_of(kept, before["values"][EMAIL]))
        taken_back = former_address.take_back_older(kept, since)
    if before.get("values", {}).get(EMAIL, old_email) != ended.email:
        _return_mails(kept, ended, since)
    mails.take_back([ended])
    mails.take_back([kept], kind=MAIL)
    _give_back(kept, ended, before, now)
    _open_joined(kept, ended, before, care_before, now)
    _part(kept, ended, before)
    ended.cancelled_from = merge.ended_from
    ended.sealed_for = before.get("sealed_for", [None, None])[1]
    db.session.delete(merge)
    db.session.flush()
    if kept.email != ended.email:
        _return_mails(ended, kept, since)
    if kept.email != old_email:
        links.revoke(kept, now=now)
        if kept.is_live and not events.is_off(kept.event, now):
            former_address.tell_anew(kept, taken_back, tells_status=True, now=now)


def forget_old(*, now: datetime) -> int:
    """Delete the data for undoing merges once it is too late to undo them; return the number of these merges."""
    old = RegistrationMerge.sealed_before.is_not(None), RegistrationMerge.merged_at <= now - UNDO_TIME
    emptied = update(RegistrationMerge).where(*old).values(before=None, care_before=None)
    return len(db.session.scalars(emptied.returning(RegistrationMerge.ended_id)).all())


def _is_untouched(merge: RegistrationMerge) -> bool:
    """Return whether the data for undoing are still stored, and neither registration has ended or come back since."""
    stand_as_left = merge.kept.is_live and merge.ended.status == Status.CANCELLED
    return merge.sealed_before is not None and stand_as_left


def _keep_consents_ended(kept: Registration, ended: Registration, actor: str, now: datetime) -> None:
    """End each consent of the restored registration that the kept one does not have: the merge has ended it."""
    for purpose in ConsentPurpose:
        if consents.find(kept, purpose) is None:
            consents.withdraw(ended, purpose, actor=actor, now=now)


def _return_mails(one: Registration, other: Registration, since: datetime) -> None:
    """Move mails that went to the other registration's address since the merge back to that registration.

    These mails belong to the own data of that registration's person, and are erased with that person.
    """
    theirs = OutboxMessage.registration_id == one.id, OutboxMessage.recipient == other.email
    db.session.execute(
        update(OutboxMessage)
        .where(*theirs, OutboxMessage.created_at >= since)
        .values(registration_id=other.id)
    )


def _give_back(kept: Registration, ended: Registration, before: Before, now: datetime) -> None:
    """Restore those values from before the merge that were not changed after it. Raises CannotBeUndone."""
    now_, theirs, key = values_of(kept), values_of(ended), kept.organisation_key
    former = views_naming.naming_values(kept)
    same = {name: old for name, old in before["values"].items() if now_.get(name) == theirs.get(name)}
    for name in set(same) & set(CHANGEABLE):
        setattr(kept, name, same[name])
    if EMAIL in same:
        _return_address(kept, same[EMAIL], now)
        # Keep the time of confirmation if the merge was made by an earlier version of the forum, which did not store
        # the time from before the merge.
        if "confirmed_at" in before or not same[EMAIL]:
            was = before.get("confirmed_at")
            kept.confirmed_at = datetime.fromisoformat(was) if was else None
        kept.sealed_for = before.get("sealed_for", [None])[0]
    moved = belonging.key_of(kept.event, kept.organisation, kept.email_canonical)
    if kept.holds_place and moved != key and not caps.has_room(kept.event, moved, kept.sector_id):
        raise CannotBeUndone
    answers.derive(kept)
    views_naming.forget_former(kept, former, now=now)
    sent = before.get("files", {})
    put_answers(
        kept, {name: old for name, old in same.items() if name.startswith(ASKED) and name not in sent}
    )
    unchanged = {name for name, key in sent.items() if (now_.get(name) or {}).get("key") == key}
    exchange_files(kept, ended, unchanged)
    # If the file was replaced after the merge, the ended registration's own file is gone: the file it has now belongs
    # to the other person.
    drop_files(ended, sent.keys() - unchanged)


def _return_address(kept: Registration, email: str, now: datetime) -> None:
    canonical = _canonical_of(kept, email)
    if queries.find_confirmed(kept.event, canonical):
        raise CannotBeUndone
    unconfirmed.end(kept.event, canonical, now=now)
    take_address(kept, email, canonical)


def _canonical_of(kept: Registration, email: str) -> str:
    # A registration without an address stores its reference as the canonical address.
    return canonical_email(email) if email else kept.reference


def _open_joined(
    kept: Registration, ended: Registration, before: Before, care_before: joining.Record, now: datetime
) -> None:
    """Restore the sealed answers from before the merge, unless they were replaced after it."""
    identity, care = joining.identity_of(kept), joining.care_of(kept)
    was = joining.joined_identity(before["identity"], joining.identity_of(ended))
    told = joining.joined_care(care_before, joining.care_of(ended), now)
    is_same_care = care.get("given") == told.get("given")
    if identity == was:
        identity = before["identity"]
    elif contact := identity.pop("contact", None):
        # The person has answered again after the merge: keep the new answer. If it still has the contact of the merge
        # (somebody through whom the person is reached), restore the kept registration's contact from before.
        own = before["identity"].get("contact") if was.get("contact", "").startswith(contact) else contact
        identity |= {"contact": own} if own else {}
    seal(kept, identity, care_before if is_same_care else care)


def _part(kept: Registration, ended: Registration, before: Before) -> None:
    """Undo the merge's changes to notes, tags and members of delegations, and end the consents that it has joined."""
    ending.follow(kept, ended, only=before.get("delegates", ()))
    for consent in [one for one in kept.consents if one.id in before["added"] and one.withdrawn_at is None]:
        kept.consents.remove(consent)
    mine = RegistrationNote.registration_id == kept.id, RegistrationNote.id.in_(before["notes"])
    joining.put_notes(list(db.session.scalars(select(RegistrationNote.id).where(*mine))), ended)
    tagged = RegistrationTag.registration_id == kept.id, RegistrationTag.name.in_(before["tags"])
    db.session.execute(delete(RegistrationTag).where(*tagged))
