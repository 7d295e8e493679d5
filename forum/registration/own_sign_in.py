"""A browser's sign-in to a person's own page: how it begins, and the three ways in which it ends (S18–S22).

It ends by itself half an hour after its last page and twelve hours after it began; it ends with its link; and the
person can leave. The session's cookie says which link was followed, when, and when a page was last seen, and nothing
of the person (S08), so that reading a page writes nothing (S11). Leaving is written down: a copy of the cookie then
opens nothing either (F5). For that, a link that is opened again in a browser keeps the number of the sign-in there.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import current_app, session
from flask.sansio.app import App

from forum.columns import digest, new_token
from forum.extensions import db
from forum.registration import kept_answers, links, places, queries
from forum.registration.enums import TokenPurpose
from forum.registration.errors import LinkRefused, SignInEnded
from forum.registration.models import Registration
from forum.registration.sign_in_models import EndedSignIn

KEY = "own_page"
EVERYTHING = "everything"  # the session's key for what opens everything held about the person for ten minutes
SHAPE = {"link": str, "number": str, "began": float, "seen": float}
# Older versions keep the link's digest as a text under this key of the session. An older version that reads this
# session, during an update or after going back to it, would fail at any value that is not a text.
FORMER_KEY = "registration"
# A sign-in ends soon, because a shared computer is soon somebody else's; the personal link lets people back in.
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
LEAVING = "what ends as a person leaves a browser"
# The limits of a sign-in in minutes and hours, for the pages that name them.
ENDS = {"idle_minutes": IDLE // timedelta(minutes=1), "longest_hours": LONGEST // timedelta(hours=1)}


def begin(token_digest: str, *, now: datetime) -> None:
    """Sign this browser in by the link with this digest, in place of an earlier sign-in in this browser."""
    moment, number = now.timestamp(), _find_number()
    forget()
    session[KEY] = {"link": token_digest, "number": number or new_token(), "began": moment, "seen": moment}


def follow(*, now: datetime) -> Registration:
    """Return the registration to which this browser is signed in. Raises LinkRefused; SignInEnded where it is not."""
    kept = _find()
    if kept is None:
        raise SignInEnded
    registration = links.follow_digest(kept["link"], TokenPurpose.MANAGE, now=now)
    is_over = now >= _at(kept["began"]) + LONGEST or now >= _at(kept["seen"]) + IDLE
    if is_over or queries.has_left(digest(kept["number"])):
        raise SignInEnded
    session[KEY] = {**kept, "seen": now.timestamp()}
    return registration


def leave(*, now: datetime) -> Registration | None:
    """End this browser's sign-in, if there is one; return its registration if the link works still.

    The caller has begun a write.

    The page of everything held ends along with it, for a copy of the cookie opens that, too; and so do the sign-ins to
    other pages of the person, for whoever leaves a shared computer leaves all of them.

    A sign-in that is over here, because nobody used it for half an hour, is written down too: with a copy of the
    cookie somebody else may have gone on using it.
    """
    kept, registration = _find(), None
    if kept is not None and now < _at(kept["began"]) + LONGEST:
        registration = _write_ended(kept, now)
    for left in (registration, _find_opened(now)):
        if left is not None:
            links.end(left, TokenPurpose.OWN_DATA_PAGE, now=now)
    for rule in current_app.extensions.get(LEAVING, ()):
        rule(now=now)
    forget()
    return registration


def install_leaving(app: App, rule: Callable[..., None]) -> None:
    """Let `rule`, which takes `now`, end a sign-in to other pages of the person when they leave this browser."""
    app.extensions.setdefault(LEAVING, []).append(rule)


def forget() -> None:
    """Take the sign-in out of this browser, and end what the browser keeps of forms, for whoever uses it next."""
    session.pop(KEY, None)
    session.pop(EVERYTHING, None)
    session.pop(FORMER_KEY, None)
    kept_answers.end()


def _find() -> dict[str, Any] | None:
    """Return the sign-in in this browser's session; None if there is none, or one of another version of the forum."""
    kept = session.get(KEY)
    if not isinstance(kept, dict) or kept.keys() != SHAPE.keys():
        return None
    return kept if all(isinstance(kept[name], kind) for name, kind in SHAPE.items()) else None


def _find_opened(now: datetime) -> Registration | None:
    """Return the registration of which this browser has the page of everything held open, if it has one open."""
    opened = session.get(EVERYTHING)
    try:
        return links.follow_digest(str(opened), TokenPurpose.OWN_DATA_PAGE, now=now) if opened else None
    except LinkRefused:
        return None


def _find_number() -> str | None:
    """Return the number of this browser's sign-in, unless the person has ended that sign-in.

    The browser's next sign-in gets the same number, so that ending it also ends copies of earlier cookies.
    """
    kept = _find()
    return None if kept is None or queries.has_left(digest(kept["number"])) else kept["number"]


def _write_ended(kept: dict[str, Any], now: datetime) -> Registration | None:
    """Store that this sign-in is ended, until it would have ended by itself; nothing if its link works no more.

    Return the registration of the link.
    """
    try:
        registration = links.follow_digest(kept["link"], TokenPurpose.MANAGE, now=now)
    except LinkRefused:
        return None
    places.lock(registration.event)
    number, ends_at = digest(kept["number"]), _at(kept["began"]) + LONGEST
    if ended := db.session.get(EndedSignIn, number):
        ended.ends_at = max(ended.ends_at, ends_at)
    else:
        db.session.add(EndedSignIn(digest=number, registration_id=registration.id, ends_at=ends_at))
    return registration


def _at(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
