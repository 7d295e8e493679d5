"""Whose page a form was sent from: no form of a page about one person, or one delegation, acts on another.

A browser is signed in to one registration at a time. Another personal link takes its place, while pages of the former
one may still be open in other tabs. Each form of an own page therefore names whom its page is about, by a keyed number;
a form of any other page is treated as one whose sign-in has ended. A newer link of the same person ends nothing. The
forms that sign out, or close the page of all data held about a person, name nobody: they end whatever sign-in or page
is open in this browser.
"""

import hashlib
import hmac
from collections.abc import Iterator

from flask import current_app, g, request
from flask.sansio.app import App

from forum.registration import sign_in_end
from forum.registration.errors import SignInEnded

FIELD = "page_of"


def install(app: App) -> None:
    """Let the macro `hidden_fields` write the number into each form of an own page."""
    app.jinja_env.globals["page_of"] = number


def number() -> str:
    """Return the number for the forms of the page that is being shown; "" unless it is a person's or contact's own."""
    return str(g.get(FIELD, ""))


def keep_sent() -> None:
    """Let a form that is shown again keep the number it came with: the browser may no longer be signed in."""
    if request.method == "POST":
        g.page_of = request.form.get(FIELD, "")


def refuse_another(about: str) -> None:
    """Note that this request's page is about `about`. Raises SignInEnded for a form sent from any other page."""
    numbers = list(_numbers(about))
    if request.method == "POST" and request.form.get(FIELD) not in numbers:
        sign_in_end.forget()
        raise SignInEnded
    g.page_of = numbers[0]


def _numbers(about: str) -> Iterator[str]:
    """Yield the number made with the present secret key, then with former ones: a page may be older than the key."""
    config = current_app.config
    for secret in (config["SECRET_KEY"], *config["SECRET_KEY_FALLBACKS"]):
        yield hmac.new(secret.encode(), f"page of {about}".encode(), hashlib.sha256).hexdigest()
