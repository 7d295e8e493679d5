"""What a confirmed address settles elsewhere: an open invitation of the address is answered by the registration.

The rules of a registration stand below the room of invitations and know nothing of it, so the factory says what is to
be settled (`settle_with`). It happens within the transaction that confirms, under the event's lock, and only there: an
address that anybody has typed settles nothing.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from flask import Flask, current_app

from forum.registration.models import Registration

SETTLER = "forum.registration.settling"


@dataclass(frozen=True)
class Settled:
    """Whether a place became free, and which answers differ from those for which a place was promised."""

    has_freed: bool = False
    changed: Collection[str] = ()


def settle_with(app: Flask, settle: Callable[[Registration, datetime], Settled]) -> None:
    """Let the app call `settle` for each registration whose address is confirmed."""
    app.extensions[SETTLER] = settle


def settle(registration: Registration, now: datetime) -> Settled:
    """Settle what the confirmed address leads to. Call this before anything is audited, with the event locked."""
    settler: Callable[[Registration, datetime], Settled] = current_app.extensions[SETTLER]
    return settler(registration, now)
