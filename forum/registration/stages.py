"""The stages of a registration that the personal page shows: past, present and to come."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import gettext as _

from forum import clock
from forum.events.enums import SectorPolicy
from forum.registration import deadlines, reviewing
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.wording import AFTER_THE_EVENT, ordinal, status_name
from forum.web.languages import dates_of, day_text, moment_text

DONE, NOW, TO_COME = "done", "now", "to-come"


@dataclass(frozen=True)
class Stage:
    """A step of a registration; `state` is DONE, NOW or TO_COME, and `when` may be empty."""

    label: str
    when: str
    state: str


def list_stages(
    registration: Registration,
    position: int,
    *,
    approved_at: datetime | None = None,
    offered_at: datetime | None = None,
    is_over: bool,
) -> list[Stage]:
    """Return the steps in order; `position` is the person's position in the waiting list.

    `approved_at` is when organisers approved the registration; None without a review. `offered_at` is when the
    place was offered that the person has accepted or can still accept.
    """
    status = registration.status
    stages = [Stage(_("Registered"), _day(registration, registration.requested_at), DONE)]
    if status != Status.PENDING and registration.confirmed_at:
        stages.append(Stage(_("E-mail confirmed"), _day(registration, registration.confirmed_at), DONE))
    if approved_at:
        stages.append(Stage(_("Approved"), _day(registration, approved_at), DONE))
    stages += _line_passed(registration, offered_at, approved_at)
    if registration.event.cancelled_at and registration.is_live:
        return [*stages, *_before_cancellation(registration)]
    if is_over and registration.is_live:
        return [*stages, *_of_the_past(registration)]
    stages += _present(registration, position)
    if registration.is_live:
        stages += _to_come(registration)
    return stages


def _line_passed(
    registration: Registration, offered_at: datetime | None, approved_at: datetime | None
) -> Iterator[Stage]:
    """Yield the finished steps of the waiting list: waiting, and the offer that was accepted."""
    if registration.status not in (Status.OFFERED, Status.CONFIRMED) or offered_at is None:
        return
    if joined_at := approved_at or registration.confirmed_at:
        # Show no day for a reviewed sector without a stored approval: nobody knows since when the person waited.
        is_known = approved_at or registration.sector.policy != SectorPolicy.REVIEW
        yield Stage(_("On the waiting list"), _day(registration, joined_at) if is_known else "", DONE)
    if registration.status == Status.CONFIRMED:
        yield Stage(_("Place offered"), _day(registration, offered_at), DONE)


def _present(registration: Registration, position: int) -> Iterator[Stage]:
    """Yield the present stage; while somebody's change is in review, first their place, which they keep."""
    stands = _standing(registration, position)
    if registration.status == Status.CONFIRMED and registration.is_in_review:
        yield replace(stands, state=DONE)
        stands = Stage(_("Change in review"), _promise(registration), NOW)
    yield stands


def _standing(registration: Registration, position: int) -> Stage:
    event, status = registration.event, registration.status
    if status == Status.CONFIRMED:
        return Stage(_("Place confirmed"), _place_day(registration), NOW)
    if status == Status.OFFERED and registration.offer_expires_at:
        until = moment_text(registration.offer_expires_at, event.zone)
        return Stage(_("Place offered"), _time_to_accept(registration, until), NOW)
    if status == Status.WAITING:
        return Stage(_("On the waiting list"), _("%(ordinal)s in line", ordinal=ordinal(position)), NOW)
    if status == Status.PENDING:
        until = _("before %(moment)s", moment=moment_text(registration.confirm_by, event.zone))
        return Stage(_("Confirm your e-mail"), until, NOW)
    if status == Status.IN_REVIEW:
        return Stage(_("In review"), _promise(registration), NOW)
    ended = registration.ended_at
    return Stage(status_name(status), _day(registration, ended) if ended else "", NOW)


def _time_to_accept(registration: Registration, until: str) -> str:
    if deadlines.is_past_offer_now(registration):
        return _("time ended on %(moment)s", moment=until)
    return _("until %(moment)s", moment=until)


def _of_the_past(registration: Registration) -> Iterator[Stage]:
    """Yield the last stages of a registration whose event is over: its state at the end, and nothing to come."""
    if registration.status == Status.CONFIRMED:
        yield Stage(_("Place confirmed"), _place_day(registration), DONE)
        yield Stage(_("The forum"), dates_of(registration.event), DONE)
    else:
        yield Stage(str(AFTER_THE_EVENT[registration.status]), "", NOW)


def _before_cancellation(registration: Registration) -> Iterator[Stage]:
    """Yield the last stages of a registration for a cancelled event: the place, if any, and the cancellation."""
    if registration.status == Status.CONFIRMED:
        yield Stage(_("Place confirmed"), _place_day(registration), DONE)
    if registration.event.cancelled_at:
        yield Stage(_("Forum cancelled"), _day(registration, registration.event.cancelled_at), NOW)


def _to_come(registration: Registration) -> Iterator[Stage]:
    if deadlines.is_past_offer_now(registration):
        # Show nothing to come: the worker has yet to end the expired offer or to prolong it.
        return
    is_unconfirmed = registration.status == Status.PENDING
    if registration.is_in_review or (is_unconfirmed and reviewing.is_reviewed_once_confirmed(registration)):
        # A person who waits or has an offer keeps the rank or the offer while a change is reviewed. Only this stage
        # then names the day until which a decision is promised.
        has_rank = registration.status in (Status.WAITING, Status.OFFERED)
        yield Stage(_("Decision"), _promise(registration) if has_rank else "", TO_COME)
    if registration.status != Status.CONFIRMED:
        yield Stage(_("Place confirmed"), "", TO_COME)
    yield Stage(_("The forum"), dates_of(registration.event), TO_COME)


def _place_day(registration: Registration) -> str:
    """Return the day on which the place was confirmed; "" if it is not stored."""
    confirmed_at = registration.place_confirmed_at
    return _day(registration, confirmed_at) if confirmed_at else ""


def _promise(registration: Registration) -> str:
    """Return the day until which a decision is promised; "" without a promise, or once it has passed."""
    if registration.answer_by is None or registration.answer_by <= clock.now():
        return ""
    return _("answer by %(day)s", day=_day(registration, registration.answer_by))


def _day(registration: Registration, moment: datetime) -> str:
    return day_text(moment, registration.event.zone)
