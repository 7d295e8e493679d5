"""Storing the answers of a form that are too long for a cookie: in a row that only a random token can decrypt.

`answer_cookies` puts the token into the browser's cookie. The caller begins a write transaction and commits.
"""

import json
import zlib
from collections.abc import Collection
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import delete, func, select

from forum.columns import digest, new_token
from forum.events.models import Event
from forum.extensions import db
from forum.registration.kept_answer_models import KeptAnswers
from forum.sealing import seal_with_token, unseal_with_token

# The length of every row's answers in bytes, compressed and padded. An event's questions accept 11 kB of answers, the
# fields of every form some 4 kB more; the rest is for answers that are not checked yet, such as ten long texts.
LENGTH = 32 * 1024
# The most rows of kept answers, which take some 70 MB in all: anybody can send a form whose answers take a row.
MOST = 2000


def store(
    content: Any, slug: str, *, replaced: Collection[str], ends_at: datetime, now: datetime
) -> str | None:
    """Store the content, which JSON must be able to hold, for the published event with this slug; return its token.

    The rows of the tokens `replaced` are deleted, and those whose time is over. Return None if nothing is stored: there
    is no such event, the content is too long, or the table is full.
    """
    packed = zlib.compress(json.dumps(content, ensure_ascii=False).encode())
    event_id = db.session.scalar(select(Event.id).where(Event.slug == slug, Event.is_published))
    if event_id is None or len(packed) > LENGTH:
        return None
    forget(replaced)
    forget_old(now=now)
    if db.session.scalars(select(func.count()).select_from(KeptAnswers)).one() >= MOST:
        return None
    token = new_token()
    kept = KeptAnswers(digest=digest(token), event_id=event_id, ends_at=ends_at)
    kept.content = seal_with_token(packed.ljust(LENGTH, b"\0"), token, _location(event_id))
    db.session.add(kept)
    db.session.flush()
    return token


def find(token: str, *, now: datetime) -> Any:
    """Return the content stored under this token; None if it is gone, too old, or does not decrypt."""
    kept = db.session.get(KeptAnswers, digest(token))
    if kept is None or kept.ends_at <= now:
        return None
    try:
        packed = unseal_with_token(kept.content, token, _location(kept.event_id))
    except InvalidTag:
        return None
    # The decompressor stops at the end of the answers and leaves the padding.
    return json.loads(zlib.decompressobj().decompress(packed))


def forget(tokens: Collection[str]) -> None:
    """Delete the rows of these tokens."""
    if tokens:
        gone = [digest(token) for token in tokens]
        db.session.execute(delete(KeptAnswers).where(KeptAnswers.digest.in_(gone)))


def forget_old(*, now: datetime) -> int:
    """Delete stored answers of forms whose time is over; return how many. The worker calls this."""
    old = delete(KeptAnswers).where(KeptAnswers.ends_at <= now)
    done: int = db.session.connection().execute(old).rowcount
    return done


def _location(event_id: int) -> str:
    return f"kept answers of event {event_id}"
