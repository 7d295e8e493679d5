"""What a registration says of the person: set by the form, by a change, and by the confirming link that is pressed.

Anybody can register somebody's address. So while it is not confirmed, each confirming link carries the answers of its
own form, and those of the link that is pressed count: whoever came first decides nothing.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import update

from forum.events.models import Event, Sector
from forum.extensions import db
from forum.registration import names, places
from forum.registration.applicant import CHANGEABLE, Applicant
from forum.registration.deadlines import CONFIRM_TIME
from forum.registration.enums import Status
from forum.registration.models import CareAnswer, ProtectedIdentity, Registration, Submission

NOT_PROTECTED = {"is_protected": False, "real_name": None}
REFERENCE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def draft(event: Event, sector: Sector, applicant: Applicant, *, now: datetime) -> Registration:
    """Return what the form asks for as a registration that is not stored yet and holds no place."""
    registration = Registration(
        event=event,
        sector=sector,
        reference=_new_reference(),
        status=Status.PENDING,
        holds_place=False,
        email=applicant.email,
        email_canonical=names.canonical_email(applicant.email),
        requested_at=now,
        confirm_by=now + CONFIRM_TIME,
        **{name: getattr(applicant, name) for name in CHANGEABLE},
    )
    derive(registration)
    say_identity(registration, is_protected=applicant.is_protected, real_name=applicant.real_name, now=now)
    # The form does not ask about diet and access yet; everybody has the row, always of one length.
    registration.care_answer = CareAnswer(answer=care(None, None, None))
    return registration


def take_over(registration: Registration, submission: Submission | None, *, now: datetime) -> bool:
    """Put the answers of the form in the place of what the registration says, then forget those of every form.

    Another sector or organisation is asked for in the moment of that form; return whether a place that was held went
    back for it.
    """
    held = registration.holds_place
    moved = False
    if submission and submission.answers:
        moved = _put(registration, read(registration, submission), submission.received_at, now)
    forget(registration)
    return held and moved


def read(registration: Registration, submission: Submission | None) -> Mapping[str, Any]:
    """Return the answers that a confirming link carries; without a form of its own, those of the registration.

    What the form of an older version did not ask is the registration's too: its link works over an update.
    """
    carried = (submission.answers if submission else None) or {}
    return {
        "sector": registration.sector.key,
        **{name: getattr(registration, name) for name in CHANGEABLE},
        **(registration.protected_identity.answer if registration.protected_identity else NOT_PROTECTED),
        **carried,
    }


def sector_of(registration: Registration, told: Mapping[str, Any]) -> Sector:
    """Return the sector that the answers name; the registration's own should it be gone."""
    return next((one for one in registration.event.sectors if one.key == told["sector"]), registration.sector)


def moves(registration: Registration, told: Mapping[str, Any]) -> bool:
    """Whether the answers ask for another sector, or come from another organisation, than a place is held for."""
    key = names.organisation_key(told["organisation"])
    return (sector_of(registration, told), key) != (registration.sector, registration.organisation_key)


def forget(registration: Registration) -> None:
    """Keep no answers of any form that was sent for this registration, now that no link carries them."""
    mine = Submission.registration_id == registration.id
    db.session.execute(update(Submission).where(mine).values(answers=None))


def say_identity(
    registration: Registration, *, is_protected: bool, real_name: str | None, now: datetime
) -> None:
    """Seal whether the person has protected identity, in the place of what was recorded."""
    recorded_at = now.isoformat() if is_protected else None
    told = {"is_protected": is_protected, "real_name": real_name, "recorded_at": recorded_at}
    if registration.protected_identity:
        registration.protected_identity.answer = told
    else:
        registration.protected_identity = ProtectedIdentity(answer=told)


def care(diet: str | None, access: str | None, now: datetime | None) -> dict[str, Any]:
    """Return what is sealed about diet and access."""
    return {"diet": diet, "access": access, "recorded_at": now.isoformat() if now else None}


def derive(registration: Registration) -> None:
    """Set what lists sort by, search in and count by."""
    registration.sort_key = names.sort_key(registration.family_name, registration.given_name)
    registration.organisation_key = names.organisation_key(registration.organisation)
    registration.organisation_sort_key = names.sort_key(registration.organisation, "")
    shown = (registration.given_name, registration.family_name, registration.organisation, registration.email)
    registration.search_text = names.search_fold(" ".join((*shown, registration.reference)))[:900]


def _put(registration: Registration, told: Mapping[str, Any], asked_at: datetime, now: datetime) -> bool:
    """Set each answer; return whether sector or organisation are others than before."""
    sector, moved = sector_of(registration, told), moves(registration, told)
    if moved:
        places.release(registration)
        registration.sector, registration.requested_at = sector, asked_at
    for name in CHANGEABLE:
        setattr(registration, name, told[name])
    derive(registration)
    say_identity(registration, is_protected=told["is_protected"], real_name=told["real_name"], now=now)
    return moved


def _new_reference() -> str:
    """Return eight characters that say nothing of event or person (P26), without look-alikes."""
    drawn = "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(8))
    return f"{drawn[:4]}-{drawn[4:]}"
