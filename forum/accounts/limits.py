"""How often one may try (S25).

Nobody can shut an organiser out by failing in their name: the limit on an address's passwords holds for one client
only. The limit on an account's codes holds everywhere, but to reach it one must know the password. How many mails an
address gets is no limit on asking: `actions.ask_reset` sends none while the last one's link is young.
"""

from forum.accounts import queries
from forum.accounts.models import User
from forum.audit.queries import TRIES_LIMITED
from forum.audit.traces import note_refusal
from forum.columns import digest
from forum.web.limits import TooManyTries, client, spend

EACH_CLIENT = "60 per 15 minutes"
EACH_ADDRESS = "10 per 15 minutes"
EACH_ACCOUNT = ("10 per 15 minutes", "50 per day")


def count_password(email: str) -> None:
    """Count a try of a password. Raises TooManyTries."""
    try:
        spend(EACH_CLIENT)
        spend(EACH_ADDRESS, digest(f"{queries.canonical_email(email)} {client()}"))
    except TooManyTries:
        note_refusal(TRIES_LIMITED, lambda: account_of(email))
        raise


def count_code(user: User) -> None:
    """Count a try of a second factor. Raises TooManyTries."""
    try:
        for rule in EACH_ACCOUNT:
            spend(rule, f"user:{user.id}")
    except TooManyTries:
        note_refusal(TRIES_LIMITED, lambda: user)
        raise


def count_mail() -> None:
    """Count a mail that somebody asks us to send. Raises TooManyTries."""
    spend(EACH_CLIENT)


def account_of(email: str) -> User:
    """Return the account that a refused try was for; one that is in no table when there is none."""
    return queries.find_by_email(email) or User()
