"""Choosing people in the attendee list, page by page or all who match its filters, and ending a choice.

The caller has started a write transaction and commits.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, insert, literal, select, update

from forum.accounts import queries as accounts
from forum.columns import UtcDateTime
from forum.events.models import Event
from forum.extensions import db
from forum.registration import listing
from forum.registration.chosen_models import ChosenPerson
from forum.registration.errors import TooManyChosen
from forum.registration.filtering import Filters
from forum.registration.models import Registration
from forum.registration.restrictions import RESTRICTED

# The most people that an organiser can choose one by one at an event; an act on all who match a filter has no such
# limit.
MOST = 5000
KEPT_FOR = timedelta(hours=24)


def keep(
    event: Event, user_id: int, *, ticked: Collection[str], before: Collection[str], now: datetime
) -> int:
    """Store who is ticked on a page of the list: `ticked` are the references ticked now, `before` those shown ticked.

    People whose tick the page did not change stay as they are: another page may have changed them meanwhile. Returns
    how many of the ticked people were not added, because their data may not be used. Raises TooManyChosen.
    """
    accounts.lock_user(user_id)
    here = Registration.event_id == event.id
    people = select(Registration.id).where(here, Registration.reference.in_({*ticked} - {*before}))
    others = select(Registration.id).where(here, Registration.reference.in_({*before} - {*ticked}))
    left_out = people.where(Registration.id.in_(RESTRICTED)).subquery()
    number = db.session.scalar(select(func.count()).select_from(left_out)) or 0
    db.session.execute(
        delete(ChosenPerson).where(*_of(event, user_id), ChosenPerson.registration_id.in_(others))
    )
    _add(event, user_id, people, now)
    return number


def add_matching(event: Event, filters: Filters, user_id: int, *, now: datetime) -> None:
    """Choose all people who match the list's filters, in addition to those already chosen. Raises TooManyChosen."""
    accounts.lock_user(user_id)
    _add(event, user_id, listing.matching(event, filters).with_only_columns(Registration.id), now)


def clear(event: Event, user_id: int) -> None:
    """Delete the organiser's choice, so that nobody is chosen."""
    db.session.execute(delete(ChosenPerson).where(*_of(event, user_id)))


def forget_old(*, now: datetime) -> int:
    """Delete organisers' choices of people in the attendee list that were not changed for a day.

    People whose data may not be used are removed from newer choices, too, or they would be chosen again when their
    restriction ends. Returns how many people were removed in all. The worker calls this.
    """
    is_old = ChosenPerson.chosen_at <= now - KEPT_FOR
    old = delete(ChosenPerson).where(is_old | ChosenPerson.registration_id.in_(RESTRICTED))
    done: int = db.session.connection().execute(old).rowcount
    return done


def _add(event: Event, user_id: int, people: Select[Any], now: datetime) -> None:
    """Choose the people whose ids `people` selects, without those whose data may not be used."""
    already = select(ChosenPerson.registration_id).where(*_of(event, user_id))
    new = people.where(Registration.id.not_in(RESTRICTED), Registration.id.not_in(already))
    row = new.with_only_columns(
        literal(user_id), literal(event.id), Registration.id, literal(now, UtcDateTime)
    ).limit(MOST + 1)
    # On PostgreSQL, leave out people who are being deleted at this moment: a foreign key would refuse the whole
    # statement.
    row = row.with_for_update(read=True, key_share=True, of=Registration)
    columns = ["user_id", "event_id", "registration_id", "chosen_at"]
    db.session.execute(insert(ChosenPerson).from_select(columns, row))
    mine = select(func.count()).select_from(ChosenPerson).where(*_of(event, user_id))
    if (db.session.scalar(mine) or 0) > MOST:
        raise TooManyChosen
    db.session.execute(update(ChosenPerson).where(*_of(event, user_id)).values(chosen_at=now))


def _of(event: Event, user_id: int) -> tuple[Any, ...]:
    return ChosenPerson.user_id == user_id, ChosenPerson.event_id == event.id
