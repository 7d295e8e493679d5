"""Which colleagues' sign-ins, second factor and first password an admin of some events may manage."""

from collections.abc import Iterable

from forum.accounts import queries
from forum.accounts.enums import Role
from forum.accounts.models import Membership, User

# An admin may give one of these roles only when holding it, too: admins do not have them by themselves (P06, P21).
SECRET = (Role.CARE, Role.PROTECTED_HANDLER)


def is_within_reach(user: User, *, by: User) -> bool:
    """Return whether `by` may send this colleague a first password's link, end sign-ins and reset the second factor.

    Reads the roles of both organisers from the database again. Nobody is within their own reach.
    """
    return covers(queries.list_memberships(by), queries.list_memberships(user)) and user.id != by.id


def covers(managing: Iterable[Membership], held: Iterable[Membership]) -> bool:
    """Return whether memberships `managing` include admin for each event in `held`, and each secret role in `held`."""
    mine = {(each.role, each.event_id) for each in managing}
    return all(
        _has(mine, Role.ADMIN, each.event_id)
        and (each.role not in SECRET or _has(mine, each.role, each.event_id))
        for each in held
    )


def _has(mine: set[tuple[Role, int | None]], role: Role, event_id: int | None) -> bool:
    return not mine.isdisjoint({(role, event_id), (role, None)})
