"""Joining answers, consents, notes and tags of two registrations of one person that are merged.

Answers about diet, access and protected identity are joined without being shown, in the same way for everybody: no
refusal or message reveals what either registration holds (P21, S14).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from forum.events.enums import ListAudience
from forum.extensions import db
from forum.people import notes
from forum.people.models import RegistrationNote, RegistrationTag
from forum.questions import care_consent
from forum.registration import consents, given
from forum.registration.answers import NOT_PROTECTED
from forum.registration.enums import ConsentPurpose, ListedAs
from forum.registration.models import LONGEST_SECRET, Consent, Registration

Record = dict[str, Any]


def identity_of(registration: Registration) -> Record:
    """Return the registration's decrypted answer about protected identity."""
    sealed = registration.protected_identity
    return dict(sealed.answer) if sealed else dict(NOT_PROTECTED)


def care_of(registration: Registration) -> Record:
    """Return the registration's decrypted answers about diet and access."""
    sealed = registration.care_answer
    return dict(sealed.answer) if sealed else given.care({}, now=None)


def joined_identity(mine: Record, theirs: Record) -> Record:
    """Return the joined answer of two registrations about protected identity: yes if one says so.

    Details that `mine` lacks are taken from `theirs`, if the record stays short enough to be stored.
    """
    if not theirs["is_protected"]:
        return mine
    if not mine["is_protected"]:
        return theirs
    both = {**mine, **{name: value for name, value in theirs.items() if value and not mine.get(name)}}
    return both if fits(both) else mine


def joined_care(mine: Record, theirs: Record, now: datetime) -> Record:
    """Return the answers about diet and access of two registrations; where both answer a question, `mine` counts.

    Where answers of `theirs` are added, the note of the consent is one that is true of both registrations' answers.
    Answers of `theirs` are left out if the record would become too long to be stored.
    """
    told, both, note = dict(mine.get("given", {})), mine, care_consent.of_both(mine, theirs)
    rest = {name: value for name, value in mine.items() if name != "consent"}
    for key, answer in theirs.get("given", {}).items():
        joined = {**told, **({} if key in told else {key: answer})}
        longer = {**rest, **given.care(joined, consent=note, now=now)}
        if key not in told and fits(longer):
            told, both = longer["given"], longer
    return both


def narrow_consents(
    stays: Registration, ends: Registration, now: datetime
) -> tuple[list[Consent], list[Consent]]:
    """Reduce the kept registration's consents to what both registrations allow; return consents withdrawn and added."""
    withdrawn, added = [], []
    for purpose in ConsentPurpose:
        mine, theirs = consents.find(stays, purpose), consents.find(ends, purpose)
        if mine is None or (
            theirs is not None and _narrower(mine, theirs) == (mine.listed_as, mine.audience)
        ):
            continue
        mine.withdrawn_at = now
        withdrawn.append(mine)
        if theirs is not None:
            added.append(_narrow(mine, theirs))
    stays.consents.extend(added)
    return withdrawn, added


def move_notes(source: Registration, target: Registration) -> list[int]:
    """Move the private notes about one registration to another; return their ids."""
    mine = RegistrationNote.registration_id == source.id
    numbers = list(db.session.scalars(select(RegistrationNote.id).where(mine)))
    put_notes(numbers, target)
    return numbers


def put_notes(numbers: list[int], target: Registration) -> None:
    """Link the private notes with these ids to a registration."""
    chosen = update(RegistrationNote).where(RegistrationNote.id.in_(numbers))
    db.session.execute(chosen.values(registration_id=target.id))


def add_tags(source: Registration, target: Registration) -> list[str]:
    """Add the tags of `source` to `target`, both registrations; return the tags that `target` did not have."""
    new = sorted(set(notes.list_tags(source)) - set(notes.list_tags(target)))
    for name in new:
        db.session.add(RegistrationTag(registration_id=target.id, name=name, event_id=target.event_id))
    return new


def _narrower(mine: Consent, theirs: Consent) -> tuple[ListedAs | None, ListAudience | None]:
    """Return what the list of participants may show, and to whom, if both registrations' consents must allow it."""
    if None in (mine.audience, theirs.audience):
        return (None, None) if mine.audience is None else (theirs.listed_as, theirs.audience)
    shown = (
        ListedAs.ORGANISATION
        if ListedAs.ORGANISATION in (mine.listed_as, theirs.listed_as)
        else mine.listed_as
    )
    is_public = mine.audience == theirs.audience == ListAudience.PUBLIC
    return shown, ListAudience.PUBLIC if is_public else ListAudience.PARTICIPANTS


def _narrow(mine: Consent, theirs: Consent) -> Consent:
    listed_as, audience = _narrower(mine, theirs)
    answered = theirs if theirs.audience == audience else mine
    return Consent(
        purpose=mine.purpose,
        text_version=answered.text_version,
        listed_as=listed_as,
        audience=audience,
        given_at=answered.given_at,
    )


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is short enough to be stored encrypted."""
    return len(json.dumps(record, ensure_ascii=False).encode()) <= LONGEST_SECRET
