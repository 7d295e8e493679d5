"""How often one may try (S25).

Nobody can shut an organiser out by failing in their name: the limit on an address's passwords holds for one client
only. The limit on an account's codes holds everywhere, but to reach it one must know the password. How many mails an
address gets is no limit on asking: `actions.ask_reset` sends none while the last one's link is young.
"""

from forum.accounts import queries
from forum.accounts.models import User
from forum.columns import digest
from forum.web.limits import client, spend

EACH_CLIENT = "60 per 15 minutes"
EACH_ADDRESS = "10 per 15 minutes"
EACH_ACCOUNT = ("10 per 15 minutes", "50 per day")


def count_password(email: str) -> None:
    """Count a try of a password. Raises TooManyTries."""
    spend(EACH_CLIENT)
    spend(EACH_ADDRESS, digest(f"{queries.canonical_email(email)} {client()}"))


def count_code(user: User) -> None:
    """Count a try of a second factor. Raises TooManyTries."""
    for rule in EACH_ACCOUNT:
        spend(rule, f"user:{user.id}")


def count_mail() -> None:
    """Count a mail that somebody asks us to send. Raises TooManyTries."""
    spend(EACH_CLIENT)
