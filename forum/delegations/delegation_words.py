"""The people of a delegation in words, for its contact and for organisers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum.delegations import contact_acts, correcting, lacking, named, queries
from forum.delegations.asking import Person
from forum.delegations.enums import DelegateState
from forum.delegations.errors import AskedAlready
from forum.delegations.models import Delegate, Delegation, Substitution
from forum.events import queries as events
from forum.events.freezing import is_frozen
from forum.events.models import Event
from forum.registration import deadlines, review_words, waiting_list
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.web.languages import in_language, moment_text

AFTER_THE_EVENT = {
    Status.CONFIRMED: _l("Had a place"),
    Status.IN_REVIEW: _l("Was in review"),
    Status.WAITING: _l("Was waiting"),
    Status.OFFERED: _l("Was offered a place"),
}


@dataclass(frozen=True)
class Row:
    """A person of a delegation on a page: name, status in words with its icon, and what the contact can do.

    `reason` and `paragraphs` say why the organisers have declined a person for whom the contact answers. `asked` is
    whom the contact has asked to come instead, if that person can still confirm, and `asked_mark` the mark by which
    the page names the question.
    """

    number: int
    name: str
    title: str
    email: str
    reference: str
    label: str
    kind: str
    more: str
    can_change: bool
    can_answer_care: bool
    can_correct: bool
    can_replace: bool
    can_withdraw: bool
    reason: str = ""
    paragraphs: Sequence[Sequence[str]] = ()
    missing: tuple[str, ...] = ()
    asked: Substitution | None = None
    asked_mark: str = ""


def rows_of(delegation: Delegation, now: datetime) -> list[Row]:
    """Return the people of a delegation for its contact, each with the required questions that the contact can answer.

    The number of SQL statements for missing answers, and for people who are asked to come instead, does not depend on
    the number of people.
    """
    people = queries.list_shown(delegation)
    missing = lacking.list_for_contact(delegation, people, now)
    asked = asked_instead(people, now)
    return [
        _with(
            row_of(one, now),
            missing=[in_language(question.label) for question in missing.get(one.registration_id or 0, ())],
            asked=asked.get(one.registration_id or 0),
        )
        for one in people
    ]


def _with(row: Row, *, missing: Sequence[str], asked: Substitution | None) -> Row:
    mark = contact_acts.mark_of(asked) if asked else ""
    return replace(row, missing=tuple(missing), asked=asked, asked_mark=mark)


def asked_instead(people: Sequence[Delegate], now: datetime) -> dict[int, Substitution]:
    """Return whom the contact has asked to come instead of these people, by registration, while the link works."""
    open_ids = [
        one.registration_id
        for one in people
        if one.registration_id
        and contact_acts.is_known(one, now)
        and not is_frozen(one.delegation.event, now)
    ]
    return queries.list_by_contact(open_ids, now) if open_ids else {}


def row_of(one: Delegate, now: datetime) -> Row:
    """Return a person of a delegation for its contact: the name that the contact typed, and the status.

    Once answers are frozen, the contact can only withdraw the person, and delete what is held by consent.
    Before the person has confirmed, the row is the same whether the address is registered already or not (S24).
    """
    known = named.person_of(one, now) or Person(_("Somebody who comes instead"), "", "")
    label, kind, more = _state(one, now)
    is_open = not is_frozen(one.delegation.event, now)
    reason, words = _refusal(one)
    return Row(
        number=one.position,
        name=f"{known.given_name} {known.family_name}".strip(),
        title=known.title,
        email=known.email,
        reference=_reference(one),
        label=label,
        kind=kind,
        more=more,
        can_change=is_open and contact_acts.can_change(one, now),
        can_answer_care=contact_acts.can_change(one, now),
        can_correct=is_open and correcting.can_correct(one, now),
        can_replace=is_open and contact_acts.can_replace(one, now),
        can_withdraw=contact_acts.can_withdraw(one, now),
        reason=reason,
        paragraphs=review_words.paragraphs(words),
    )


@dataclass(frozen=True)
class Listed:
    """A person of a delegation on a page for organisers: the name, and the status in words with its icon."""

    name: str
    label: str
    kind: str


def for_organisers(one: Delegate, now: datetime) -> Listed:
    """Return a person of a delegation for organisers: the registration's name, else the typed one, and status (P22).

    No further SQL statement is run, because the list has hundreds of people.
    """
    mine = one.registration
    known = mine or named.person_of(one, now) or named.NOBODY
    label, kind, _more = _state(one, now) if mine is None else _standing(mine, one, now)
    return Listed(f"{known.given_name} {known.family_name}".strip(), label, kind)


def asked_already(refusal: AskedAlready, event: Event) -> str:
    """Return the sentence that a link was sent to this address already, and until when the link works."""
    until = moment_text(refusal.until, event.zone)
    return _("A link has gone to this address already. It works until %(moment)s.", moment=until)


def console_address(delegation: Delegation) -> str:
    """Return the URL of the organisers' list of delegations, beginning with this delegation."""
    after, anchor = delegation.id + 1, f"delegation-{delegation.id}"
    return url_for("delegations_console.index", event=delegation.event.slug, after=after, _anchor=anchor)


def _reference(one: Delegate) -> str:
    """Return the registration's reference if the contact manages it, else ""."""
    mine = one.registration
    return mine.reference if mine is not None and not mine.has_address else ""


def _refusal(one: Delegate) -> tuple[str, str | None]:
    """Return why the organisers have declined a person for whom the contact answers, and their own words.

    Nobody else can be told it. Of people with an address the contact reads neither: they are told themselves (P20).
    """
    mine = one.registration
    if mine is None or mine.has_address or mine.status != Status.DECLINED:
        return "", None
    return review_words.told_to_contact(mine.decline_reason), mine.decline_words


def _state(one: Delegate, now: datetime) -> tuple[str, str, str]:
    """Return the status in words, its icon (templates/components/status.html), and a remark."""
    if until := named.asked_until(one):
        return _not_confirmed(one, until, now)
    mine = one.registration
    if mine is None or one.state == DelegateState.WITHDRAWN:
        return {
            DelegateState.NAMED: (_("Not registered yet"), "wait", ""),
            DelegateState.LEFT_OUT: (_("No place was free"), "out", ""),
        }.get(one.state, (_("Cancelled"), "out", ""))
    return _state_of(mine, one, now)


def _state_of(mine: Registration, one: Delegate, now: datetime) -> tuple[str, str, str]:
    label, kind, more = _standing(mine, one, now)
    if mine.status == Status.WAITING and not events.is_off(mine.event, now):
        more = _("Number %(position)s in line", position=waiting_list.position(mine))
    return label, kind, more


def _standing(mine: Registration, one: Delegate, now: datetime) -> tuple[str, str, str]:
    """Return the registration's status in words, its icon and a remark, without the rank in the waiting list."""
    if mine.status == Status.PENDING:
        return _not_confirmed(one, mine.confirm_by, now)
    if mine.status == Status.EXPIRED and mine.confirmed_at is None:
        return _not_confirmed(one, now, now)
    if mine.is_live and events.is_off(mine.event, now):
        label = AFTER_THE_EVENT.get(mine.status) or _("Had a place")
        return str(label), "in" if mine.status == Status.CONFIRMED else "out", ""
    if mine.status == Status.WAITING:
        return _("On the waiting list"), "wait", ""
    if deadlines.is_past_offer(mine, now):
        return str(AFTER_THE_EVENT[Status.OFFERED]), "offered", _("The time to accept the place is over.")
    return _settled(mine.status, is_reviewed=mine.is_in_review)


def _not_confirmed(one: Delegate, until: datetime, now: datetime) -> tuple[str, str, str]:
    if until <= now:
        return _("Not confirmed in time"), "out", ""
    event, more = one.delegation.event, ""
    if not events.is_off(event, now):
        more = _("Can confirm before %(moment)s", moment=moment_text(until, event.zone))
    return _("Has not confirmed yet"), "wait", more


def _settled(status: Status, *, is_reviewed: bool) -> tuple[str, str, str]:
    if status == Status.CONFIRMED:
        more = _("The organisers review a change.") if is_reviewed else ""
        return _("Has a place"), "in", more
    return {
        Status.IN_REVIEW: (_("In review"), "review", _("The organisers decide and write.")),
        Status.OFFERED: (_("Offered a place"), "offered", _("The person has to accept it.")),
        Status.DECLINED: (_("Declined by the organisers"), "out", ""),
        Status.EXPIRED: (_("The offer has run out"), "out", ""),
    }.get(status, (_("Cancelled"), "out", ""))
