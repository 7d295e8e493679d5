"""The state of each of the demo's many people, and the moments that belong to the state."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from forum.events.models import Event
from forum.registration.deadlines import CONFIRM_TIME
from forum.registration.enums import DeclineReason, Status

REVIEWED_WITHIN = timedelta(days=21)
HELD = (Status.PENDING, Status.OFFERED, Status.CONFIRMED)
MOMENTS = (
    *("confirmed_at", "waiting_since", "offer_expires_at", "review_since", "answer_by", "ended_at"),
    *("held_until", "calendar_changed_at"),
)


def _hundred(**shares: int) -> list[Status]:
    return [Status(name) for name, share in shares.items() for _each in range(share)]


FULL = "full"  # the kind of a sector that is open, has no place left, and has a waiting list
# How many of a hundred people are in each state, by the kind of their sector: one of the policies, or FULL.
STATES_OF = {
    "open": _hundred(confirmed=82, pending=5, cancelled=9, expired=4),
    FULL: _hundred(confirmed=64, pending=4, offered=2, waiting=18, cancelled=8, expired=4),
    "review": _hundred(confirmed=60, in_review=22, declined=8, cancelled=6, expired=4),
    "invitation": _hundred(confirmed=88, cancelled=12),
}


@dataclass(frozen=True)
class Standing:
    """A person's state, when the person registered, and the moments that belong to the state."""

    status: Status
    requested_at: datetime
    moments: dict[str, datetime]

    @classmethod
    def drawn(cls, status: Status, event: Event, part: int, now: datetime) -> "Standing":
        """Return the state and moments of a person.

        The person registers after `part` thousandths of the time since registration opened.
        """
        begun = min(event.opens_at, now - timedelta(days=30))
        asked = begun + (now - timedelta(hours=4) - begun) * (part / 1000)
        minutes = timedelta(minutes=10 + part % 170)
        if status == Status.PENDING:
            asked = now - CONFIRM_TIME * ((part + 1) / 1200)
            return cls(status, asked, {"held_until": asked + CONFIRM_TIME})
        if status == Status.EXPIRED:
            # The deadline to confirm has passed only a short while ago: a registration that was never confirmed is
            # erased a day after its deadline.
            ended = now - timedelta(minutes=part)
            return cls(status, ended - CONFIRM_TIME, {"ended_at": ended})
        moments = {"confirmed_at": asked + minutes}
        if status in (Status.WAITING, Status.OFFERED):
            moments["waiting_since"] = asked
        if status == Status.OFFERED:
            moments["offer_expires_at"] = now + timedelta(hours=event.offer_hours)
        if status == Status.IN_REVIEW:
            moments |= {"review_since": asked + minutes, "answer_by": asked + minutes + REVIEWED_WITHIN}
        if status in (Status.CANCELLED, Status.DECLINED):
            moments["ended_at"] = asked + minutes + (now - asked - minutes) * 0.5
        if status in (Status.CONFIRMED, Status.CANCELLED):
            moments["calendar_changed_at"] = moments.get("ended_at", asked + minutes)
        return cls(status, asked, moments)

    def values(self) -> dict[str, Any]:
        """Return the columns of a registration that the state decides."""
        is_cancelled = self.status == Status.CANCELLED
        return {
            "status": self.status,
            "holds_place": self.status in HELD,
            "requested_at": self.requested_at,
            "confirm_by": self.requested_at + CONFIRM_TIME,
            **{name: self.moments.get(name) for name in MOMENTS},
            "cancelled_from": Status.CONFIRMED if is_cancelled else None,
            "decline_reason": DeclineReason.OFF_SUBJECT if self.status == Status.DECLINED else None,
            "calendar_sequence": 2 if is_cancelled else int(self.status == Status.CONFIRMED),
        }
