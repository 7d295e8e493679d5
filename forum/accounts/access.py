"""The access table: who may reach which route. An endpoint that is missing from it is refused (S12)."""

from typing import Any

from flask import Flask, abort, current_app, request
from flask.typing import ResponseReturnValue

from forum.accounts import sign_ins
from forum.accounts.audiences import Face, Roles
from forum.accounts.routes import console_people, console_site, people, public, sign_in
from forum.events.in_url import is_preview

# List an endpoint only once: with two entries the last would count, without any message (tests/guards/test_routes.py).
LISTS = (public, people, sign_in, console_people, console_site)
AUDIENCES: dict[str, Face | Roles] = {
    endpoint: audience for listed in LISTS for endpoint, audience in listed.AUDIENCES.items()
}
OPEN_FACES = {Face.PUBLIC, Face.MACHINE}
# Pages with forms that search engines may list. The form shows answers only to the browser from which they were sent.
LISTED_FORMS = {"registration.details"}
# Pages for everybody that search engines must not list: the list of participants, which its people may leave at any
# time.
UNLISTED = {"participants.index"}


def guard_routes(app: Flask) -> None:
    """Check the access table before every view, and give templates `may_open`."""

    app.jinja_env.globals["may_open"] = may_open

    @app.before_request
    def guard() -> ResponseReturnValue | None:
        if request.endpoint is None:
            return None
        wanted = AUDIENCES.get(request.endpoint)
        if wanted is None:
            current_app.logger.error("route without an audience: %s", request.endpoint)
            abort(404)
        return _require(wanted) if isinstance(wanted, Roles) else None


def _require(wanted: Roles) -> ResponseReturnValue | None:
    """Return None to let the request pass, or a redirect to the sign-in page; abort with 404 if the role is missing."""
    answer = sign_ins.require(wanted.roles)
    if answer is None and wanted.of_all and not sign_ins.is_admin_of_all():
        abort(404)
    return answer


def may_open(endpoint: str, event: Any = None) -> bool:
    """Return whether the access table lets the signed-in user use this console route for the event.

    The console shows a link or form only if this is true, so nobody is led to a page that they may not open.
    """
    wanted = AUDIENCES[endpoint]
    if not isinstance(wanted, Roles):
        return True
    if wanted.of_all:
        return sign_ins.is_admin_of_all()
    return not wanted.roles or not sign_ins.roles_for(event).isdisjoint(wanted.roles)


def is_open() -> bool:
    """Return whether the current request's page is the same for every visitor; False when no route matches.

    False also for the preview of an unpublished event: only a browser that has opened its private link sees it.
    """
    return AUDIENCES.get(request.endpoint or "") in OPEN_FACES and not is_preview()


def may_be_listed() -> bool:
    """Return whether search engines may list the current request's page; False when no route matches."""
    if request.endpoint in UNLISTED:
        return False
    return is_open() or (request.method == "GET" and request.endpoint in LISTED_FORMS)
