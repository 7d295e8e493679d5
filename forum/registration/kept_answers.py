"""Keeping the answers of a form for the next pages, in encrypted cookies of the visitor's browser.

So "Check your answers" has a URL of its own that a browser can go back to and reload (A07), no answer appears in a URL,
and the server stores nothing before the form is sent. The answers are kept when the visitor changes sector or language.
After sending, the following pages can still read them: they show the typed e-mail address, and link back to the form if
it was wrong. The person may share the browser with others: those pages can read the answers for a quarter of an hour,
never those about protected identity, and no cookie made before the person opened or left their own page can be
decrypted afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import session, url_for
from werkzeug import Response

from forum import sealed_cookies
from forum.columns import new_token
from forum.web.languages import NAMES

ANSWERS, SENT, ASKED, CSRF = "kept", "sent", "asked", "csrf_token"
# Fields that are not kept once the form is sent: a form filled in again has a new key, and the honeypot is no answer.
OF_ONE_FORM = {"key", "website", CSRF}
SECRET = {"is_protected", "real_name"}
SENT_SECONDS = 15 * 60
# The session's key for a random text; a new text makes all answers kept so far in the browser unreadable.
ROUND = "answers"


@dataclass(frozen=True)
class Sent:
    """A form that was sent: the sector's key and the answers."""

    sector: str
    answers: dict[str, Any]


def keep(response: Response, answers: Mapping[str, Any], sector: str) -> bool:
    """Set a cookie with the answers of one form; return whether they were short enough for it."""
    # Empty answers are left out: the form leaves their fields empty anyway.
    content = [sector, {name: answer for name, answer in answers.items() if answer and name != CSRF}]
    return _put(response, ANSWERS, content, "registration.choose")


def recall(sector: str) -> dict[str, Any] | None:
    """Return the answers that the browser keeps for this sector's form; None when there are none or they expired."""
    kept_for, answers = _take(ANSWERS) or ("", None)
    return answers if kept_for == sector else None


def mark_sent(response: Response, answers: Mapping[str, Any], sector: str) -> None:
    """Move the answers to a cookie for the pages after the form, without those about protected identity.

    If they are too long, only the e-mail address is kept.
    """
    sealed_cookies.drop(response, ANSWERS, paths=_paths("registration.choose"))
    told = {name: answer for name, answer in answers.items() if name not in OF_ONE_FORM | SECRET}
    if not _put(response, SENT, [sector, told], "registration.choose"):
        told = {name: told[name] for name in ("email", "event")}
        _put(response, SENT, [sector, told], "registration.choose")


def recall_sent(email: str | None = None, *, event: str | None = None) -> Sent | None:
    """Return the form that this browser sent last, for a quarter of an hour.

    With `email`, return it only if it has that address; with `event`, a slug, only if it was a form for that event.
    """
    content = _take(SENT, SENT_SECONDS)
    sent = Sent(*content) if content else None
    # Answers kept by an older version do not name their event, and count for any event.
    is_of_event = sent is not None and event in (None, sent.answers.get("event", event))
    return sent if sent and is_of_event and email in (None, sent.answers["email"]) else None


def keep_asked(response: Response, email: str) -> None:
    """Set a cookie with the e-mail address for which a link was asked, for the page that says what happens next."""
    _put(response, ASKED, email, "registration.resend")


def recall_asked() -> str:
    """Return the e-mail address for which this browser has asked for a link; "" if it has not."""
    return _take(ASKED, SENT_SECONDS) or ""


def end() -> None:
    """Make all answers kept so far in this browser impossible to decrypt."""
    session[ROUND] = new_token()


def _put(response: Response, name: str, content: Any, endpoint: str) -> bool:
    return sealed_cookies.put(response, name, content, bound_to=_binding(name), paths=_paths(endpoint))


def _take(name: str, seconds: int = sealed_cookies.SECONDS) -> Any:
    return sealed_cookies.take(name, bound_to=_binding(name), seconds=seconds)


def _paths(endpoint: str) -> list[str]:
    """Return the page's URL in each language, because the visitor may switch the language there."""
    return [url_for(endpoint, lang=code) for code in NAMES]


def _binding(name: str) -> str:
    """Return the text that binds a cookie to its use and its session: with another text it cannot be decrypted."""
    return f" {name} {session.get(CSRF, '')}{session.get(ROUND, '')}"
