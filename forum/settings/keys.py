"""Secrets in files of their own, and the data keys by purpose."""

import base64
import binascii
import json
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from forum.settings.given import Given

KEY_PURPOSES = ("identity", "care", "outbox", "audit", "totp")


def new_secret_key() -> str:
    """Return a fresh key for sessions and signed links."""
    return secrets.token_urlsafe(48)


def new_data_keys() -> str:
    """Return a fresh key per purpose as JSON: 32 random bytes each, base64, newest first (P28)."""
    return json.dumps(
        {purpose: [base64.b64encode(secrets.token_bytes(32)).decode()] for purpose in KEY_PURPOSES}
    )


def read_data_keys(given: Given) -> dict[str, list[bytes]]:
    """Decode FORUM_DATA_KEYS by purpose; a purpose that is missing or not 32 bytes long is a problem."""
    if not (text := given.get("DATA_KEYS")):
        return {}
    try:
        keys = {
            purpose: [base64.b64decode(key) for key in listed] for purpose, listed in json.loads(text).items()
        }
    except (ValueError, AttributeError, TypeError, binascii.Error):
        given.refuse("FORUM_DATA_KEYS is not the JSON that `forum new-keys` prints")
        return {}
    for purpose in KEY_PURPOSES:
        if not keys.get(purpose) or any(len(key) != 32 for key in keys[purpose]):
            given.refuse(f"FORUM_DATA_KEYS lacks a 32-byte key for {purpose}")
    return keys


def read_or_make(path: Path, make: Callable[[], str]) -> str:
    """Return the file's content, and create the file on the first start; simultaneous starts get the same content.

    The file gets its name only when it is complete, and the first of two processes to set the name wins.
    """
    if not path.exists():
        # A temporary file has the mode 0600, and `path` becomes a link to it: only the owner can read the file.
        with NamedTemporaryFile("w", dir=path.parent) as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner may read. Raises FileExistsError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
