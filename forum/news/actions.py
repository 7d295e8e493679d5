"""Publishing posts."""

from datetime import datetime

from sqlalchemy import or_, update

from forum.extensions import db
from forum.news.models import Post


def announce_due(now: datetime) -> int:
    """Make posts public whose time has come; return how many.

    The worker calls this every few seconds, and it catches up after downtime or a jump of the clock (R18). A post that
    is moved to a later time is hidden until then and announced again.
    """
    unannounced = or_(Post.announced_at.is_(None), Post.announced_at < Post.published_at)
    due = update(Post).where(Post.published_at <= now, unannounced).values(announced_at=now)
    return len(db.session.execute(due.returning(Post.id)).all())
