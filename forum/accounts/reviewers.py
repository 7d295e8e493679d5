"""The sectors of reviewers: a reviewer sees, and decides about, people of these sectors only. Nothing here commits.

Organisers and registrars decide about the people of every sector. A reviewer has sectors of their own, and people of
other sectors are not shown to them; a reviewer without sectors sees nobody.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, delete, or_, select

from forum.accounts import queries
from forum.accounts.audiences import REGISTRARS
from forum.accounts.enums import Role
from forum.accounts.models import Membership, ReviewedSector, User
from forum.audit import actions as audit
from forum.events.models import Event, Sector
from forum.extensions import db


def of_memberships(held: Iterable[Membership], event_id: int) -> frozenset[int] | None:
    """Return the ids of sectors about whose people these memberships let somebody decide; None for every sector."""
    here = [each for each in held if each.event_id in {None, event_id}]
    if any(each.role in REGISTRARS.roles for each in here):
        return None
    # Only reviewers have sectors, so no query reads them for anybody else.
    own = [each for each in here if each.role == Role.REVIEWER]
    return frozenset(row.sector_id for each in own for row in each.reviewed)


def find(user_id: int, event_id: int) -> frozenset[int] | None:
    """Return the ids of the sectors whose people this organiser may decide about now; None for every sector."""
    here = or_(Membership.event_id == event_id, Membership.event_id.is_(None))
    query = select(Membership.role, ReviewedSector.sector_id).outerjoin(
        ReviewedSector, ReviewedSector.membership_id == Membership.id
    )
    rows = db.session.execute(query.where(Membership.user_id == user_id, here)).all()
    if any(role in REGISTRARS.roles for role, _sector in rows):
        return None
    return frozenset(sector for role, sector in rows if role == Role.REVIEWER and sector is not None)


def reviews(event_id: int, sector_id: int) -> ColumnElement[bool]:
    """Return the SQL condition for memberships that let an organiser decide about this sector's people."""
    theirs = select(ReviewedSector.membership_id).where(ReviewedSector.sector_id == sector_id)
    return or_(
        and_(
            Membership.role.in_(REGISTRARS.roles),
            or_(Membership.event_id == event_id, Membership.event_id.is_(None)),
        ),
        and_(Membership.role == Role.REVIEWER, Membership.event_id == event_id, Membership.id.in_(theirs)),
    )


def give(user: User, event: Event, sectors: Collection[int], *, actor: str, now: datetime) -> bool:
    """Give a reviewer of the event, whose account is locked, these sectors only; return whether any changed.

    Sectors of other events, and deleted ones, are left out. Does nothing for somebody who lacks the role of a reviewer.
    """
    held = queries.find_membership(user, Role.REVIEWER, event.id)
    if held is None:
        return False
    keys = {sector.id: sector.key for sector in event.sectors if sector.id in sectors}
    if {row.sector_id for row in held.reviewed} == set(keys):
        return False
    held.reviewed = [ReviewedSector(membership_id=held.id, sector_id=number) for number in sorted(keys)]
    db.session.flush()
    told = sorted(keys.values())
    audit.record("account.sectors_given", user, actor=actor, at=now, event=event.id, sectors=told)
    return True


def follow(sector: Sector, into: Sector) -> None:
    """Let the reviewers of `sector`, which is merged into the sector `into`, decide about the people of `into`."""
    there = select(ReviewedSector.membership_id).where(ReviewedSector.sector_id == into.id)
    mine = _of(sector).where(ReviewedSector.membership_id.not_in(there))
    for number in db.session.scalars(mine).all():
        db.session.add(ReviewedSector(membership_id=number, sector_id=into.id))
    db.session.execute(delete(ReviewedSector).where(ReviewedSector.sector_id == sector.id))
    db.session.flush()


def _of(sector: Sector) -> Select[int]:
    of_it = select(ReviewedSector.membership_id).where(ReviewedSector.sector_id == sector.id)
    return of_it.order_by(ReviewedSector.membership_id)
