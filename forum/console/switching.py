"""The first console page of an event for a user, and the list by which the user switches between events."""

from dataclasses import dataclass

from flask import g

from forum import clock
from forum.accounts.access import may_open
from forum.events import queries as events
from forum.events.models import Event
from forum.web.routes import kept_url

AnyEvent = Event | events.NamedEvent
ADDRESS = "/console/"
# The pages on which an organiser may start in an event; the first one that the organiser may open is taken.
FIRST = (
    *("console.overview", "posts.index", "outbox.index", "review.index", "reveals.index"),
    *("counts.show", "reception.index"),
)
# Pages to which the navigation of many events has no link, because nobody is reviewed there or nobody made a request.
RARE = ("review.index", "erasure_requests.index")


@dataclass(frozen=True)
class Choice:
    """An event to which the user may switch, and the URL of the page to which the switch leads."""

    event: events.NamedEvent
    url: str
    is_here: bool
    is_over: bool


def first_page(event: AnyEvent) -> str | None:
    """Return the endpoint of the first of the event's pages that the signed-in user may open; None if there is none."""
    return next((endpoint for endpoint in FIRST if may_open(endpoint, event)), None)


def first_url(event: AnyEvent) -> str:
    """Return the URL of the first of the event's pages that the user may open, else of the console."""
    endpoint = first_page(event)
    return kept_url(endpoint, event=event.slug) if endpoint else ADDRESS


def list_choices(here: Event, kind: str | None) -> list[Choice]:
    """Return the events of which the user may open a page, events that are not over first; none if there is only one.

    `kind` is the endpoint of the present page in the navigation: each choice leads to the same page of the other event.
    """
    scopes = {membership.event_id for membership in g.user.memberships}
    # A user whose roles are all for one event has no other event to switch to, so skip the query.
    if len(scopes) == 1 and None not in scopes:
        return []
    now = clock.now()
    mine = [event for event in events.list_names(g.get("content_version")) if first_page(event)]
    choices = [
        Choice(event, _url(event, kind), event.id == here.id, events.is_over(event, now)) for event in mine
    ]
    return sorted(choices, key=lambda choice: choice.is_over) if len(choices) > 1 else []


def _url(event: AnyEvent, kind: str | None) -> str:
    if kind and kind not in RARE and may_open(kind, event):
        return kept_url(kind, event=event.slug)
    return first_url(event)
