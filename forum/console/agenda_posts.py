"""Tasks of the overview about planned posts: posts that come out today, are late, or that nobody could read."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import cast

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from forum.console.agenda_tasks import Task
from forum.events.days import end_of_day
from forum.events.models import Event
from forum.news import desk
from forum.news.enums import PostState
from forum.news.models import Post
from forum.web.languages import language, moment_text

# The worker announces due posts every few seconds. A post that is late by more than this shows that no worker runs.
LATE = timedelta(minutes=5)


def list_planned_posts(event: Event, now: datetime) -> Iterator[Task]:
    """Yield tasks for the event's planned posts: late ones, blocked (not readable) ones, and those due today."""
    planned = desk.list_planned(desk.desk_of(event, with_general=False))
    late = [post for post in planned if _moment(post) <= now - LATE]
    blocked = [post for post in planned if post not in late and _is_blocked(event, post)]
    ends = end_of_day(event, now)
    due = [post for post in planned if post not in late + blocked and _moment(post) < ends]
    if late:
        title = ngettext("planned post is late", "planned posts are late", len(late))
        told = _(
            "It comes out by itself once the program that works in the background runs again."
            " Whoever runs the server should see that it is started."
        )
        yield _task(event, late, title, told, is_trouble=True)
    if blocked:
        title = ngettext(
            "planned post cannot be read as it is", "planned posts cannot be read as they are", len(blocked)
        )
        yield _task(event, blocked, title, _why(event), is_trouble=True)
    if due:
        title = ngettext("planned post comes out today", "planned posts come out today", len(due))
        yield _task(event, due, title, _("Until then it can be changed or taken back."))


def _moment(post: Post) -> datetime:
    """Return when a planned post comes out."""
    return cast(datetime, post.published_at)


def _is_blocked(event: Event, post: Post) -> bool:
    """Return whether visitors could not read the whole post, in each of its languages, if it came out now."""
    return not event.is_published or not all(desk.coverage(post).values())


def _why(event: Event) -> str:
    if event.is_published:
        return _("A text lacks its headline, its lead or its body.")
    return _("Nobody can read it before the event is published.")


def _task(event: Event, posts: Sequence[Post], title: str, told: str, *, is_trouble: bool = False) -> Task:
    """Return the task about these posts. It names the first, and leads to a single post, else to the planned posts."""
    first = posts[0]
    named = _(
        "“%(headline)s”, planned for %(moment)s.",
        headline=desk.headline(first, language()) or _("Without a headline"),
        moment=moment_text(_moment(first), event.zone),
    )
    if len(posts) == 1:
        url = url_for("publishing.publish", event=event.slug, post=first.id)
    else:
        url = url_for("posts.index", event=event.slug, view=PostState.SCHEDULED.value)
    return Task(len(posts), title, f"{named} {told}", url, is_trouble=is_trouble)
