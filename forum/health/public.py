"""URLs for monitors and load balancers: liveness, readiness and status (R29)."""

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from forum import clock
from forum.health import checks
from forum.health.missing import list_missing
from forum.postgres import patience
from forum.settings.project import VERSION
from forum.web.errors import note_cause

PATIENCE = 3.0  # seconds to wait for each answer of the database; load balancers do not wait much longer
bp = Blueprint("health", __name__)


@bp.get("/livez")
@bp.get("/healthz")
def livez() -> Response:
    """Answer that this process is alive; `/healthz` is an older name of this URL."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Answer whether this process can serve pages; a load balancer sends no requests to one that cannot."""
    failing = _failing(checks.READY)
    return jsonify(ready=not failing, failing=failing), 503 if failing else 200


@bp.get("/status")
def status() -> ResponseReturnValue:
    """Name the failing checks, and open tasks of organisers, which are no failures.

    Only `forum doctor`, run on the server, gives the details.
    """
    failing = _failing(checks.STATUS)
    # If the database did not answer the checks, do not ask it again: this request would wait PATIENCE seconds once
    # more.
    missing = [] if "database" in failing else [finding.check for finding in list_missing()]
    answer = jsonify(well=not failing, failing=failing, missing=missing, version=VERSION)
    return answer, 503 if failing else 200


def _failing(names: tuple[str, ...]) -> list[str]:
    """Return the names of the failing checks; the log line of the request states them as the cause."""
    with patience(PATIENCE):
        failing = [finding.check for finding in checks.examine(names, clock.now()) if not finding.is_well]
    if failing:
        note_cause(f"not well: {', '.join(failing)}")
    return failing
