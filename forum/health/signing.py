"""Checking that all machines use the same FORUM_SECRET_KEY: each must accept cookies and links signed by the others.

Each process stores a fingerprint of its key in the database when it starts to serve. A health check compares
the key of its own process with the fingerprint stored last.
"""

import hmac

from flask import current_app

from forum.database import start_write
from forum.extensions import db
from forum.health.models import KeyCheck

PURPOSE, KNOWN = "signing", b"forum: which key signs"


def note() -> None:
    """Store a fingerprint of this process's key, which does not reveal the key. Commits by itself."""
    if not is_shared(when_unknown=False):
        start_write(db.session)
        db.session.merge(KeyCheck(purpose=PURPOSE, sealed=_mark()))
        db.session.commit()


def is_shared(*, when_unknown: bool = True) -> bool:
    """Return whether the process that started last has the same key as this one."""
    stored = db.session.get(KeyCheck, PURPOSE)
    return when_unknown if stored is None else hmac.compare_digest(stored.sealed, _mark())


def _mark() -> bytes:
    return hmac.digest(str(current_app.config["SECRET_KEY"]).encode(), KNOWN, "sha256")
