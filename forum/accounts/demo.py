"""Signing in to the demo: each start prints a link that works once, from this machine, and never in production."""

from datetime import datetime
from ipaddress import ip_address

from flask import current_app, request

from forum.accounts import links, management, queries
from forum.accounts.enums import LinkPurpose, Role

EMAIL, NAME = "demo@example.org", "Demo Organiser"
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")


class NoDemo(RuntimeError):
    """Raised when a demo link is asked for and this installation is not a demo."""


def new_link(*, now: datetime, base_url: str | None = None) -> str:
    """Return a URL that opens the console once, and revoke the earlier ones. The caller commits. Raises NoDemo."""
    if not is_on():
        raise NoDemo
    user = queries.find_by_email(EMAIL) or management.create_organiser(
        EMAIL, name=NAME, language="en", actor="command", now=now
    )
    for role in (Role.ADMIN, Role.PROTECTED_HANDLER, Role.CARE):
        management.give_role(user, role, event_id=None, actor="command", now=now)
    token = links.issue(user, LinkPurpose.DEMO, now=now)
    return f"{base_url or current_app.config['BASE_URL']}/account/demo/{token}"


def is_on() -> bool:
    """Return whether this is a demo; never True in production."""
    return current_app.config["DEMO"] and not current_app.config["PRODUCTION"]


def is_from_this_machine() -> bool:
    """Return whether the request comes from a browser on this machine and through no proxy."""
    try:
        near = ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        near = False
    return near and not any(name in request.headers for name in FORWARDED)
