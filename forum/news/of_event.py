"""Which posts are among the news of an event."""

from sqlalchemy import ColumnElement, and_, or_

from forum.events.models import Event
from forum.news.models import Post


def is_news_of(event: Event) -> ColumnElement[bool]:
    """Return the condition for the news of an event: its own posts, and those of no event in particular.

    Of the posts of no event, an event that is not on the site's front page has only those published before its end, so
    that an earlier event's pages stay as they were.
    """
    general: ColumnElement[bool] = Post.event_id.is_(None)
    if not event.is_current:
        general = and_(general, Post.published_at < event.ends_at)
    return or_(Post.event_id == event.id, general)
