"""Merging two registrations of one person: the one with the better status is kept, the other one ends.

So no place moves. The ended registration's place is offered by the usual rules, and its links become invalid. An
organiser chooses the value of each field. Sealed answers are joined without being shown (`joining`); the narrower
consent is kept. Undoing it within a day: `separating`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forum.audit import actions as audit
from forum.events import queries as events
from forum.extensions import db
from forum.questions import files
from forum.questions import queries as questions
from forum.questions.enums import QuestionKind, Sensitivity
from forum.questions.models import Answer
from forum.registration import (
    answers,
    belonging,
    caps,
    ending,
    former_address,
    joining,
    links,
    mails,
    offers,
    owners,
    places,
    queries,
    restrictions,
    views_naming,
    waiting_list,
)
from forum.registration.applicant import CHANGEABLE
from forum.registration.enums import OfferEnd, Status, TokenPurpose
from forum.registration.errors import CannotBeMerged, OrganisationFull
from forum.registration.former_address import TakenBack
from forum.registration.merge_models import RegistrationMerge
from forum.registration.models import Registration

# The statuses that can be merged, the best first. Pending is not among them: before the address is confirmed nobody
# knows whose registration it is.
STANDING = (Status.CONFIRMED, Status.OFFERED, Status.WAITING, Status.IN_REVIEW)
EMAIL, ASKED = "email", "q-"
MAIL = "merged"


@dataclass(frozen=True)
class Pair:
    """Two registrations of one person: the one that is kept, and the one that ends."""

    stays: Registration
    ends: Registration


def pair_of(one: Registration, other: Registration, now: datetime) -> Pair:
    """Return which of two registrations is kept: the better status, then the earlier one. Raises CannotBeMerged."""
    may = one.id != other.id and one.event_id == other.event_id and not events.is_off(one.event, now)
    # Never merge while the processing of one registration is restricted, or a request for restriction is open: the
    # person decides first how the data of both may be used.
    may = may and not restrictions.stands(one) and not restrictions.stands(other)
    if not may or not {one.status, other.status} <= set(STANDING):
        raise CannotBeMerged
    both = (one, other)
    stays, ends = sorted(both, key=lambda each: (STANDING.index(each.status), each.requested_at, each.id))
    return Pair(stays, ends)


def values_of(registration: Registration) -> dict[str, Any]:
    """Return by name the values between which an organiser chooses: details, address and ordinary answers."""
    told = questions.list_answers(registration.id)
    every = questions.list_all(registration.event_id)
    ordinary = [question for question in every if question.sensitivity == Sensitivity.ORDINARY]
    details = {name: getattr(registration, name) for name in CHANGEABLE}
    asked = {f"{ASKED}{one.key}": told[one.id] for one in ordinary if one.id in told}
    return {**details, EMAIL: registration.email, **asked}


def list_differing(pair: Pair) -> list[str]:
    """Return the names of the values that the kept registration can take from the other one."""
    mine, theirs = values_of(pair.stays), values_of(pair.ends)
    names = [name for name in {**mine, **theirs} if (mine.get(name) or None) != (theirs.get(name) or None)]
    return [name for name in names if name != EMAIL or pair.ends.has_address]


def unite(
    one: Registration, other: Registration, taken: Collection[str], *, actor: str, now: datetime
) -> RegistrationMerge:
    """Merge two registrations; `taken` names the values that the kept one takes from the other.

    Raises CannotBeMerged and OrganisationFull; the caller then rolls back. Call after `start_write`.
    """
    places.lock(one.event)
    for each in (one, other):
        db.session.refresh(each)
    pair = pair_of(one, other, now)
    chosen = [name for name in list_differing(pair) if name in taken]
    merge, was, old_email = _remember(pair, chosen, now), pair.ends.status, pair.stays.email
    taken_back = TakenBack()
    if EMAIL in chosen:
        taken_back = former_address.take_back(pair.stays, pair.ends.email_canonical, now=now)
    _end(pair.ends, now)
    # Write the end of the other registration first: its address is unique, and is free only after that.
    db.session.flush()
    _take_over(pair, chosen, now)
    _join(pair, merge, now)
    _tell(pair, old_email, taken_back, now)
    audit.record("registration.merged", pair.stays, actor=actor, at=now, taken=chosen)
    audit.record("registration.merged_away", pair.ends, actor=actor, at=now, was=was)
    waiting_list.offer_free_places(pair.stays.event, now=now)
    return merge


def _remember(pair: Pair, chosen: Collection[str], now: datetime) -> RegistrationMerge:
    """Return the row of the merge, with the values that the merge is going to change."""
    before, stored = dict.fromkeys(chosen), values_of(pair.stays)
    both = {"kept_id": pair.stays.id, "ended_id": pair.ends.id}
    merge = RegistrationMerge(**both, ended_from=pair.ends.status, merged_at=now)
    merge.before = {
        "confirmed_at": pair.stays.confirmed_at and pair.stays.confirmed_at.isoformat(),
        "sealed_for": [pair.stays.sealed_for, pair.ends.sealed_for],
        "in_review": pair.stays.is_in_review,
        "values": {**before, **{name: stored[name] for name in chosen if name in stored}},
        "files": {name: _key_of(values_of(pair.ends).get(name)) for name in files_among(pair.stays, chosen)},
        "identity": joining.identity_of(pair.stays),
    }
    merge.care_before = joining.care_of(pair.stays)
    return merge


def _end(registration: Registration, now: datetime) -> None:
    """End the registration as a cancellation does, but send no mail about it."""
    ending.take_back_mails([registration])
    ending.end_what_leads_to(registration)
    # The database refuses a row whose status and place do not fit, so write nothing until both are set.
    with db.session.no_autoflush:
        places.release(registration)
        registration.move_to(Status.CANCELLED, now=now)
        registration.ended_at, registration.cancelled_from = now, None
    links.revoke(registration, now=now)
    answers.forget(registration)
    offers.end(registration, OfferEnd.CANCELLED, now=now)


def _take_over(pair: Pair, chosen: Collection[str], now: datetime) -> None:
    """Store the chosen values in the kept registration. Raises OrganisationFull."""
    stays, ends, key = pair.stays, pair.ends, pair.stays.organisation_key
    former = views_naming.naming_values(stays)
    for name in set(chosen) & set(CHANGEABLE):
        setattr(stays, name, getattr(ends, name))
    if EMAIL in chosen:
        owners.keep_owner(stays)
        take_address(stays, ends.email, ends.email_canonical)
        stays.confirmed_at = stays.confirmed_at or ends.confirmed_at
    moved = belonging.key_of(stays.event, stays.organisation, stays.email_canonical)
    if stays.holds_place and moved != key and not caps.has_room(stays.event, moved, stays.sector_id):
        raise OrganisationFull
    answers.derive(stays)
    views_naming.forget_former(stays, former, now=now)
    theirs, sent = values_of(ends), files_among(stays, chosen)
    put_answers(
        stays, {name: theirs.get(name) for name in chosen if name.startswith(ASKED) and name not in sent}
    )
    exchange_files(stays, ends, sent)


def files_among(registration: Registration, names: Collection[str]) -> list[str]:
    """Return those of the values' names that are answers by a file."""
    every = questions.list_all(registration.event_id)
    asked = [f"{ASKED}{one.key}" for one in every if one.kind == QuestionKind.FILE]
    return [name for name in asked if name in names]


def exchange_files(one: Registration, other: Registration, names: Collection[str]) -> None:
    """Let two registrations exchange these answers with their files, so that each file keeps a registration (P08)."""
    mine, theirs = values_of(one), values_of(other)
    by_name = {f"{ASKED}{asked.key}": asked.id for asked in questions.list_all(one.event_id)}
    put_answers(one, {name: theirs.get(name) for name in names})
    put_answers(other, {name: mine.get(name) for name in names})
    db.session.flush()
    for name in names:
        files.exchange(by_name[name], one.id, other.id)


def drop_files(registration: Registration, names: Collection[str]) -> None:
    """Delete these answers of a registration with their files."""
    put_answers(registration, dict.fromkeys(names))
    asked = [one for one in questions.list_all(registration.event_id) if f"{ASKED}{one.key}" in names]
    files.settle(registration.id, asked, {})


def _key_of(value: Any) -> str | None:
    return value["key"] if value else None


def take_address(registration: Registration, email: str, canonical: str) -> None:
    """Give the registration another confirmed address; links sent to the former one end."""
    registration.email, registration.email_canonical = email, canonical
    # A calendar may hold another registration's entries for this address: only a higher sequence number replaces them.
    earlier = queries.find_last_calendar_sequence(registration)
    if earlier is not None and earlier >= registration.calendar_sequence:
        registration.calendar_sequence = earlier + 1


def put_answers(registration: Registration, told: Mapping[str, Any]) -> None:
    """Store ordinary answers by the name of their value; None removes an answer."""
    every = {f"{ASKED}{one.key}": one.id for one in questions.list_all(registration.event_id)}
    for name in set(told) & set(every):
        known = db.session.get(Answer, (registration.id, every[name]))
        if told[name] is not None:
            db.session.merge(
                Answer(registration_id=registration.id, question_id=every[name], value=told[name])
            )
        elif known:
            db.session.delete(known)


def _join(pair: Pair, merge: RegistrationMerge, now: datetime) -> None:
    """Join sealed answers, consents, notes and tags; the row of the merge stores what was added."""
    stays, ends = pair.stays, pair.ends
    seal(stays, *joined(stays, ends, now))
    withdrawn, added = joining.narrow_consents(stays, ends, now)
    merged = {"notes": joining.move_notes(ends, stays), "tags": joining.add_tags(ends, stays)}
    merged["delegates"] = ending.follow(ends, stays)
    db.session.add(merge)
    db.session.flush()
    # An earlier version, to which an update may be taken back, reads `withdrawn` when the merge is undone.
    consents = {"withdrawn": [each.id for each in withdrawn], "added": [each.id for each in added]}
    merge.before = {**(merge.before or {}), **merged, **consents}


def joined(stays: Registration, ends: Registration, now: datetime) -> tuple[joining.Record, joining.Record]:
    """Return the sealed answers of both registrations joined: about identity, and about diet and access."""
    identity = joining.joined_identity(joining.identity_of(stays), joining.identity_of(ends))
    return identity, joining.joined_care(joining.care_of(stays), joining.care_of(ends), now)


def seal(registration: Registration, identity: joining.Record, care: joining.Record) -> None:
    """Encrypt both sealed records again, whether changed or not: then nobody can tell which of them has changed."""
    if registration.protected_identity:
        registration.protected_identity.answer = identity
    if registration.care_answer:
        registration.care_answer.answer = care


def _tell(pair: Pair, old_email: str, taken_back: TakenBack, now: datetime) -> None:
    """Mail the person: at the kept address with a personal link, at the other address without one.

    Mails that waited for the kept registration's former address, such as the offer of a place, are made anew for the
    kept address.
    """
    stays = pair.stays
    if stays.email != old_email:
        links.revoke(stays, now=now)
        former_address.tell_anew(stays, taken_back, tells_status=taken_back.told_status, now=now)
    mails.queue(stays, MAIL, now, leads_to=TokenPurpose.MANAGE, stays=True)
    left = {pair.ends.email, old_email} - {stays.email, ""}
    for email in sorted(left):
        mails.queue(pair.ends, MAIL, now, to=email, stays=False)
