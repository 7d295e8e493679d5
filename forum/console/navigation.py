"""The organisers' navigation, made when a template asks for it."""

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
    """A place to go; `count` is what waits there, in words or numbers."""

    label: str
    url: str
    current: bool
    count: str | int | None = None


def install(state: BlueprintSetupState) -> None:
    """Give every template the navigation: the function `console_nav`."""
    state.app.jinja_env.globals["console_nav"] = read_items


def read_items() -> list[Item]:
    """Return the items for the event of the page; none for whoever is not its organiser."""
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
