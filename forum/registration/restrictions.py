"""The one rule of a restriction: what is held about the person is kept but not used (P12; Art. 18 and 21 GDPR).

Every list of people that leaves the console, every export, every message to many and every count of answers asks
`IS_FREE`; tests/privacy/test_restrictions.py goes through them. The place stays the person's: counts of places ask
nothing here. The console's own pages of the person stay as well, for that is where the place is kept.
"""

from sqlalchemy import exists

from forum.extensions import db
from forum.registration.enums import RestrictionState
from forum.registration.models import Registration
from forum.registration.restriction_models import RestrictionRequest

# A condition of queries of registrations: no restriction holds.
IS_FREE = ~exists().where(
    RestrictionRequest.registration_id == Registration.id,
    RestrictionRequest.state == RestrictionState.GRANTED,
)


def is_restricted(registration: Registration) -> bool:
    """Return whether what is held about the person may not be used."""
    mine = RestrictionRequest.registration_id == registration.id
    granted = RestrictionRequest.state == RestrictionState.GRANTED
    return bool(db.session.scalar(exists().where(mine, granted).select()))


def stands(registration: Registration) -> bool:
    """Return whether a restriction of the person holds or is asked for."""
    mine = RestrictionRequest.registration_id == registration.id
    standing = RestrictionRequest.state.in_((RestrictionState.OPEN, RestrictionState.GRANTED))
    return bool(db.session.scalar(exists().where(mine, standing).select()))
