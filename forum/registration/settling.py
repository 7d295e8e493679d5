"""The hook for confirmed addresses: an open invitation to the address is then marked as answered by the registration.

`registration` must not import `invitations`, so the factory registers the function (`settle_with`). The function is
called within the transaction that confirms the address, under the event's lock, and nowhere else: an unconfirmed
address may have been typed by anybody, and must not answer an invitation. It is called for the first address
(`actions.confirm`), for a new one (`new_address.confirm`) and for that of a substitute (`delegations/substituting`).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from flask import Flask, current_app

from forum.registration.models import Registration

SETTLER = "forum.registration.settling"


@dataclass(frozen=True)
class Settled:
    """The result of `settle`: whether a place became free, and which answers differ from those of the invitation."""

    has_freed: bool = False
    changed: Collection[str] = ()


def settle_with(app: Flask, settle: Callable[[Registration, datetime], Settled]) -> None:
    """Make the app call `settle` for each registration whose address is confirmed."""
    app.extensions[SETTLER] = settle


def settle(registration: Registration, now: datetime) -> Settled:
    """Call the function registered by `settle_with`, before any audit entry is recorded and with the event locked.

    A registration that waits or is in review is confirmed if it gets the place that was held by the invitation.
    """
    settler: Callable[[Registration, datetime], Settled] = current_app.extensions[SETTLER]
    return settler(registration, now)
