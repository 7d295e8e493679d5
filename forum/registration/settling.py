"""The hook for confirmed addresses: an open invitation of the address is then answered by the registration.

`registration` must not import `invitations`, so the factory registers the function (`settle_with`). It is called within
the transaction that confirms the address, under the event's lock, and nowhere else: an unconfirmed address, which
anybody may have typed, answers nothing.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from flask import Flask, current_app

from forum.registration.models import Registration

SETTLER = "forum.registration.settling"


@dataclass(frozen=True)
class Settled:
    """The result of `settle`: whether a place became free, and answers that differ from those of the invitation."""

    has_freed: bool = False
    changed: Collection[str] = ()


def settle_with(app: Flask, settle: Callable[[Registration, datetime], Settled]) -> None:
    """Make the app call `settle` for each registration whose address is confirmed."""
    app.extensions[SETTLER] = settle


def settle(registration: Registration, now: datetime) -> Settled:
    """Call the app's function for a confirmed address, before any audit entry and with the event locked."""
    settler: Callable[[Registration, datetime], Settled] = current_app.extensions[SETTLER]
    return settler(registration, now)
