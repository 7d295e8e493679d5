"""The text on the pictures that other services show beside links to an event and its pages."""

from forum.events.models import Event
from forum.web.languages import dates_of, in_language
from forum.web.share_picture import Card


def event_card(event: Event) -> Card:
    """Return the text on the picture that other services show beside a link to the event's front page."""
    return Card(
        above=in_language(event.short_name), title=in_language(event.name), below=when_and_where(event)
    )


def page_card(event: Event, title: str) -> Card:
    """Return the text on the picture that other services show beside a link to a page of the event."""
    return Card(above=in_language(event.short_name), title=title, below=when_and_where(event))


def when_and_where(event: Event) -> str:
    """Return the event's dates and town, such as "16–17 November 2027 · Stockholm".

    This is also the template filter `when_and_where`.
    """
    return " · ".join(filter(None, (dates_of(event), in_language(event.place))))
