"""What a person lets others see: giving and withdrawing consents, and whom a consent covers (P03, P04, P15)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from forum.audit import actions as audit
from forum.events.enums import ListAudience
from forum.events.models import Event
from forum.registration.consent_texts import current_text
from forum.registration.enums import ConsentPurpose, ListedAs
from forum.registration.models import Consent, Registration

LIST = ConsentPurpose.PARTICIPANT_LIST
# For each kind of readers of an event's list: a person's consent must name one of these kinds, so that the list shows
# the person. A consent to a public list is enough for a list with fewer readers, but not the other way round.
COVERING = {
    ListAudience.OFF: (),
    ListAudience.PARTICIPANTS: (ListAudience.PARTICIPANTS, ListAudience.PUBLIC),
    ListAudience.PUBLIC: (ListAudience.PUBLIC,),
}


@dataclass(frozen=True)
class Listed:
    """The person's choice for the list of participants, and the readers named in the text that was answered."""

    listed_as: ListedAs
    audience: ListAudience


def find(registration: Registration, purpose: ConsentPurpose) -> Consent | None:
    """Return the person's present consent to this purpose, or None."""
    given = (one for one in registration.consents if one.purpose == purpose and one.withdrawn_at is None)
    return next(given, None)


def as_column(purpose: ConsentPurpose, event: Event) -> Any:
    """Return a query's column: what the list may show of a person or, for another purpose, whether there is consent."""
    if purpose != LIST:
        return is_given(purpose).label(purpose)
    given = _given(purpose)
    covering = Consent.audience.in_(COVERING[event.participant_list])
    return select(func.max(Consent.listed_as)).where(*given, covering).scalar_subquery().label(purpose)


def is_given(purpose: ConsentPurpose) -> ColumnElement[bool]:
    """Return the condition that a registration's person consents to this purpose."""
    return exists().where(*_given(purpose))


def _given(purpose: ConsentPurpose) -> tuple[ColumnElement[bool], ...]:
    return (
        Consent.registration_id == Registration.id,
        Consent.purpose == purpose,
        Consent.withdrawn_at.is_(None),
    )


def asked_audience(registration: Registration) -> ListAudience | None:
    """Return for which readers the person is asked about the list of participants; None while nothing is asked.

    If there is no list any more, only people who have consented are still asked: they can withdraw at any time (P04).
    """
    audience = registration.event.participant_list
    if audience != ListAudience.OFF:
        return audience
    consent = find(registration, LIST)
    return (consent.audience or ListAudience.PARTICIPANTS) if consent else None


def give(
    registration: Registration, purposes: Collection[ConsentPurpose], listed: Listed | None, *, now: datetime
) -> None:
    """Add consents for a person who has none yet; `listed` is the answer about the list of participants."""
    listed = listed or _by_name(registration)
    for purpose in sorted(purposes):
        _add(registration, purpose, listed, now)


def put(
    registration: Registration, wanted: Collection[ConsentPurpose], listed: Listed | None, *, now: datetime
) -> None:
    """Give and withdraw consents until the person consents to these purposes, and to no others.

    `listed` is the answer about the list of participants. None keeps an earlier answer; without an earlier answer None
    counts as consent to be shown by name. The consent is for the readers that the answered text named, even if an
    organiser has changed the list's readers since the page was shown.
    """
    shown = listed or _by_name(registration)
    for purpose in ConsentPurpose:
        consent, is_wanted = find(registration, purpose), purpose in wanted
        if consent and (not is_wanted or (listed and _differs(consent, listed))):
            consent.withdrawn_at = now
        if is_wanted and (consent is None or consent.withdrawn_at):
            _record(registration, purpose, now, _add(registration, purpose, shown, now))
        elif consent and not is_wanted:
            _record(registration, purpose, now)


def withdraw(
    registration: Registration, purpose: ConsentPurpose, *, actor: str = "person", now: datetime
) -> None:
    """Withdraw a consent, if it is given."""
    if consent := find(registration, purpose):
        consent.withdrawn_at = now
        _record(registration, purpose, now, actor=actor)


def _by_name(registration: Registration) -> Listed | None:
    audience = asked_audience(registration)
    return Listed(ListedAs.NAME, audience) if audience else None


def _add(
    registration: Registration, purpose: ConsentPurpose, listed: Listed | None, now: datetime
) -> Consent:
    shown = listed if purpose == LIST else None
    consent = Consent(
        purpose=purpose,
        text_version=current_text(purpose, shown.audience if shown else None).version,
        listed_as=shown.listed_as if shown else None,
        audience=shown.audience if shown else None,
        given_at=now,
    )
    registration.consents.append(consent)
    return consent


def _differs(consent: Consent, listed: Listed) -> bool:
    """Return whether the person's choice for the list shows other data than the stored consent, or has more readers."""
    if consent.purpose != LIST:
        return False
    return consent.listed_as != listed.listed_as or consent.audience not in COVERING[listed.audience]


def _record(
    registration: Registration,
    purpose: ConsentPurpose,
    now: datetime,
    given: Consent | None = None,
    *,
    actor: str = "person",
) -> None:
    told = {"listed_as": given.listed_as, "audience": given.audience} if given and given.audience else {}
    audit.record(
        "registration.consent",
        registration,
        actor=actor,
        at=now,
        purpose=purpose,
        given=given is not None,
        **told,
    )
