"""Builds a URL for every route, with values that exist in one event of the test data (world.py)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from sqlalchemy import func, select
from werkzeug.routing import Rule

from forum.accounts.enums import Role
from forum.accounts.models import SignIn
from forum.columns import digest
from forum.delegations.models import Delegation
from forum.events.models import Event, Page, PageRevision, PreviewLink
from forum.extensions import db
from forum.imports.models import AttendeeImport
from forum.imports.table_models import ImportTable
from forum.invitations.models import Invitation
from forum.mailings.models import Mailing, Reminder
from forum.news.models import Post, PostRevision
from forum.outbox.models import OutboxMessage
from forum.people.models import RegistrationNote
from forum.privacy.models import ErasureRequest
from forum.questions.models import Question
from forum.registration.models import Registration
from forum.registration.organisation_models import Organisation
from forum.registration.restriction_models import RestrictionRequest
from forum.registration.saved_view_models import SavedView
from forum.tasks.models import Task
from forum.web.cache import PRIVATE
from tests.guards.world import (
    ADMIN,
    ELSEWHERE,
    FILES,
    FOLLOWING,
    HERE,
    IMAGES,
    LEAVING,
    PERSON,
    UNSEEN,
    UNUSED_IMAGE,
    World,
)

VALUES = {
    "number": 1,
    "year": 2016,
    "month": 11,
    "day": 25,
    "sector": "ngo",
    "into": "tech",
    "slug": "public-en",
    "name": "nätet",
    "path": "old",
    "filename": "css/site.css",
    "look": "14463f-93d3c5",
    "kind": "text",
    "code": "sv",
    "figure": "countries",
}
# For each event in a URL: the audience whose account the pages about a colleague show.
COLLEAGUES = {
    HERE: f"{Role.ORGANISER} of {HERE}",
    ELSEWHERE: f"{Role.ORGANISER} of {ELSEWHERE}",
    UNSEEN: ADMIN,
}
# The forms and actions of a draft's pages: a draft is a message in the organisers' own words.
DRAFTS = ("write", "people", "discard")
SLUGS = {
    "events.page": "practical",
    "events.picture": "practical",
    "pages.edit": "practical",
    "pages.remove": "about",
    "page_revisions.index": "practical",
    "page_revisions.show": "practical",
    "news.category": "reports-en",
    "feeds.category": "reports-en",
    "feeds.category_as_json": "reports-en",
    "old_addresses.category": "reports-sv",
    "old_addresses.post": "public-sv",
}


@dataclass(frozen=True)
class Address:
    """A URL of a route, with its endpoint and methods; `event` is the slug in the URL, or None."""

    endpoint: str
    path: str
    methods: frozenset[str]
    event: str | None


def addresses(
    world: World, slugs: tuple[str, ...] = (HERE, ELSEWHERE), *, lang: str = "en"
) -> Iterator[Address]:
    """Yield a URL of each route, and one for each of the events where the route's URL names an event."""
    with world.app.app_context():
        values = {slug: _values(world, slug) for slug in slugs}
    seen = set()
    for rule, slug in product(_rules(world), slugs):
        if {"lang", "event"} <= rule.arguments and slug == HERE:
            continue  # the current event's public pages have no slug in their URLs
        if PRIVATE in rule.arguments:
            continue  # tests/console covers the preview: an event's pages, opened by a private link
        path = _path(world, rule, {**values[slug], "lang": lang})
        if path not in seen:
            seen.add(path)
            yield Address(
                rule.endpoint,
                path,
                frozenset(rule.methods or ()),
                slug if "event" in rule.arguments else None,
            )


def readable(world: World, slugs: tuple[str, ...] = (HERE, ELSEWHERE), *, lang: str = "en") -> list[Address]:
    """Return the URLs of all routes that answer GET."""
    return [address for address in addresses(world, slugs, lang=lang) if "GET" in address.methods]


def _rules(world: World) -> list[Rule]:
    return [rule for rule in world.app.url_map.iter_rules() if rule.endpoint != "static"]


def _values(world: World, slug: str) -> dict[str, object]:
    event = db.session.scalars(select(Event).where(Event.slug == slug)).one()
    message = select(OutboxMessage.id).where(OutboxMessage.event_id == event.id).limit(1)
    posts = select(Post.id).where(Post.event_id == event.id).order_by(Post.id).limit(1)
    drafts = posts.where(Post.published_at.is_(None))
    revisions = select(PostRevision.id).join(Post, Post.id == PostRevision.post_id)
    of_pages = select(PageRevision.id).join(Page, Page.id == PageRevision.page_id)
    notes = select(RegistrationNote.id).join(
        Registration, Registration.id == RegistrationNote.registration_id
    )
    requests = select(func.max(ErasureRequest.id)).where(ErasureRequest.event_id == event.id)
    restrictions = select(func.max(RestrictionRequest.id)).where(RestrictionRequest.event_id == event.id)
    objections = restrictions.where(RestrictionRequest.state == "open")
    granted = restrictions.where(RestrictionRequest.state == "granted")
    invitations = select(func.max(Invitation.id)).where(Invitation.event_id == event.id)
    imports = select(func.max(AttendeeImport.id)).where(AttendeeImport.event_id == event.id)
    delegations = select(func.min(Delegation.id)).where(Delegation.event_id == event.id)
    person = {HERE: PERSON, ELSEWHERE: "elsewhere", UNSEEN: "elsewhere"}[slug]
    organisation = select(func.min(Organisation.id)).where(Organisation.event_id == event.id)
    merged = select(Organisation.id).where(
        Organisation.event_id == event.id, Organisation.counts_as_id.is_not(None)
    )
    apart = select(func.max(Organisation.id)).where(Organisation.event_id == event.id)
    return {
        **VALUES,
        "organisation": db.session.scalar(organisation) or 0,
        "merged": db.session.scalar(merged) or 0,
        "apart": db.session.scalar(apart) or 0,
        "event": slug,
        "reference": world.references[person],
        "other": world.references["twin" if slug == HERE else person],
        "message": db.session.scalar(message) or 1,
        "post": db.session.scalar(posts),
        "draft": db.session.scalar(drafts),
        "revision": db.session.scalar(revisions.where(Post.event_id == event.id)),
        "page_revision": db.session.scalar(of_pages.where(Page.event_id == event.id)),
        "note": db.session.scalar(notes.where(Registration.reference == world.references[person])),
        "file_key": FILES[person],
        "token": "x" * 43,
        "link": db.session.scalar(select(PreviewLink.id).where(PreviewLink.event_id == event.id)),
        **_mailings(event),
        "act": "move",
        "saved": db.session.scalar(select(func.min(SavedView.id)).where(SavedView.event_id == event.id)),
        "task": db.session.scalar(select(func.max(Task.id)).where(Task.event_id == event.id)),
        "request": db.session.scalar(requests) or 0,
        # If no objection or restriction is open, take an answered one: its pages redirect to the list.
        "objection": db.session.scalar(objections) or db.session.scalar(restrictions) or 0,
        "restriction": db.session.scalar(granted) or db.session.scalar(restrictions) or 0,
        "imported": db.session.scalar(imports) or 0,
        "table": _table_of_admin(world, event),
        "invitation": db.session.scalar(invitations) or 0,
        "delegation": db.session.scalar(delegations) or 0,
        "key": IMAGES[slug],
        "question": db.session.scalar(
            select(func.min(Question.id)).where(Question.event_id == event.id, Question.key == "arrival")
        ),
        "colleague": next(iter(world.owned[COLLEAGUES[slug]]["users"])),
        "passkey": next(iter(world.owned[ADMIN]["passkeys"])),
        "session": db.session.scalar(select(SignIn.id).where(SignIn.digest == digest(world.tokens[ADMIN]))),
    }


def _table_of_admin(world: World, event: Event) -> int:
    """Return the id of the long table that the admin has sent for the event, 0 for none."""
    admin = select(SignIn.user_id).where(SignIn.digest == digest(world.tokens[ADMIN])).scalar_subquery()
    mine = ImportTable.event_id == event.id, ImportTable.user_id == admin
    return db.session.scalar(select(func.max(ImportTable.id)).where(*mine)) or 0


def _mailings(event: Event) -> dict[str, object]:
    """Return the ids of a mailing about a change, and of a draft and a sent message in the organisers' own words."""
    mine = select(func.max(Mailing.id)).where(Mailing.event_id == event.id)
    own, planned = mine.where(Mailing.kind == "own_words"), select(Reminder.mailing_id)
    return {
        "mailing": db.session.scalar(mine.where(Mailing.kind == "event_changed")),
        "drafted": db.session.scalar(own.where(Mailing.status == "proposed", ~Mailing.id.in_(planned))),
        "planned": db.session.scalar(own.where(Mailing.id.in_(planned))),
        "written": db.session.scalar(own.where(Mailing.status != "proposed")),
    }


def arguments(world: World, slug: str) -> Iterator[tuple[Rule, dict[str, object]]]:
    """Yield each route of the console about one event, with the values that its arguments have for this event."""
    with world.app.app_context():
        values = _values(world, slug)
    for rule in _rules(world):
        if rule.rule.startswith("/console/<event>"):
            given = _arguments(world, rule, values)
            yield rule, {name: given[name] for name in rule.arguments}


def path_of(rule: Rule, given: dict[str, object]) -> str:
    """Return the URL path of a route with these arguments."""
    built = rule.build(given, append_unknown=False)
    assert built, (rule, given)
    return built[1]


def _path(world: World, rule: Rule, values: dict[str, object]) -> str:
    return path_of(rule, _arguments(world, rule, values))


def _arguments(world: World, rule: Rule, values: dict[str, object]) -> dict[str, object]:
    own = {name: values[name] for name in rule.arguments if name in values}
    if rule.endpoint in SLUGS and "slug" in own:
        own["slug"] = SLUGS[rule.endpoint]
    return own | _special(world, rule.endpoint, values)


def _special(world: World, endpoint: str, values: dict[str, object]) -> dict[str, object]:
    """Return the values that this endpoint's URL needs in place of the usual ones."""

    def reviewed(name: str) -> dict[str, object]:
        return {"reference": world.references[name]} if values["event"] == HERE else {}

    special = {
        "images.file": {"name": "400.jpg"},
        "questions.take_over": {"name": "hearing-loop"},
        "library.remove": {"key": UNUSED_IMAGE if values["event"] == HERE else values["key"]},
        "publishing.publish": {"post": values["draft"]},
        "revisions.show": {"number": values["revision"]},
        "page_revisions.show": {"number": values["page_revision"]},
        **{f"own_mailings.{act}": {"mailing": values["drafted"]} for act in DRAFTS},
        **{f"mail_texts.{act}": {"kind": "offered"} for act in ("edit", "reset")},
        "sent_mailings.send": {"mailing": values["drafted"]},
        "reminders.plan": {"mailing": values["drafted"]},
        "reminders.take_off": {"mailing": values["planned"]},
        **{f"sent_mailings.{act}": {"mailing": values["written"]} for act in ("show", "take_back", "again")},
        "refusing.show": {"token": LEAVING},
        **{f"followers.{act}": {"token": token} for act, token in FOLLOWING.items() if act != "leave"},
        "self_service.confirm": {"token": world.tokens["pending"]},
        "self_service.enter": {"token": world.tokens["newer"]},
        "self_service.feed": {"token": world.tokens["feed"]},
        **{key: {"file_key": FILES[PERSON]} for key in ("self_service.file", "own_everything.file")},
        "own_moves.confirm_address": {"token": world.tokens["new address"]},
        "substitutions.confirm": {"token": world.tokens["substitute of twin"]},
        **{f"review.{act}": reviewed("reviewed") for act in ("show", "approve", "decline", "recuse")},
        **{f"review.{act}": reviewed("proposed") for act in ("confirm_refusal", "withdraw_refusal")},
        "attendee_merges.undo": reviewed("waiting"),
        "accounts.reset": {"token": world.tokens["reset of admin"]},
        "accounts.welcome": {"token": world.tokens["welcome of admin"]},
        "own_everything.enter": {"token": world.tokens["everything"]},
        "erasure_requests.carry_out": {"number": values["request"]},
        "erasure_requests.refuse": {"number": values["request"]},
        **{f"restriction_requests.{act}": {"number": values["objection"]} for act in ("grant", "decline")},
        "restriction_requests.lift": {"number": values["restriction"]},
        **{f"invitations.{act}": {"number": values["invitation"]} for act in ("change", "withdraw")},
        "delegations_console.send_link": {"number": values["delegation"]},
        "own_delegation.confirm": {"token": world.tokens["asked delegation"]},
        "own_delegation.enter": {"token": world.tokens["newer delegation of twin"]},
        **{f"own_delegation.{act}": {"number": 3} for act in ("change", "withdraw", "replace")},
        "own_delegation_people.correct": {"number": 2},
        "own_delegation_people.take_back": {"number": 1},
        **{f"own_invitation.{act}": {"token": "i" * 43} for act in ("show", "accept", "decline", "forward")},
        **{f"own_delegation_answers.{act}": {"number": 3} for act in ("answers", "care")},
        **{f"organisations.{act}": {"number": values["organisation"]} for act in ("edit", "remove")},
        "organisation_merges.choose": {"number": values["organisation"]},
        "organisation_merges.undo": {"number": values["merged"]},
        **{
            f"organisation_merges.{act}": {"number": values["apart"], "into": values["organisation"]}
            for act in ("merge", "tell_apart", "propose_again")
        },
        **{
            f"colleagues.{act}": {"number": values["colleague"]}
            for act in (
                *("show", "invite_again", "roles", "remove"),
                *("end_all_sign_ins", "reset_second_factor", "disable", "enable"),
            )
        },
        "colleagues.end_sign_in": {
            "number": values["colleague"],
            "sign_in": next(iter(world.owned[COLLEAGUES[str(values["event"])]]["sign_ins"])),
        },
        "own_account.end_session": {"number": values["session"]},
        **{f"passkeys.{act}": {"number": values["passkey"]} for act in ("show", "remove")},
    }
    return special.get(endpoint, {})
