"""How a person of a delegation stands, in the words in which `Delegate.told` keeps what the contact was told last.

It is the status of the registration, with a mark while a change after an approval is reviewed: the contact hears of
the decision about a change, too, which leaves the status as it was.
"""

from sqlalchemy import String, and_, case, cast

from forum.registration.enums import APPROVED
from forum.registration.models import Registration

CHANGE_REVIEWED = "/review"
# Somebody with an address has taken over from a person for whom the contact answered, and the contact was not told yet.
TAKEN_OVER = "taken over"
STATUS = cast(Registration.status, String(20))
# The SQL expression for `of`.
STANDING = case(
    (
        and_(Registration.review_since.is_not(None), Registration.status.in_(APPROVED)),
        STATUS + CHANGE_REVIEWED,
    ),
    else_=STATUS,
)


def of(registration: Registration, *, is_reviewed_again: bool = False) -> str:
    """Return how the person stands; `is_reviewed_again` says that a review of somebody approved is about to begin."""
    is_change = registration.status in APPROVED and (is_reviewed_again or registration.is_in_review)
    return f"{registration.status}{CHANGE_REVIEWED if is_change else ''}"
