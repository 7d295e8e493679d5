"""Keeping what an organiser had entered in a form when they must sign in or confirm first (A11, S09).

The values go into an encrypted cookie of the form's page. Only the same person, signed in again, gets them back there.
"""

from flask import Flask, after_this_request, flash, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError, validate_csrf
from werkzeug import Response
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from wtforms import ValidationError

from forum import sealed_cookies
from forum.web import errors
from forum.web.routes import here

COOKIE = "words"
CSRF = "csrf_token"
# URL prefix of account pages: their forms hold passwords and codes, which are never kept.
ACCOUNT = "/account/"


def init_app(app: Flask) -> None:
    """Handle forms whose CSRF token belongs to an earlier session."""
    app.register_error_handler(CSRFError, show_outdated)


def show_outdated(error: CSRFError) -> ResponseReturnValue:
    """Answer a form of an earlier session: show it anew, filled in, to a person who has signed in again (A11)."""
    if g.get("sign_in"):
        answer = redirect(here(), 303)
        if keep(answer, g.user.id):
            return answer
    return errors.show(error)


def keep(response: Response, user_id: int | None) -> bool:
    """Keep the form values of this request in a cookie; return whether they are kept.

    `user_id` is the owner of the current or expired sign-in, None when unknown. Values that another website has sent
    are not kept, or they would come back as the person's own (S10); nor are those for a URL that no form page has.
    """
    words = [item for item in request.form.items(multi=True) if item[0] != CSRF]
    paths = [request.path]
    if words and user_id and _has_page() and not request.path.startswith(ACCOUNT) and _is_ours():
        is_kept = sealed_cookies.put(response, COOKIE, words, bound_to=_binding(user_id), paths=paths)
    else:
        is_kept = False
    # Delete values that were kept earlier: they must not come back instead of the values of this request.
    if not is_kept:
        sealed_cookies.drop(response, COOKIE, paths=paths)
    return is_kept


def tell(*, is_kept: bool) -> None:
    """Tell the person, on the next page, whether what they had entered is kept."""
    if is_kept:
        flash(
            _("Nothing has been done yet. What you entered is kept, and will be there when you are back."),
            "warning",
        )
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
    if words is None:
        return None
    flash(_("What you entered is still here. Read it through and send it."), "success")
    return ImmutableMultiDict(words)


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
