"""The files of images, for everybody. An address never changes its content, so browsers keep it for ever."""

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from forum.images import store
from forum.web.headers import CONTENT_SECURITY_POLICY
from forum.web.static import FOR_EVER

bp = Blueprint("images", __name__)
# The policy of the site, and nothing at all for a browser that is led to show the file as a page (S29).
POLICY = f"{CONTENT_SECURITY_POLICY}; sandbox"


@bp.route("/images/<key>/<name>")
def file(key: str, name: str) -> ResponseReturnValue:
    """Give an image's file in a width and kind; the original is not given."""
    content = store.read(key, name) if store.SHOWN.fullmatch(name) else None
    if content is None:
        abort(404)
    response = Response(content, mimetype=store.KINDS[name.rpartition(".")[2]])
    response.headers["Cache-Control"] = FOR_EVER
    response.headers["Content-Security-Policy"] = POLICY
    response.set_etag(f"{key}-{name}")
    return response.make_conditional(request)
