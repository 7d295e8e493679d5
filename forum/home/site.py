"""The layout around every public page's content: name, navigation, languages, help, contact."""

from collections import ChainMap
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Flask, g, request, url_for
from flask_babel import gettext as _
from jinja2 import StrictUndefined
from markupsafe import Markup

from forum import clock
from forum.columns import Text
from forum.events import queries as events
from forum.events.enums import ListAudience
from forum.events.help_lines import HelpLine, list_help_lines
from forum.events.in_url import event_of_page, is_preview
from forum.events.labels import labels_of, short_labels_of
from forum.events.look import Look, look_of
from forum.events.models import Event
from forum.events.organisers import Organiser, organiser_of
from forum.events.queries import LinkedEvent
from forum.followers.queries import may_follow
from forum.home.footers import footer_of
from forum.participants import queries as participants
from forum.registration import sign_in_end
from forum.registration.opening import Opening, opening_of, seconds_unchanged
from forum.registration.sign_in_end import SignInEnd
from forum.web import cache, languages

SITE_NAME = Text(sv="Nordiskt forum", en="Nordic Forum")


@dataclass(frozen=True)
class Link:
    """A link; `current` says that it leads to the page that is shown."""

    label: str
    url: str
    current: bool = False


@dataclass(frozen=True)
class Language:
    """A link to the page in one of its languages; `current` marks the language that is shown."""

    code: str
    name: str
    url: str
    current: bool


@dataclass(frozen=True)
class Forum:
    """A link to the front page of another event."""

    event_id: int
    label: str
    url: str


class Site:
    """The templates' global `site`: the parts of the layout, computed when a template uses them."""

    @property
    def event(self) -> Event | None:
        """The event that the URL names, else the current one."""
        return event_of_page()

    @property
    def present(self) -> Event | None:
        """The page's event, or the current event if the page's event is an earlier forum, which is over."""
        return _once("current", events.find_current) if self.is_earlier else self.event

    @property
    def is_earlier(self) -> bool:
        """Whether the page is about an earlier forum."""
        return self.event is not None and events.is_earlier(self.event, clock.now())

    @property
    def is_preview(self) -> bool:
        """Whether the page belongs to the preview of an event that is not published."""
        return is_preview()

    @property
    def sign_in_end(self) -> SignInEnd | None:
        """When the personal or contact's page that this browser has opened closes; None on other pages."""
        return sign_in_end.find()

    @property
    def home_url(self) -> str:
        """The URL of the front page to which the site's name links: that of the page's event, or of the current one."""
        is_public = self.event is not None and self.event.is_published
        return url_for("home.front", event=events.slug_in_url(self.event) if is_public else None)

    @property
    def name(self) -> str:
        """The name of the site: the event's short name."""
        return languages.in_language(self.event.short_name if self.event else SITE_NAME)

    @property
    def look(self) -> Look | None:
        """The colours of the page's event, or None where it has none of its own."""
        return look_of(self.event) if self.event else None

    @property
    def lang(self) -> str:
        """The code of the page's language."""
        return languages.language()

    @property
    def codes(self) -> list[str]:
        """The codes of the languages that visitors are offered: those of the present event, and the page's own."""
        offered = self.present.offered_languages if self.present else list(languages.NAMES)
        return [code for code in languages.NAMES if code in {*offered, self.lang}]

    def languages(self, alternates: Mapping[str, str]) -> list[Language]:
        """Return links to the shown page in each language; to the front page in languages that the page lacks.

        `alternates` are the page's URLs by language; when empty, the current route is used in each language.
        """
        own = alternates or {code: _same_page(code) for code in self.codes}
        return [
            Language(code, languages.NAMES[code], own.get(code) or _front_page(code), code == self.lang)
            for code in self.codes
        ]

    @property
    def nav(self) -> list[Link]:
        """The links of the main navigation; while the page's event is not published, no link leads to that event."""
        return _once("nav", self._make_nav)

    def _make_nav(self) -> list[Link]:
        if self.event and not self.event.is_published:
            return [Link(_("News"), url_for("news.index", event=None))]
        slug = events.slug_in_url(self.event)
        links = [
            (_("The forum"), url_for("home.front", event=slug), "home.front"),
            (_("News"), url_for("news.index", event=events.slug_in_url(self.present)), "news."),
        ]
        if self.event:
            practical = url_for("events.page", slug="practical", event=slug)
            links.append((_("Practical"), practical, "events.page"))
        if self.event and not self.is_earlier:
            register = url_for("registration.choose", event=slug)
            links.append((self.register_label, register, "registration."))
        return [Link(label, url, _is_here(url, endpoint)) for label, url, endpoint in links]

    @property
    def participants_url(self) -> str:
        """The URL of the public list of the event's participants; "" if there is none, or it shows nobody."""
        return _once("participants_url", self._make_participants_url)

    def _make_participants_url(self) -> str:
        event = self.event
        is_public = event is not None and event.is_published and event.participant_list == ListAudience.PUBLIC
        if event is None or not is_public or self.is_preview or participants.is_empty(event):
            return ""
        return url_for("participants.index", event=events.slug_in_url(event))

    @property
    def register_label(self) -> str:
        """The text of links to the present event's registration; it says "register" only while people can register."""
        return _once("register_label", lambda: _make_register_label(self.present))

    @property
    def footer_links(self) -> list[Link]:
        """Links to privacy, accessibility and code of conduct of the present event."""
        slug = events.slug_in_url(self.present)
        return [
            Link(languages.in_language(page.name), url_for("events.page", slug=page.slug, event=slug))
            for page in (self._frame.pages if self.present and self.present.is_published else [])
            if page.slug != "practical"
        ]

    @property
    def feed_url(self) -> str:
        """The address of the present event's feed; the current event's feed is the feed of all news."""
        is_public = self.present is not None and self.present.is_published and not self.is_preview
        return url_for("feeds.whole", event=events.slug_in_url(self.present) if is_public else None)

    @property
    def follow_url(self) -> str:
        """The URL of the page for following the present event's news by mail; "" if they cannot be followed."""
        event = self.present
        if event is None or not event.is_published or self.is_preview or not may_follow(event, clock.now()):
            return ""
        return url_for("followers.ask", event=events.slug_in_url(event))

    @property
    def organiser(self) -> Organiser | None:
        """The present event's organiser, who answers questions about earlier events, too."""
        return _once("organiser", lambda: organiser_of(self.present) if self.present else None)

    @property
    def help_lines(self) -> list[HelpLine]:
        """The help lines for people who have seen abuse; the country of the present event comes first."""
        return _once("help_lines", lambda: list_help_lines(self.present))

    @property
    def earlier_forums(self) -> list[Forum]:
        """Links to the earlier forums, the newest first."""
        return self._links_to([each for each in self._frame.events if events.is_earlier(each, clock.now())])

    @property
    def other_forums(self) -> list[Forum]:
        """Links to the published events that are not over, except the page's own, the next one first."""
        ahead = [event for event in reversed(self._frame.events) if not events.is_over(event, clock.now())]
        return self._links_to([each for each in ahead if not self.event or each.id != self.event.id])

    @property
    def forum_labels(self) -> dict[str, str]:
        """A distinct name for each published event, by slug, the newest first; if needed, with the event's days."""
        return labels_of(self._frame.events)

    def _links_to(self, listed: Sequence[LinkedEvent]) -> list[Forum]:
        labels = _once("labels", lambda: short_labels_of(self._frame.events))
        urls = [url_for("home.front", event=events.slug_in_url(event)) for event in listed]
        return [Forum(event.id, labels[event.slug], url) for event, url in zip(listed, urls, strict=True)]

    @property
    def _frame(self) -> events.Frame:
        return _once("frame", lambda: _read_frame(self.present))

    def footer(self, render: Callable[["Site"], Markup]) -> Markup:
        """Return the page's footer: from the cache if the event is published, else made by the macro `render`."""
        event, version = self.event, cache.as_of()
        if version is None or event is None or not event.is_published or self.is_preview:
            return render(self)
        return footer_of(event, version, lambda: render(self))

    @property
    def contact_email(self) -> str:
        """The organiser's mail address for questions."""
        return self.event.contact_email if self.event else ""


def _make_register_label(event: Event | None) -> str:
    now = clock.now()
    if event is None:
        return _("Registration")
    cache.hold_at_most(seconds_unchanged(event, now))
    return _("Registration") if opening_of(event, now) == Opening.NOTHING else _("Register")


def _read_frame(event: Event | None) -> events.Frame:
    """Return the layout's links; the page is cached at most until the next of the linked events is over."""
    frame, now = events.read_frame(event), clock.now()
    for linked in frame.events:
        if not events.is_over(linked, now):
            cache.hold_at_most((linked.ends_at - now).total_seconds())
    return frame


def _once(name: str, make: Callable[[], Any]) -> Any:
    """Return the value of `make()`, which is called once a request, because several parts of a page show the value."""
    if not hasattr(g, "layout_parts"):
        g.layout_parts = {}
    if name not in g.layout_parts:
        g.layout_parts[name] = make()
    return g.layout_parts[name]


def init_app(app: Flask) -> None:
    """Give templates the global `site`, and raise an error for a variable that a view forgot to pass."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals["site"] = Site()
    # Jinja's own `make_globals` makes a ChainMap for each template. Reading it in Python, at each import of a macro and
    # each include, takes 0.4 of the 9 ms of the front page.
    app.jinja_env.make_globals = partial(_globals_for, app.jinja_env.globals)  # type: ignore[method-assign]  # Jinja has no setting for globals


def _globals_for(
    shared: MutableMapping[str, Any], own: MutableMapping[str, Any] | None
) -> MutableMapping[str, Any]:
    """Return a template's global variables: those of all templates, and its own (the forum's templates have none)."""
    return ChainMap(own, shared) if own else shared


def _is_here(url: str, endpoint: str) -> bool:
    here = request.endpoint or ""
    if endpoint.endswith("."):
        return here.startswith(endpoint)
    return here == endpoint and request.path == url


def _same_page(code: str) -> str:
    values, rule = request.view_args or {}, request.url_rule
    # Link to the route of the shown page if it answers GET, even if the page answers a POST with errors.
    if rule and "GET" in (rule.methods or ()) and hasattr(g, "language"):
        return url_for(rule.endpoint, **{**values, "lang": code})
    return _front_page(code)


def _front_page(code: str) -> str:
    return url_for("home.front", lang=code)
