"""Addresses for monitors: does the process answer, and can the forum do its work (R29)."""

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from forum import clock
from forum.web import health

bp = Blueprint("machines", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    """Say that the process answers."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Name the checks that fail, with status 503; `forum doctor` says more, to those who may know more."""
    failing = [finding.check for finding in health.examine(clock.now()) if not finding.is_well]
    return jsonify(ready=not failing, failing=failing), 503 if failing else 200
