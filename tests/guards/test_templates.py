"""No template, macro or import is unused, and every template renders without an undefined name.

A macro that only the style guide calls counts as unused, because the style guide only shows what pages use.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import product

import pytest
from jinja2 import DictLoader, Environment, nodes
from sqlalchemy import delete, select, update

from forum import clock
from forum.accounts import actions as accounts
from forum.accounts import links as account_links
from forum.accounts import mails as account_mails
from forum.accounts import sign_ins
from forum.accounts.enums import LinkPurpose, Role
from forum.accounts.models import User
from forum.columns import Text, digest
from forum.database import start_write
from forum.delegations import mails as delegation_mails
from forum.delegations.models import Delegation
from forum.events.models import Event, Page, Sector
from forum.extensions import db
from forum.followers import mails as follower_mails
from forum.followers.enums import Pace
from forum.followers.models import Follower
from forum.imports.enums import TableState
from forum.imports.table_models import ImportTable
from forum.invitations import mails as invitation_mails
from forum.invitations.enums import InvitationState
from forum.invitations.models import Invitation
from forum.news.models import Post, PostText, Withdrawal
from forum.registration import links
from forum.registration import mails as registration_mails
from forum.registration.enums import Status, TokenPurpose
from forum.registration.models import Registration
from forum.registration.saved_view_models import SavedView
from tests.factories.events import NOW
from tests.factories.news import PUBLISHED
from tests.guards.addresses import Address, addresses, readable
from tests.guards.refusals import refused_briefly
from tests.guards.test_canaries import queue_every_mail
from tests.guards.test_fuzz import ENDING
from tests.guards.test_mass_assignment import FORMS, SIGNING_OUT, hidden_fields
from tests.guards.world import (
    ADMIN,
    ELSEWHERE,
    HANDLER,
    HERE,
    PERSON,
    UNSEEN,
    VISITOR,
    World,
    find_registration,
)
from tools.organisers import SECRET

STYLEGUIDE = "console/styleguide"
Trees = Mapping[str, nodes.Template]


@pytest.fixture(scope="module")
def trees(world) -> Trees:
    """Return the parsed templates by name."""
    return parsed(world.app.jinja_env)


def parsed(env: Environment) -> Trees:
    return {name: env.parse(env.loader.get_source(env, name)[0], name) for name in env.list_templates()}


def unused_macros(trees: Trees) -> set[str]:
    """Return the macros that no template except the style guide calls."""
    made = {f"{name}: {macro.name}" for name, tree in trees.items() for macro in tree.find_all(nodes.Macro)}
    called = {
        f"{source}: {macro}"
        for name, tree in trees.items()
        if not name.startswith(STYLEGUIDE)
        for source, macro, known_as in [*_imported(tree), *_own(name, tree)]
        if known_as in _names(trees, name)
    }
    return made - called


def unused_imports(trees: Trees) -> set[str]:
    """Return the imports that neither the template nor its includes use."""
    return {
        f"{name}: {macro}"
        for name, tree in trees.items()
        for _source, macro, known_as in _imported(tree)
        if known_as not in _names(trees, name)
    }


def _imported(tree: nodes.Template) -> Iterator[tuple[str, str, str]]:
    """Yield the imports of a template as (template, macro, local name)."""
    for found in tree.find_all(nodes.FromImport):
        for name in found.names:
            macro, known_as = name if isinstance(name, tuple) else (name, name)
            yield found.template.value, macro, known_as


def _own(name: str, tree: nodes.Template) -> Iterator[tuple[str, str, str]]:
    for macro in tree.find_all(nodes.Macro):
        yield name, macro.name, macro.name


def _names(trees: Trees, name: str) -> set[str]:
    """Return the names used in a template and in its includes, which share its imports."""
    tree = trees[name]
    read = {found.name for found in tree.find_all(nodes.Name) if found.ctx == "load"}
    included = [found.template.value for found in tree.find_all(nodes.Include)]
    return read.union(*(_names(trees, other) for other in included))


def test_every_macro_is_called(trees):
    assert unused_macros(trees) == set()


def test_every_import_is_used(trees):
    assert unused_imports(trees) == set()


def test_left_over_macros_and_imports_are_found():
    """Control: an unused macro, one that only the style guide calls, and an unused import are found."""
    env = Environment(
        autoescape=True,
        loader=DictLoader(
            {
                "parts.html": "{% macro a() %}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}"
                "{% macro c() %}{% endmacro %}",
                "page.html": '{% from "parts.html" import b, c as d %}{% include "_part.html" %}',
                "_part.html": "{{ b() }}",
                f"{STYLEGUIDE}.html": '{% from "parts.html" import c %}{{ c() }}',
            }
        ),
    )
    assert unused_macros(parsed(env)) == {"parts.html: c"}
    assert unused_imports(parsed(env)) == {"page.html: c"}


NEEDED_BY_TESTS = {f"mail/test/{part}" for part in ("subject.txt", "body.txt", "body.html")}
# The template for a site without events. The test data have events, so tests/console/test_overview.py renders it.
WITHOUT_EVENTS = {"console/nothing.html"}


@pytest.fixture
def rendered(fresh_world, monkeypatch) -> set[str]:
    """Collect the names of the templates that are rendered during the test."""
    seen: set[str] = set()
    env = fresh_world.app.jinja_env
    get = env.get_template
    monkeypatch.setattr(env, "get_template", lambda name, *rest: (seen.add(name), get(name, *rest))[1])
    return seen


@pytest.mark.slow
def test_every_template_renders(fresh_world, rendered):
    """Every audience opens every page, every form is sent, rare states are produced, and every mail is rendered."""
    audiences = (VISITOR, PERSON, ADMIN, HANDLER, f"{Role.CARE} of {HERE}", f"{Role.DOOR} of {HERE}")
    with refused_briefly():
        for audience, address in product(audiences, readable(fresh_world, (HERE, UNSEEN))):
            fetch(fresh_world, audience, address.path)
    paper = {
        **FORMS["attendees.export"][1],
        **hidden_fields(fresh_world, ADMIN, ""),
        "shape": "paper",
        "kept": "",
    }
    assert fresh_world.browsers[ADMIN].post(f"/console/{HERE}/attendees/export", data=paper).data
    references = fresh_world.references
    for decision, who in (
        *(("approval", "reviewed"), ("refusal", "reviewed")),
        ("refusal/confirmation", "proposed"),
    ):
        fetch(fresh_world, ADMIN, f"/console/{HERE}/review/{decision}?who={references[who]}")
    forms = [found for found in addresses(fresh_world, (HERE,)) if found.endpoint in set(FORMS) - ENDING]
    for address in sorted(forms, key=lambda found: found.endpoint in SIGNING_OUT):
        send(fresh_world, address)
    # Press a confirming link's button a second time, which leads to another page.
    send(fresh_world, next(found for found in forms if found.endpoint == "self_service.confirm"))
    see_what_is_rare(fresh_world)
    see_how_invitations_end(fresh_world)
    see_delegations(fresh_world)
    see_the_steps_of_signing_in(fresh_world)
    with fresh_world.app.app_context():
        write_every_mail(fresh_world)
    names = set(fresh_world.app.jinja_env.list_templates())
    assert sorted(names - rendered) == sorted(NEEDED_BY_TESTS | WITHOUT_EVENTS)


def test_templates_that_did_not_come_are_named(fresh_world, rendered):
    """Control: after one page only its templates are counted as rendered."""
    fetch(fresh_world, VISITOR, "/en/register")
    assert {"public/registration/choose.html", "layouts/base.html", "components/ring.html"} <= rendered
    assert "accounts/sign_in.html" not in rendered


def fetch(world: World, audience: str, path: str, **request) -> None:
    status = world.browsers[audience].get(path, **request).status_code
    # /status answers 503, because the test data contain dead letters (mails that have failed for good).
    assert status < 500 or path == "/status", path


def send(world: World, address: Address) -> None:
    audience, data, *_ = FORMS[address.endpoint]
    sent = {**data, **hidden_fields(world, audience, address.path)}
    answer = world.browsers[audience].post(address.path, data=sent, follow_redirects=True)
    assert answer.status_code < 500, address.path


def see_what_is_rare(world: World) -> None:
    """Open rare pages: for a foreign host, a dead link, an untranslated post, a closed registration, the demo's link,
    a saved view whose sector is gone, a long table that is imported, and a site without a published event."""
    dead = f"/en/r/news/confirm/{'x' * 43}"
    for path in ("/en/nowhere", "/en/r/", "/en/r/no-link", dead, "/en/news/2016/11/25/withdrawn-en"):
        fetch(world, VISITOR, path)
    fetch(world, VISITOR, "/en/", headers={"Host": "elsewhere.example"})
    with world.app.app_context():
        start_write(db.session)
        db.session.execute(delete(Withdrawal))  # Restore the post that one of the forms has withdrawn.
        public = update(Post).where(Post.key == "public")
        db.session.execute(public.values(published_at=PUBLISHED, announced_at=NOW))
        db.session.execute(delete(PostText).where(PostText.language == "sv"))
        admin = db.session.get_one(User, *world.owned[ADMIN]["users"])
        admin.totp_proposed = None
        privacy = "{{field-register}}\n\n{{hours}}\n\n{{organiser}}\n\n{{help-lines}}"
        db.session.execute(
            update(Page).where(Page.slug == "privacy").values(body=Text(en=privacy, sv=privacy))
        )
        waiting = find_registration(world, "waiting")
        personal = links.issue(waiting, TokenPurpose.MANAGE, now=NOW)
        signed_in = accounts.open_sign_in(admin, browser="", now=NOW)
        demo = account_links.issue(admin, LinkPurpose.DEMO, now=NOW)
        db.session.execute(update(SavedView).values(query={"sector": ["gone"]}))
        db.session.execute(update(ImportTable).values(state=TableState.RUNNING))
        own = db.session.scalars(select(ImportTable.id).where(ImportTable.user_id == admin.id)).all()
        of_here = select(SavedView.id).join(Event, Event.id == SavedView.event_id).where(Event.slug == HERE)
        views = db.session.scalars(of_here).all()
        db.session.commit()
    for path in ("/sv/news/2016/11/25/public-en", "/en/pages/privacy", f"/en/r/{personal}"):
        fetch(world, VISITOR, path)
    with world.app.app_context():
        start_write(db.session)
        person = find_registration(world, PERSON)
        offered = {"status": "offered", "holds_place": True, "offer_expires_at": NOW + timedelta(days=1)}
        db.session.execute(update(Registration).where(Registration.id == person.id).values(offered))
        in_line = {"status": "waiting", "holds_place": False, "waiting_since": NOW}
        mine = Registration.reference == world.references["waiting"]
        db.session.execute(update(Registration).where(mine).values(in_line))
        db.session.commit()
    for path in ("/en/r/", "/en/r/decline"):
        fetch(world, PERSON, path)
    fetch(world, VISITOR, "/en/r/")
    page = world.browsers[VISITOR].get("/en/r/").text
    accept = {
        name: re.search(rf'name="{name}"[^>]* value="([^"]+)"', page)[1] for name in ("csrf_token", "page_of")
    }
    # The visitor has no offer, so accepting one answers 409.
    assert world.browsers[VISITOR].post("/en/r/accept", data=accept).status_code == 409
    world.app.config["DEMO"] = True
    fetch(world, VISITOR, f"/account/demo/{demo}")
    with world.browsers[ADMIN].session_transaction() as session:
        session[sign_ins.TOKEN] = signed_in
    fetch(world, ADMIN, "/account/authenticator")
    # Open all saved views: one is visible to its owner only, because a form sent before has made it so.
    for view in views:
        fetch(world, ADMIN, f"/console/{HERE}/attendees/views/{view}")
    for table in own:  # the state of these long tables says that the worker is still importing them
        fetch(world, ADMIN, f"/console/{HERE}/imports/tables/{table}")
    fetch(world, ADMIN, f"/console/{ELSEWHERE}/front-page")
    clock.freeze(NOW + timedelta(days=1000))
    fetch(world, VISITOR, "/en/register/ngo")
    clock.freeze(NOW)
    see_a_cancelled_event(world)
    # Open the page of an event that was never published (None), then of one that was unpublished.
    for since in (None, NOW):
        with world.app.app_context():
            start_write(db.session)
            hidden = {"is_published": False, "unpublished_at": since}
            db.session.execute(update(Event).where(Event.slug == HERE).values(hidden))
            db.session.commit()
        world.app.extensions["page_cache"].clear()
        fetch(world, VISITOR, "/en/")
    answers = {**FORMS["registration.details"][1], **hidden_fields(world, VISITOR, "")}
    assert world.browsers[VISITOR].post("/en/register/ngo", data=answers).status_code < 500
    with world.app.app_context():
        start_write(db.session)
        db.session.execute(update(Event).where(Event.slug == HERE).values(is_published=True))
        db.session.commit()


def see_a_cancelled_event(world: World) -> None:
    """Open the pages that only a cancelled event has, then undo the cancellation of the event."""
    for moment in (NOW, None):
        with world.app.app_context():
            start_write(db.session)
            db.session.execute(update(Event).where(Event.slug == HERE).values(cancelled_at=moment))
            pending = find_registration(world, "pending")
            pending.status, pending.holds_place = Status.PENDING, False
            confirming = links.issue(pending, TokenPurpose.CONFIRM, now=NOW)
            db.session.commit()
        for path in ("/en/", "/en/register/received", f"/en/r/confirm/{confirming}"):
            fetch(world, VISITOR, path)


def see_how_invitations_end(world: World) -> None:
    """Accept an invitation to an address that is registered by now, which is refused, and open an ended invitation."""
    yes = f"/en/r/invitation/{world.tokens['invitation']}/yes"
    mine = update(Invitation).where(Invitation.link_digest == digest(world.tokens["invitation"]))
    with world.app.app_context():
        start_write(db.session)
        db.session.execute(mine.values(email_canonical=find_registration(world, PERSON).email_canonical))
        db.session.commit()
    # Answer the question about the arrival: one of the forms sent before has made it required.
    sent = {**FORMS["own_invitation.accept"][1], "q-arrival": "New", **hidden_fields(world, VISITOR, yes)}
    assert world.browsers[VISITOR].post(yes, data=sent).status_code == 409
    with world.app.app_context():
        start_write(db.session)
        db.session.execute(mine.values(state=InvitationState.NO, ended_at=NOW, holds_place=False))
        db.session.commit()
    fetch(world, VISITOR, yes)


def see_delegations(world: World) -> None:
    """Open the pages of a contact, one of them after the contact was erased, and render the mails to a contact."""
    token = world.tokens[f"delegation of {PERSON}"]
    world.browsers[PERSON].get(f"/en/r/delegation/{token}")
    for act in ("change", "withdraw", "instead", "answers", "care"):
        fetch(world, PERSON, f"/en/r/delegation/3/{act}")
    fetch(world, PERSON, "/en/r/delegation/2/address")
    fetch(world, PERSON, "/en/r/delegation/add")
    for path in ("", "/forget", "/delegation-ended"):
        fetch(world, PERSON, f"/en/r/delegation{path}")
    form = hidden_fields(world, PERSON, "/en/r/delegation/forget")
    assert world.browsers[PERSON].post("/en/r/delegation/forget", data=form).status_code == 200
    with world.app.app_context():
        start_write(db.session)
        db.session.execute(update(Sector).values(policy="invitation"))
        db.session.commit()
    fetch(world, VISITOR, "/en/register/ngo/delegation")


def see_the_steps_of_signing_in(world: World) -> None:
    """Open the second step of signing in, with and without an authenticator."""
    for has_authenticator in (True, False):
        with world.app.app_context():
            start_write(db.session)
            user = db.session.get_one(User, *world.owned[ADMIN]["users"])
            user.totp_secret, user.totp_proposed = (SECRET if has_authenticator else None), SECRET
            waiting = account_links.issue(user, LinkPurpose.SECOND_FACTOR, now=NOW)
            db.session.commit()
        with world.browsers[VISITOR].session_transaction() as session:
            session[sign_ins.WAITING] = waiting
        fetch(world, VISITOR, "/account/second-factor" if has_authenticator else "/account/set-up")


def write_every_mail(world: World) -> None:
    queue_every_mail(world)
    start_write(db.session)
    # Take any delegation: forms sent before have ended those of the people to whom `queue_every_mail` writes.
    delegation = db.session.scalars(select(Delegation)).first()
    for kind in delegation_mails.TO_CONTACT:
        delegation_mails.queue_to_contact(delegation, kind, "x" * 43, now=NOW)
    admin = db.session.get_one(User, *world.owned[ADMIN]["users"])
    account_mails.queue_recovery_code_used(admin, 3, now=NOW)
    account_mails.queue_passkey_added(admin, "Laptop", now=NOW)
    account_mails.queue_passkey_cloned(admin, "Laptop", now=NOW)
    event = db.session.scalars(select(Event).where(Event.slug == HERE)).one()
    account_mails.queue_added(admin, event, by=admin, is_signed_out=True, now=NOW)
    pending = find_registration(world, "pending")
    pending.status, pending.holds_place = Status.PENDING, False
    registration_mails.queue_received(pending, now=NOW)
    invited = select(Invitation).where(Invitation.link_digest == digest(world.tokens["invitation"]))
    invitation_mails.queue(db.session.scalars(invited).one(), now=NOW)
    invitation_mails.queue_reminder(db.session.scalars(select(Invitation)).first(), now=NOW)
    # Make a new follower: forms sent before have ended the followers of the test data.
    address = "reader@example.org"
    follower = Follower(event=event, email=address, email_canonical=address, language="en", asked_at=NOW)
    follower.pace, follower.has_every = Pace.WEEKLY, True
    db.session.add(follower)
    db.session.flush()
    texts = db.session.scalars(select(PostText).where(PostText.language == "en")).all()
    follower_mails.queue_known(follower, now=NOW)
    follower_mails.queue_post(follower, texts[0], now=NOW)
    follower_mails.queue_weekly(follower, texts[:2], now=NOW)
