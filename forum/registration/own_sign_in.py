"""A browser's sign-in to a person's own page: how it begins, and the three ways in which it ends (S18–S22).

The sign-in expires half an hour after the last page and twelve hours after it began; it ends with its link; and the
person can sign out. The session cookie has the link's digest and the times of the sign-in and the last page, and
nothing about the person (S08), so that reading a page writes nothing (S11). Signing out is stored in the database: a
copy of the cookie is then worthless too (F5). For this purpose, a link that is opened again in the same browser keeps
the number of the earlier sign-in.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import current_app, session
from flask.sansio.app import App

from forum.columns import digest, new_token
from forum.extensions import db
from forum.registration import answer_cookies, links, places, queries, sign_in_end
from forum.registration.enums import TokenPurpose
from forum.registration.errors import LinkRefused, SignInEnded
from forum.registration.models import Registration
from forum.registration.sign_in_end import SignInEnd
from forum.registration.sign_in_models import EndedSignIn
from forum.web.limits import keyed

KEY = "own_page"
# The session's key for the digest that opens the page of all of a person's data, for ten minutes.
EVERYTHING = "everything"
SHAPE = {"link": str, "number": str, "began": float, "seen": float}
# Older versions store the link's digest as a text under this key of the session. An older version that reads this
# session, during an update or after a downgrade, would fail on any other type.
FORMER_KEY = "registration"
# Sign-ins are short, because the next person at a shared computer may be somebody else; the personal link starts a new
# one.
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
    """Return the registration to which this browser is signed in.

    Raises LinkRefused; SignInEnded if it is not signed in.
    """
    kept = _find()
    if kept is None:
        raise SignInEnded
    link = links.find(kept["link"], TokenPurpose.MANAGE, now)
    is_over = now >= _at(kept["began"]) + LONGEST or now >= _at(kept["seen"]) + IDLE
    if is_over or queries.has_left(digest(kept["number"])):
        raise SignInEnded
    session[KEY] = {**kept, "seen": now.timestamp()}
    note_end(
        _at(kept["began"]), link.expires_at, blueprint="self_service", number=link.registration_id, now=now
    )
    return link.registration


def note_end(began: datetime, link_ends: datetime, *, blueprint: str, number: int, now: datetime) -> None:
    """Note when a sign-in ends that began at `began` and is used now, by a link that works until `link_ends`.

    `number` is the id of the registration or delegation that the pages of `blueprint` show.
    """
    last_at, of = min(began + LONGEST, link_ends), keyed(f"sign-in {blueprint} {number}")[:16]
    with_link = link_ends < began + LONGEST
    sign_in_end.note(SignInEnd(min(now + IDLE, last_at), last_at, blueprint, of, with_link))


def leave(*, now: datetime) -> Registration | None:
    """End this browser's sign-in, if there is one; return its registration if the link still works.

    The caller has begun a write.

    The page of all the person's data is closed too, because a copy of the cookie would open it; and so are the sign-ins
    to the person's other pages, because a person who leaves a shared computer leaves all of them.

    A sign-in that has expired in this browser is also stored as ended: somebody may still be using a copy of the
    cookie.
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
    """Register `rule`, called with `now`, which ends a sign-in to the person's other pages when they sign out."""
    app.extensions.setdefault(LEAVING, []).append(rule)


def forget() -> None:
    """Remove the sign-in from this browser's session, and delete the form values that the browser has kept."""
    session.pop(KEY, None)
    session.pop(EVERYTHING, None)
    session.pop(FORMER_KEY, None)
    answer_cookies.end()
    sign_in_end.forget()


def _find() -> dict[str, Any] | None:
    """Return the sign-in in this browser's session; None without one, or for one of another version of the forum."""
    kept = session.get(KEY)
    if not isinstance(kept, dict) or kept.keys() != SHAPE.keys():
        return None
    return kept if all(isinstance(kept[name], kind) for name, kind in SHAPE.items()) else None


def _find_opened(now: datetime) -> Registration | None:
    """Return the registration whose page with all data is open in this browser, or None."""
    opened = session.get(EVERYTHING)
    try:
        return links.follow_digest(str(opened), TokenPurpose.OWN_DATA_PAGE, now=now) if opened else None
    except LinkRefused:
        return None


def _find_number() -> str | None:
    """Return the number of this browser's sign-in, or None if the person has ended that sign-in.

    The browser's next sign-in gets the same number, so that ending it also ends copies of earlier cookies.
    """
    kept = _find()
    return None if kept is None or queries.has_left(digest(kept["number"])) else kept["number"]


def _write_ended(kept: dict[str, Any], now: datetime) -> Registration | None:
    """Store that this sign-in is ended, until it would have expired; do nothing if its link no longer works.

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
