"""The frame of organisers' pages: navigation, public site and languages, computed when a template asks for it."""

from dataclasses import dataclass
from functools import cached_property

from flask import g, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from forum import clock
from forum.accounts import sign_ins
from forum.accounts.enums import Role
from forum.console.scope import mail_scope
from forum.events import queries as events
from forum.events.enums import SectorPolicy
from forum.events.models import Event
from forum.extensions import db
from forum.invitations import queries as invitations
from forum.outbox import listing as outbox
from forum.outbox.enums import MessageStatus
from forum.privacy import queries as privacy
from forum.review import queries as reviews
from forum.web.languages import NAMES, language

ADDRESS, ACCOUNT = "/console/", "/account/"
# Blueprints for what the posts of all events share, such as hashtags.
SHARED = ("categories", "hashtags", "glossary", "redirects")
BELONGING = {
    "attendees.index": {
        "attendees.index",
        "attendees.show",
        "attendees.cancel",
        "attendee_undoing.reinstate",
        *("attendee_answers.change", "attendee_answers.care", "attendee_files.download"),
        "attendee_changes.change",
        "attendees.resend",
        "attendees.export",
        *("attendee_additions.add", "attendee_moves.sector", "attendee_addresses.change"),
        *("attendee_notes.index", "attendee_notes.remove", "attendee_notes.tags"),
        *("attendee_merges.choose", "attendee_merges.merge", "attendee_merges.undo"),
        *("counts.show", "counts.people", "delegations_console.index"),
    },
    "organisations.index": {
        *(f"organisations.{act}" for act in ("index", "new", "edit", "remove")),
        *(f"organisation_merges.{act}" for act in ("choose", "merge", "undo")),
    },
    "waiting_list.index": {f"waiting_list.{act}" for act in ("index", "offer", "extend", "withdraw")},
    "review.index": {
        *("review.index", "review.approve", "review.decline", "review.confirm_refusal", "review.recuse"),
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
    "outbox.index": {"outbox.index", "mailings.show", "mailings.send", "mailings.stop"},
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
    "library.index": {"library.index", "library.add", "library.show", "library.remove", "image_choice.index"},
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
    count: str | int | None = None
    is_trouble: bool = False


@dataclass(frozen=True)
class Waits:
    """The numbers that the navigation shows beside its links to an event's pages: people and requests that wait."""

    in_line: int
    undecided: int
    requests: int
    open_requests: int
    invited: int


class Frame:
    """The frame of a console page: its navigation, for the event that the page is about."""

    @cached_property
    def event(self) -> Event | None:
        """The page's event, else the current one, else the newest that the organiser may see."""
        named = g.get("event") or events.find_current()
        if named and (sign_ins.may(Role.ORGANISER, named) or _reads_reveals(named)):
            return named
        return next(iter(my_events() or handled_events()), None)

    @property
    def home_url(self) -> str:
        """The URL of the event's first console page: the overview for its organisers, else the protected identities."""
        if self.event is None:
            return ADDRESS
        is_organiser = sign_ins.may(Role.ORGANISER, self.event)
        return url_for("console.overview" if is_organiser else "reveals.index", event=self.event.slug)

    @property
    def site_url(self) -> str:
        """The front page of the event if visitors see it, else the site's."""
        is_public = self.event is not None and self.event.is_published
        return url_for(
            "home.front", lang=language(), event=events.slug_in_url(self.event) if is_public else None
        )

    @property
    def items(self) -> list[Item]:
        """The navigation's links; without an event, an admin of all events has a link to making one, others none."""
        if self.event:
            return _items(self.event)
        if sign_ins.load() and sign_ins.is_admin_of_all():
            return [Item(_("First event"), url_for("new_event.make"), request.endpoint == "new_event.make")]
        return []

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
    """Return the events that the signed-in user organises, the newest first."""
    return [event for event in events.list_events() if sign_ins.may(Role.ORGANISER, event)]


def waits_of(event: Event) -> Waits:
    """Return the numbers that the navigation shows for an event, read in one statement and once a request."""
    if "waits" not in g:
        g.waits = {}
    if event.id not in g.waits:
        columns = (*reviews.waits(event), *privacy.numbers(event), invitations.number(event))
        in_line, undecided, *others = db.session.execute(select(*columns)).one()
        if events.is_over(event, clock.now()):
            in_line = undecided = 0
        g.waits[event.id] = Waits(in_line, undecided, *others)
    return g.waits[event.id]


def handled_events() -> list[Event]:
    """Return the events for whose protected identities the signed-in user is a handler, the newest first."""
    return [event for event in events.list_events() if sign_ins.holds(Role.PROTECTED_HANDLER, event)]


def _reads_reveals(event: Event) -> bool:
    return sign_ins.may(Role.PROTECTED_HANDLER, event)


def _items(event: Event) -> list[Item]:
    reveals = [_item(_("Protected identity"), "reveals.index", event)] if _reads_reveals(event) else []
    if not sign_ins.may(Role.ORGANISER, event):
        return reveals
    waits = waits_of(event)
    failed = outbox.count_by_status(mail_scope(event)).get(MessageStatus.FAILED, 0)
    told = ngettext("%(num)s failed", "%(num)s failed", failed) if failed else None
    return [
        _item(_("Overview"), "console.overview", event),
        _item(_("Attendees"), "attendees.index", event),
        _item(_("Organisations"), "organisations.index", event),
        _item(_("Waiting list"), "waiting_list.index", event, waits.in_line or None),
        *_reviews(event, waits),
        _item(_("Invitations"), "invitations.index", event),
        *reveals,
        *_requests(event, waits),
        _item(_("Messages"), "outbox.index", event, told, is_trouble=bool(failed)),
        _item(_("News"), "posts.index", event),
        _item(_("Pages"), "pages.index", event),
        _item(_("Images"), "library.index", event),
        _item(_("Settings"), "settings.facts", event),
    ]


def _reviews(event: Event, waits: Waits) -> list[Item]:
    """Return the link to the review, for an event that reviews a sector or has somebody who waits for a decision."""
    if not waits.undecided and all(sector.policy != SectorPolicy.REVIEW for sector in event.sectors):
        return []
    return [_item(_("Review"), "review.index", event, waits.undecided or None)]


def _requests(event: Event, waits: Waits) -> list[Item]:
    """Return the link to the requests for erasure and restriction, where there has been one."""
    if not waits.requests:
        return []
    return [_item(_("Requests"), "erasure_requests.index", event, waits.open_requests or None)]


def _item(
    label: str, endpoint: str, event: Event, count: str | int | None = None, *, is_trouble: bool = False
) -> Item:
    here = request.endpoint in BELONGING.get(endpoint, {endpoint})
    return Item(label, url_for(endpoint, event=event.slug), here, count, is_trouble)
