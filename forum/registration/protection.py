"""Recording later that a person has protected identity, or withdrawing that (P20)."""

from datetime import datetime

from forum.registration import answers, consents, places
from forum.registration.models import Registration


def record(registration: Registration, *, is_protected: bool, real_name: str | None, now: datetime) -> None:
    """Replace the person's recorded answer about protected identity. Raises NotLive.

    The audit trail does not mention this: only the encrypted answer may tell who is protected (P21). Whoever says to
    be protected leaves the list of participants, as somebody does who withdraws the consent to it; the person can
    consent again, and is then shown by the name in the registration, as everybody is.
    """
    places.lock_live(registration)
    if is_protected:
        consents.withdraw(registration, consents.LIST, now=now)
    answers.say_identity(registration, is_protected=is_protected, real_name=real_name, now=now)
