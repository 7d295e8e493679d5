"""The answers of a registration: set by the form, by a change, and when the address is confirmed.

Anybody can enter another person's address. So while the address is not confirmed, each confirming link carries the
answers of its own form. Confirming stores the answers of the link that is opened, not those of the form that came
first. When an organiser changes an answer before it is confirmed, the form behind the link is changed as well.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.orm import undefer

from forum.events.models import Event, Sector
from forum.extensions import db
from forum.registration import belonging, given, names, places, queries, searching, views_naming
from forum.registration.applicant import CHANGEABLE, Applicant
from forum.registration.belonging import Belonging
from forum.registration.deadlines import CONFIRM_TIME
from forum.registration.enums import Status
from forum.registration.errors import SeveralForms
from forum.registration.models import CareAnswer, ProtectedIdentity, Registration, Submission

NOT_PROTECTED = {"is_protected": False, "real_name": None}
REFERENCE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def draft(
    event: Event, sector: Sector, applicant: Applicant, *, belongs: Belonging | None = None, now: datetime
) -> Registration:
    """Return an unsaved registration, without a place, made from the answers of the form.

    `belongs` says to which organisation the registration belongs, if the caller has read that.
    """
    reference = new_reference()
    # Without an address, store the reference in the column of the address: it is unique, and cannot be anybody's
    # address.
    canonical = names.canonical_email(applicant.email) if applicant.email else reference
    registration = Registration(
        event=event,
        sector=sector,
        reference=reference,
        status=Status.PENDING,
        holds_place=False,
        email=applicant.email,
        email_canonical=canonical,
        requested_at=now,
        confirm_by=now + CONFIRM_TIME,
        **{name: getattr(applicant, name) for name in CHANGEABLE},
    )
    derive(registration, belongs)
    say_identity(registration, is_protected=applicant.is_protected, real_name=applicant.real_name, now=now)
    # Each registration has a record on diet and access: store an empty one until the address is confirmed.
    registration.care_answer = CareAnswer(answer=given.care({}, now=None))
    return registration


def take_over(registration: Registration, submission: Submission | None, *, now: datetime) -> bool:
    """Replace the registration's answers by those of the confirmed form, then forget the answers of all its forms.

    If the sector or organisation changes, the form's time becomes the time of the registration. Return whether that
    change gave back a held place.
    """
    held = registration.holds_place
    moved = False
    if submission and submission.answers:
        moved = _put(registration, read(registration, submission), submission.received_at, now)
    elif told := _given(registration, submission):
        given.store(registration, told, now=now)
    forget(registration)
    return held and moved


def read(registration: Registration, submission: Submission | None) -> Mapping[str, Any]:
    """Return the answers that a confirming link carries; if there is no stored form, those of the registration.

    A field that the form of an older release did not have is taken from the registration: so links mailed before an
    update still work. The key `given` has the answers to the event's own questions, None where the form had none.
    """
    carried = (submission.answers if submission else None) or {}
    return {
        "sector": registration.sector.key,
        **{name: getattr(registration, name) for name in CHANGEABLE},
        **(registration.protected_identity.answer if registration.protected_identity else NOT_PROTECTED),
        **carried,
        "given": _given(registration, submission),
    }


def move_carried(sector: Sector, into: Sector) -> None:
    """Replace this sector, which will be deleted, by the other one in the answers that confirming links carry."""
    carried = select(Submission).join(Submission.registration).options(undefer(Submission.sealed_answers))
    mine = carried.where(Registration.event_id == sector.event_id, Submission.sealed_answers.is_not(None))
    for submission in db.session.scalars(mine):
        told = submission.answers
        if told and told.get("sector") == sector.key:
            submission.answers = {**told, "sector": into.key}


def find_carried(registration: Registration) -> Submission | None:
    """Return the stored form whose answers the registration gets when its address is confirmed, or None.

    Raises SeveralForms, because somebody else may have sent a later form for the same address.
    """
    if registration.status != Status.PENDING:
        return None
    forms = queries.list_carried_forms(registration)
    if len(forms) > 1 or any(form.received_at != registration.requested_at for form in forms):
        raise SeveralForms
    return forms[0] if forms else None


def find_first_form(registration: Registration) -> Submission | None:
    """Return the form with which an unconfirmed registration was made; None if its answers are not stored any more."""
    forms = queries.list_carried_forms(registration)
    return next((form for form in forms if form.received_at == registration.requested_at), None)


def has_several_forms() -> ColumnElement[bool]:
    """Return the SQL condition for the registrations about which `find_carried` raises SeveralForms."""
    mine = Submission.registration_id == Registration.id, Submission.sealed_answers.is_not(None)
    number = select(func.count()).select_from(Submission).where(*mine).correlate(Registration)
    later = exists().where(*mine, Submission.received_at != Registration.requested_at)
    return (Registration.status == Status.PENDING) & or_(later, number.scalar_subquery() > 1)


def carry(registration: Registration, told: Mapping[str, Any]) -> None:
    """Change these answers also in the form of the confirming link, so that confirming keeps the change.

    Raises SeveralForms.
    """
    if told and (form := find_carried(registration)):
        form.answers = {**(form.answers or {}), **told}


def sector_of(registration: Registration, told: Mapping[str, Any]) -> Sector:
    """Return the sector that the answers name, or the registration's sector if the named one no longer exists."""
    return next((one for one in registration.event.sectors if one.key == told["sector"]), registration.sector)


def moves(registration: Registration, told: Mapping[str, Any]) -> bool:
    """Return whether the answers name another sector or organisation than the registration now has."""
    key = belonging.key_of(registration.event, told["organisation"], registration.email_canonical)
    return (sector_of(registration, told), key) != (registration.sector, registration.organisation_key)


def forget(registration: Registration) -> None:
    """Delete the answers of all forms sent for this registration, because no link carries them any more."""
    mine = Submission.registration_id == registration.id
    db.session.execute(update(Submission).where(mine).values(answers=None, given=None))


def say_identity(
    registration: Registration,
    *,
    is_protected: bool,
    real_name: str | None,
    contact: str | None = None,
    now: datetime,
) -> None:
    """Store whether the person has protected identity, encrypted, in place of the earlier answer.

    `contact` is somebody through whom a handler reaches a person who was registered by telephone (P20).
    """
    recorded_at = now.isoformat() if is_protected else None
    told = {"is_protected": is_protected, "real_name": real_name, "recorded_at": recorded_at}
    if contact:
        told["contact"] = contact
    if registration.protected_identity:
        registration.protected_identity.answer = told
    else:
        registration.protected_identity = ProtectedIdentity(answer=told)


def derive(registration: Registration, belongs: Belonging | None = None) -> None:
    """Compute the registration's columns for sorting, searching and counting from its answers.

    `belongs` says to which organisation the registration belongs, if the caller has read that.
    """
    event, order = registration.event, registration.event.name_order
    registration.sort_key = names.sort_key(registration.family_name, registration.given_name, order)
    registration.organisation_key = (
        belongs.key
        if belongs
        else belonging.key_of(event, registration.organisation, registration.email_canonical)
    )
    registration.organisation_sort_key = names.sort_key(registration.organisation, "", order)
    registration.search_text = searching.search_text(registration)
    registration.search_extra = searching.search_extra(registration)
    registration.search_extra_from = searching.search_extra_from(registration)


def new_reference() -> str:
    """Return eight random characters, without look-alikes, that reveal nothing about the event or person (P26)."""
    drawn = "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(8))
    return f"{drawn[:4]}-{drawn[4:]}"


def _given(registration: Registration, submission: Submission | None) -> Mapping[str, Any] | None:
    """Return the submitted form's answers to the event's own questions, None if the form has none.

    Without a `submission`, the form whose confirming mail was withheld is taken.
    """
    form = submission or queries.find_withheld_form(registration)
    return form.given if form else None


def _put(registration: Registration, told: Mapping[str, Any], asked_at: datetime, now: datetime) -> bool:
    """Set the registration's answers to those in `told`; return whether the sector or the organisation has changed."""
    sector, moved = sector_of(registration, told), moves(registration, told)
    if moved:
        places.release(registration)
        registration.sector, registration.requested_at = sector, asked_at
    former = views_naming.naming_values(registration)
    for name in CHANGEABLE:
        setattr(registration, name, told[name])
    derive(registration)
    views_naming.forget_former(registration, former, now=now)
    say_identity(registration, is_protected=told["is_protected"], real_name=told["real_name"], now=now)
    if told["given"]:
        given.store(registration, told["given"], now=now)
    return moved
