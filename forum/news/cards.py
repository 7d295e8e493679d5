"""The text on the picture that other services show beside a link to a post."""

from forum.events import queries as events
from forum.news.models import PostText
from forum.news.teasers import news_day
from forum.web.languages import in_language
from forum.web.share_picture import Card


def post_card(text: PostText) -> Card:
    """Return the card of a post: the forum's name and town above the headline, the post's day below."""
    post = text.post
    event = events.find_published_by_id(post.event_id) if post.event_id else events.find_current()
    above = f"{in_language(event.short_name)} · {in_language(event.place)}" if event else ""
    return Card(above=above, title=text.headline, below=news_day(post.public_since))
