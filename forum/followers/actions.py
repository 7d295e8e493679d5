"""Following the news of an event by mail: asking for the news, confirming the address, choosing anew, leaving.

Anybody can enter anybody's address. So the owner is asked by a mail (double opt-in), no news is sent before the owner
has pressed a button, and whoever asks learns nothing about who is on the list (S24).
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from forum.audit import actions as audit
from forum.database import rehearsed
from forum.events.models import Event
from forum.extensions import db
from forum.followers import ending, links, mails
from forum.followers.choices import Choices
from forum.followers.enums import FollowPurpose
from forum.followers.models import Follower, follower_categories
from forum.news.models import Category
from forum.outbox import suppression
from forum.outbox.enums import SuppressionCause
from forum.registration import tombstones
from forum.registration.names import canonical_email


def ask(
    event: Event, address: str, choices: Choices, *, may_mail: Callable[[str], bool], now: datetime
) -> None:
    """Store a request to follow the event's news, and queue the mail to the owner of the address (S24).

    `may_mail` counts the mail and returns whether it may be sent. For an address that follows the news already the
    request is undone, and the mail has the link to the follower's choices. Call after `start_write`.
    """
    follower = _find_or_add(event, address, choices, now)
    is_known, withheld = follower.confirmed_at is not None, not may_mail(address)
    with rehearsed(db.session, when=is_known):
        mine = update(Follower).where(Follower.id == follower.id)
        db.session.execute(mine.values(asked_at=now, **_columns(choices)))
        _set_categories(follower, choices)
    db.session.refresh(follower)
    queue = mails.queue_known if is_known else mails.queue_asked
    queue(follower, withheld=withheld, now=now)


def confirm(token: str, *, now: datetime) -> str:
    """Put the address that got the link on the list; return the token of a link to its choices. Raises NoFollowing.

    A mark that mail to the address comes back is taken off. A mark of a complaint stays for other messages (M10).
    """
    follower = links.follow(token, FollowPurpose.CONFIRM, now=now, is_locked=True)
    if follower.confirmed_at is None:
        follower.confirmed_at = now
        bounced = SuppressionCause.BOUNCED
        suppression.lift(follower.email, event_id=follower.event_id, cause=bounced)
    return links.issue(follower, FollowPurpose.CHOOSE, now=now)


def choose(token: str, choices: Choices, *, now: datetime) -> None:
    """Store which posts a follower gets, when and in which language, from now on. Raises NoFollowing."""
    follower = links.follow(token, FollowPurpose.CHOOSE, now=now, is_locked=True)
    for name, value in _columns(choices).items():
        setattr(follower, name, value)
    _set_categories(follower, choices)


def leave(token: str, purpose: FollowPurpose, *, now: datetime) -> None:
    """End the mails to the follower with this link and delete all that is kept of them. Raises NoFollowing."""
    leave_as(links.follow(token, purpose, now=now, is_locked=True), now=now)


def leave_as(follower: Follower, *, now: datetime) -> None:
    """Delete a locked follower who wants no more mails, and remember this, so that a restored backup cannot undo it."""
    tombstones.remember_follower(follower, now=now)
    ending.end(follower)


def move_category(category: Category, into: Category, *, actor: str, now: datetime) -> None:
    """Let followers of a category follow the one into which it is merged; record how many in the audit trail."""
    of = follower_categories.c
    has_both = select(of.follower_id).where(of.category_id == into.id)
    moved = select(of.follower_id, literal(into.id)).where(
        of.category_id == category.id, of.follower_id.not_in(has_both)
    )
    followers = select(func.count(of.follower_id)).where(of.category_id == category.id)
    number = db.session.execute(followers).scalar()
    db.session.execute(insert(follower_categories).from_select(["follower_id", "category_id"], moved))
    if number:
        audit.record("category.followers_moved", into, actor=actor, at=now, people=number)


def _find_or_add(event: Event, address: str, choices: Choices, now: datetime) -> Follower:
    """Return the follower with this address, locked; else a new, unconfirmed one. Two requests at once make one row."""
    canonical = canonical_email(address)
    tool = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    new = {"event_id": event.id, "email": address, "email_canonical": canonical, "asked_at": now}
    added = tool.insert(Follower).values(**new, **_columns(choices)).on_conflict_do_nothing()
    db.session.execute(added)
    mine = Follower.event_id == event.id, Follower.email_canonical == canonical
    return db.session.scalars(select(Follower).where(*mine).with_for_update()).one()


def _columns(choices: Choices) -> dict[str, object]:
    has_every = not choices.categories
    return {"language": choices.language, "pace": choices.pace, "has_every": has_every}


def _set_categories(follower: Follower, choices: Choices) -> None:
    of = follower_categories.c
    db.session.execute(delete(follower_categories).where(of.follower_id == follower.id))
    chosen = select(literal(follower.id), Category.id).where(Category.key.in_(choices.categories))
    db.session.execute(insert(follower_categories).from_select(["follower_id", "category_id"], chosen))
    db.session.expire(follower, ["categories"])
