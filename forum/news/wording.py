"""The words of the editor's desk for the states, fields and views of posts."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import pgettext

from forum.events.models import Event
from forum.news.desk import NEEDS_WORK
from forum.news.enums import PostState

FIELDS = {
    "headline": _l("Headline"),
    "lead": _l("Lead"),
    "body": _l("Text"),
    "label": _l("Label above the headline"),
    "content_note": _l("Content note"),
    "action_label": _l("Button after the text"),
    "action_url": _l("Where the button leads"),
    "author": _l("Author"),
    "slug": _l("Address"),
    "event": _l("Forum"),
    "has_help_box": _l("Help box"),
    "cover": _l("Cover image"),
    "categories": _l("Categories"),
    "tags": _l("Hashtags"),
    "sources": _l("Sources"),
}


@dataclass(frozen=True)
class StateWords:
    """A post's state in words, and the kind of its icon in templates/components/status.html."""

    label: str
    kind: str


@dataclass(frozen=True)
class View:
    """A view of the desk's list: its name, URL and number of posts, and whether the page shows this view."""

    label: str
    url: str
    number: int
    current: bool


def state_words(state: PostState) -> StateWords:
    """Return the words and the icon for the state of a post."""
    words = {
        PostState.DRAFT: StateWords(_("Draft"), "wait"),
        PostState.SCHEDULED: StateWords(pgettext("post", "Scheduled"), "offered"),
        PostState.PUBLISHED: StateWords(pgettext("post", "Published"), "in"),
        PostState.WITHDRAWN: StateWords(pgettext("post", "Withdrawn"), "out"),
    }
    return words[state]


def views(event: Event, chosen: str, counts: Mapping[str, int]) -> list[View]:
    """Return the views of an event's posts; views without posts are left out, except the chosen one."""
    labels = {
        "": _("All"),
        NEEDS_WORK: _("Needs work"),
        PostState.DRAFT.value: _("Drafts"),
        PostState.SCHEDULED.value: pgettext("posts", "Scheduled"),
        PostState.PUBLISHED.value: pgettext("posts", "Published"),
        PostState.WITHDRAWN.value: pgettext("posts", "Withdrawn"),
    }
    return [
        View(
            label,
            url_for("posts.index", event=event.slug, view=view or None),
            counts.get(view, 0),
            view == chosen,
        )
        for view, label in labels.items()
        if counts.get(view) or view in {"", chosen}
    ]
