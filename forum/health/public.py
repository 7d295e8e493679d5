"""Addresses for monitors and balancers: does this process answer, can it serve, does the forum do its work (R29)."""

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from forum import clock
from forum.health import checks
from forum.postgres import patience
from forum.settings.project import VERSION

PATIENCE = 3.0  # seconds for each answer of a database that stands still: a balancer waits no longer
bp = Blueprint("health", __name__)


@bp.get("/livez")
@bp.get("/healthz")
def livez() -> Response:
    """Say that this process answers; `/healthz` is the older address."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Say whether this process can serve pages: a balancer sends nobody to one that cannot."""
    failing = _failing(checks.READY)
    return jsonify(ready=not failing, failing=failing), 503 if failing else 200


@bp.get("/status")
def status() -> ResponseReturnValue:
    """Name what somebody must look at; `forum doctor` says more, to those who may know more."""
    failing = _failing(checks.STATUS)
    return jsonify(well=not failing, failing=failing, version=VERSION), 503 if failing else 200


def _failing(names: tuple[str, ...]) -> list[str]:
    with patience(PATIENCE):
        return [finding.check for finding in checks.examine(names, clock.now()) if not finding.is_well]
