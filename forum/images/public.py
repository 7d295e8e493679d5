"""The URLs of image files, for everybody. A file never changes under its URL, so browsers cache it for ever."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from forum.extensions import db
from forum.images import queries, store
from forum.turns import Line, NoTurn, processor
from forum.web.headers import CONTENT_SECURITY_POLICY
from forum.web.static import FOR_EVER

bp = Blueprint("images", __name__)
# The site's Content-Security-Policy plus `sandbox`, for a browser that opens an image file as a page (S29).
POLICY = f"{CONTENT_SECURITY_POLICY}; sandbox"
# How many requests of a process may read from the storage at once, and how many more may wait for that: each a third of
# the requests that a process serves at once. Further requests get the busy page, so that a storage that does not answer
# leaves threads for all other pages. A waiting request gives up when no reading has finished for WAIT_SECONDS.
READERS, WAITERS, WAIT_SECONDS = Line(32), Line(32), 1.0


@bp.route("/images/<key>/<name>")
def file(key: str, name: str) -> ResponseReturnValue:
    """Return an image's file in one width and format; the original is never returned."""
    if not _is_shown(key, name):
        abort(404)
    with _turn_to_read():
        content = store.read(key, name)
    if content is None:
        abort(404)
    response = Response(content, mimetype=store.KINDS[name.rpartition(".")[2]])
    response.headers["Cache-Control"] = FOR_EVER
    response.headers["Content-Security-Policy"] = POLICY
    response.set_etag(f"{key}-{name}")
    return response.make_conditional(request)


@contextmanager
def _turn_to_read() -> Iterator[None]:
    """Let a few requests at once read from the storage, a few others wait, and refuse the rest. Raises NoTurn."""
    if not READERS.enter(0):
        with WAITERS.turn(0), processor.lent():
            if not READERS.enter(WAIT_SECONDS, while_moving=True):
                raise NoTurn
    try:
        yield
    finally:
        READERS.leave()


def _is_shown(key: str, name: str) -> bool:
    """Return whether visitors may read this file of an image, by the database alone: the storage is not asked."""
    if not store.KEY.fullmatch(key) or not store.SHOWN.fullmatch(name):
        return False
    image = queries.find(key)
    is_known = image is not None and name in store.names_of(image)
    # Give the database connection back to the pool, because the storage may take long to answer.
    db.session.rollback()
    return is_known
