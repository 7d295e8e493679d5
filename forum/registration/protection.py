"""Recording later that a person has protected identity, or withdrawing that (P20)."""

from datetime import datetime

from forum.registration import answers, consents, joining, places
from forum.registration.models import Registration


def record(registration: Registration, *, is_protected: bool, real_name: str | None, now: datetime) -> None:
    """Replace the person's recorded answer about protected identity. Raises NotLive.

    The audit trail does not mention this: only the encrypted answer may tell who is protected (P21). A person who
    becomes protected is removed from the list of participants, as by withdrawing the consent; they can consent again,
    and are then shown by the name in the registration. A contact that a handler has recorded by telephone stays until
    the person is no longer protected (P20).
    """
    places.lock_live(registration)
    if is_protected:
        consents.withdraw(registration, consents.LIST, now=now)
    contact = _contact_beside(registration, real_name, now) if is_protected else None
    answers.say_identity(
        registration, is_protected=is_protected, real_name=real_name, contact=contact, now=now
    )


def _contact_beside(registration: Registration, real_name: str | None, now: datetime) -> str:
    """Return the contact that a handler has recorded, shortened to fit into the sealed record beside the real name."""
    told = {"is_protected": True, "real_name": real_name, "recorded_at": now.isoformat()}
    contact = joining.identity_of(registration).get("contact") or ""
    while contact and not joining.fits({**told, "contact": contact}):
        contact = contact[:-1]
    return contact
