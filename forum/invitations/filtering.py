"""The filters of the organisers' list of invitations: by sector and by state, both in the URL."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from forum.events.models import Event, Sector
from forum.events.queries import find_sector
from forum.invitations.enums import InvitationState, Standing
from forum.invitations.models import Invitation
from forum.invitations.queries import IS_PAUSED, UNDELIVERED
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage


class UnknownFilter(ValueError):
    """The URL asks for a sector or a state that does not exist; showing all invitations instead would mislead."""


@dataclass(frozen=True)
class Filters:
    """The sector and the state of the invitations that the list shows; None for all."""

    sector: Sector | None = None
    standing: Standing | None = None

    @classmethod
    def of(cls, args: Mapping[str, str], event: Event) -> "Filters":
        """Read the filters from the URL's query. Raises UnknownFilter."""
        key, code = args.get("sector", ""), args.get("status", "")
        sector, standing = find_sector(event, key), next((one for one in Standing if one == code), None)
        if (key and sector is None) or (code and standing is None):
            raise UnknownFilter
        return cls(sector, standing)

    def query(self) -> dict[str, Any]:
        """Return the filters as parameters of the URL of the list of invitations."""
        shown = {"sector": self.sector.key if self.sector else "", "status": self.standing or ""}
        return {name: value for name, value in shown.items() if value}

    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        """Return the filters as conditions for a statement in which each invitation is outer-joined with its mail."""
        in_sector = () if self.sector is None else (Invitation.sector_id == self.sector.id,)
        return in_sector if self.standing is None else (*in_sector, _stands(self.standing))


def _stands(standing: Standing) -> ColumnElement[bool]:
    """Return the condition that an invitation is in this state, by the rules of `queries.standing`."""
    is_opened, mail = Invitation.opened_at.is_not(None), OutboxMessage.status
    is_paused = Invitation.link_digest.is_not(None) & IS_PAUSED
    has_failed = mail.is_not(None) & mail.in_(UNDELIVERED)
    is_made = Invitation.link_digest.is_not(None) & ~IS_PAUSED
    has_left = is_made & or_(mail.is_(None), mail == MessageStatus.SENT)
    ways = {
        Standing.OPENED: is_opened,
        Standing.FAILED: and_(~is_opened, has_failed),
        Standing.SENT: and_(~is_opened, ~has_failed, has_left),
        Standing.PAUSED: and_(~is_opened, ~has_failed, is_paused),
        Standing.WAITING: and_(~is_opened, ~has_failed, ~has_left, ~is_paused),
    }
    if standing not in ways:
        return Invitation.state == standing.value
    return and_(Invitation.state == InvitationState.OPEN, ways[standing])
