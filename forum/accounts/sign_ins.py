"""Signed-in browsers and what they may reach (S03, S06, S07, S09, S12, S38).

The session cookie holds a random token; only the row of that token says who is signed in.
"""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError
from werkzeug import Response

from forum import clock
from forum.accounts import kept_words, queries, reviewers
from forum.accounts.enums import Role
from forum.accounts.errors import SignedOut
from forum.accounts.models import SignIn
from forum.database import start_write
from forum.extensions import db
from forum.web.cache import READING
from forum.web.routes import here

TOKEN, LANGUAGE, WAITING, NEXT = "sign_in", "language", "waiting", "next"
CHALLENGE = "challenge"  # key of the session: the challenge that a passkey has to sign
TOUCH, FRESH = timedelta(minutes=1), timedelta(minutes=5)
OWN_PAGE = re.compile(r"/(console|account)/[A-Za-z0-9._~%/-]*(\?[A-Za-z0-9._~%=&+,:@/!$'()*;?-]*)?")
PAGE_BESIDE = {"after", "before"}
CONSOLE, ACCOUNT, MAX_TARGET = "/console/", "/account/", 1000


def init_app(app: Flask) -> None:
    """Give templates `console_user`, the signed-in user, and `may` and `holds`, which tell the user's roles."""
    app.jinja_env.globals.update(console_user=ConsoleUser(), may=may, holds=holds)


def has_signed_in(app: Flask, environ: dict[str, Any]) -> bool:
    """Return whether the browser's session cookie says that somebody has signed in, without asking the database.

    The sign-in may have ended since: the server only uses the answer to refuse large bodies before it reads them.
    """
    session = app.session_interface.open_session(app, app.request_class(environ))
    return bool(session and session.get(TOKEN))


def require(roles: frozenset[Role]) -> ResponseReturnValue | None:
    """Return None to let the request pass, or a redirect to the sign-in page; abort with 404 without a role.

    When `roles` is empty, being signed in is enough. When the URL names an event, the role must be held for it.
    """
    if load() is None:
        rule = request.url_rule
        return _go_by("accounts.sign_in", here() if rule and "GET" in (rule.methods or ()) else None)
    if roles and not roles & _roles_here():
        abort(404)
    return None


def require_fresh(back: str | None = None) -> ResponseReturnValue | None:
    """Redirect to the page that asks for both factors, or return None when they were given within five minutes (S09).

    `back` is the URL to return to, by default the current one. Use it as a view's first line:
    `if answer := sign_ins.require_fresh(): return answer`.
    """
    if is_fresh():
        return None
    return _go_by("own_account.confirm", back or here())


def is_fresh() -> bool:
    """Return whether both factors were given within five minutes; always True for the demo user, who has none."""
    if current_app.config["DEMO"] and g.user.password_hash is None:
        return True
    return clock.now() - g.sign_in.confirmed_at <= FRESH


def load() -> SignIn | None:
    """Return the request's sign-in or None, and set g.sign_in, g.user, g.user_language and the URL's g.event_id.

    Set g.content_version, too, for a page that only reads. The database is queried only once for each request.
    """
    if "sign_in" not in g:
        now = clock.now()
        named = (request.view_args or {}).get("event")
        # Look up no event for a slug with a NUL character: PostgreSQL would refuse the query, and once more when the
        # error page is made.
        slug = None if named and "\x00" in named else named
        has_token = TOKEN in session
        nobody = None, None, None
        sign_in, event_id, version = (
            queries.find_sign_in_for(session[TOKEN], slug, now=now) if has_token else nobody
        )
        g.sign_in, g.event_id = sign_in, event_id
        # Set no content version for a request that changes content: with a version, its page would show names that the
        # process remembers from before the change (`events.kept_values`).
        g.content_version = version if request.method in READING else None
        if sign_in:
            g.user = sign_in.user
            if now - sign_in.last_seen_at >= TOUCH:
                _touch(sign_in, now)
        choose_language(sign_in.user.language if sign_in else None)
    return g.sign_in


def start_own_write() -> None:
    """Start a write transaction for a change of the signed-in user's own account, and lock the account's row.

    The lock makes simultaneous changes of one account follow one another. Raises SignedOut when another browser has
    signed this one out since the access check.
    """
    user_id = g.user.id
    start_write(db.session)
    queries.lock_user(user_id)
    sign_in = queries.find_sign_in(session.get(TOKEN, ""), now=clock.now())
    if sign_in is None:
        raise SignedOut
    g.sign_in, g.user = sign_in, sign_in.user


def begin(token: str) -> None:
    """Start a new session for a new sign-in; of the earlier session only the language is kept (S06)."""
    forget()
    session[TOKEN] = token


def forget() -> None:
    """Empty the session, except for the language that was chosen in it."""
    language = session.get(LANGUAGE)
    session.clear()
    if language:
        session[LANGUAGE] = language


def forget_language() -> None:
    """Let the user's preference count again, instead of the language that was chosen in this session."""
    session.pop(LANGUAGE, None)


def choose_language(preference: str | None = None) -> None:
    """Set g.user_language: the language last chosen by `?lang=` in this session, else the user's preference."""
    wanted = request.args.get("lang")
    if wanted in current_app.config["LANGUAGES"] and session.get(LANGUAGE) != wanted:
        session[LANGUAGE] = wanted
    g.user_language = session.get(LANGUAGE) or preference


def time_left() -> dict[str, int]:
    """Return the seconds until the sign-in expires if it is not used, and if it is used all the time (S07, A11)."""
    longest = g.sign_in.created_at + queries.ABSOLUTE
    ends = min(g.sign_in.last_seen_at + queries.IDLE, longest)
    return {
        name: int((end - clock.now()).total_seconds())
        for name, end in (("seconds", ends), ("longest", longest))
    }


def current_actor() -> str:
    """Return how the audit trail names the signed-in user."""
    return f"user:{g.user.id}"


def roles_for(event: Any = None) -> frozenset[Role]:
    """Return the roles that the signed-in user holds for this event; for any event when it is None."""
    return _roles(event.id if event else None)


def may(role: Role | str, event: Any = None) -> bool:
    """Return whether the signed-in user holds this role, or is an admin, for the event (None: for any event)."""
    return not roles_for(event).isdisjoint({role, Role.ADMIN})


def holds(role: Role | str, event: Any = None) -> bool:
    """Return whether the signed-in user holds exactly this role for the event: being an admin is not enough."""
    return role in roles_for(event)


def reviewed_sectors(event: Any) -> frozenset[int] | None:
    """Return the ids of the event's sectors whose people the user may see in review; None for every sector."""
    return reviewers.of_memberships(g.user.memberships, event.id)


def is_admin_of_all() -> bool:
    """Return whether the signed-in user is an admin of all events, who also manages organisers' accounts."""
    return any(held.role == Role.ADMIN and held.event_id is None for held in g.user.memberships)


def came_from() -> str | None:
    """Return the console page from which the user came to their account: by the URL's `next`, else by the Referer.

    Links and forms of the console do not carry the URL of their page: it may contain what somebody searched for.
    """
    if named := request.args.get("next"):
        return own_page(named)
    scheme_and_host = request.host_url.rstrip("/")
    origin = request.referrer or ""
    if not origin.startswith(f"{scheme_and_host}{CONSOLE}"):
        return None
    return own_page(origin.removeprefix(scheme_and_host))


def own_page(target: str | None) -> str:
    """Return the URL when it is a page of the console or the account, else the console's first page (S38)."""
    if not target or len(target) > MAX_TARGET or not OWN_PAGE.fullmatch(target):
        return CONSOLE
    path = target.partition("?")[0]
    return CONSOLE if "//" in path or ".." in path else target


class ConsoleUser:
    """The signed-in user for the console's layout; false when nobody is signed in."""

    def __bool__(self) -> bool:
        return load() is not None

    @property
    def name(self) -> str:
        return g.user.name

    @property
    def time_left(self) -> dict[str, int]:
        return time_left()

    @property
    def language_form(self) -> dict[str, str]:
        # The URL to return to is a form field: as a part of another URL it would be logged, and it may contain a name
        # that somebody searched for. Parameters that say with which person a page of a list begins
        # are left out, too: they identify a person.
        query = [item for item in request.args.items(multi=True) if item[0] not in PAGE_BESIDE]
        # Put the URL of the last console page into `next`: an account page may know that URL only from the Referer
        # header, which is another one after the redirect that follows the choice of a language.
        if request.path.startswith(ACCOUNT) and "next" not in request.args and (origin := came_from()):
            query.append(("next", origin))
        back = f"{request.path}?{urlencode(query)}" if query else request.path
        return {
            "url": url_for("own_account.choose_language"),
            "next": back,
            "csrf_token": generate_csrf(),
        }

    @property
    def sign_out(self) -> dict[str, str]:
        return {"url": url_for("accounts.sign_out"), "csrf_token": generate_csrf()}


def _roles_here() -> frozenset[Role]:
    """Return the user's roles for the event that the URL names; none when there is no such event."""
    slug = (request.view_args or {}).get("event")
    if slug is None:
        return _roles(None)
    return _roles(g.event_id) if load() and g.get("event_id") else frozenset()


def _roles(event_id: int | None) -> frozenset[Role]:
    held = g.user.memberships if load() else []
    return frozenset(
        membership.role for membership in held if event_id is None or membership.event_id in {None, event_id}
    )


def _go_by(endpoint: str, back: str | None) -> Response:
    """Redirect to the page for signing in or confirming, which then leads to `back`; keep the form's values (A11)."""
    answer = redirect(url_for(endpoint, next=back), 303)
    if request.method == "POST":
        owner = g.user.id if g.sign_in else queries.find_owner(session.get(TOKEN, ""))
        kept_words.tell(is_kept=kept_words.keep(answer, owner))
    return answer


def _touch(sign_in: SignIn, now) -> None:
    """Store that the sign-in was used just now, in a transaction of its own, before the view reads anything.

    When the database cannot be written, the page is still shown; the sign-in then expires a little early.
    """
    seen = update(SignIn).where(SignIn.id == sign_in.id, SignIn.last_seen_at < now).values(last_seen_at=now)
    try:
        start_write(db.session)
        db.session.execute(seen)
        db.session.commit()
    except SQLAlchemyError:
        db.session.rollback()
