"""Deletes a proposed refusal when its review ends otherwise: cancelled by the person, by a deadline, by a move.

A proposed refusal must not be stored longer than its review (P07). The rules that end a registration are in the package
`registration`, which must not import this one. So a listener inspects the rows that the database session writes.
"""

from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session, scoped_session

from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.review.models import ProposedRefusal


def end_with_reviews(session: scoped_session) -> None:
    """Make each transaction of the session delete the proposed refusals of people who are no longer in review."""
    if not event.contains(session, "before_flush", _drop_proposals):
        event.listen(session, "before_flush", _drop_proposals)


def _drop_proposals(session: Session, *_: Any) -> None:
    for row in session.dirty:
        if isinstance(row, Registration) and _has_left_review(row):
            proposal = session.get(ProposedRefusal, row.id, populate_existing=True)
            if proposal is not None:
                session.delete(proposal)


def _has_left_review(registration: Registration) -> bool:
    before = inspect(registration).committed_state
    was_asked = before.get("status", registration.status) == Status.IN_REVIEW
    was_asked_again = before.get("review_since", registration.review_since) is not None
    is_changed = not before.keys().isdisjoint(("status", "review_since"))
    return is_changed and (was_asked or was_asked_again) and not registration.is_in_review
