"""Settings with which production does not start: a missing secret, a folder open to others, a development mode."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from forum.settings.given import Given

WEAK_SECRETS = {"dev", "secret", "changeme", "change-me", "password", "test"}


def find_unsafe(given: Given, instance: Path) -> Iterator[str]:
    """Yield a sentence for each setting that is missing or unsafe, with its name and without its value."""
    yield from _find_in_folder(given, instance)
    yield from _find_in_secrets(given)
    base_url = str(given.get("BASE_URL") or "")
    if not base_url:
        yield "FORUM_BASE_URL is missing"
    elif not base_url.startswith("https://"):
        yield "FORUM_BASE_URL must start with https://"
    yield from _find_in_mail(given)
    for name in ("DEBUG", "DEMO", "TESTING"):
        if given.flag(name):
            yield f"FORUM_{name} must be off"
    if not given.flag("LIMITS_ENABLED", default=True):
        yield "FORUM_LIMITS_ENABLED must be on"


def _find_in_folder(given: Given, instance: Path) -> Iterator[str]:
    """Check the instance folder, which holds the database and the keys: no other user may enter it (P28)."""
    if not given.get("INSTANCE"):
        yield "FORUM_INSTANCE is missing"
    elif not instance.is_dir():
        yield "FORUM_INSTANCE is not a folder"
    elif instance.stat().st_mode & 0o007:
        yield (
            "FORUM_INSTANCE may be entered by every user of this machine:"
            f" chmod o-rwx {shlex.quote(str(instance))}"
        )


def _find_in_secrets(given: Given) -> Iterator[str]:
    secret = str(given.get("SECRET_KEY") or "")
    if not secret:
        yield "FORUM_SECRET_KEY is missing"
    elif len(secret) < 32 or secret.lower() in WEAK_SECRETS or len(set(secret)) < 8:
        yield "FORUM_SECRET_KEY is too short or well known (at least 32 characters)"
    if not given.get("DATA_KEYS"):
        yield "FORUM_DATA_KEYS is missing"


def _find_in_mail(given: Given) -> Iterator[str]:
    if not given.get("MAIL_SERVER"):
        yield "FORUM_MAIL_SERVER is missing"
    if not given.get("MAIL_DEFAULT_SENDER"):
        yield "FORUM_MAIL_DEFAULT_SENDER is missing"
    is_encrypted = given.flag("MAIL_USE_TLS") or given.flag("MAIL_USE_SSL")
    if given.get("MAIL_PASSWORD") and not is_encrypted:
        yield "FORUM_MAIL_USE_TLS or FORUM_MAIL_USE_SSL must be on, for there is a FORUM_MAIL_PASSWORD"
    if given.flag("MAIL_USE_TLS") and given.flag("MAIL_USE_SSL"):
        yield "FORUM_MAIL_USE_TLS and FORUM_MAIL_USE_SSL are both on: SSL is for port 465, TLS for 587 and 25"
