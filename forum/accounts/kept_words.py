"""Keeping what an organiser had entered in a form when they must sign in or confirm first (A11, S09).

The values go into an encrypted cookie of the form's page. Values too long for a cookie, such as a post, go into an
encrypted row of the database, and the cookie has the row's token. Only the same person, signed in again, gets the
values back, on the same page.
"""

import json
from functools import partial

from flask import Flask, after_this_request, flash, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError, validate_csrf
from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug import Response
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from wtforms import ValidationError

from forum import clock, sealed_cookies
from forum.accounts.models import KeptWords
from forum.accounts.queries import WORDS_KEPT_FOR
from forum.columns import digest, new_token
from forum.database import start_write
from forum.extensions import db
from forum.web import errors, sent_files
from forum.web.routes import here

COOKIE = "words"
CSRF = "csrf_token"
FILE = "chosen file"  # the key of a file's name among the kept values; the file itself is not kept
# The most characters of JSON that are kept of one form's values: a post in two languages fits.
LONGEST = 100_000
# The most rows that one person may have for values too long for a cookie; older rows are deleted.
MOST = 5
# URL prefix of account pages: their forms hold passwords and codes, which are never kept.
ACCOUNT = "/account/"


def init_app(app: Flask) -> None:
    """Handle forms whose CSRF token belongs to an earlier session."""
    app.register_error_handler(CSRFError, show_outdated)


def show_outdated(error: CSRFError) -> ResponseReturnValue:
    """Answer a form of an earlier session: show a person who has signed in again a new form with the values (A11)."""
    if g.get("sign_in"):
        answer = redirect(here(), 303)
        if keep(answer, g.user.id):
            return answer
    return errors.show(error)


def keep(response: Response, user_id: int | None) -> bool:
    """Keep the form values of this request in a cookie; return whether they are kept.

    `user_id` is the owner of the current or expired sign-in, None when unknown. Values that another website has sent
    are not kept, or they would come back as the person's own (S10); nor are values for a URL without a page.
    """
    words = [item for item in request.form.items(multi=True) if item[0] not in (CSRF, FILE)]
    paths = [request.path]
    if words and user_id and _has_page() and not request.path.startswith(ACCOUNT) and _is_ours():
        put = partial(sealed_cookies.put, response, COOKIE, bound_to=_binding(user_id), paths=paths)
        words += [(FILE, name) for name in sent_files.names()]
        is_kept = put(words)
        if not is_kept and (token := _store(json.dumps(words), user_id)):
            is_kept = put(token)
    else:
        is_kept = False
    # Delete values that were kept earlier: they must not come back instead of the values of this request.
    if not is_kept:
        sealed_cookies.drop(response, COOKIE, paths=paths)
    return is_kept


def tell(*, is_kept: bool) -> None:
    """Tell the person, on the next page, whether their form values are kept.

    The page does not name a chosen file: somebody else may be looking at it, and the name may name a person.
    """
    if is_kept:
        told = _("Nothing has been done yet. What you entered is kept, and will be there when you are back.")
        if sent_files.names():
            told += " " + _("A file that you have chosen is not kept: choose it again then.")
        flash(told, "warning")
    else:
        flash(_("Nothing has been done yet. Do it again when you are back."), "warning")


def sent_or_kept() -> MultiDict | None:
    """Return the data for a console page's form: the values that were sent, else those that were kept, or None.

    When values were sent, the kept ones are deleted; when kept ones are returned, the person is told so.
    """
    if request.method == "POST":
        _forget()
        return request.form
    return _recall()


def _recall() -> ImmutableMultiDict | None:
    """Return the values that were kept for the signed-in user and this page, or None."""
    words = sealed_cookies.take(COOKIE, bound_to=_binding(g.user.id)) if g.get("sign_in") else None
    if isinstance(words, str):
        words = _find(words, g.user.id)
    if words is None:
        return None
    lost = sent_files.to_choose_again([value for name, value in words if name == FILE])
    told = _("What you entered is still here. Read it through and send it.")
    flash(f"{told} {lost}".strip(), "success")
    return ImmutableMultiDict(item for item in words if item[0] != FILE)


def _store(words: str, user_id: int) -> str | None:
    """Store long values in a row, in a transaction of its own; return the token, None when they are not stored."""
    if len(words) > LONGEST:
        return None
    token, own = new_token(), KeptWords.user_id == user_id
    older = (
        select(KeptWords.digest).where(own).order_by(KeptWords.made_at.desc()).offset(MOST - 1).limit(MOST)
    )
    try:
        start_write(db.session)
        db.session.execute(delete(KeptWords).where(KeptWords.digest.in_(db.session.scalars(older).all())))
        db.session.add(KeptWords(digest=digest(token), user_id=user_id, made_at=clock.now(), words=words))
        db.session.commit()
    except SQLAlchemyError:
        db.session.rollback()
        return None
    return token


def _find(token: str, user_id: int) -> list[tuple[str, str]] | None:
    """Return the stored values, None when they are too old or gone."""
    query = select(KeptWords).where(KeptWords.digest == digest(token), KeptWords.user_id == user_id)
    kept = db.session.scalars(query).one_or_none()
    return json.loads(kept.words) if kept and kept.made_at > clock.now() - WORDS_KEPT_FOR else None


def _forget() -> None:
    """Delete the values that were kept for this page, now that its form has arrived."""

    @after_this_request
    def drop(response: Response) -> Response:
        sealed_cookies.drop(response, COOKIE, paths=[request.path])
        return response


def _has_page() -> bool:
    rule = request.url_rule
    return rule is not None and "GET" in (rule.methods or ())


def _is_ours() -> bool:
    """Return whether this site's own page sent the form: the browser says so, or the CSRF token is valid."""
    if request.headers.get("Sec-Fetch-Site") == "same-origin":
        return True
    try:
        validate_csrf(request.form.get(CSRF))
    except ValidationError:
        return False
    return True


def _binding(user_id: int) -> str:
    return f" words {user_id} {request.full_path}"
