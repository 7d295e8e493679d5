"""Limits on attempts to sign in (S25).

Nobody can lock an organiser out by failing in their name: attempts at a password are counted by client and address.
Attempts at a code are counted by account, but only somebody who knows the password reaches that step. The number of
mails with a new password's link is limited elsewhere: `actions.ask_reset` sends none while the last link is young.
"""

from forum.accounts import queries
from forum.accounts.errors import TooManyInvitations
from forum.accounts.models import User
from forum.audit.queries import TRIES_LIMITED
from forum.audit.traces import note_refusal
from forum.columns import digest
from forum.web.limits import TooManyTries, client, keyed, spend, takes

EACH_CLIENT = "60 per 15 minutes"
EACH_ADDRESS = "10 per 15 minutes"
EACH_ACCOUNT = ("10 per 15 minutes", "50 per day")
EACH_INVITER, EACH_INVITED = "40 per hour", "5 per hour"


def count_password(email: str) -> None:
    """Count an attempt at a password. Raises TooManyTries."""
    try:
        spend(EACH_CLIENT)
        spend(EACH_ADDRESS, digest(f"{queries.canonical_email(email)} {client()}"))
    except TooManyTries:
        note_refusal(TRIES_LIMITED, account_of(email))
        raise


def count_code(user: User) -> None:
    """Count an attempt at a second factor. Raises TooManyTries."""
    try:
        for rule in EACH_ACCOUNT:
            spend(rule, f"user:{user.id}")
    except TooManyTries:
        note_refusal(TRIES_LIMITED, user)
        raise


def count_mail() -> None:
    """Count a request for a mail with a link. Raises TooManyTries."""
    spend(EACH_CLIENT)


def count_invitation(email: str, *, by: User) -> None:
    """Count an invitation of a colleague, whoever sends it and on whichever page. Raises TooManyInvitations."""
    invited = keyed(queries.canonical_email(email))
    if not (takes(EACH_INVITER, "invite by", str(by.id)) and takes(EACH_INVITED, "invite", invited)):
        raise TooManyInvitations


def account_of(email: str) -> User:
    """Return the account with this address, else a User that has only the address and is not stored.

    So known and unknown addresses are recorded alike (S24).
    """
    return queries.find_by_email(email) or User(email=queries.canonical_email(email))
