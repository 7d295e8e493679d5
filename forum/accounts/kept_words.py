"""What somebody had entered when their sign-in ended, or was too old for it: kept for when they are back (A11, S09).

It goes to their own browser, sealed, for the page of that form. Only the same person finds it there, signed in again.
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
ACCOUNT = "/account/"  # what is entered there are passwords and codes


def init_app(app: Flask) -> None:
    """Answer a form of another session."""
    app.register_error_handler(CSRFError, show_outdated)


def show_outdated(error: CSRFError) -> ResponseReturnValue:
    """Let whoever has signed in again elsewhere find the words of an outdated form in a fresh one (A11)."""
    if g.get("sign_in"):
        answer = redirect(here(), 303)
        if keep(answer, g.user.id):
            return answer
    return errors.show(error)


def keep(response: Response, user_id: int | None) -> bool:
    """Let the browser keep what this request sent; return whether it does.

    `user_id` is whose sign-in this is, or was; None when that is not known any more. What a page of somebody else's
    has sent is not kept: it would come back as the person's own (S10). Nor is what a row of a list sends to an address
    without a page: nothing could show it again.
    """
    words = [item for item in request.form.items(multi=True) if item[0] != CSRF]
    paths = [request.path]
    if words and user_id and _has_page() and not request.path.startswith(ACCOUNT) and _is_ours():
        is_kept = sealed_cookies.put(response, COOKIE, words, place=_place(user_id), paths=paths)
    else:
        is_kept = False
    if not is_kept:  # older words are not what was sent now
        sealed_cookies.drop(response, COOKIE, paths=paths)
    return is_kept


def tell(*, is_kept: bool) -> None:
    """Tell the person, on the page that comes first, what became of the form."""
    if is_kept:
        flash(
            _("Nothing has been done yet. What you entered is kept, and will be there when you are back."),
            "warning",
        )
    else:
        flash(_("Nothing has been done yet. Do it once more when you are back."), "warning")


def sent_or_kept() -> MultiDict | None:
    """Return what fills in the form of a console page: what this request sends, or else what was kept for it.

    In the first case the browser drops what it keeps, in the second the person is told. None when there is nothing.
    """
    if request.method == "POST":
        _forget()
        return request.form
    return _recall()


def _recall() -> ImmutableMultiDict | None:
    """Return what the signed-in person had entered in the form of this page; None when there is nothing."""
    words = sealed_cookies.take(COOKIE, place=_place(g.user.id)) if g.get("sign_in") else None
    if words is None:
        return None
    flash(_("What you had entered is here again. Look it over and send it."), "success")
    return ImmutableMultiDict(words)


def _forget() -> None:
    """Let the browser drop it: the form of this page has arrived."""

    @after_this_request
    def drop(response: Response) -> Response:
        sealed_cookies.drop(response, COOKIE, paths=[request.path])
        return response


def _has_page() -> bool:
    rule = request.url_rule
    return rule is not None and "GET" in (rule.methods or ())


def _is_ours() -> bool:
    """Whether a page of ours sent this: the browser says so, or it has the token of the session."""
    if request.headers.get("Sec-Fetch-Site") == "same-origin":
        return True
    try:
        validate_csrf(request.form.get(CSRF))
    except ValidationError:
        return False
    return True


def _place(user_id: int) -> str:
    return f" words {user_id} {request.full_path}"
