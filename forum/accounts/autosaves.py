"""Keeping what an organiser types in a long form until they save it: for them alone, encrypted, on the server.

The page's script sends the form's values while somebody types. The values survive a closed tab and an ended sign-in,
and the browser of a shared computer keeps none of them. They include the digest of the stored values that the form
showed (`web.edits`), so that saving them later shows what another organiser has saved meanwhile instead of overwriting
it.
"""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from flask import abort, flash, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import delete, inspect
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import ImmutableMultiDict, MultiDict

from forum import clock
from forum.accounts import kept_words
from forum.accounts.models import Autosave
from forum.accounts.queries import AUTOSAVED_FOR
from forum.database import Base, start_write
from forum.extensions import db
from forum.web.languages import clock_text

# The most characters of JSON that are stored of one form's unsaved words: a post in two languages fits.
LONGEST = 100_000
VERSION, DISCARD = "autosave_version", "discard"
NOT_KEPT = {kept_words.CSRF, VERSION, DISCARD}


class KeptElsewhere(Exception):
    """Another window of the same person has already stored newer unsaved words for this form."""


@dataclass(frozen=True)
class Kept:
    """What a form's page needs to keep unsaved words: the URL that takes them; version and time of the stored words."""

    url: str
    version: str
    made_at: datetime | None


def sent_or_kept(document: str) -> MultiDict | ImmutableMultiDict | None:
    """Return the form data for this document: the values of the request, else the stored unsaved ones, or None."""
    words = kept_words.sent_or_kept()
    if words is None and (kept := _find(document)):
        return ImmutableMultiDict(json.loads(kept.words))
    return words


def find(document: str, url: str) -> Kept:
    """Return the URL to which the form's script sends unsaved words, and version and time of those that are stored."""
    kept = _find(document)
    return Kept(url, kept.version if kept else "", kept.made_at if kept else None)


def answer(document: str, edited: Base | None, back: str, zone: tzinfo) -> ResponseReturnValue:
    """Store the request's unsaved words; return their version and time. A form with DISCARD deletes stored words.

    DISCARD redirects to `back`. `edited` is the row that the form edits, None for a new one; if that row was removed
    meanwhile, nothing is stored (404).
    """
    identity = inspect(edited).identity if edited is not None else None
    start_write(db.session)
    if edited is not None and not _keep_until_commit(type(edited), identity):
        abort(404)
    if DISCARD in request.form:
        forget(document)
        db.session.commit()
        flash(_("What you had not saved is discarded."), "success")
        return redirect(back, 303)
    words = [item for item in request.form.items(multi=True) if item[0] not in NOT_KEPT]
    try:
        version = _keep(document, words, request.form.get(VERSION, ""))
    except KeptElsewhere:
        return {"refused": "elsewhere"}, 409
    except ValueError:
        return {"refused": "long"}, 413
    db.session.commit()
    return {"version": version, "clock": clock_text(clock.now(), zone)}


def forget(document: str) -> None:
    """Delete the words that are kept for a document; call this when the form is saved, before the commit."""
    if kept := db.session.get(Autosave, (g.user.id, document)):
        db.session.delete(kept)


def document_of(kind: str, number: int) -> str:
    """Return the name under which unsaved words are kept, such as "page 7" for the page with this id."""
    return f"{kind} {number}"


def forget_removed(kind: str, number: int) -> None:
    """Delete all users' unsaved words for a page or post that is removed.

    Call this after the row is deleted: only then has every transaction ended that was about to store words for it.
    """
    db.session.flush()
    db.session.execute(delete(Autosave).where(Autosave.document == document_of(kind, number)))


def _keep_until_commit(model: type[Base], identity: Any) -> bool:
    """Lock a row against removal until the commit; return whether it exists. Waits for a removal under way."""
    lock = {"read": True, "key_share": True}
    return db.session.get(model, identity, populate_existing=True, with_for_update=lock) is not None


def _keep(document: str, words: Iterable[tuple[str, str]], version: str) -> str:
    """Replace the words stored as `version`; return the new version. Raises KeptElsewhere, ValueError if too long."""
    written = json.dumps([*words])
    if len(written) > LONGEST:
        raise ValueError("too long")
    kept = _find(document)
    if kept and kept.version != version:
        raise KeptElsewhere
    if kept is None:
        forget(document)
        db.session.flush()
        kept = Autosave(user_id=g.user.id, document=document)
        db.session.add(kept)
    kept.words, kept.version, kept.made_at = written, secrets.token_hex(16), clock.now()
    try:
        db.session.flush()
    # Another window has stored its words since the look-up above, so the words of this window are not stored.
    except IntegrityError:
        db.session.rollback()
        raise KeptElsewhere from None
    return kept.version


def _find(document: str) -> Autosave | None:
    """Return the signed-in person's unsaved words for a document, None when they are too old."""
    kept = db.session.get(Autosave, (g.user.id, document))
    return kept if kept and kept.made_at > clock.now() - AUTOSAVED_FOR else None
