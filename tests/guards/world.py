"""The canary world: rows of every kind, in two unrelated events and an unpublished one.

world = build(app)                    # in an app context, at NOW
world.canaries["zq17x"]               # Canary("registrations.given_name", "nf27"): the only column with this text
world.browsers["organiser of nf27"]   # a client of every audience, signed in or with a personal link

A canary is a unique text. Every text column of every table gets one by walking the metadata (tests/guards/texts.py):
a new column gets canaries without further work, and a new table fails the tests until the world has a row of it.
"""

from dataclasses import asdict, dataclass, field
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from forum.accounts import actions as accounts
from forum.accounts import links as account_links
from forum.accounts import sign_ins
from forum.accounts.enums import LinkPurpose, Role
from forum.accounts.models import (
    Autosave,
    KeptWords,
    Membership,
    Passkey,
    RecoveryCode,
    ReviewedSector,
    SignIn,
    User,
)
from forum.audit import actions as audit
from forum.audit.models import ChainCheck
from forum.columns import Text, digest
from forum.database import start_write
from forum.delegations import asking, contact_links
from forum.delegations.asking import Contact, Person
from forum.delegations.enums import ContactLink, DelegateState
from forum.delegations.models import Delegate, Delegation, Substitution
from forum.events import queries as events
from forum.events.enums import SectorPolicy
from forum.events.models import Event, PageRevision, PreviewLink
from forum.extensions import db
from forum.followers.enums import FollowPurpose
from forum.followers.models import Follower, FollowerLink, MailedPost, NewsMail
from forum.health import keys
from forum.health.models import WorkerClock
from forum.images import queries as images
from forum.images import store
from forum.imports.models import AttendeeImport, ImportedPerson
from forum.imports.table_models import ImportTable, ImportTablePart
from forum.invitations.enums import InvitationState
from forum.invitations.models import PAUSED_LINK
from forum.mailings.facts import facts_of, first_step, next_step
from forum.mailings.models import LeaveLink, Mailing, MailingRecipient, MailRefusal, Reminder
from forum.news.drafts import Draft
from forum.news.models import (
    Category,
    Correction,
    FormerSlug,
    OldAddress,
    Post,
    PostRevision,
    Source,
    Withdrawal,
)
from forum.organisations.models import Distinction, Merge
from forum.outbox import relay, suppression
from forum.outbox.enums import SuppressionCause
from forum.outbox.mail_text_models import MailText
from forum.outbox.models import MailPace, OutboxMessage, WorkerHeartbeat
from forum.participants.models import PublicBalance
from forum.participants.small_cells import protect
from forum.people.models import AddressChange, RegistrationNote, RegistrationTag
from forum.privacy.models import ErasureRequest
from forum.questions import queries
from forum.questions.enums import FileType, QuestionKind
from forum.questions.models import Answer, AnswerFile
from forum.registration import actions, by_hand, links, places, reviewing
from forum.registration.applicant import Details
from forum.registration.bare_hold_models import BareHold
from forum.registration.chosen_models import ChosenPerson
from forum.registration.enums import (
    ConsentPurpose,
    DeclineReason,
    ExportPurpose,
    ExportRecipient,
    ExportShape,
    OfferEnd,
    OfferMaker,
    TokenPurpose,
)
from forum.registration.given import care
from forum.registration.kept_answer_models import KeptAnswers
from forum.registration.kept_export_models import KeptExport, KeptExportPart
from forum.registration.list_column_models import ListColumns
from forum.registration.merge_models import RegistrationMerge
from forum.registration.models import CareAnswer, Registration, Submission
from forum.registration.offer_models import Offer
from forum.registration.organisation_models import Organisation, OrganisationCap, OrganisationMark
from forum.registration.own_sign_in import EVERYTHING
from forum.registration.restriction_models import RestrictionRequest
from forum.registration.reviewing import Refusal
from forum.registration.saved_view_models import SavedView
from forum.registration.senders import Sender
from forum.registration.sign_in_models import EndedSignIn
from forum.registration.tombstone_models import Tombstone
from forum.review.models import ProposedRefusal, Recusal
from forum.tasks.models import Task, TaskPerson
from tests.factories.events import NOW, make_archive, make_event, make_page, make_sector
from tests.factories.images import make_image
from tests.factories.invitations import new_invitation
from tests.factories.news import make_category, make_post, make_tag
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, register, register_elsewhere, write
from tests.factories.saving import save
from tests.guards import texts

HERE, ELSEWHERE, UNSEEN = "nf27", "nf16", "nf30"
# The token of the link by which the twin refuses messages from organisers.
LEAVING = "m" * 43
# The tokens of a follower of the news of the current event, by the endpoint that each opens.
FOLLOWING = {"confirm": "n" * 43, "choose": "o" * 43, "end": "o" * 43, "leave": "p" * 43}
# The keys of an image of each event, and of one image of the current event that no page shows.
IMAGES = {HERE: "a" * 16, ELSEWHERE: "b" * 16, UNSEEN: "c" * 16}
UNUSED_IMAGE = "d" * 16
ADMIN, VISITOR, PERSON, DECLINED = "admin", "visitor", "person", "declined"
AUDIENCE = "tests.audience"  # the WSGI variable that says for whom (admin, visitor …) a test's browser asks
# Roles that no test account has at the event `ELSEWHERE`. The account of an organiser of that event stands for them: a
# page of the event `HERE` that refuses this account refuses accounts with these roles, too.
NARROW = (Role.REGISTRAR, Role.REVIEWER, Role.VIEWER, Role.EDITOR)
# The sector whose people the test's reviewer decides about; the reviewer sees no other sector.
REVIEWED = "ngo"
HANDLER = f"{Role.PROTECTED_HANDLER} of {HERE}"
POINT = {"title": {"sv": "Rubrik", "en": "Title"}, "text": {"sv": "Text", "en": "Text"}}
DATED = {"day": 1, **POINT}
HELP_LINE = {
    "country": "SE",
    "emergency": "112",
    "police": "114 14",
    "children": "116 111",
    "report": {"name": {"sv": "Tipsa", "en": "Report"}, "url": "https://example.org/report"},
}
ORGANISER = {
    "organiser_name": Text(sv="Kansliet", en="The office"),
    "organiser_address": {"street": "Gatan 1", "postal_code": "111 22", "town": "Staden", "country": "SE"},
    "organiser_phone": "+46 8 465 004 40",
    "organiser_url": "https://example.org/office",
    "organiser_logo": "img/ring.svg",
}
PAGE_TEXT = {"title": "Title", "summary": "Summary", "body": "Body"}
CONTACT = {"name": "Name", "role": {"sv": "Roll", "en": "Role"}, "email": "a@example.org", "phone": "112"}
FACT = {"label": {"sv": "När", "en": "When"}, "value": {"sv": "Då", "en": "Then"}}
CONSENTS = frozenset(ConsentPurpose)
SOMEWHERE = Sender(client="a network address", most_held=1)

# The keys of the files that people have uploaded.
FILES = {PERSON: "a" * 32, "twin": "b" * 32, "elsewhere": "c" * 32}

# By the name of the session's cookie, then by audience: the cookies of a browser, as Werkzeug's client keeps them.
Cookies = dict[str, dict[str, dict]]


@dataclass
class World:
    """The test data: `person` has a protected identity, `twin` has equal data without protection."""

    app: Flask
    events: dict[str, Event] = field(default_factory=dict)
    # Database objects of the session that built the test data; other sessions must load their own.
    people: dict[str, Registration] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    browsers: dict[str, FlaskClient] = field(default_factory=dict)
    # By audience: the organiser's roles, each with the event's slug; None stands for all events.
    held: dict[str, set[tuple[Role, str | None]]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    # By audience, then by table: the ids of the audience's own rows.
    owned: dict[str, dict[str, set[int]]] = field(default_factory=dict)
    unpublished: set[int] = field(default_factory=set)  # ids of unpublished posts
    listed: set[int] = field(default_factory=set)  # ids of registrations that the public list shows
    reviewed: set[int] = field(default_factory=set)  # ids of registrations in the reviewer's sector
    canaries: dict[str, texts.Canary] = field(default_factory=dict)


def build(app: Flask, write_text: texts.Writer) -> World:
    """Fill an empty database; `write_text` makes the text for each text column."""
    world = World(app)
    _make_events(world)
    _make_news(world)
    _make_questions(world)
    _make_organisations(world)
    _make_people(world)
    _ask_for_erasure(world)
    _make_invitations(world)
    _make_delegations(world)
    _make_mailings(world)
    _make_tasks(world)
    _keep_answers(world)
    _make_accounts(world)
    _make_reviews(world)
    world.reviewed = _ids_in_sector(world)
    world.canaries = texts.fill(write_text)
    _mark_address(world)
    return world


def _mark_address(world: World) -> None:
    """Mark two people's addresses, which were changed a moment ago, as addresses from which mail comes back."""
    start_write(db.session)
    for name in (PERSON, "twin"):
        person, bounced = find_registration(world, name), SuppressionCause.BOUNCED
        suppression.suppress(person.email, bounced, event_id=person.event_id, code="5.1.1", now=NOW)
    db.session.commit()


def _ids_in_sector(world: World) -> set[int]:
    sector = events.find_sector(world.events[HERE], REVIEWED)
    return set(db.session.scalars(select(Registration.id).where(Registration.sector_id == sector.id)))


def store_images(app: Flask) -> None:
    """Put files for the images of the test data into the app's store; the files' content does not matter."""
    with app.app_context():
        for key in (*IMAGES.values(), UNUSED_IMAGE):
            store.put(key, dict.fromkeys(("original.jpg", "400.jpg", "400.webp"), b"an image"))


def find_registration(world: World, name: str) -> Registration:
    """Return the registration of a person in the test data; needs an app context."""
    query = select(Registration).where(Registration.reference == world.references[name])
    return db.session.scalars(query).one()


def open_browsers(world: World, cookies: Cookies) -> World:
    """Open a browser for every audience: signed in, with a personal link opened, or neither.

    `cookies` keeps the cookies of the first browsers of this test data. Later browsers get them, because opening links
    and signing in takes longer than many a test.
    """
    world.browsers = {name: world.app.test_client() for name in (VISITOR, PERSON, *world.held)}
    for name, browser in world.browsers.items():
        browser.environ_base[AUDIENCE] = name
    # On a site with an https URL the session's cookie has another name, so the cookies of both kinds are kept apart.
    kind = world.app.config["SESSION_COOKIE_NAME"]
    if kind not in cookies:
        _let_in(world)
        cookies[kind] = {name: dict(browser._cookies) for name, browser in world.browsers.items()}
    for name, browser in world.browsers.items():
        browser._cookies.update(cookies[kind][name])
    return world


def _let_in(world: World) -> None:
    world.browsers[PERSON].get(f"/en/r/{world.tokens[PERSON]}")
    world.browsers[PERSON].get(f"/en/r/delegation/{world.tokens[f'delegation of {PERSON}']}")
    with world.browsers[PERSON].session_transaction() as session:
        session[EVERYTHING] = digest(world.tokens["open"])
    for name in world.held:
        with world.browsers[name].session_transaction() as session:
            session[sign_ins.TOKEN] = world.tokens[name]


def _make_events(world: World) -> None:
    rich = {
        "programme_points": [POINT, DATED],
        "facts": [FACT],
        "hotline_url": "https://example.org/hotline",
        "help_lines": [HELP_LINE],
        **ORGANISER,
        "accent_light": "#14463f",
        "accent_dark": "#93d3c5",
        "map_url": "https://example.org/map",
        "directions": Text(sv="Hit", en="Here"),
        "contacts": [CONTACT],
    }
    here = make_event(slug=HERE, sectors=_sectors(here=True), capacity=6, participant_list="public", **rich)
    elsewhere = make_archive(
        slug=ELSEWHERE, sectors=_sectors(), capacity=6, participant_list="participants", **rich
    )
    unseen = make_archive(slug=UNSEEN, is_published=False, sectors=_sectors(), capacity=6, **rich)
    world.events = {HERE: here, ELSEWHERE: elsewhere, UNSEEN: unseen}
    for event in world.events.values():
        page = make_page(event, "practical")
        save(PageRevision(page_id=page.id, made_at=NOW, content={"texts": {"en": PAGE_TEXT}}))
        make_page(event, "privacy")
        make_page(event, "about")
        make_image(event, key=IMAGES[event.slug], widths=[400], credit="Somebody")
        link = PreviewLink(event_id=event.id, digest=digest(event.slug), made_at=NOW)
        link.expires_at = NOW + timedelta(days=7)
        save(link)
        counted = protect({("ngo", "SE"): 9, ("tech", "SE"): 7}, ["ngo", "tech"], ["SE"])
        told = {**asdict(counted), "counted_at": NOW.isoformat(), "earlier": []}
        save(PublicBalance(event_id=event.id, numbers=told, counted_at=NOW, is_shown=True))
    make_image(here, key=UNUSED_IMAGE, widths=[400])
    save(WorkerHeartbeat(name="worker-1", seen_at=NOW))
    save(WorkerClock(id=1, seen_at=NOW, steady_since=NOW))
    save(MailPace(domain="example.org", free_at=NOW.timestamp()))
    save(ChainCheck(id=1, entries=1, ended_at=NOW - timedelta(days=1), whole_at=NOW - timedelta(days=1)))
    keys.remember()


def _sectors(*, here: bool = False) -> list:
    full = make_sector("tech", ceiling=1, position=2)
    return [make_sector("ngo", floor=6 if here else 0, ceiling=6, position=1), full]


def _make_news(world: World) -> None:
    category = make_category("reports")
    make_category("talks")
    tag = make_tag("#Nätet", aliases=("natet",), names=Text(sv="#Nätet", en="#Nätet"))
    # This hashtag has no translations, so it has the same name in each language.
    nowhere_named = make_tag("#Barn")
    words = {
        "content_note": "A note.",
        "action_label": "Register",
        "action_url": "https://example.org/register",
        "categories": [category],
        "tags": [tag, nowhere_named],
        "event_id": world.events[HERE].id,
    }
    public = make_post(slug="public", key="public", cover=images.find(IMAGES[HERE]), **words)
    for key, published_at in (("draft", None), ("future", NOW + timedelta(days=30))):
        world.unpublished.add(
            make_post(
                slug=key,
                key=key,
                published_at=published_at,
                content_note="A note.",
                event_id=world.events[HERE].id,
            ).id
        )
    both = Text(sv="Text", en="Text")
    save(
        Correction(post_id=public.id, made_on=NOW.date(), text=both),
        Source(post_id=public.id, title=both, url="https://example.org/source"),
        FormerSlug(language="en", slug="older-en", post_id=public.id),
        OldAddress(path="/old", language="en", post_id=public.id),
    )
    withdrawn = make_post(slug="withdrawn", key="withdrawn", published_at=None, announced_at=None)
    world.unpublished.add(withdrawn.id)
    save(Withdrawal(post_id=withdrawn.id, made_at=NOW, published_at=NOW))
    for slug, event in world.events.items():
        written = public
        if slug != HERE:
            own = {"slug": slug, "key": slug, "event_id": event.id, "published_at": None}
            written = make_post(announced_at=None, **own)
            world.unpublished.add(written.id)
        save(PostRevision(post_id=written.id, made_at=NOW, content=_revised(slug)))


def _revised(slug: str) -> dict:
    said = {"headline": "Headline", "lead": "Lead", "body": "Body", "author": "Author"}
    return Draft(texts={"sv": said, "en": said}, event=slug, tags=["#Barn"]).values()


def _make_questions(world: World) -> None:
    """Add to each event an ordinary question, and one about diet and access with choices."""
    for event in world.events.values():
        make_question(event, "arrival")
        make_question(event, "diet", choices=("vegetarian", "gluten"), care=True)
        make_question(event, "cv", QuestionKind.FILE, file_types=["pdf", "picture"], most_megabytes=1)


def _make_organisations(world: World) -> None:
    """Add to each event an organisation with an alias and a mail domain, which forms do not suggest."""
    for event in world.events.values():
        organisation = save(Organisation(event_id=event.id, name="Polisen", key="polisen", cap=5))
        of_it = {"event_id": event.id, "organisation_id": organisation.id}
        for kind, value in (("name", "polisen"), ("name", "police"), ("domain", "police.example")):
            save(OrganisationMark(kind=kind, value=value, written=value, **of_it))
        _make_pairs(event, organisation)
        save(OrganisationCap(organisation_id=organisation.id, sector_id=event.sectors[0].id, cap=4))


def _make_pairs(event: Event, organisation: Organisation) -> None:
    """Merge an organisation into the event's first one, and mark another one as different from it."""
    merged, other = (
        save(Organisation(event_id=event.id, name=name, key=name.lower(), counts_as_id=counts_as))
        for name, counts_as in (("Polisenn", organisation.id), ("Polisens", None))
    )
    for one in (merged, other):
        of_it = {"event_id": event.id, "organisation_id": one.id}
        save(OrganisationMark(kind="name", value=one.key, written=one.name, **of_it))
    save(Merge(merged_id=merged.id, kept_id=organisation.id, merged_at=NOW, cap_before=4, cap_after=5))
    save(Distinction(older_id=organisation.id, younger_id=other.id))


def _make_people(world: World) -> None:
    here = world.events[HERE]
    given = {"consents": CONSENTS, "phone": "+46 8 123 45 67"}
    world.people = {
        PERSON: confirmed(here, "ngo", is_protected=True, real_name="Real Name", **given),
        "twin": confirmed(here, "ngo", **given),
        "pending": register(here, "ngo", sender=SOMEWHERE, **given),
        "waiting": confirmed(here, "tech", **given),
        "cancelled": confirmed(here, "ngo", **given),
        "elsewhere": register_elsewhere(
            world.events[ELSEWHERE], "ngo", is_protected=True, real_name="Other", **given
        ),
    }
    write(actions.cancel, world.people["cancelled"], actor="command", now=NOW)
    _review_people(world, given)
    world.references = {name: person.reference for name, person in world.people.items()}
    for name, purpose in (
        (PERSON, TokenPurpose.MANAGE),
        (DECLINED, TokenPurpose.MANAGE),
        ("elsewhere", TokenPurpose.MANAGE),
        ("pending", TokenPurpose.CONFIRM),
    ):
        world.tokens[name] = write(links.issue, world.people[name], purpose, now=NOW)
    world.tokens["open"] = write(links.issue, world.people[PERSON], TokenPurpose.OWN_DATA_PAGE, now=NOW)
    world.tokens["everything"] = write(links.issue, world.people["twin"], TokenPurpose.OWN_DATA, now=NOW)
    later = NOW + timedelta(minutes=1)
    world.tokens["feed"] = write(links.issue, world.people["twin"], TokenPurpose.CALENDAR, now=NOW)
    world.tokens["newer"] = write(links.issue, world.people["twin"], TokenPurpose.MANAGE, now=later)
    world.listed = {world.people[name].id for name in (PERSON, "twin")}
    own = world.people[PERSON]
    _make_offers(world)
    _import_some(world)
    _keep_files(world)
    world.owned[DECLINED] = _rows_of(world.people[DECLINED])
    world.owned[PERSON] = _rows_of(own) | {
        "offers": set(db.session.scalars(select(Offer.id).where(Offer.registration_id == own.id))),
        "answers": {own.id},
        "answer_files": {FILES[PERSON]},
        "protected_identities": {own.id},
        "care_answers": {own.id},
    }
    for name in (PERSON, "twin", "pending", "elsewhere"):
        person = world.people[name]
        asked = next(question for question in queries.list_all(person.event_id) if question.key == "arrival")
        save(Answer(registration_id=person.id, question_id=asked.id, value="By train"))
    start_write(db.session)
    sent = select(Submission).where(Submission.registration_id == world.people["pending"].id)
    db.session.scalars(sent).one().given = {"arrival": "By train"}
    for name in (PERSON, "elsewhere"):
        told = care({"diet": ["Diet"]}, now=NOW)
        db.session.get_one(CareAnswer, world.people[name].id).answer = told
    for name in (PERSON, "twin", "elsewhere"):
        noted = world.people[name]
        note = RegistrationNote(registration_id=noted.id, text="Note", made_at=NOW)
        db.session.add_all(
            [note, RegistrationTag(registration_id=noted.id, name="tag", event_id=noted.event_id)]
        )
        db.session.flush()
        if name == PERSON:
            world.owned[PERSON] |= {"registration_notes": {note.id}, "registration_tags": {noted.id}}
    asked = {"asked_at": NOW, "expires_at": NOW + timedelta(hours=48), "email": "newer@example.org"}
    world.tokens["new address"] = "y" * 43
    db.session.add(AddressChange(digest=digest("y" * 43), registration_id=world.people["twin"].id, **asked))
    _name_substitutes(world)
    _merge_two(world)
    left = EndedSignIn(digest=digest("a sign-in"), registration_id=own.id, ends_at=NOW + timedelta(hours=12))
    db.session.add(left)
    db.session.commit()
    start_write(db.session)
    for message in db.session.scalars(select(OutboxMessage)):
        message.last_error, message.lease_owner = "451 try later", "worker-1"
    relay.pause("no route to the mail server", now=NOW)
    failed = {world.people[name].id for name in ("twin", "elsewhere")}
    for message in db.session.scalars(select(OutboxMessage).where(OutboxMessage.registration_id.in_(failed))):
        message.status = "failed"
    db.session.commit()


def _rows_of(person: Registration) -> dict[str, set[int]]:
    """Return by table the ids of the person's registration, mails and consents."""
    mails = select(OutboxMessage.id).where(OutboxMessage.registration_id == person.id)
    return {
        "registrations": {person.id},
        "outbox_messages": set(db.session.scalars(mails)),
        "consents": {consent.id for consent in person.consents},
    }


def _name_substitutes(world: World) -> None:
    """Let the contacts of some people's delegations name the same colleague as their substitute."""
    for number, name in enumerate((PERSON, "twin", "elsewhere")):
        world.tokens[f"substitute of {name}"] = token = f"{number}" * 43
        named = Substitution(registration_id=world.people[name].id, digest=digest(token))
        named.email, named.asked_at, named.expires_at = "instead@example.org", NOW, NOW + timedelta(hours=48)
        named.is_by_contact = True
        db.session.add(named)
        db.session.flush()
        if name == PERSON:
            world.owned[PERSON] |= {"substitutions": {named.id}}


def _keep_files(world: World) -> None:
    """Store a file for some people, and one file of an unfinished form."""
    content = {"file_type": FileType.PDF, "size": 4, "content": b"%PDF", "received_at": NOW}
    for name in (PERSON, "twin", "elsewhere"):
        person = world.people[name]
        asked = next(question for question in queries.list_all(person.event_id) if question.key == "cv")
        save(AnswerFile(key=FILES[name], registration_id=person.id, question_id=asked.id, **content))
    unsent = {"asked_from": "a network address", "ends_at": NOW + timedelta(days=1)}
    save(AnswerFile(key="d" * 32, question_id=asked.id, **unsent, **content))


def _merge_two(world: World) -> None:
    """Merge the cancelled registration into the waiting one."""
    both = {"kept_id": world.people["waiting"].id, "ended_id": world.people["cancelled"].id}
    lists = {name: [] for name in ("notes", "tags", "withdrawn", "added")}
    identity = {"is_protected": False, "real_name": None, "recorded_at": None}
    before = {"values": {"title": "Before"}, "identity": identity, **lists}
    care = {"given": {"diet": "Before"}, "recorded_at": None}
    db.session.add(
        RegistrationMerge(ended_from="confirmed", merged_at=NOW, before=before, care_before=care, **both)
    )


def _import_some(world: World) -> None:
    """Store imports of two people each, one of whom is deleted since; such an import cannot be undone."""
    for name in ("twin", "elsewhere"):
        person, table = world.people[name], {"headings": "x", "columns": {"email": 0}, "form_key": name}
        counted = {"made_at": NOW, "people": 2, "sends_links": False}
        made = save(AttendeeImport(event_id=person.event_id, **counted, **table))
        save(ImportedPerson(registration_id=person.id, import_id=made.id, row_number=2, imported_at=NOW))


def _make_offers(world: World) -> None:
    """Make some people accept a place that was offered to them by hand."""
    ended = {"ended_at": NOW, "ended_how": OfferEnd.ACCEPTED}
    why = {"order": "time", "because": "hand", "rank": 1, "below": 0}
    for name in (PERSON, "twin", "elsewhere"):
        offer = Offer(registration_id=world.people[name].id, made_at=NOW, expires_at=NOW, why=why, **ended)
        offer.made_by, offer.reason = OfferMaker.ORGANISER, "Speaks"
        save(offer)


def _ask_for_erasure(world: World) -> None:
    """Add requests for erasure and objections of some people, and the tombstone of somebody erased."""
    save(Tombstone(digest=digest("erased"), address=digest("an address"), key="0" * 16, erased_at=NOW))
    moments = {"asked_at": NOW, "due_at": NOW + timedelta(days=31)}
    for name in (PERSON, "twin", "elsewhere"):
        asking = {"event_id": world.people[name].event_id, "registration_id": world.people[name].id}
        request = save(ErasureRequest(state="open", reason="Because", **asking, **moments))
        objection = {"kind": "objection", "words": "Because", "reason": "Because", **asking, **moments}
        asked = save(RestrictionRequest(state="declined", decided_at=NOW, **objection))
        if name == PERSON:
            world.owned[PERSON]["erasure_requests"] = {request.id}
            world.owned[PERSON]["restriction_requests"] = {asked.id}
    for name, state, decided_at in ((DECLINED, "granted", NOW), ("reviewed", "open", None)):
        one = world.people[name]
        whose = {"event_id": one.event_id, "registration_id": one.id, "kind": "restriction"}
        whose["decided_at"] = decided_at
        save(RestrictionRequest(state=state, words="Because", **whose, **moments))


def _make_invitations(world: World) -> None:
    """Add an accepted invitation for some people, and an open one for each event with people."""
    ended = {"state": InvitationState.YES, "ended_at": NOW, "opened_at": NOW, "reason": "Because"}
    for name in (PERSON, "twin", "elsewhere"):
        person = world.people[name]
        of_person = {"registration_id": person.id, "token": f"invitation of {name}", **ended}
        accepted = save(new_invitation(person.event, "ngo", person.email, **of_person))
        if name == PERSON:
            world.owned[PERSON]["invitations"] = {accepted.id}
    world.tokens["invitation"] = "i" * 43
    reminded = {"reminded_at": NOW, "reminder_digest": digest("k" * 43)}
    save(new_invitation(world.events[HERE], "ngo", "invited@example.org", token="i" * 43, may_forward=True))
    save(new_invitation(world.events[HERE], "ngo", "paused@example.org", link_digest=f"{PAUSED_LINK}1"))
    save(new_invitation(world.events[ELSEWHERE], "ngo", "invited@example.org", token="j" * 43, **reminded))


def _make_delegations(world: World) -> None:
    """Add delegations of contacts; `person` has a browser that is signed in as a contact."""
    alone = Person("Companion", "", "")
    for name in (PERSON, "twin", "elsewhere"):
        person = world.people[name]
        delegation = Delegation(event=person.event, sector=events.find_sector(person.event, "ngo"))
        delegation.given_name, delegation.family_name, delegation.organisation = "Anna", "Berg", "Office"
        delegation.email = delegation.email_canonical = f"contact.{name}@example.org"
        delegation.country, delegation.language, delegation.form_key = "SE", "en", f"form of {name}"
        delegation.is_all_or_nobody, delegation.asked_at, delegation.confirmed_at = False, NOW, NOW
        delegation.confirm_by = NOW + timedelta(hours=48)
        known = Delegate(position=1, registration=person, state=DelegateState.REGISTERED, told="told")
        asked = Delegate(position=2, **vars(alone), state=DelegateState.ASKED, told="told")
        known.given_name = known.family_name = known.title = known.email = ""
        delegation.people = [known, asked]
        save(delegation)
        start_write(db.session)
        if name == PERSON:
            _hold_place_of(asked, delegation)
        known.typed = asdict(alone)
        world.tokens[f"delegation of {name}"] = contact_links.issue(delegation, ContactLink.MANAGE, now=NOW)
        later = NOW + timedelta(minutes=1)
        newer = contact_links.issue(delegation, ContactLink.MANAGE, now=later)
        world.tokens[f"newer delegation of {name}"] = newer
        world.tokens[f"form of {name}"] = contact_links.issue(delegation, ContactLink.CONFIRM, now=NOW)
        db.session.commit()
        if name == PERSON:
            _add_companion(world, delegation)
            world.owned[PERSON] |= {"delegates": {known.id, asked.id}, "delegations": {delegation.id}}
    _ask_for_delegation(world)


def _hold_place_of(asked: Delegate, delegation: Delegation) -> None:
    """Hold a place for a person who is asked and whose address is registered already."""
    until = delegation.confirm_by
    asked.bare_hold = BareHold(
        event=delegation.event,
        sector=delegation.sector,
        organisation_key="office",
        requested_at=NOW,
        confirm_by=until,
        held_until=until,
        asked_from="a network address",
    )
    places.set_apart(delegation.sector)
    delegation.sector.taken += 1
    delegation.event.taken += 1


def _add_companion(world: World, delegation: Delegation) -> None:
    """Add to the delegation a person without an address, whose registration the contact manages."""
    details = Details("Companion", "", "Office", "", "SE", "en", None)
    companion = write(
        by_hand.add,
        delegation.event,
        delegation.sector,
        details,
        reason="Delegation",
        may_wait=True,
        actor="command",
        now=NOW,
    )
    world.people["companion"], world.references["companion"] = companion, companion.reference
    start_write(db.session)
    told = {"given_name": "", "family_name": "", "title": "", "email": "", "told": companion.status}
    one = Delegate(position=3, registration=companion, state=DelegateState.REGISTERED, **told)
    delegation.people.append(one)
    db.session.commit()
    world.owned[PERSON]["registrations"] |= {companion.id}


def _ask_for_delegation(world: World) -> None:
    """Add a delegation that its contact has not confirmed yet."""
    here = world.events[HERE]
    contact = Contact("Anna", "Berg", "asking@example.org", "Office", "SE", "en")
    people = [Person("Kim", "Lind", "Clerk", "kim.lind@example.org"), Person("Bo", "Ek", "Clerk")]
    start_write(db.session)
    places.lock(here)
    sector = events.find_sector(here, "ngo")
    asking.ask(here, sector, contact, people, is_all_or_nobody=False, form_key="asked", now=NOW)
    mine = db.session.scalars(select(Delegation).where(Delegation.form_key == "asked")).one()
    world.tokens["asked delegation"] = contact_links.issue(mine, ContactLink.CONFIRM, now=NOW)
    db.session.commit()


def _review_people(world: World, given: dict) -> None:
    """Put people into review, and decline one of them."""
    here = world.events[HERE]
    ngo = events.find_sector(here, "ngo")
    write(setattr, ngo, "policy", SectorPolicy.REVIEW)
    for name in ("reviewed", "proposed", DECLINED):
        world.people[name] = confirmed(here, "ngo", **given)
    write(setattr, ngo, "policy", SectorPolicy.OPEN)
    refusal = Refusal(DeclineReason.OTHER, "Words")
    write(reviewing.decline, world.people[DECLINED], refusal, actor="command", now=NOW)


def _make_reviews(world: World) -> None:
    """Add a refusal that an organiser has proposed, and another organiser who leaves a decision to others."""
    told = {"reason": DeclineReason.OTHER, "words": "Words", "proposed_at": NOW}
    proposer, other = sorted(
        next(iter(world.owned[f"{Role.ORGANISER} of {slug}"]["users"])) for slug in (HERE, ELSEWHERE)
    )
    person = world.people["proposed"]
    save(
        ProposedRefusal(registration_id=person.id, proposed_by=proposer, **told),
        Recusal(registration_id=person.id, user_id=other, recused_at=NOW),
    )


def _make_mailings(world: World) -> None:
    """Add for each event a mailing that was sent to a person, and a newer one that is not sent yet."""
    people = {HERE: world.people["twin"], ELSEWHERE: world.people["elsewhere"], UNSEEN: None}
    for slug, event in world.events.items():
        was = {**facts_of(event), "place": {"sv": "Då", "en": "Then"}}
        told = {
            "steps": [first_step(was), next_step(facts_of(event), NOW)],
            "words": Text(sv="Ord", en="Words"),
        }
        moments = {"changed_at": NOW, "proposed_at": NOW}
        sent = Mailing(event_id=event.id, kind="event_changed", status="done", people=1, **told, **moments)
        save(sent, Mailing(event_id=event.id, kind="event_changed", status="proposed", **told, **moments))
        if person := people[slug]:
            save(MailingRecipient(mailing_id=sent.id, registration_id=person.id, status="queued"))
        _make_own_mailings(event, person)
        _change_mail_text(event)
    save(MailRefusal(category="messages", digest="d" * 64, refused_at=NOW))
    save(LeaveLink(digest="1" * 64, address_digest="2" * 64, ends_at=NOW))
    for event in world.events.values():
        _follow_news(event)


def _follow_news(event: Event) -> None:
    """Add a follower of the event's news, who has got a post by mail and has chosen a category."""
    email = f"follower-of-{event.slug}@example.org"
    told = {"email": email, "email_canonical": email, "language": "en", "pace": "weekly", "has_every": False}
    follower = Follower(event_id=event.id, asked_at=NOW, confirmed_at=NOW, **told)
    follower.categories = list(db.session.scalars(select(Category).limit(1)))
    save(follower)
    if event.slug == HERE:
        tokens = {each: FOLLOWING[each.value] for each in FollowPurpose}
        save(
            *(
                FollowerLink(follower_id=follower.id, purpose=each, digest=digest(token), made_at=NOW)
                for each, token in tokens.items()
            )
        )
    post = db.session.scalars(select(Post).where(Post.announced_at.is_not(None)).order_by(Post.id)).first()
    if db.session.get(MailedPost, post.id) is None:
        save(MailedPost(post_id=post.id, announced_at=post.announced_at))
    save(NewsMail(post_id=post.id, follower_id=follower.id, status="queued", made_at=NOW))


def _make_own_mailings(event: Event, person: Registration | None) -> None:
    """Add a draft of a message in the organisers' own words, and one that was sent to a person."""
    told = {
        "kind": "own_words",
        "steps": [],
        "audience": {},
        "subjects": Text(sv="Ämne", en="Subject"),
        "words": Text(sv="Brev", en="Letter"),
        "changed_at": NOW,
        "proposed_at": NOW,
    }
    sent = Mailing(event_id=event.id, status="done", people=1, started_at=NOW, begins_at=NOW, **told)
    save(sent, Mailing(event_id=event.id, status="proposed", **told))
    planned = Mailing(event_id=event.id, status="proposed", **told)
    save(planned)
    save(Reminder(mailing_id=planned.id, anchor="start", days=3, hour=9, planned_at=NOW))
    if person:
        leave_digest = digest(LEAVING) if event.slug == HERE else None
        own = {"mailing_id": sent.id, "registration_id": person.id, "status": "queued"}
        save(MailingRecipient(**own, leave_digest=leave_digest))


def _change_mail_text(event: Event) -> None:
    """Change the words of the mail that offers a place, in Swedish."""
    text = MailText(event_id=event.id, kind="offered", language="sv", standard="0" * 32, changed_at=NOW)
    text.subject, text.opening, text.closing = "Ämne", "Plats till {deadline}", "Slut"
    save(text)


def _make_tasks(world: World) -> None:
    """Add a stopped task to each event; where the event has people, the task has left one of them unchanged."""
    people = {HERE: world.people["twin"], ELSEWHERE: world.people["elsewhere"]}
    for slug, event in world.events.items():
        task = Task(event_id=event.id, kind="tag", status="stopped", payload={"tags": ["press"]}, people=1)
        task.form_key, task.started_at, task.ended_at = slug, NOW, NOW
        save(task)
        if person := people.get(slug):
            save(TaskPerson(task_id=task.id, registration_id=person.id, outcome="too_many_tags", done_at=NOW))


def _keep_answers(world: World) -> None:
    """Add for each event long answers of a form that somebody is filling in."""
    for slug, event in world.events.items():
        kept = KeptAnswers(digest=digest(f"answers {slug}"), event_id=event.id)
        kept.ends_at, kept.content = NOW + timedelta(hours=1), b"encrypted with the key of the cookie"
        save(kept)


def _keep_export(world: World, user: User) -> None:
    """Add a list with nobody in it that the worker has made for this organiser."""
    made = KeptExport(event_id=world.events[HERE].id, user_id=user.id, language="en", columns=[], headings=[])
    made.purpose, made.recipient, made.shape = ExportPurpose.DOOR, ExportRecipient.OFFICE, ExportShape.CSV
    made.people, made.total, made.asked_at, made.ready_at = [], 0, NOW, NOW
    save(made)
    part = KeptExportPart(export_id=made.id, number=0)
    part.content = b"[]"
    save(part)


def _keep_table(event: Event, user: User) -> None:
    """Add a long table with nobody in it, of which this organiser has not chosen the columns yet."""
    table = ImportTable(event_id=event.id, user_id=user.id, language="en", people=0, hidden=0, parts=0)
    table.sent_at = table.moved_at = NOW
    save(table)
    for number, content in ((-1, b'["Name"]'), (-2, b"{}"), (0, b'{"rows": []}')):
        part = ImportTablePart(table_id=table.id, number=number)
        part.content = content
        save(part)


def _passkey(user: User, number: int) -> Passkey:
    """Return a passkey of this organiser, whose key opens nothing."""
    key = {"credential_id": f"credential {number}".encode(), "public_key": b"no key", "sign_count": 0}
    return Passkey(user_id=user.id, name=f"Passkey {number}", added_at=NOW, **key)


def _make_accounts(world: World) -> None:
    world.held = {f"{role} of {HERE}": {(role, HERE)} for role in Role}
    world.held |= {f"{role} of {ELSEWHERE}": {(role, ELSEWHERE)} for role in Role if role not in NARROW}
    world.held[ADMIN] = {(Role.ADMIN, None)}
    for number, (name, held) in enumerate(world.held.items()):
        user = User(
            email=f"organiser{number}@example.org",
            name=name,
            language="en",
            created_at=NOW,
            password_hash="not a hash but as long as one",
        )
        user.memberships = [
            Membership(role=role, event_id=world.events[slug].id if slug else None) for role, slug in held
        ]
        for held_role in user.memberships:
            if held_role.role == Role.REVIEWER:
                sector = events.find_sector(world.events[HERE], REVIEWED)
                held_role.reviewed = [ReviewedSector(sector_id=sector.id)]
        save(user)
        start_write(db.session)
        user.totp_secret, user.totp_proposed = b"twenty bytes for app", b"twenty other bytes.."
        db.session.add(RecoveryCode(user_id=user.id, digest=digest(f"code {number}")))
        db.session.add(_passkey(user, number))
        db.session.commit()
        save(KeptWords(digest=digest(f"words {number}"), user_id=user.id, made_at=NOW, words="[]"))
        save(Autosave(user_id=user.id, document="post 0", version="1", made_at=NOW, words="[]"))
        _keep_export(world, user)
        for slug in (HERE, ELSEWHERE):
            _keep_table(world.events[slug], user)
        for one in (world.people[PERSON], world.people["twin"]):
            save(ChosenPerson(user_id=user.id, event_id=one.event_id, registration_id=one.id, chosen_at=NOW))
        save(ListColumns(user_id=user.id, event_id=world.events[UNSEEN].id, names=["country"]))
        save(
            SavedView(
                event_id=world.events[next((slug for _role, slug in held if slug), UNSEEN)].id,
                user_id=user.id,
                name=f"View {number}",
                is_shared=True,
                query={"q": "words"},
                columns=["country"],
            )
        )
        world.tokens[name] = write(accounts.open_sign_in, user, browser="Firefox, Linux", now=NOW)
        signed_in = db.session.scalars(select(SignIn.id).where(SignIn.user_id == user.id))
        passkeys = db.session.scalars(select(Passkey.id).where(Passkey.user_id == user.id))
        world.owned[name] = {"users": {user.id}, "sign_ins": set(signed_in), "passkeys": set(passkeys)}
        for purpose in (LinkPurpose.RESET, LinkPurpose.WELCOME):
            issued_at = NOW - account_links.YOUNG  # the link was made so long ago that a new one may be sent
            world.tokens[f"{purpose} of {name}"] = write(account_links.issue, user, purpose, now=issued_at)
        write(
            audit.record,
            "registration.changed",
            world.people["twin"],
            actor=f"user:{user.id}",
            at=NOW,
            fields=[],
        )
