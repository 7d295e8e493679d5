"""The mails to followers of the news: to confirm an address, to say that it was confirmed before, posts (M06, M13).

A mail has headline, lead and address of a post; it loads no image, and nothing in it tells the forum who has opened the
mail.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l

from forum.addresses import is_unsafe_in_header
from forum.followers import links
from forum.followers.enums import FollowPurpose
from forum.followers.models import Follower
from forum.news.dates import ZONE, day_of
from forum.news.models import PostText
from forum.outbox import actions as outbox
from forum.outbox import neutral
from forum.outbox.enums import Lane
from forum.outbox.models import OutboxMessage
from forum.web.languages import day_text

OPENING = _l("This is about news that you can get by e-mail.")
NEWS_OPENING = _l("This is the news that you follow by e-mail.")


def queue_asked(follower: Follower, *, withheld: bool = False, now: datetime) -> OutboxMessage:
    """Queue the mail with the link by which the owner confirms the address."""
    link = links.issue_address(follower, FollowPurpose.CONFIRM, now=now)
    return _queue_asked(follower, "follow-asked", link, withheld=withheld, now=now)


def queue_known(follower: Follower, *, withheld: bool = False, now: datetime) -> OutboxMessage:
    """Queue the mail that tells a follower that the address is on the list already; its link leads to the choices."""
    link = links.issue_address(follower, FollowPurpose.CHOOSE, now=now)
    return _queue_asked(follower, "follow-known", link, withheld=withheld, now=now)


def queue_post(follower: Follower, text: PostText, *, now: datetime) -> OutboxMessage:
    """Queue the mail about a post that has come out."""
    return _queue_news(follower, "news-post", now, headline=_subject(follower, text), posts=[_shown(text)])


def queue_weekly(follower: Follower, texts: Sequence[PostText], *, now: datetime) -> OutboxMessage:
    """Queue the mail about the posts of a week."""
    return _queue_news(follower, "news-weekly", now, posts=[_shown(text) for text in texts])


def post_address(text: PostText) -> str:
    """Return the URL of a post's text; unlike `news.teasers.post_url` it needs no request."""
    day = day_of(text.post.public_since)
    return f"{current_app.config['BASE_URL']}/{text.language}/news/{day:%Y/%m/%d}/{text.slug}"


def _queue_asked(follower: Follower, kind: str, link: str, *, withheld: bool, now: datetime) -> OutboxMessage:
    context = {"link": link, "opening": OPENING}
    return _queue(follower, kind, Lane.NOW, context, withheld=withheld, now=now)


def _queue_news(follower: Follower, kind: str, now: datetime, **told: Any) -> OutboxMessage:
    context = {
        **told,
        "link": links.issue_address(follower, FollowPurpose.CHOOSE, now=now),
        "leave_link": links.issue_address(follower, FollowPurpose.LEAVE, now=now),
        "leave_address": links.leave_address_of(follower),
        "list_name": "news",
        "opening": NEWS_OPENING,
    }
    return _queue(follower, kind, Lane.BULK, context, now=now)


def _queue(follower: Follower, kind: str, lane: Lane, context: dict[str, Any], **more: Any) -> OutboxMessage:
    event = follower.event
    return outbox.queue(
        kind=kind,
        recipient=follower.email,
        language=follower.language,
        context={"event": event, "sender_name": _l("News"), **context},
        reply_to=event.contact_email,
        event_id=event.id,
        lane=lane,
        **more,
    )


def _subject(follower: Follower, text: PostText) -> str:
    """Return the headline, or "" if it must not be a subject: it names the forum or its town (P26), or is unsafe."""
    if is_unsafe_in_header(text.headline) or neutral.find_telling(follower.event, text.headline):
        return ""
    return text.headline


def _shown(text: PostText) -> dict[str, str]:
    return {
        "headline": text.headline,
        "lead": text.lead,
        "note": text.content_note or "",
        "day": day_text(text.post.public_since, ZONE, text.language),
        "url": post_address(text),
    }
