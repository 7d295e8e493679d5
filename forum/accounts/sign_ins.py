"""Signed-in browsers and what they may reach (S03, S06, S07, S09, S12, S38).

The browser's session cookie holds a random token; its row decides. Nothing else in the cookie says who it is.
"""

import re
from datetime import timedelta
from typing import Any

from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from werkzeug import Response

from forum import clock
from forum.accounts import kept_words, queries
from forum.accounts.enums import Role
from forum.accounts.errors import SignedOut
from forum.accounts.models import SignIn
from forum.database import start_write
from forum.extensions import db
from forum.web.routes import here

TOKEN, LANGUAGE, WAITING, NEXT = "sign_in", "language", "waiting", "next"
TOUCH, FRESH = timedelta(minutes=1), timedelta(minutes=5)
OWN_PAGE = re.compile(r"/(console|account)/[A-Za-z0-9._~%/-]*(\?[A-Za-z0-9._~%=&+,:@/!$'()*;-]*)?")
CONSOLE, MAX_TARGET = "/console/", 1000


def init_app(app: Flask) -> None:
    """Let templates ask who is signed in and what they may do."""
    app.jinja_env.globals.update(console_user=ConsoleUser(), may=may)


def require(roles: frozenset[Role]) -> ResponseReturnValue | None:
    """Let the request go on, answer with the way to sign in, or end it with 404.

    Without any `roles`, being signed in is enough. With an event in the address, a role must be held for it.
    """
    if load() is None:
        rule = request.url_rule
        return _go_by("accounts.sign_in", here() if rule and "GET" in (rule.methods or ()) else None)
    if roles and not roles & _roles_here():
        abort(404)
    return None


def require_fresh(back: str | None = None) -> ResponseReturnValue | None:
    """Answer with "confirm it's you" unless that was done within five minutes (S09).

    `back` is where to return to; by default the page that was asked for. A view's first line:
    `if answer := sign_ins.require_fresh(): return answer`.
    """
    if is_fresh():
        return None
    return _go_by("own_account.confirm", back or here())


def is_fresh() -> bool:
    """Whether password and code were given within five minutes; the demo's organiser has neither to give."""
    if current_app.config["DEMO"] and g.user.password_hash is None:
        return True
    return clock.now() - g.sign_in.confirmed_at <= FRESH


def load() -> SignIn | None:
    """Return the request's living sign-in, and set g.sign_in, g.user and g.user_language; read once."""
    if "sign_in" not in g:
        now = clock.now()
        g.sign_in = found = queries.find_sign_in(session[TOKEN], now=now) if TOKEN in session else None
        if found:
            g.user = found.user
            if now - found.last_seen_at >= TOUCH:
                _touch(found, now)
        choose_language(found.user.language if found else None)
    return g.sign_in


def start_own_write() -> None:
    """Begin to write what the signed-in person does to their own account.

    They may have been signed out since the guard looked, in another browser; then nothing is done. Their row is locked,
    so that of two acts on one account the second comes after the first. Raises SignedOut.
    """
    user_id = g.user.id
    start_write(db.session)
    queries.lock_user(user_id)
    found = queries.find_sign_in(session.get(TOKEN, ""), now=clock.now())
    if found is None:
        raise SignedOut
    g.sign_in, g.user = found, found.user


def begin(token: str) -> None:
    """Make the browser's session that of a new sign-in; nothing of the earlier one stays but the language (S06)."""
    forget()
    session[TOKEN] = token


def forget() -> None:
    """Empty the browser's session, but for the language that was chosen in it."""
    language = session.get(LANGUAGE)
    session.clear()
    if language:
        session[LANGUAGE] = language


def choose_language(preference: str | None = None) -> None:
    """Set g.user_language: ?lang= of now or earlier in this session, else the user's preference."""
    wanted = request.args.get("lang")
    if wanted in current_app.config["LANGUAGES"] and session.get(LANGUAGE) != wanted:
        session[LANGUAGE] = wanted
    g.user_language = session.get(LANGUAGE) or preference


def time_left() -> dict[str, int]:
    """Return for how many seconds the present sign-in lasts without another page, and at the longest (S07, A11)."""
    longest = g.sign_in.created_at + queries.ABSOLUTE
    ends = min(g.sign_in.last_seen_at + queries.IDLE, longest)
    return {
        name: int((end - clock.now()).total_seconds())
        for name, end in (("seconds", ends), ("longest", longest))
    }


def current_actor() -> str:
    """Return how the audit trail names who is signed in."""
    return f"user:{g.user.id}"


def roles_for(event: Any = None) -> frozenset[Role]:
    """Return the roles that the signed-in user holds for this event, or anywhere when there is none."""
    return _roles(event.id if event else None)


def may(role: Role | str, event: Any = None) -> bool:
    """Whether the signed-in user holds this role, or is an admin, for the event."""
    return not roles_for(event).isdisjoint({role, Role.ADMIN})


def is_admin_of_all() -> bool:
    """Whether the signed-in user looks after every event, and so the organisers' accounts."""
    return any(held.role == Role.ADMIN and held.event_id is None for held in g.user.memberships)


def own_page(target: str | None) -> str:
    """Return the target if it is a page of the console or the account, else the console's first page (S38)."""
    if not target or len(target) > MAX_TARGET or not OWN_PAGE.fullmatch(target):
        return CONSOLE
    path = target.partition("?")[0]
    return CONSOLE if "//" in path or ".." in path else target


class ConsoleUser:
    """Who is signed in, for the console's frame; false when nobody is."""

    def __bool__(self) -> bool:
        return load() is not None

    @property
    def name(self) -> str:
        return g.user.name

    @property
    def email(self) -> str:
        return g.user.email

    @property
    def time_left(self) -> dict[str, int]:
        return time_left()

    @property
    def links(self) -> list[dict[str, str]]:
        return [{"label": _("Your account"), "url": url_for("own_account.show")}]

    @property
    def sign_out(self) -> dict[str, str]:
        return {"url": url_for("accounts.sign_out"), "csrf_token": generate_csrf()}


def _roles_here() -> frozenset[Role]:
    """Return the user's roles for the event in the address; none when there is no such event."""
    slug = (request.view_args or {}).get("event")
    if slug is None:
        return _roles(None)
    event_id = queries.find_event_id(slug)
    return _roles(event_id) if event_id else frozenset()


def _roles(event_id: int | None) -> frozenset[Role]:
    held = g.user.memberships if load() else []
    return frozenset(
        membership.role for membership in held if event_id is None or membership.event_id in {None, event_id}
    )


def _go_by(endpoint: str, back: str | None) -> Response:
    """Lead to a page that comes first and from there back; what a form sent is kept meanwhile (A11)."""
    answer = redirect(url_for(endpoint, next=back), 303)
    if request.method == "POST":
        owner = g.user.id if g.sign_in else queries.find_owner(session.get(TOKEN, ""))
        kept_words.tell(is_kept=kept_words.keep(answer, owner))
    return answer


def _touch(found: SignIn, now) -> None:
    """Note that the browser was seen: a short transaction of its own, before the view reads anything.

    When the database cannot be written, reading goes on; the sign-in then ends a little early.
    """
    seen = update(SignIn).where(SignIn.id == found.id, SignIn.last_seen_at < now).values(last_seen_at=now)
    try:
        start_write(db.session)
        db.session.execute(seen)
        db.session.commit()
    except OperationalError:
        db.session.rollback()
