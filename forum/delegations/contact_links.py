"""Links to the contact of a delegation: 256 random bits, one purpose, stored as a digest (S18–S20)."""

from datetime import datetime

from forum.columns import digest, new_token
from forum.delegations import queries
from forum.delegations.enums import ContactLink
from forum.delegations.models import Delegation, DelegationLink
from forum.extensions import db
from forum.registration import links, places
from forum.registration.errors import LinkRefused


def issue(delegation: Delegation, purpose: ContactLink, *, now: datetime, is_dead: bool = False) -> str:
    """Make a link and return its token. An `is_dead` link never works: it is for a mail that is withheld."""
    token = new_token()
    ends = delegation.confirm_by if purpose == ContactLink.CONFIRM else links.managing_ends(delegation.event)
    link = DelegationLink(digest=digest(token), delegation=delegation, purpose=purpose, created_at=now)
    link.expires_at = now if is_dead else ends
    db.session.add(link)
    return token


def follow(token: str, purpose: ContactLink, *, now: datetime) -> Delegation:
    """Return the delegation to which a link leads. Raises LinkRefused if the link does not work."""
    return find(digest(token), purpose, now=now).delegation


def ends_older(token: str, *, now: datetime) -> bool:
    """Return whether opening this link would end earlier links to the contact's page (S20). Raises LinkRefused."""
    return bool(queries.older_links(find(digest(token), ContactLink.MANAGE, now=now), now))


def open_link(token: str, *, now: datetime) -> None:
    """End the contact's links that are older than the one being opened, as for a person's own page (S20).

    Asking for a link ends no other link, because a stranger could ask. Call after `start_write`. Raises LinkRefused.
    """
    places.lock(follow(token, ContactLink.MANAGE, now=now).event)
    for older in queries.older_links(find(digest(token), ContactLink.MANAGE, now=now), now):
        older.expires_at = now


def find(token_digest: str, purpose: ContactLink, *, now: datetime) -> DelegationLink:
    """Return the link with this digest. Raises LinkRefused if it does not work."""
    link = queries.find_link(token_digest, purpose, now)
    if link is None:
        raise LinkRefused
    return link
