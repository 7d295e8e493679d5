"""Keeping a form's answers for the next pages: encrypted in a cookie, or in a row to which the cookie has the key.

So "Check your answers" has a URL of its own that a browser can go back to and reload (A07), and no answer appears in a
URL. The answers are kept when the visitor changes sector or language. Answers that fit into a cookie are stored
nowhere else. Longer ones are a row of the database, which only the token in the cookie can decrypt (`kept_answers`);
if no row can be written, the caller shows the answers at once.

After sending, the following pages can still read the answers: they show the typed e-mail address, and link back to the
form if it was wrong. The person may share the browser with others: those pages can read the answers for a quarter of an
hour, never those about protected identity, and no cookie made before the person opened or left their own page can be
decrypted afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import session, url_for
from limits.errors import StorageError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug import Response

from forum import clock, sealed_cookies
from forum.columns import new_token
from forum.database import start_write
from forum.extensions import db
from forum.registration import kept_answers
from forum.web.languages import NAMES
from forum.web.limits import client, takes

ANSWERS, SENT, ASKED, CSRF = "kept", "sent", "asked", "csrf_token"
# Fields that are not kept once the form is sent: the next form has a key of its own, and the honeypot is no answer.
OF_ONE_FORM = {"key", "website", CSRF}
SECRET = {"is_protected", "real_name"}
SENT_SECONDS = 15 * 60
# The name under which a cookie has the token of answers that are in the database; no form has a field of this name.
STORED = "stored"
# How often the answers of forms from one network address may be stored in the database.
MOST_OFTEN = "120 per hour"
# The name of a random text in the session; a new text makes all answers kept so far in the browser unreadable.
ROUND = "answers"


@dataclass(frozen=True)
class Sent:
    """A registration form that was sent: the sector's key and the answers."""

    sector: str
    answers: dict[str, Any]


def keep(response: Response, answers: Mapping[str, Any], sector: str) -> bool:
    """Keep the answers of one form for the next pages, in place of earlier ones; return whether they are kept."""
    # Empty answers are left out: a form that is filled in from the cookie leaves their fields empty anyway.
    told = {name: answer for name, answer in answers.items() if answer and name != CSRF}
    former = _tokens_in(ANSWERS)
    if _put(response, ANSWERS, [sector, told], "registration.choose"):
        _forget(former)
        return True
    token = _store(sector, told, former, sealed_cookies.SECONDS)
    # "" stands in place of the sector's key: an earlier release of the forum, which does not know `STORED`, then takes
    # no answers from this cookie.
    return bool(token) and _put(response, ANSWERS, ["", {STORED: token}], "registration.choose")


def recall(sector: str) -> dict[str, Any] | None:
    """Return the answers that are kept for this sector's form; None without such answers, or when they have expired."""
    kept = _read(_take(ANSWERS))
    return kept.answers if kept and kept.sector == sector else None


def mark_sent(response: Response, answers: Mapping[str, Any], sector: str) -> None:
    """Move the answers to a cookie for the pages after the form, without those about protected identity.

    If the answers cannot be kept, only the e-mail address and the event are.
    """
    former = [*_tokens_in(ANSWERS), *_tokens_in(SENT)]
    sealed_cookies.drop(response, ANSWERS, paths=_paths("registration.choose"))
    told = {name: answer for name, answer in answers.items() if name not in OF_ONE_FORM | SECRET}
    if _put(response, SENT, [sector, told], "registration.choose"):
        _forget(former)
        return
    token = _store(sector, told, former, SENT_SECONDS)
    if token is None:
        _forget(former)
    few = _without_other_answers(told)
    _put(response, SENT, [sector, {**few, STORED: token} if token else few], "registration.choose")


def recall_sent(email: str | None = None, *, event: str | None = None) -> Sent | None:
    """Return the form that this browser sent last, for a quarter of an hour.

    With `email`, return the form only if it has that address; with `event`, a slug, only if it was for that event.
    """
    content = _take(SENT, SENT_SECONDS)
    if content is None:
        return None
    sector, answers = content
    sent = _read(content) or Sent(sector, _without_other_answers(answers))
    # Answers that an older release of the forum has kept do not name their event: accept them for any event.
    is_of_event = event in (None, sent.answers.get("event", event))
    return sent if is_of_event and email in (None, sent.answers["email"]) else None


def keep_again(response: Response, sent: Sent) -> None:
    """Keep a sent form's answers for filling in the form again; only e-mail address and event if that fails."""
    if not keep(response, sent.answers, sent.sector):
        keep(response, _without_other_answers(sent.answers), sent.sector)


def keep_asked(response: Response, email: str) -> None:
    """Set a cookie with the e-mail address for which a link was asked, for the page that says what happens next."""
    _put(response, ASKED, email, "registration.resend")


def recall_asked() -> str:
    """Return the e-mail address for which this browser has asked for a link; "" if it has not."""
    return _take(ASKED, SENT_SECONDS) or ""


def end() -> None:
    """Make all answers kept so far in this browser impossible to decrypt."""
    session[ROUND] = new_token()


def _without_other_answers(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return only the e-mail address and the event of these answers."""
    return {name: answers[name] for name in ("email", "event") if name in answers}


def _read(content: Any) -> Sent | None:
    """Return the form that a cookie contains or whose answers the database has; None if these answers were deleted."""
    if content is None:
        return None
    sector, answers = content
    if token := answers.get(STORED):
        content = kept_answers.find(token, now=clock.now())
        return Sent(*content) if content else None
    return Sent(sector, answers)


def _tokens_in(name: str) -> list[str]:
    """Return, as a list, the token in the cookie of this name; [] if the cookie itself has the answers."""
    content = _take(name)
    token = content[1].get(STORED) if content else None
    return [token] if token else []


def _store(sector: str, answers: Mapping[str, Any], former: list[str], seconds: int) -> str | None:
    """Store long answers in place of the former ones, in a transaction of its own; return the token.

    Return None if nothing was stored: the client stored too often, there is no room, or the database cannot write.
    """
    slug, now = answers.get("event", ""), clock.now()
    ends_at = now + timedelta(seconds=seconds)
    try:
        if not takes(MOST_OFTEN, "answers stored", client()):
            return None
        start_write(db.session)
        token = kept_answers.store([sector, answers], slug, replaced=former, ends_at=ends_at, now=now)
        db.session.commit()
    except (SQLAlchemyError, StorageError):
        db.session.rollback()
        return None
    return token


def _forget(tokens: list[str]) -> None:
    """Delete stored answers, in a transaction of its own; if the database cannot write, the worker does it later."""
    if not tokens:
        return
    try:
        start_write(db.session)
        kept_answers.forget(tokens)
        db.session.commit()
    except SQLAlchemyError:
        db.session.rollback()


def _put(response: Response, name: str, content: Any, endpoint: str) -> bool:
    return sealed_cookies.put(response, name, content, bound_to=_binding(name), paths=_paths(endpoint))


def _take(name: str, seconds: int = sealed_cookies.SECONDS) -> Any:
    return sealed_cookies.take(name, bound_to=_binding(name), seconds=seconds)


def _paths(endpoint: str) -> list[str]:
    """Return the URLs to which a cookie is sent: the page's in each language, because visitors may switch language."""
    return [url_for(endpoint, lang=code) for code in NAMES]


def _binding(name: str) -> str:
    """Return the text that binds a cookie to its use and its session: with another text it cannot be decrypted."""
    return f" {name} {session.get(CSRF, '')}{session.get(ROUND, '')}"
