"""Links to the contact of a delegation: 256 random bits, one purpose, stored as a digest (S18–S20)."""

from datetime import datetime

from forum.columns import digest, new_token
from forum.delegations import queries
from forum.delegations.enums import ContactLink
from forum.delegations.models import Delegation, DelegationLink
from forum.extensions import db
from forum.registration import links
from forum.registration.errors import LinkRefused


def issue(delegation: Delegation, purpose: ContactLink, *, now: datetime, is_dead: bool = False) -> str:
    """Make a link and return its token; a dead one, for a mail that is withheld, never works."""
    token = new_token()
    ends = delegation.confirm_by if purpose == ContactLink.CONFIRM else links.managing_ends(delegation.event)
    link = DelegationLink(digest=digest(token), delegation=delegation, purpose=purpose)
    link.expires_at = now if is_dead else ends
    db.session.add(link)
    return token


def follow(token: str, purpose: ContactLink, *, now: datetime) -> Delegation:
    """Return the delegation of a link. Raises LinkRefused."""
    return find(digest(token), purpose, now=now).delegation


def find(token_digest: str, purpose: ContactLink, *, now: datetime) -> DelegationLink:
    """Return the link with this digest. Raises LinkRefused."""
    link = queries.find_link(token_digest, purpose, now)
    if link is None:
        raise LinkRefused
    return link
