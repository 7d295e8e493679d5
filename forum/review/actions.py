"""Deciding about registrations: approving, declining, confirming a refusal, and leaving a decision to others.

Each rule locks the registration's event first and reads everything again, so that of two simultaneous decisions the
second is refused. `user_id` is the organiser who decides.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from forum.accounts import reviewers
from forum.audit import actions as audit
from forum.extensions import db
from forum.questions import queries as questions
from forum.registration import places, reviewing
from forum.registration.errors import NotInReview
from forum.registration.models import Registration
from forum.registration.reviewing import Refusal
from forum.review import queries, recipients
from forum.review.errors import (
    AlreadyProposed,
    NobodyElse,
    NothingProposed,
    OutOfSectors,
    Recused,
    SamePerson,
    SecondNeeded,
    SeenChanged,
)
from forum.review.models import ProposedRefusal, Recusal
from forum.web.edits import digest


def shown_of_each(registrations: Sequence[Registration]) -> dict[int, dict[str, Any]]:
    """Return, by registration id, the values that a reviewer judges, with the answers to the event's own questions.

    A decision is refused if the page showed other values (R30). They include who reads the decision, because the page
    says so and asks for the reviewer's own words in the recipient's language. An answer by a file has the file's key.
    Answers about diet and access are not among them: reviewers do not see these.
    """
    person = ("given_name", "family_name", "organisation", "title", "email", "country", "language")
    told = questions.list_answers_of([one.id for one in registrations])
    read_by = recipients.find(registrations)
    return {
        one.id: {
            **{name: getattr(one, name) for name in (*person, "sector_id", "status")},
            "answers": told[one.id],
            "read_by": (read_by[one.id].who, read_by[one.id].language),
        }
        for one in registrations
    }


def shown_of(registration: Registration) -> dict[str, Any]:
    """Return the values that a reviewer of one person judges."""
    return shown_of_each([registration])[registration.id]


def with_proposal(shown: Mapping[str, Any], proposal: ProposedRefusal | None) -> dict[str, Any]:
    """Return the values that a second organiser judges: the person's, and the proposed refusal's reason and words."""
    told = (proposal.proposed_by, proposal.proposed_at, proposal.reason, proposal.words) if proposal else None
    return {**shown, "proposal": told}


def shown_with(registration: Registration, proposal: ProposedRefusal | None) -> dict[str, Any]:
    """Return the values that a second organiser of one person judges."""
    return with_proposal(shown_of(registration), proposal)


def approve(
    registration: Registration,
    *,
    seen: str | None,
    user_id: int,
    words: str = "",
    only_with_place: bool = False,
    now: datetime,
) -> None:
    """Approve a registration or a change; a refusal that somebody has proposed is dropped.

    `seen` is None where the caller knows that the registration is as its page has shown it.
    Raises NotLive, OutOfSectors, NotInReview, SeenChanged, Recused, SectorFull.
    """
    _admit_reviewer(registration, user_id, seen)
    _drop_proposal(registration)
    reviewing.approve(
        registration, words=words, only_with_place=only_with_place, actor=actor_of(user_id), now=now
    )


def decline(registration: Registration, refusal: Refusal, *, seen: str, user_id: int, now: datetime) -> bool:
    """Decline a registration, or propose that if a second organiser has to confirm; return whether it is declined.

    Raises NotLive, OutOfSectors, NotInReview, SeenChanged, Recused, AlreadyProposed, NobodyElse where nobody could
    confirm.
    """
    _admit_reviewer(registration, user_id, seen)
    if queries.find_proposals([registration]):
        raise AlreadyProposed
    if not registration.event.has_second_reviewer:
        reviewing.decline(registration, refusal, actor=actor_of(user_id), now=now)
        return True
    if not queries.count_other_reviewers(registration, user_id):
        raise NobodyElse
    told = {"reason": refusal.reason, "words": refusal.words}
    proposal = ProposedRefusal(registration_id=registration.id, proposed_by=user_id, proposed_at=now, **told)
    db.session.add(proposal)
    audit.record(
        "registration.refusal_proposed",
        registration,
        actor=actor_of(user_id),
        at=now,
        reason=refusal.reason,
    )
    return False


def confirm_refusal(registration: Registration, *, seen: str, user_id: int, now: datetime) -> None:
    """Decline a registration as another organiser has proposed.

    Raises NotLive, OutOfSectors, NotInReview, SeenChanged, Recused, NothingProposed, SamePerson.
    """
    proposal = _proposal_seen(registration, user_id, seen)
    if proposal.proposed_by == user_id:
        raise SamePerson
    refusal = Refusal(proposal.reason, proposal.words)
    db.session.delete(proposal)
    reviewing.decline(registration, refusal, actor=actor_of(user_id), now=now)


def withdraw_refusal(
    registration: Registration, *, seen: str | None = None, user_id: int, now: datetime
) -> None:
    """Drop a proposed refusal, but not another than the page showed (`seen`); the registration stays in review.

    Raises NotLive, OutOfSectors, NotInReview, SeenChanged, Recused, NothingProposed.
    """
    db.session.delete(_proposal_seen(registration, user_id, seen))
    audit.record("registration.refusal_withdrawn", registration, actor=actor_of(user_id), at=now)


def recuse(registration: Registration, *, user_id: int, now: datetime) -> None:
    """Leave the decision to others, for good: an organiser who knows the person must not decide.

    A refusal that the organiser had proposed is dropped. Raises NotLive, OutOfSectors, NotInReview, NobodyElse;
    a second call changes nothing.
    """
    places.lock_live(registration)
    _refuse_other_sectors(registration, user_id)
    if not registration.is_in_review:
        raise NotInReview
    if queries.find_recused([registration], user_id):
        return
    if not queries.count_other_reviewers(registration, user_id):
        raise NobodyElse
    proposal = queries.find_proposals([registration]).get(registration.id)
    if proposal and proposal.proposed_by == user_id:
        _drop_proposal(registration)
    db.session.add(Recusal(registration_id=registration.id, user_id=user_id, recused_at=now))
    audit.record("registration.recused", registration, actor=actor_of(user_id), at=now)


def refuse_cancelling(registration: Registration, *, user_id: int) -> None:
    """Refuse to end a review by cancelling where this organiser alone cannot decide. Raises Recused, SecondNeeded."""
    refuse_moving(registration, user_id=user_id)
    if registration.is_in_review and registration.event.has_second_reviewer:
        raise SecondNeeded


def refuse_moving(registration: Registration, *, user_id: int) -> None:
    """Refuse to move a person in review if this organiser may not decide, because that may end the review.

    Raises Recused.
    """
    if registration.is_in_review and queries.find_recused([registration], user_id):
        raise Recused


def actor_of(user_id: int) -> str:
    """Return how the audit trail names an organiser."""
    return f"user:{user_id}"


def _admit_reviewer(registration: Registration, user_id: int, seen: str | None) -> None:
    """Lock the event for a decision. Raises NotLive, OutOfSectors, NotInReview, Recused, SeenChanged."""
    places.lock_live(registration)
    _refuse_other_sectors(registration, user_id)
    if not registration.is_in_review:
        raise NotInReview
    if queries.find_recused([registration], user_id):
        raise Recused
    if seen is not None and seen != digest(shown_of(registration)):
        raise SeenChanged


def _refuse_other_sectors(registration: Registration, user_id: int) -> None:
    """Raise OutOfSectors if the reviewer may not, or may no longer, decide in the person's sector."""
    if not queries.is_in(registration, reviewers.find(user_id, registration.event_id)):
        raise OutOfSectors


def _proposal_seen(registration: Registration, user_id: int, seen: str | None) -> ProposedRefusal:
    """Lock the event and return the proposed refusal. Raises what `_admit_reviewer` raises, and NothingProposed."""
    _admit_reviewer(registration, user_id, None)
    proposal = queries.find_proposals([registration]).get(registration.id)
    if proposal is None:
        raise NothingProposed
    if seen is not None and seen != digest(shown_with(registration, proposal)):
        raise SeenChanged
    return proposal


def _drop_proposal(registration: Registration) -> bool:
    proposal = queries.find_proposals([registration]).get(registration.id)
    if proposal:
        db.session.delete(proposal)
    return proposal is not None
