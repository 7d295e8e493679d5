"""Addresses for machines: health, robots, sitemap, security contact."""

from flask import Blueprint, Response, current_app


bp = Blueprint("machines", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    """Say that the process answers."""
    return Response("ok\n", mimetype="text/plain")
