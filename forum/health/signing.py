"""Whether every machine signs with the same FORUM_SECRET_KEY: what one has signed, the others must be able to read.

Beside the check values of the data keys lies one that the process that serves last has stored.
"""

import hmac

from flask import current_app

from forum.database import start_write
from forum.extensions import db
from forum.health.models import KeyCheck

PURPOSE, KNOWN = "signing", b"forum: which key signs"


def note() -> None:
    """Store what this process's key makes of a known value; it does not lead back to the key. Commits by itself."""
    if not is_shared(when_unknown=False):
        start_write(db.session)
        db.session.merge(KeyCheck(purpose=PURPOSE, sealed=_mark()))
        db.session.commit()


def is_shared(*, when_unknown: bool = True) -> bool:
    """Whether whoever began to serve last signs with this process's key."""
    stored = db.session.get(KeyCheck, PURPOSE)
    return when_unknown if stored is None else hmac.compare_digest(stored.sealed, _mark())


def _mark() -> bytes:
    return hmac.digest(str(current_app.config["SECRET_KEY"]).encode(), KNOWN, "sha256")
