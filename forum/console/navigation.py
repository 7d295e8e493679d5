"""The navigation of organisers' pages, computed when a template asks for it."""

from dataclasses import dataclass

from flask import g, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import ngettext

from forum.accounts import sign_ins
from forum.accounts.enums import Role
from forum.console.scope import mail_scope
from forum.events import queries as events
from forum.events.models import Event
from forum.outbox import listing as outbox
from forum.outbox.enums import MessageStatus
from forum.registration import listing


@dataclass(frozen=True)
class Item:
    """A link of the navigation; `count` says how much waits there, in words or as a number."""

    label: str
    url: str
    current: bool
    count: str | int | None = None


def install(state: BlueprintSetupState) -> None:
    """Give templates the function `console_nav`, which returns the navigation's links."""
    state.app.jinja_env.globals["console_nav"] = read_items


def read_items() -> list[Item]:
    """Return the links for the page's event; none for somebody who is not its organiser."""
    event = g.get("event") or events.find_current()
    return _of(event) if event and sign_ins.may(Role.ORGANISER, event) else []


def _of(event: Event) -> list[Item]:
    waiting = listing.count_waiting(event)
    failed = outbox.count_by_status(mail_scope(event)).get(MessageStatus.FAILED, 0)
    return [
        _item(_("Overview"), "console.overview", event),
        _item(_("Attendees"), "attendees.index", event),
        _item(_("Waiting list"), "attendees.waiting", event, waiting or None),
        _item(
            _("Mail"),
            "outbox.index",
            event,
            ngettext("%(num)s failed", "%(num)s failed", failed) if failed else None,
        ),
    ]


def _item(label: str, endpoint: str, event: Event, count: str | int | None = None) -> Item:
    belongs = {
        "attendees.index": {"attendees.index", "attendees.show", "attendees.cancel", "attendees.export"}
    }
    here = request.endpoint in belongs.get(endpoint, {endpoint})
    return Item(label, url_for(endpoint, event=event.slug), here, count)
