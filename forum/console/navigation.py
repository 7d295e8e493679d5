"""The frame of organisers' pages: navigation, public site and languages, computed when a template asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flask import g, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import ngettext

from forum.accounts import sign_ins
from forum.accounts.access import may_open
from forum.console.switching import ADDRESS, Choice, first_page, first_url, list_choices
from forum.console.waits import NOTHING_WAITS, Waits, waits_of
from forum.events import queries as events
from forum.events.enums import SectorPolicy
from forum.events.models import Event
from forum.web.languages import NAMES, language
from forum.web.routes import kept_url

ACCOUNT = "/account/"
# Blueprints of pages about what the posts of all events share, such as hashtags.
SHARED = ("categories", "hashtags", "glossary", "redirects")
BELONGING = {
    "attendees.index": {
        *("attendees.index", "attendees.show", "attendees.cancel", "attendee_undoing.reinstate"),
        *("attendee_answers.change", "attendee_answers.care", "attendee_files.download"),
        *("attendee_changes.change", "attendees.resend", "attendees.export", "kept_exports.index"),
        *(f"attendee_views.{act}" for act in ("show", "new", "change", "remove")),
        *("attendee_additions.add", "attendee_moves.sector", "attendee_addresses.change"),
        *("imports.index", "imports.new", "imports.undo"),
        *("attendee_notes.index", "attendee_notes.remove", "attendee_notes.tags"),
        *("attendee_merges.choose", "attendee_merges.merge", "attendee_merges.undo"),
        *("counts.show", "counts.file", "counts.people", "counts.parts", "delegations_console.index"),
        *("reception.index", "attendee_suppressions.lift"),
        *("bulk.ask", "bulk.index", "bulk.show", "bulk_undoing.ask"),
    },
    "organisations.index": {
        *(f"organisations.{act}" for act in ("index", "new", "edit", "remove")),
        *(f"organisation_merges.{act}" for act in ("choose", "merge", "undo")),
    },
    "waiting_list.index": {f"waiting_list.{act}" for act in ("index", "offer", "extend", "withdraw")},
    "review.index": {
        *(
            "review.index",
            "review.show",
            "review.approve",
            "review.decline",
            "review.confirm_refusal",
            "review.recuse",
        ),
        *("review_many.approve", "review_many.decline", "review_proposed.confirm"),
    },
    "reveals.index": {"reveals.index", "reveals.reveal", "telephone.add"},
    "invitations.index": {
        f"invitations.{act}" for act in ("index", "invite", "invite_many", "withdraw", "change", "remind")
    },
    "erasure_requests.index": {
        *(f"erasure_requests.{act}" for act in ("index", "carry_out", "refuse")),
        *(f"restriction_requests.{act}" for act in ("grant", "decline", "lift")),
    },
    "outbox.index": {
        *("outbox.index", "mailings.show", "mailings.send", "mailings.stop", "own_mailings.new"),
        *("own_mailings.write", "own_mailings.people", "sent_mailings.send", "sent_mailings.show"),
        *("mail_texts.index", "mail_texts.edit", "reminders.index", "reminders.plan"),
        *("reminder_rules.of_offers", "reminder_rules.of_invitations"),
    },
    "posts.index": {
        *("posts.index", "posts.new", "posts.edit", "posts.preview"),
        *("publishing.publish", "publishing.withdraw", "publishing.correct"),
        *("revisions.index", "revisions.show"),
        "redirects.import_file",
        *(f"{part}.{act}" for part in SHARED for act in ("index", "new", "edit", "merge", "remove")),
    },
    "pages.index": {
        *("pages.index", "pages.new", "pages.edit", "pages.preview", "pages.remove"),
        *("page_revisions.index", "page_revisions.show"),
    },
    # The navigation of the role care has a single link, to the counts of answers.
    "counts.show": {"counts.show", "counts.file", "counts.people", "counts.parts"},
    "figures.index": {"figures.index", "figures.file", "public_balance.show"},
    "library.index": {"library.index", "library.add", "library.show", "library.remove", "image_choice.index"},
    "colleagues.index": {
        *(f"colleagues.{act}" for act in ("index", "invite", "show", "roles", "remove")),
        *("colleagues.reset_second_factor", "colleagues.disable", "colleagues.enable"),
    },
    "log.index": {"log.index", "log.export", "log.site", "log.export_site"},
    "settings.facts": {
        "settings.facts",
        "settings.registration",
        "settings.sectors",
        "settings.new_sector",
        "settings.sector",
        "settings.close_sector",
        "settings.remove_sector",
        "settings.merge_sector",
        "settings.organiser",
        "settings.texts",
        "settings.look",
        "settings.languages",
        *("questions.index", "questions.new", "questions.add", "questions.edit"),
        *("questions.withdraw", "questions.preview"),
        *("settings.privacy", "consent_texts.index"),
    },
}


@dataclass(frozen=True)
class Item:
    """A link of the navigation; `count` says, in words or as a number, how much waits on that page."""

    label: str
    url: str
    current: bool
    endpoint: str
    count: str | int | None = None
    is_trouble: bool = False


class Frame:
    """The frame of a console page: its navigation, for the event that the page is about."""

    @cached_property
    def event(self) -> Event | None:
        """The page's event, else the current one, else the newest that the organiser may see."""
        named = g.get("event") or events.find_current()
        return named if named and first_page(named) else choose_event(my_events())

    @property
    def home_url(self) -> str:
        """The URL of the event's first console page that the user may open: the overview for the event's organisers."""
        return first_url(self.event) if self.event else ADDRESS

    @property
    def site_url(self) -> str:
        """The front page of the event if visitors see it, else the site's."""
        is_public = self.event is not None and self.event.is_published
        return url_for(
            "home.front", lang=language(), event=events.slug_in_url(self.event) if is_public else None
        )

    @cached_property
    def items(self) -> list[Item]:
        """The navigation's links; without an event only one, by which admins of all events make an event."""
        if self.event:
            return _items(self.event)
        if sign_ins.load() and sign_ins.is_admin_of_all():
            here = "new_event.make"
            return [Item(_("First event"), url_for(here), request.endpoint == here, here)]
        return []

    @cached_property
    def choices(self) -> list[Choice]:
        """The events to which the user may switch, if there are several; error pages of the console list them, too."""
        if self.event is None:
            return []
        kind = next((item.endpoint for item in self.items if item.current), None)
        return list_choices(self.event, kind)

    @property
    def all_events_url(self) -> str | None:
        """The URL of the page about all events, for those who may open it."""
        return url_for("all_events.index") if may_open("all_events.index") else None

    @property
    def languages(self) -> list[tuple[str, str, bool]]:
        """Code and name of each language, and whether the page is in it."""
        return [(code, name, code == language()) for code, name in NAMES.items()]


def install(state: BlueprintSetupState) -> None:
    """Give templates `console_frame`, the layout around a page, and `is_in_console`, for pages of errors."""
    state.app.jinja_env.globals.update(console_frame=Frame, is_in_console=is_in_console)


def is_in_console() -> bool:
    """Return whether the page has the console's frame: it is of the console or an account, for somebody signed in."""
    return request.path.startswith((ADDRESS, ACCOUNT)) and sign_ins.load() is not None


def my_events() -> list[Event]:
    """Return the events of which the signed-in user may open any page of the console, the newest first."""
    return [event for event in events.list_events() if first_page(event)]


def choose_event(mine: Sequence[Event]) -> Event | None:
    """Return the event that the console shows first: the current, else the newest, of those with an overview if any."""
    organised = [event for event in mine if may_open("console.overview", event)]
    choices = organised or mine
    return next((event for event in choices if event.is_current), next(iter(choices), None))


def _items(event: Event) -> list[Item]:
    """Return the links to the pages that the user's roles may open, by the table `accounts/routes`."""
    has_numbers = any(may_open(page, event) for page in ("attendees.index", "review.index", "outbox.index"))
    waits = waits_of(event) if has_numbers else NOTHING_WAITS
    told = ngettext("%(num)s failed", "%(num)s failed", waits.failed) if waits.failed else None
    items = [
        _item(_("Overview"), "console.overview", event),
        _item(_("Attendees"), "attendees.index", event),
        _item(_("Organisations"), "organisations.index", event),
        _item(_("Waiting list"), "waiting_list.index", event, waits.in_line or None),
        *_reviews(event, waits),
        _item(_("Invitations"), "invitations.index", event),
        _item(_("Protected identity"), "reveals.index", event),
        *_requests(event, waits),
        _item(_("Messages"), "outbox.index", event, told, is_trouble=bool(waits.failed)),
        _item(_("News"), "posts.index", event),
        _item(_("Pages"), "pages.index", event),
        _item(_("Images"), "library.index", event),
        _item(_("Figures"), "figures.index", event),
        *_without_list(event),
        _item(_("Colleagues"), "colleagues.index", event),
        _item(_("Log"), "log.index", event),
        _item(_("Settings"), "settings.facts", event),
    ]
    return [item for item in items if may_open(item.endpoint, event)]


def _reviews(event: Event, waits: Waits) -> list[Item]:
    """Return the link to the review if the event reviews people, or if the user cannot open the attendee list."""
    is_reviewing = waits.undecided or any(sector.policy == SectorPolicy.REVIEW for sector in event.sectors)
    if not is_reviewing and may_open("attendees.index", event):
        return []
    return [_item(_("Review"), "review.index", event, waits.undecided or None)]


def _requests(event: Event, waits: Waits) -> list[Item]:
    """Return the link to the requests for erasure and restriction, if anybody has ever made such a request."""
    if not waits.requests:
        return []
    return [_item(_("Requests"), "erasure_requests.index", event, waits.open_requests or None)]


def _without_list(event: Event) -> list[Item]:
    """Return links to counts and reception for users who cannot open the attendee list, which links to both."""
    if may_open("attendees.index", event):
        return []
    return [
        _item(_("Counts of answers"), "counts.show", event),
        _item(_("Reception"), "reception.index", event),
    ]


def _item(
    label: str, endpoint: str, event: Event, count: str | int | None = None, *, is_trouble: bool = False
) -> Item:
    here = request.endpoint in BELONGING.get(endpoint, {endpoint})
    return Item(label, kept_url(endpoint, event=event.slug), here, endpoint, count, is_trouble)
