"""The people of a page of the attendee list: which columns are read, and next to which person a page begins."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import load_only

from forum.events.models import Event
from forum.extensions import db
from forum.registration.models import Registration

# The columns that the page shows, sorts by, or needs for a row's menu. The other columns are longer, and reading them
# would double the time.
COLUMNS = load_only(
    Registration.event_id,
    Registration.sector_id,
    Registration.reference,
    Registration.status,
    Registration.given_name,
    Registration.family_name,
    Registration.sort_key,
    Registration.email,
    Registration.organisation,
    Registration.organisation_sort_key,
    Registration.title,
    Registration.country,
    Registration.language,
    Registration.requested_at,
    Registration.offer_expires_at,
    Registration.review_since,
    Registration.ended_at,
    Registration.cancelled_from,
)
BESIDE = (
    select(Registration)
    .where(Registration.event_id == bindparam("event_id"), Registration.reference == bindparam("reference"))
    .options(COLUMNS)
)


def find_beside(event: Event, reference: str) -> Registration | None:
    """Return the registration next to which a page begins, with the columns that the list needs; None if erased."""
    return db.session.scalars(BESIDE, {"event_id": event.id, "reference": reference}).one_or_none()
