"""Publishing."""

from datetime import datetime

from sqlalchemy import update

from forum.events.actions import content_changed
from forum.extensions import db
from forum.news.models import Post


def announce_due(now: datetime) -> int:
    """Have the public pages rendered anew when scheduled posts have become public; return how many.

    The queries show a post from its `published_at` on, but a page kept from before does not know it. The worker calls
    this every minute; after downtime or a clock that jumped it catches up (R18).
    """
    due = Post.published_at <= now, Post.announced_at.is_(None)
    announced = db.session.execute(update(Post).where(*due).values(announced_at=now).returning(Post.id)).all()
    if announced:
        content_changed()
    return len(announced)
