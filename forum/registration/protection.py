"""Saying later that one has protected identity, or taking it back (P20)."""

from datetime import datetime

from forum.registration import answers, places
from forum.registration.models import Registration


def record(registration: Registration, *, is_protected: bool, real_name: str | None, now: datetime) -> None:
    """Put this in the place of what was recorded. Raises NotLive.

    The audit trail says nothing of it: only the sealed answer may tell who is protected (P21).
    """
    places.lock_live(registration)
    answers.say_identity(registration, is_protected=is_protected, real_name=real_name, now=now)
