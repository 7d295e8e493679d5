"""Recording later that a person has protected identity, or withdrawing that (P20)."""

from datetime import datetime

from forum.registration import answers, places
from forum.registration.models import Registration


def record(registration: Registration, *, is_protected: bool, real_name: str | None, now: datetime) -> None:
    """Replace the person's recorded answer about protected identity. Raises NotLive.

    The audit trail does not mention this: only the encrypted answer may tell who is protected (P21).
    """
    places.lock_live(registration)
    answers.say_identity(registration, is_protected=is_protected, real_name=real_name, now=now)
