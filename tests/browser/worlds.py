"""Test forums ("worlds") for browser tests, filled once in a test run, at NOW; each pytest worker serves its own copy.

demo      what a newcomer sees: two events, posts, some 120 registrations in every state
long      texts with words as long as in Finnish, and twelve sectors
narrow    a sector by invitation, a full sector without a waiting list, and a low rate limit for each visitor
closed    registration is over
upcoming  registration has not begun
over      the event is past
draft     a single event, not published, as the console's form makes it
empty     an organiser and no event
"""

import fcntl
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from sqlalchemy import or_, select
from sqlalchemy.exc import OperationalError

from forum import clock, create_app
from forum.accounts import actions as accounts
from forum.accounts import links as account_links
from forum.accounts import management, reviewers, sign_ins
from forum.accounts.enums import LinkPurpose, Role
from forum.accounts.models import Passkey, User
from forum.columns import Text, digest
from forum.database import start_write
from forum.delegations import admitting, contact_acts, contact_links
from forum.delegations import asking as asking_for_delegation
from forum.delegations.asking import Contact, Person
from forum.delegations.enums import ContactLink
from forum.delegations.models import Delegation, Substitution
from forum.demo.loader import load_demo
from forum.events import making, page_revisions, standing
from forum.events import queries as events
from forum.events.enums import SectorPolicy, SectorTemplate
from forum.events.making import Plan
from forum.events.models import Event
from forum.events.page_drafts import PageDraft
from forum.extensions import db
from forum.followers import links as news_links
from forum.followers.enums import FollowPurpose, Pace
from forum.images import store
from forum.images.making import make
from forum.images.models import Image
from forum.imports import kept_tables
from forum.imports.enums import TableState
from forum.imports.models import AttendeeImport, ImportedPerson
from forum.imports.table_models import ImportTable
from forum.invitations.enums import InvitationState
from forum.invitations.models import PAUSED_LINK
from forum.mailings import mail_texts
from forum.news import actions as news
from forum.news.drafts import Draft
from forum.news.models import Correction, Post, PostRevision, PostText, Source, Withdrawal
from forum.news.queries import IS_ANNOUNCED
from forum.organisations import actions as organisations
from forum.organisations import merging
from forum.organisations.actions import Written
from forum.outbox import suppression
from forum.outbox.enums import SuppressionCause
from forum.people import notes
from forum.people.models import AddressChange
from forum.privacy import actions as privacy
from forum.privacy import restricting
from forum.questions.enums import FileType, QuestionKind
from forum.questions.models import Question
from forum.registration import links, places, uniting
from forum.registration.actions import cancel
from forum.registration.enums import ConsentPurpose, DeclineReason, RestrictionKind, Status, TokenPurpose
from forum.registration.models import Registration
from forum.review.models import ProposedRefusal
from forum.web import limits
from tests.factories.events import NOW, make_archive, make_event, make_page, make_sector
from tests.factories.followers import make_follower
from tests.factories.images import encoded, make_image, ring
from tests.factories.invitations import new_invitation
from tests.factories.mailings import make_proposed, make_under_way
from tests.factories.news import make_category, make_post, make_tag
from tests.factories.own_words import make_draft, make_planned, make_reminder, make_sent
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, register, write
from tests.factories.saving import save
from tests.factories.tasks import make_cancelled, make_moved, make_running
from tests.shortcuts import compile_once
from tools.organisers import SECRET, make_user
from tools.servers import run_web

LONG_NAME = "Lentokonesuihkuturbiinimoottoriapumekaanikkoaliupseerioppilas"
LONG_ORGANISATION = (
    "Kansaneläkelaitoksenkuntoutuspsykoterapiapalveluntuottajajärjestö"
    " ja Tietoliikenneinfrastruktuuriyritysliitto"
)
LONG_WORD = "Epäjärjestelmällistyttämättömyydelläänsäkäänköhän"
EMAIL_OF_LENGTH = "lentokonesuihkuturbiinimoottori.apumekaanikko@tietoliikenneinfrastruktuuri.example.org"


@dataclass
class World:
    """A served forum, with links, references and ids that its filling has stored for tests."""

    app: Flask
    url: str = ""
    data_keys: str = ""  # the setting DATA_KEYS, with which the database is encrypted
    tokens: dict[str, str] = field(default_factory=dict)  # tokens of mailed links, by the links' purpose
    # References of registrations, by the registrations' state.
    people: dict[str, str] = field(default_factory=dict)
    # Values in the public URLs of posts, by the kind of post and the language.
    posts: dict[str, dict] = field(default_factory=dict)
    # Values in the console's URLs of posts, by the kind of post: draft, planned, …
    desk: dict[str, dict[str, int]] = field(default_factory=dict)
    # URL values ({"key": …}) of an image that a post shows ("used") and of one that none shows ("unused")
    images: dict[str, dict[str, str]] = field(default_factory=dict)
    task: int = 0  # the id of a task that is running; only in the test forum "long"
    moved: int = 0  # the id of a task that has moved people; only in the test forum "long"
    cancelled: int = 0  # the id of a task that has cancelled people; only in the test forum "long"
    # Ids of messages in organisers' own words, by their state.
    letters: dict[str, int] = field(default_factory=dict)
    mailing: int = 0  # the id of a mailing: proposed in the demo, paused in the test forum "long"
    # the id of a question with choices, on which another one depends; only in the test forum "long"
    question: int = 0
    request: int = 0  # the id of a request for erasure
    objection: int = 0  # the id of an open objection
    restriction: int = 0  # the id of a granted request for restriction
    invitation: int = 0  # the id of an open invitation
    imported: int = 0  # the id of an import that can be undone
    long_tables: dict[str, int] = field(default_factory=dict)  # the ids of long tables of people
    event: str = ""

    def stored(self) -> dict[str, Any]:
        """Return the links, references and ids that were stored, for another app on a copy of the database."""
        return {
            each.name: getattr(self, each.name) for each in fields(self) if each.name not in {"app", "url"}
        }

    def address(self, endpoint: str, **values) -> str:
        """Return the URL of an endpoint in this test forum."""
        with self.app.test_request_context():
            return self.url + url_for(endpoint, **values)

    def cookie(self, **content) -> dict:
        """Return a session cookie with this content, signed as the app does."""
        signer = self.app.session_interface.get_signing_serializer(self.app)
        return {
            "name": self.app.config["SESSION_COOKIE_NAME"],
            "value": signer.dumps(content),
            "url": self.url,
        }

    def signed_in(self, email: str) -> dict:
        """Return the session cookie of a new sign-in of an organiser."""
        with self.app.app_context():
            user = db.session.scalars(select(User).where(User.email == email)).one()
            token = write(accounts.open_sign_in, user, browser="Firefox, Linux", now=clock.now())
        return self.cookie(**{sign_ins.TOKEN: token})


class Worlds:
    """Copies each test forum at its first use, and serves the copy until the test run ends.

    The pytest worker that first asks for a test forum fills it, in a folder that the workers share.
    """

    def __init__(self, settings: dict, template: Path, folder: Path, shared: Path, stack: ExitStack):
        self._settings, self._template, self._stack = settings, template, stack
        self._folder, self._shared = folder, shared
        self._made: dict[str, World] = {}

    def forget_tries(self) -> None:
        """Reset the rate limits of all test forums."""
        for world in self._made.values():
            world.app.extensions[limits.COUNTER].storage.reset()

    def __getitem__(self, name: str) -> World:
        """Return a test forum, which tests must not change."""
        if name not in self._made:
            stored, database = self._filled(name), self._folder / f"{name}.sqlite3"
            _copy(self._shared / f"{name}.sqlite3", database)
            self._made[name] = self._stack.enter_context(self._serve(name, database, stored))
        return self._made[name]

    @contextmanager
    def copy(self, name: str, folder: Path) -> Iterator[World]:
        """Yield a copy of a test forum that the test may change.

        The copy is of the forum as it was filled, because pages of other tests leave a saved view or a draft behind.
        """
        stored, database = self._filled(name), folder / "copy.sqlite3"
        _copy(self._shared / f"{name}.sqlite3", database)
        with self._serve(name, database, stored) as world:
            yield world

    def _filled(self, name: str) -> dict[str, Any]:
        """Fill a test forum, unless another pytest worker has, and return what its filling has stored for tests."""
        database, told = self._shared / f"{name}.sqlite3", self._shared / f"{name}.json"
        with (self._shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not told.exists():
                shutil.copyfile(self._template, database)
                keys = self._settings["DATA_KEYS"]
                with self._made_app(name, database, keys) as app, app.app_context():
                    FILLINGS[name](world := World(app, data_keys=keys))
                told.write_text(json.dumps(world.stored()))
        return json.loads(told.read_text())

    @contextmanager
    def _serve(self, name: str, database: Path, stored: dict[str, Any]) -> Iterator[World]:
        with self._made_app(name, database, stored["data_keys"]) as app, run_web(app) as url:
            yield World(app, url, **stored)

    @contextmanager
    def _made_app(self, name: str, database: Path, data_keys: str) -> Iterator[Flask]:
        overrides = {
            "INSTANCE": database.parent / name,
            "DATABASE_URL": f"sqlite:///{database}",
            "DATA_KEYS": data_keys,
            "IMAGES": self._shared / f"{name}-images",
        }
        app = create_app(
            {
                **self._settings,
                "FORM_MIN_SECONDS": 0,
                "REVEALS_PER_HOUR": 1000,
                **SETTINGS.get(name, {}),
                **overrides,
            }
        )
        app.view_functions.update(BROKEN.get(name, {}))
        compile_once(app)
        try:
            yield app
        finally:
            with app.app_context():
                db.session.remove()
                db.engine.dispose()


def _copy(source: Path, target: Path) -> None:
    """Copy a database, also one that is in use."""
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("VACUUM INTO ?", [str(target)])


def fill_demo(world: World) -> None:
    """Load the demo and add states that it does not have."""
    start_write(db.session)
    load_demo(now=NOW)
    db.session.commit()
    event = events.find_current()
    world.people["proposed"] = _propose_refusal(event)
    world.people["merged"] = _merge_two(event)
    _lay_out_people(world, event)
    _lay_out_posts(world)
    _lay_out_desk(world, event)
    _lay_out_images(world, event)
    _add_organisers(world, event)
    world.mailing = make_proposed(event).id
    world.letters = {"draft": make_draft(event).id, "planned": make_planned(event).id}
    _change_mail_text(event)


def _change_mail_text(event: Event) -> None:
    """Give the mail that offers a place words of the organisers' own, in English."""
    words = {
        "subject": "Good news: a place for you",
        "opening": "We are glad to tell you that a place at {event} is free for you until {deadline}.\n\nDo not wait.",
        "closing": "If you cannot come, decline on the same page. Somebody else waits for the place.",
    }
    write(mail_texts.change, event, "offered", "en", words, actor="command", now=NOW)


def fill_long(world: World) -> None:
    """Fill a test forum with long words and twelve sectors."""
    sectors = [_long_sector(number) for number in range(1, 13)]
    event = make_event(
        name=_both(f"Pohjoismainen {LONG_WORD.lower()}foorumi"),
        short_name=_both("Tietoliikennefoorumi 2027"),
        lead=_both(f"{LONG_ORGANISATION} {LONG_WORD.lower()}"),
        place=_both(f"{LONG_WORD}, Helsinki"),
        hashtag="#TIETOLIIKENNEINFRASTRUKTUURIFOORUMI2027",
        contact_email=EMAIL_OF_LENGTH,
        sectors=sectors,
        capacity=600,
        participant_list="participants",
        programme_points=[_long_point()] * 3,
        facts=[{"label": {"sv": LONG_WORD, "en": LONG_WORD}, "value": {"sv": LONG_NAME, "en": LONG_NAME}}]
        * 3,
    )
    for slug in ("practical", "privacy", "accessibility", "code-of-conduct"):
        make_page(
            event, slug, title=_both(LONG_WORD), summary=_both(LONG_ORGANISATION), body=_both(LONG_TEXT)
        )
    _long_people(event)
    _long_news()
    _lay_out_people(world, event)
    _lay_out_posts(world)
    _lay_out_desk(world, event)
    _add_organisers(world, event)
    under_way, draft = make_under_way(event), make_draft(event)
    for mailing in (under_way, draft):
        write(setattr, mailing, "restored_from", NOW)
    world.mailing = under_way.id
    world.letters = {
        "draft": draft.id,
        "sent": make_sent(event).id,
        "reminder": make_reminder(event).mailing_id,
    }
    world.task, world.cancelled = make_running(event).id, make_cancelled(event).id
    world.moved = make_moved(event).id
    world.question = _ask(event).id
    _write_down(event)


def _write_down(event: Event) -> None:
    """Add an organisation with long names, which forms suggest; merge another into it, and mark two as different."""
    written = Written(
        LONG_ORGANISATION,
        (LONG_WORD, LONG_NAME),
        (f"{LONG_WORD[:40].lower()}.example", "example.org"),
        cap=12,
        is_suggested=True,
    )
    by = {"actor": "command", "now": NOW}
    kept, merged, similar, other = (
        write(organisations.store, event, None, one, **by).organisation
        for one in (written, *(Written(f"{LONG_ORGANISATION[:180]} {end}", cap=3) for end in ("A", "B", "C")))
    )
    write(merging.merge, event, merged, kept, 14, **by)
    write(merging.tell_apart, similar, other, **by)


def _ask(event: Event) -> Question:
    """Add questions: with choices, dependent on these and in Swedish only, withdrawn, for a file, and for a line."""
    words = {"label": _both(LONG_WORD), "help": _both(LONG_ORGANISATION)}
    diet = make_question(event, "diet", choices=(LONG_WORD[:30], "other"), care=True, **words)
    make_question(event, "more", care=True, after=diet, values=["other"], label=Text(sv=LONG_NAME))
    make_question(event, "gone", withdrawn_at=NOW, label=_both(LONG_ORGANISATION))
    files = {"file_types": list(FileType), "most_megabytes": 5}
    make_question(event, "file", QuestionKind.FILE, label=_both(f"{LONG_ORGANISATION} 2"), **files)
    make_question(event, "line", label=_both(f"{LONG_WORD} 2"), help=_both(LONG_NAME))
    return diet


def fill_narrow(world: World) -> None:
    """Fill a test forum: the only place of justice is taken, technology is by invitation."""
    event = make_event(
        has_waiting_list=False,
        sectors=[
            make_sector("justice", ceiling=1),
            make_sector("tech", policy=SectorPolicy.INVITATION),
            make_sector("ngo"),
            make_sector("other", ceiling=0),
        ],
    )
    make_page(event, "privacy")
    confirmed(event, "justice")


def fill_closed(world: World) -> None:
    """Fill a test forum whose registration is over and whose event is tomorrow.

    A second event takes registrations, and has offered a place until a minute ago; all places of a third one are taken;
    a fourth one was unpublished, and a fifth one is cancelled.
    """
    starts = NOW + timedelta(days=1)
    make_event(opens_at=NOW - timedelta(days=90), closes_at=NOW - timedelta(days=1), starts_at=starts)
    name = Text(sv="Nordiskt forum i Oslo", en="Nordic Forum in Oslo")
    oslo = make_event(slug="oslo", is_current=False, name=name, short_name=name)
    world.tokens["offer over"] = _offer_in_vain(oslo)
    name = Text(sv="Nordiskt forum i Åbo", en="Nordic Forum in Turku")
    full = make_event(slug="turku", is_current=False, name=name, short_name=name, capacity=1)
    confirmed(full, now=NOW - timedelta(days=2))
    make_event(slug="hidden", is_current=False, is_published=False, unpublished_at=NOW)
    make_event(
        slug="snow",
        is_current=False,
        cancelled_at=NOW,
        cancel_reason=Text(sv="Lokalen har brunnit.", en="The venue has burnt down."),
    )
    make_user(Role.ADMIN, email="organiser@example.org")


def _offer_in_vain(event: Event) -> str:
    """Offer somebody a place until a minute ago, as if no worker ran; return the token of the person's link."""
    before, capacity = NOW - timedelta(hours=48, minutes=1), event.capacity
    write(setattr, event, "capacity", 1)
    holder, waiting = confirmed(event, now=before), confirmed(event, now=before)
    write(cancel, holder, actor="person", now=before)
    write(setattr, event, "capacity", capacity)
    start_write(db.session)
    # End the person's older links: otherwise the new personal link would first open a page with a button that ends
    # them.
    links.revoke(waiting, now=NOW)
    token = links.issue(waiting, TokenPurpose.MANAGE, now=NOW)
    db.session.commit()
    return token


def fill_upcoming(world: World) -> None:
    """Fill a test forum whose registration begins in two days, with an archived event."""
    make_event(opens_at=NOW + timedelta(days=2))
    make_archive()


def fill_over(world: World) -> None:
    """Fill a test forum whose event ended yesterday."""
    ends = NOW - timedelta(days=1)
    make_event(
        opens_at=NOW - timedelta(days=90),
        closes_at=NOW - timedelta(days=9),
        starts_at=ends - timedelta(days=1),
        ends_at=ends,
    )


def fill_draft(world: World) -> None:
    """Fill a test forum with an event as the console's form makes it, in Swedish."""
    plan = Plan(
        name="Nordiskt forum 2028",
        language="sv",
        first_day=date(2028, 11, 16),
        last_day=date(2028, 11, 17),
        timezone="Europe/Stockholm",
        place="Stockholm",
        capacity=250,
        template=SectorTemplate.NORDIC,
    )
    world.event = write(making.make_event, plan, actor="command", now=NOW).slug
    make_user(Role.ADMIN, email="organiser@example.org")


def fill_empty(world: World) -> None:
    """Fill a test forum without an event: with an admin and a viewer of all events."""
    make_user(Role.ADMIN, email="organiser@example.org")
    make_user(Role.VIEWER, email="viewer@example.org")


def _broken(**_values):
    raise RuntimeError("foreseen by nobody")


def _busy(**_values):
    raise OperationalError("SELECT 1", {}, Exception("database is locked"))


SETTINGS = {"narrow": {"REGISTRATIONS_PER_ADDRESS": "1 per hour"}}
BROKEN = {"narrow": {"crawlers.security_txt": _broken, "crawlers.robots": _busy}}
FILLINGS = {
    "demo": fill_demo,
    "long": fill_long,
    "narrow": fill_narrow,
    "closed": fill_closed,
    "upcoming": fill_upcoming,
    "over": fill_over,
    "draft": fill_draft,
    "empty": fill_empty,
}


def _propose_refusal(event: Event) -> str:
    """Propose, as an organiser, to decline a registration; return its reference."""
    person = confirmed(event, "other", now=NOW, organisation="Exempelstiftelsen", title="")
    told = {"reason": DeclineReason.OTHER, "words": "Anmäl dig i en annan sektor."}
    save(ProposedRefusal(registration_id=person.id, proposed_at=NOW, **told))
    return person.reference


def _merge_two(event: Event) -> str:
    """Merge two registrations of one person; return the reference of the kept one."""
    one, other = (
        confirmed(event, "other", now=NOW, organisation="Exempelstiftelsen") for _number in range(2)
    )
    write(uniting.unite, one, other, (), actor="command", now=NOW)
    return one.reference


def _lay_out_people(world: World, event: Event) -> None:
    """Make a personal link for each state of a registration, and confirming links before and after their use."""
    world.event = event.slug
    now_confirmed = confirmed(event, event.sectors[0].key, now=NOW, organisation=LONG_ORGANISATION)
    start_write(db.session)
    for status in Status:
        found = select(Registration).where(Registration.event_id == event.id, Registration.status == status)
        registration = db.session.scalars(found.order_by(Registration.id.desc())).first()
        if registration:
            links.revoke(registration, now=NOW)
            world.tokens[status] = links.issue(registration, TokenPurpose.MANAGE, now=NOW)
            world.people[status] = registration.reference
            if status == Status.CONFIRMED:
                notes.add_note(registration, "Spoke by telephone.", actor="command", now=NOW)
                asked = {
                    "email": "newer@example.org",
                    "asked_at": NOW,
                    "expires_at": NOW + timedelta(hours=48),
                }
                world.tokens["address"] = "y" * 43
                key = {"digest": digest("y" * 43), "registration_id": registration.id}
                db.session.add(AddressChange(**key, **asked))
                world.tokens["substitute"] = "s" * 43
                key = {"digest": digest("s" * 43), "registration_id": registration.id}
                db.session.add(Substitution(**key, **asked))
                notes.set_tags(registration, ["group-4", "press"], actor="command", now=NOW)
            if status == Status.OFFERED:
                bounced, event_id = SuppressionCause.BOUNCED, registration.event_id
                suppression.suppress(registration.email, bounced, event_id=event_id, code="5.1.1", now=NOW)
            if status == Status.PENDING:
                world.tokens["confirm"] = links.issue(registration, TokenPurpose.CONFIRM, now=NOW)
    later = NOW + timedelta(minutes=1)
    world.tokens["newer"] = links.issue(now_confirmed, TokenPurpose.MANAGE, now=later)
    world.tokens["already-confirmed"] = links.issue(now_confirmed, TokenPurpose.CONFIRM, now=NOW)
    world.tokens["everything"] = links.issue(now_confirmed, TokenPurpose.OWN_DATA, now=NOW)
    world.tokens["open"] = links.issue(now_confirmed, TokenPurpose.OWN_DATA_PAGE, now=NOW)
    waiting = Registration.status == Status.WAITING, Registration.event_id == event.id
    asking = db.session.scalars(select(Registration).where(*waiting).limit(1)).first() or now_confirmed
    request = privacy.ask(asking, now=NOW)
    db.session.commit()
    world.request = request.id
    _lay_out_restrictions(world, asking)
    _lay_out_invitations(world, event)
    _lay_out_delegations(world, event)
    _lay_out_followers(world, event)


def _lay_out_restrictions(world: World, asking: Registration) -> None:
    """Add an open objection of one person, and a granted restriction of another, whose registration has ended."""
    over = Registration.status == Status.CANCELLED, Registration.event_id == asking.event_id
    other = db.session.scalars(select(Registration).where(*over).limit(1)).first()
    words = "What is said about my work is not right.\n\nAnd I do not want to be found."
    world.objection = write(restricting.ask, asking, RestrictionKind.OBJECTION, words, now=NOW).id
    if other is not None:
        restricted = write(restricting.ask, other, RestrictionKind.RESTRICTION, words, now=NOW)
        write(restricting.grant, restricted, actor="command", now=NOW)
        world.restriction = restricted.id


def _lay_out_delegations(world: World, event: Event) -> None:
    """Add a delegation whose contact has confirmed it and asked somebody to come instead, and an unconfirmed one."""
    people = [
        Person("Bo", "Ek", "Jurist"),
        Person("Cia", "Dahl", "Chef", "cia@example.org"),
        Person("Dan", "", ""),
    ]
    for name, contact in (("contact", "contact@example.org"), ("delegation", "asking@example.org")):
        start_write(db.session)
        places.lock(event)
        who = Contact("Anna", "Berg", contact, LONG_ORGANISATION, "SE", "en")
        told = {"is_all_or_nobody": False, "form_key": name, "now": NOW}
        asking_for_delegation.ask(event, event.sectors[0], who, people, **told)
        asked = db.session.scalars(select(Delegation).where(Delegation.form_key == name)).one()
        world.tokens[name] = contact_links.issue(asked, ContactLink.CONFIRM, now=NOW)
        if name == "contact":
            world.tokens["confirmed delegation"] = world.tokens[name]
            admitting.confirm(world.tokens[name], now=NOW)
            instead = Person(
                "Gun", "", "", "a.very.long.address.of.a.newcomer@department.ministry.example.org"
            )
            contact_acts.let_come_instead(asked.people[0], instead, now=NOW)
            world.tokens[name] = contact_links.issue(asked, ContactLink.MANAGE, now=NOW)
            later = NOW + timedelta(minutes=1)
            world.tokens["newer of contact"] = contact_links.issue(asked, ContactLink.MANAGE, now=later)
        db.session.commit()


def _lay_out_followers(world: World, event: Event) -> None:
    """Add a follower of the news, with the link to the choices, and an address that has been asked to confirm."""
    make_follower(event, "colleague@example.org", language="sv", pace=Pace.WEEKLY)
    known = make_follower(event, "a.very.long.address.of.a.follower@department.ministry.example.org")
    asked = make_follower(event, "asked@example.org")
    start_write(db.session)
    asked.confirmed_at = None
    world.tokens["news confirm"] = news_links.issue(asked, FollowPurpose.CONFIRM, now=NOW)
    world.tokens["news choose"] = news_links.issue(known, FollowPurpose.CHOOSE, now=NOW)
    db.session.commit()


def _lay_out_invitations(world: World, event: Event) -> None:
    """Add invitations that are open, declined, expired and forwarded, each with its link."""
    sector, no = event.sectors[0].key, InvitationState.NO
    long = {"organisation": LONG_ORGANISATION}
    world.tokens |= {"invitation": "i" * 43, "declined invitation": "j" * 43, "expired invitation": "k" * 43}
    world.tokens |= {"colleague's invitation": "m" * 43, "invitation passed on": "n" * 43}
    told = {"state": no, "ended_at": NOW, "reason": "I am away then.", **long}
    ended = {"state": InvitationState.EXPIRED, "ended_at": NOW, "expires_at": NOW}
    opened = new_invitation(
        event, sector, "invited@example.org", token="i" * 43, opened_at=NOW, may_forward=True, **long
    )
    save(
        opened,
        new_invitation(event, sector, "declined@example.org", token="j" * 43, **told),
        new_invitation(event, sector, "expired@example.org", token="k" * 43, **ended),
        new_invitation(event, sector, "unsent@example.org"),
        new_invitation(event, sector, "paused@example.org", link_digest=f"{PAUSED_LINK}1"),
    )
    colleagues = new_invitation(event, sector, "colleague@example.org", from_colleague=True, token="m" * 43)
    save(colleagues)
    passed_on = {"state": InvitationState.FORWARDED, "ended_at": NOW, "forwarded_to": colleagues}
    save(new_invitation(event, sector, "away@example.org", token="n" * 43, **passed_on))
    world.invitation = opened.id
    _lay_out_import(world, event)


def _lay_out_import(world: World, event: Event) -> None:
    """Store an import, as if somebody was imported from a table and nothing has happened with the person since."""
    person, later = select(Registration.id).where(Registration.event_id == event.id), NOW + timedelta(hours=1)
    told = {
        "made_at": later,
        "people": 1,
        "sends_links": True,
        "headings": "x",
        "columns": {},
        "form_key": "x",
    }
    made = AttendeeImport(event_id=event.id, **told)
    save(made)
    number = db.session.scalars(person.order_by(Registration.id).limit(1)).one()
    save(ImportedPerson(registration_id=number, import_id=made.id, row_number=2, imported_at=later))
    world.imported = made.id


def _lay_out_tables(world: World, event: Event, user: User) -> None:
    """Store two long tables: one waits for the choice of its columns, one is imported except for a refused row."""
    rows = {"rows": [[2, ["Åse", "Ŋižžaŧ", "ase@example.org"]]]}
    refused = {"refused": [[7, "Sektor", "Forumet har ingen sektor ”Nowhere”"]]}
    for name, state, part in (("waits", TableState.SENT, rows), ("done", TableState.DONE, refused)):
        table = ImportTable(event_id=event.id, user_id=user.id, language="sv", people=700, hidden=0, parts=7)
        table.state, table.sent_at, table.moved_at = state, NOW, NOW
        save(table)
        write(kept_tables.write, table, kept_tables.HEADINGS, ["Förnamn", "Efternamn", "E-post"])
        write(kept_tables.write, table, 0, part)
        world.long_tables[name] = table.id


def _lay_out_running(world: World, event: Event, user: User) -> None:
    """Store a colleague's long table of which a quarter has been imported."""
    table = ImportTable(event_id=event.id, user_id=user.id, language="sv", people=700, hidden=0, parts=28)
    table.state, table.step, table.import_id = TableState.RUNNING, 7, world.imported or None
    table.sent_at = table.moved_at = NOW
    save(table)


def _lay_out_posts(world: World) -> None:
    """Store the URL values of a post with a content note and of one with a correction, in each language."""
    for text in db.session.scalars(select(PostText).join(Post).where(IS_ANNOUNCED)):
        published = text.post.published_at
        values = {"year": published.year, "month": published.month, "day": published.day, "slug": text.slug}
        world.posts[f"any-{text.language}"] = values
        if text.content_note:
            world.posts[f"note-{text.language}"] = values
        if text.post.corrections:
            world.posts[f"correction-{text.language}"] = values


def _lay_out_images(world: World, event: Event) -> None:
    """Add two images to the library; one is the cover of the public post that `world.desk` names."""
    for number, (width, height) in enumerate(((1600, 1000), (700, 900))):
        made = make(encoded(ring(width, height), "PNG"))
        key = made.key_for(event.slug)
        store.put(key, made.files)
        size = {"width": made.width, "height": made.height, "widths": made.widths, "has_avif": made.has_avif}
        alt = (_both("Lentokonesuihkuturbiinimoottori"), Text(sv="En ring av prickar", en="A ring of dots"))[
            number
        ]
        image = make_image(event, key=key, alt=alt, credit="Eva Exempel", **size)
        world.images["unused" if number else "used"] = {"key": key}
        if not number:
            start_write(db.session)
            db.session.get_one(Post, world.desk["public"]["post"]).cover = db.session.get(Image, image.id)
            db.session.commit()


def _lay_out_desk(world: World, event: Event) -> None:
    """Save a draft, a planned and a withdrawn post; change a public post and a page, so that they have revisions."""
    words = {"lead": LONG_NAME, "body": LONG_TEXT, "event_id": event.id}
    draft = make_post(("sv",), headline="Vad barnet behöver", **words, published_at=None, announced_at=None)
    planned = make_post(
        headline="Efter domen", **words, published_at=NOW + timedelta(days=30), announced_at=None
    )
    withdrawn = make_post(
        slug="withdrawn", headline="Det som drogs tillbaka", **words, published_at=None, announced_at=None
    )
    save(Withdrawal(post_id=withdrawn.id, made_at=NOW, published_at=NOW - timedelta(days=9)))
    ours = or_(Post.event_id == event.id, Post.event_id.is_(None))
    public = db.session.scalars(select(Post).where(IS_ANNOUNCED, ours).order_by(Post.id)).first() or draft
    start_write(db.session)
    said = Draft.of(public)
    texts = {code: {**text, "lead": f"{text['lead']} {LONG_WORD}"} for code, text in said.texts.items()}
    news.change(public, replace(said, texts=texts), user_id=None, actor="command", now=NOW)
    db.session.commit()
    kinds = {"draft": draft, "planned": planned, "withdrawn": withdrawn, "public": public}
    world.desk = {kind: {"post": post.id} for kind, post in kinds.items()}
    first = select(PostRevision.id).where(PostRevision.post_id == public.id).order_by(PostRevision.id)
    world.desk["revision"] = {"post": public.id, "number": db.session.scalars(first).first() or 0}
    _revise_page(world, event)
    for language in ("sv", "en"):
        world.posts[f"withdrawn-{language}"] = {
            "year": 2027,
            "month": 4,
            "day": 24,
            "slug": f"withdrawn-{language}",
        }


def _revise_page(world: World, event: Event) -> None:
    """Change a standing page, if the event has one, so that it has two revisions."""
    page = next(iter(event.pages), None)
    if page is None:
        return
    start_write(db.session)
    said = PageDraft.of(page)
    texts = {code: {**text, "summary": f"{text['summary']} {LONG_WORD}"} for code, text in said.texts.items()}
    standing.change(page, replace(said, texts=texts), user_id=None, actor="command", now=NOW)
    db.session.commit()
    first = page_revisions.of(page).list_all()[-1]
    world.desk["page"] = {"slug": page.slug}
    world.desk["page revision"] = {"slug": page.slug, "number": first.id}


def _add_organisers(world: World, event: Event) -> None:
    """Add organisers of many roles, and one each without authenticator, disabled and invited; store one-time links."""
    organiser = make_user(Role.ADMIN, email="organiser@example.org", totp_proposed=SECRET)
    _lay_out_tables(world, event, organiser)
    make_user(Role.ORGANISER, event, email="new@example.org", totp_secret=None, totp_proposed=SECRET)
    make_user(Role.DOOR, event, email="door@example.org")
    make_user(Role.PROTECTED_HANDLER, event, email="handler@example.org")
    make_user(Role.CARE, event, email="care@example.org")
    reviewer = make_user(Role.REVIEWER, event, email="reviewer@example.org")
    plain = make_user(Role.ORGANISER, event, email="plain@example.org")
    _lay_out_running(world, event, plain)
    disabled = make_user(Role.VIEWER, event, email="disabled@example.org", name="Disa Lund")
    write(management.disable, disabled, actor=f"user:{organiser.id}", now=NOW)
    unused = {"password_hash": None, "totp_secret": None}
    invited = make_user(
        Role.ORGANISER, event, email="invited@example.org", name="Ingrid Lagerström", **unused
    )
    world.desk |= {
        "disabled": {"number": disabled.id},
        "colleague": {"number": plain.id},
        "invited colleague": {"number": invited.id},
    }
    start_write(db.session)
    passkey = _add_passkey(organiser)
    world.desk["passkey"] = {"number": passkey.id}
    accounts.open_sign_in(plain, browser="Firefox, Linux", now=NOW)
    every = {sector.id for sector in event.sectors}
    reviewers.give(reviewer, event, every, actor="command", now=NOW)
    account_links.issue(invited, LinkPurpose.WELCOME, now=NOW)
    for purpose in (LinkPurpose.RESET, LinkPurpose.DEMO):
        world.tokens[purpose] = account_links.issue(organiser, purpose, now=NOW)
    for email in ("organiser@example.org", "new@example.org"):
        user = db.session.scalars(select(User).where(User.email == email)).one()
        world.tokens[f"waiting {email}"] = account_links.issue(user, LinkPurpose.SECOND_FACTOR, now=NOW)
    db.session.commit()


def _add_passkey(user: User) -> Passkey:
    key = {"credential_id": b"credential", "public_key": b"no key", "sign_count": 0}
    passkey = Passkey(user_id=user.id, name=f"{LONG_WORD} {LONG_WORD}"[:60], added_at=NOW, **key)
    db.session.add(passkey)
    db.session.flush()
    return passkey


def _long_sector(number: int):
    name = f"{number}. Tietoliikenneinfrastruktuuriyritykset ja lainsäädäntövaliokunnat"
    return make_sector(
        f"sector-{number}", position=number, name=_both(name), ceiling=1 if number == 2 else 50
    )


def _long_people(event: Event) -> None:
    names = {
        "given_name": LONG_NAME,
        "family_name": LONG_WORD,
        "organisation": LONG_ORGANISATION,
        "title": LONG_NAME,
    }
    for number, sector in enumerate(("sector-1", "sector-2", "sector-2", "sector-3")):
        own = {**names, "email": f"{number}.{EMAIL_OF_LENGTH}"}
        confirmed(event, sector, consents=frozenset({ConsentPurpose.PARTICIPANT_LIST}), **own)
    register(event, "sector-4", **names, email=f"p.{EMAIL_OF_LENGTH}")


def _long_news() -> None:
    tag, category = make_tag(f"#{LONG_WORD}{LONG_WORD}"[:80]), make_category("long", name=_both(LONG_NAME))
    for number in range(3):
        post = make_post(
            headline=f"{number}. {LONG_WORD} {LONG_ORGANISATION}"[:200],
            lead=f"{LONG_NAME}, {LONG_ORGANISATION}",
            label=LONG_WORD[:60],
            body=LONG_TEXT,
            content_note=f"{LONG_NAME} {LONG_WORD}",
            author=_both(LONG_ORGANISATION),
            has_help_box=True,
            published_at=NOW - timedelta(days=number + 1),
        )
        save(Correction(post_id=post.id, made_on=date(2027, 5, 2), text=_both(f"{LONG_NAME} {LONG_WORD}")))
        source = {"title": _both(LONG_ORGANISATION), "url": f"https://example.org/{LONG_NAME}/{LONG_WORD}"}
        save(Source(post_id=post.id, **source))
        start_write(db.session)
        post.tags, post.categories = [tag], [category]
        db.session.commit()


def _long_point() -> dict:
    return {"title": {"sv": LONG_WORD, "en": LONG_WORD}, "text": {"sv": LONG_NAME, "en": LONG_NAME}}


def _both(words: str) -> Text:
    return Text(sv=words, en=words)


LONG_TEXT = f"""
{LONG_NAME} {LONG_WORD} {LONG_ORGANISATION}

## {LONG_NAME} {LONG_WORD}

- {LONG_NAME}
- [{LONG_WORD}](https://example.org/{LONG_NAME})

### {LONG_WORD}

> {LONG_ORGANISATION}

| {LONG_WORD} | {LONG_NAME} |
|---|---|
| {LONG_NAME} | {LONG_ORGANISATION} |

https://example.org/{LONG_NAME}/{LONG_WORD}/{LONG_NAME}

```
{LONG_NAME} {LONG_NAME} {LONG_NAME}
```
"""
