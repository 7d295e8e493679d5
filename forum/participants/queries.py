"""Reading who may be shown: people with a place whose consent covers the readers of the event's list (P15).

Nobody in review is shown: a name or an organisation that was changed after an approval waits for a decision.

The sealed tables are not read: protected identity makes no difference here. People are shown under the name in the
registration, which may be an alias (P20–P22); people who do not want to be shown are in no row at all.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, bindparam, exists, func, select

from forum.events.enums import ListAudience
from forum.events.models import Event
from forum.extensions import db
from forum.registration.consents import COVERING, LIST
from forum.registration.enums import Status
from forum.registration.models import Consent, Registration
from forum.registration.restrictions import IS_FREE


def list_shown(event: Event) -> Sequence[Row]:
    """Return, for each participant whom the list's readers may see, names, organisation and which of them to show."""
    columns = (
        Registration.given_name,
        Registration.family_name,
        Registration.organisation,
        Consent.listed_as,
    )
    return db.session.execute(_shown(event, select(*columns)).order_by(Registration.id)).all()


def is_empty(event: Event) -> bool:
    """Return whether the list shows nobody to its present readers; the footer of each page calls this."""
    audience = event.participant_list
    return audience == ListAudience.OFF or not db.session.scalar(
        SHOWS_ANYBODY[audience], {"event_id": event.id}
    )


def count_consents(event: Event) -> dict[ListAudience, int]:
    """Return, for each kind of readers, how many people a list of participants for these readers would show."""
    counts = {}
    for audience in (ListAudience.PARTICIPANTS, ListAudience.PUBLIC):
        people = select(func.count(Registration.id.distinct()))
        counts[audience] = db.session.scalar(_shown(event, people, audience)) or 0
    return counts


def _shown(event: Event, query: Select, audience: ListAudience | None = None) -> Select:
    return _shown_to(audience or event.participant_list, event.id, query)


def _shown_to(audience: ListAudience, event_id: Any, query: Select) -> Select:
    readers = COVERING[audience]
    return query.join(Consent, Consent.registration_id == Registration.id).where(
        Registration.event_id == event_id,
        Registration.status == Status.CONFIRMED,
        Registration.review_since.is_(None),
        IS_FREE,
        Consent.purpose == LIST,
        Consent.withdrawn_at.is_(None),
        Consent.listed_as.is_not(None),
        Consent.audience.in_(readers),
    )


# These statements, one for each kind of readers, are built once: building one takes longer than running it.
SHOWS_ANYBODY = {
    audience: select(exists(_shown_to(audience, bindparam("event_id"), select(Registration.id))))
    for audience in ListAudience
    if audience != ListAudience.OFF
}
