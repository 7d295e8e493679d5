"""Who can be the audience of a route, as the access table says it (`access`)."""

from dataclasses import dataclass
from enum import Enum

from forum.accounts.enums import Role


class Face(Enum):
    """The audience of a route that requires no role."""

    PUBLIC = "public"  # pages for anybody, which set no cookie
    FORM = "form"  # forms for anybody, which set only the session cookie of the CSRF token
    LINK = "link"  # pages for the owner of a personal link
    MACHINE = "machine"  # files for monitors, feed readers and crawlers
    ACCOUNT = "account"  # pages for signing in


@dataclass(frozen=True)
class Roles:
    """The audience of a console route: organisers who signed in with both factors and hold a role for its event.

    One of `roles` is enough. When `roles` is empty, every signed-in organiser may use the route. With `of_all`, only
    the role of an admin of all events counts: the route concerns several events, or none yet.
    """

    roles: frozenset[Role]
    of_all: bool = False


def roles(*listed: Role) -> Roles:
    """Return the audience of organisers who hold one of these roles; an admin always belongs to it."""
    return Roles(frozenset({*listed, Role.ADMIN}))


ADMINS = roles()
ORGANISERS = roles(Role.ORGANISER)
# The roles that work with people: their registrations, places, review and invitations.
REGISTRARS = roles(Role.ORGANISER, Role.REGISTRAR)
# The roles that decide about people in review; a reviewer does so only in some sectors (`accounts/reviewers`).
REVIEWERS = roles(Role.ORGANISER, Role.REGISTRAR, Role.REVIEWER)
# The roles that read about people; a viewer changes and exports nothing.
VIEWERS = roles(Role.ORGANISER, Role.REGISTRAR, Role.VIEWER)
# The roles that let people in at the door; the role door sees names only (S14).
RECEPTIONISTS = roles(Role.ORGANISER, Role.REGISTRAR, Role.DOOR)
# The roles that write news and pages, and manage images.
EDITORS = roles(Role.ORGANISER, Role.EDITOR)
# The roles that look after the event's mail.
MAILERS = roles(Role.ORGANISER, Role.MAILER)
ANY_ROLE = roles(*Role)
# Only handlers of protected identity, and not admins, may learn who has one (P21).
HANDLERS = Roles(frozenset({Role.PROTECTED_HANDLER}))
# Only organisers who arrange food and access, and not admins, may read people's needs of food and access (P06).
CARERS = Roles(frozenset({Role.CARE}))
ADMINS_OF_ALL = Roles(frozenset({Role.ADMIN}), of_all=True)
SIGNED_IN = Roles(frozenset())  # pages of one's own account need no role
