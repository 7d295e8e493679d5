"""The rule of a restriction: the person's data are stored but not used (P12; Art. 18 and 21 GDPR).

Every list of people that leaves the console, every export, every mailing, every count of answers and the figures by
country and organisation use `IS_FREE`; tests/privacy/test_restrictions.py tests each of them (figures:
tests/console/test_figures.py). The person keeps the place: counts of places do not use it. The console still shows
the person's pages, from which organisers manage the place, but gives none of the person's files. The contact of a
delegation does not see the person.
"""

from sqlalchemy import exists, select

from forum.extensions import db
from forum.registration.enums import RestrictionState
from forum.registration.models import Registration
from forum.registration.restriction_models import RestrictionRequest

# The condition for registrations on which no restriction holds.
IS_FREE = ~exists().where(
    RestrictionRequest.registration_id == Registration.id,
    RestrictionRequest.state == RestrictionState.GRANTED,
)
# A subquery for the ids of registrations whose processing is restricted (Art. 18 GDPR).
RESTRICTED = select(RestrictionRequest.registration_id).where(
    RestrictionRequest.state == RestrictionState.GRANTED
)
# A subquery for the ids of registrations whose restriction applies or is requested.
STANDING = select(RestrictionRequest.registration_id).where(
    RestrictionRequest.state.in_((RestrictionState.OPEN, RestrictionState.GRANTED))
)


def is_restricted(registration: Registration) -> bool:
    """Return whether the person's data may not be used."""
    mine = RestrictionRequest.registration_id == registration.id
    return bool(db.session.scalar(select(RESTRICTED.where(mine).exists())))


def stands(registration: Registration) -> bool:
    """Return whether a restriction of the person applies or is requested."""
    mine = RestrictionRequest.registration_id == registration.id
    return bool(db.session.scalar(select(STANDING.where(mine).exists())))
