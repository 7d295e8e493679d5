"""When a part fails that access depends on (sign-ins, links, counters, audit trail), access is refused (S43).

Each part is really broken: its table is renamed, or its file is no database. The answer is an error page with a
reference, which shows no internal details.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from forum.accounts import links as account_links
from forum.accounts import sign_ins
from forum.accounts.access import AUDIENCES, Face, Roles
from forum.accounts.enums import LinkPurpose
from forum.accounts.models import User
from forum.database import start_write
from forum.extensions import db
from tests.factories.events import NOW
from tests.guards.addresses import addresses, readable
from tests.guards.conftest import opened
from tests.guards.test_mass_assignment import FORMS, SIGNING_OUT, hidden_fields, rows
from tests.guards.test_steps import written
from tests.guards.world import ADMIN, HANDLER, HERE, PERSON, VISITOR, World

INSIDES = re.compile(
    r"Traceback|sqlalchemy|sqlite3|psycopg|\.py\b|SELECT |INSERT |no such table|/work|/tmp", re.I
)
PREVIEW = "home.preview"  # a private link leads to a preview, not to a registration
# Pages of links whose tokens are not in the table of personal links, by endpoint: the table that has the token.
KEPT_IN = {
    "own_moves.confirm_address": "address_changes",
    "substitutions.confirm": "substitutions",
    "own_delegation.confirm": "delegation_links",
    **dict.fromkeys(("followers.confirm", "followers.choose"), "follower_links"),
}
# Pages of a delegation's contact, who signs in by a link that is stored in a table of its own.
CONTACT = {
    f"own_delegation.{act}"
    for act in ("enter", "show", "change", "withdraw", "replace", "forget", "time_left")
}
CONTACT |= {f"own_delegation_people.{act}" for act in ("add", "correct", "take_back")}
CONTACT |= {f"own_delegation_answers.{act}" for act in ("answers", "care")}
# Pages behind an invitation's link, which is stored in the table of invitations.
INVITATION = {f"own_invitation.{act}" for act in ("show", "accept", "decline", "forward")}
# These pages read no table before their button is pressed, because each is the same for every token.
SHOWS_NOTHING = {"refusing.show", "followers.leave"}
REFERENCE = re.compile(r"\b[0-9a-f]{8}\b")
AUDITED = {
    *("accounts.reset", "accounts.sign_out", "accounts.welcome"),
    *(
        "bulk.ask",
        "attendees.cancel",
        "attendees.export",
        "attendees.resend",
        "delegations_console.send_link",
    ),
    *("categories.edit", "categories.merge", "categories.new"),
    *("glossary.edit", "glossary.new", "glossary.remove"),
    *("redirects.edit", "redirects.import_file", "redirects.new", "redirects.remove"),
    *("hashtags.edit", "hashtags.merge", "hashtags.new"),
    *("new_event.copy", "new_event.make", "outbox.send_now"),
    *("library.remove", "library.show", "mailings.dismiss", "mailings.send", "mailings.show"),
    *(f"own_mailings.{act}" for act in ("new", "write", "people", "discard")),
    *("mail_texts.edit", "mail_texts.reset", "sent_mailings.send", "self_service.subscribe"),
    *("reminders.plan", "reminders.take_off", "reminder_rules.of_offers", "reminder_rules.of_invitations"),
    *("page_revisions.show", "pages.edit", "pages.new", "pages.remove", "posts.edit", "posts.new"),
    *("previews.end", "publication.unpublish", "cancellation.show"),
    *("publishing.correct", "publishing.publish", "publishing.withdraw", "revisions.show"),
    *("settings.close_sector", "settings.facts", "settings.new_sector", "settings.organiser"),
    *("settings.registration", "settings.sector", "settings.sectors", "settings.texts", "settings.look"),
    *(
        "reveals.reveal",
        "telephone.add",
        "attendee_merges.merge",
        "attendee_merges.undo",
    ),
    *("settings.merge_sector", "settings.languages", "attendee_changes.change"),
    *("attendee_additions.add", "attendee_addresses.change", "attendee_moves.sector"),
    "attendee_suppressions.lift",
    *("own_moves.address", "own_moves.confirm_address", "own_moves.sector"),
    *("organisations.edit", "organisations.new", "organisations.remove"),
    *("organisation_merges.merge", "organisation_merges.undo"),
    *("organisation_merges.propose_again", "public_balance.take_back"),
    *("attendee_answers.change", "attendee_answers.care"),
    *("substitutions.ask", "substitutions.confirm", "substitutions.take_back"),
    *("colleagues.invite", "colleagues.remove", "colleagues.roles", "colleagues.reset_second_factor"),
    "colleagues.disable",
    *("attendee_views.new", "attendee_views.change", "attendee_views.remove"),
    *("colleagues.end_sign_in", "colleagues.end_all_sign_ins", "log.export", "log.export_site"),
    *("delegations.details", "own_delegation.confirm", "own_delegation.forget"),
    *("own_delegation.change", "own_delegation.withdraw", "own_delegation.replace"),
    *("own_delegation_answers.answers", "own_delegation_answers.care"),
    *("own_delegation_people.add", "own_delegation_people.correct", "own_delegation_people.take_back"),
    *("attendee_notes.index", "attendee_notes.remove", "attendee_notes.tags"),
    *("questions.add", "questions.edit", "questions.take_over", "questions.withdraw"),
    *("review.approve", "review.decline", "review.confirm_refusal", "review.withdraw_refusal"),
    "review.recuse",
    "invitations.change",
    *("invitations.invite", "invitations.withdraw", "own_invitation.accept", "own_invitation.decline"),
    "own_invitation.forward",
    *("settings.privacy", "own_everything.ask", "own_everything.enter"),
    *("erasure_requests.carry_out", "erasure_requests.refuse", "self_service.protected_identity"),
    *("restriction_requests.grant", "restriction_requests.decline", "restriction_requests.lift"),
    "own_restriction.show",
    *("own_account.end_session", "own_account.recovery_codes", "passkeys.show", "passkeys.remove"),
    *("registration.details", "registration.resend"),
    *("self_service.cancel", "self_service.change", "self_service.confirm", "self_service.consents"),
}
LIMITED = {
    "accounts.sign_in",
    "accounts.second_factor",
    "accounts.forgot",
    "own_account.confirm",
    "own_account.password",
    "own_account.authenticator",
    *("passkeys.sign_in", "passkeys.confirm", "passkeys.index"),
    "colleagues.invite",
    "colleagues.invite_again",
    "registration.details",
    "self_service.subscribe",
    "registration.resend",
    "followers.ask",
    *("delegations.details", "delegations_console.send_link", "own_delegation.confirm"),
    "own_everything.ask",
    "writing.preview",
    "page_writing.preview",
}


@contextmanager
def without(world: World, table: str) -> Iterator[None]:
    """Rename a table within the `with` block, so that the forum does not find the table."""
    _rename(world, table, "gone")
    yield
    _rename(world, "gone", table)


def _rename(world: World, old: str, new: str) -> None:
    with world.app.app_context(), db.engine.connect() as connection:
        # Rename the table alone: triggers and foreign keys must still name the table by its old name.
        connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")
        connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
        connection.commit()


def check_failure(answer: TestResponse, where: str) -> None:
    """Check that the answer is an error page with a reference and without internal details."""
    assert answer.status_code in {500, 503}, f"{where}: {answer.status_code}"
    assert not INSIDES.search(answer.text), where
    assert REFERENCE.search(answer.text), where


def test_without_sign_ins_nobody_is_in(fresh_world):
    guarded = [
        found for found in readable(fresh_world, (HERE,)) if isinstance(AUDIENCES[found.endpoint], Roles)
    ]
    with without(fresh_world, "sign_ins"):
        for address in guarded:
            check_failure(fresh_world.browsers[ADMIN].get(address.path), address.path)
        assert fresh_world.browsers[ADMIN].get("/en/").status_code == 200
    assert fresh_world.browsers[ADMIN].get(guarded[0].path).status_code in {200, 303}


def test_without_links_nobody_sees_a_registration(fresh_world):
    own = [
        found
        for found in readable(fresh_world, (HERE,))
        if AUDIENCES[found.endpoint] == Face.LINK
        and found.endpoint not in {PREVIEW, *SHOWS_NOTHING, *KEPT_IN, *INVITATION, *CONTACT}
    ]
    with without(fresh_world, "registration_tokens"):
        for address in own:
            check_failure(fresh_world.browsers[PERSON].get(address.path), address.path)
    assert fresh_world.browsers[PERSON].get("/en/r/").status_code == 200


@pytest.mark.parametrize(("endpoint", "table"), KEPT_IN.items())
def test_without_its_table_a_link_of_another_kind_opens_nothing(fresh_world, endpoint, table):
    (address,) = [found for found in readable(fresh_world, (HERE,)) if found.endpoint == endpoint]
    with without(fresh_world, table):
        check_failure(fresh_world.browsers[VISITOR].get(address.path), address.path)
    assert fresh_world.browsers[VISITOR].get(address.path).status_code == 200


def test_without_links_to_contacts_nobody_sees_a_delegation(fresh_world):
    own = [found for found in readable(fresh_world, (HERE,)) if found.endpoint in CONTACT]
    with without(fresh_world, "delegation_links"):
        for address in own:
            check_failure(fresh_world.browsers[PERSON].get(address.path), address.path)
    assert fresh_world.browsers[PERSON].get("/en/r/delegation").status_code == 200


def test_without_invitations_nobody_sees_one(fresh_world):
    own = [found for found in readable(fresh_world, (HERE,)) if found.endpoint in INVITATION]
    with without(fresh_world, "invitations"):
        for address in own:
            check_failure(fresh_world.browsers[VISITOR].get(address.path), address.path)
    assert [fresh_world.browsers[VISITOR].get(address.path).status_code for address in own] == [200] * 4


def test_without_private_links_nobody_sees_a_preview(fresh_world):
    (address,) = [found for found in readable(fresh_world, (HERE,)) if found.endpoint == PREVIEW]
    with without(fresh_world, "preview_links"):
        check_failure(fresh_world.browsers[VISITOR].get(address.path), address.path)


@pytest.mark.long
@pytest.mark.slow
def test_without_the_audit_trail_nothing_is_done(fresh_world):
    """A form whose action is audited changes nothing, and sends no mail, when the audit entry cannot be written."""
    audited = [
        found
        for found in addresses(fresh_world, (HERE,))
        if found.endpoint in FORMS and "audit_entries" in FORMS[found.endpoint][3]
    ]
    failing = set()
    for address in audited:
        audience, data, *_ = FORMS[address.endpoint]
        sent = {**data, **hidden_fields(fresh_world, audience, address.path)}
        # Reading all rows takes long, so compare the rows before and after only for the forms in the list AUDITED. The
        # test also fails when any other form gets an error page.
        before = rows(fresh_world) if address.endpoint in AUDITED else {}
        with without(fresh_world, "audit_entries"):
            answer = fresh_world.browsers[audience].post(address.path, data=sent, buffered=True)
        if answer.status_code >= 500:
            failing.add(address.endpoint)
            check_failure(answer, address.path)
            assert written(before, rows(fresh_world)) == [], address.path
    assert sorted(failing) == sorted(AUDITED)


@pytest.fixture(params=["a file that is no database", "a place where none can be"])
def uncounted(request, settings, built_world, tmp_path) -> Iterator[World]:
    """Give test data (a world) in an app with rate limits whose counters cannot be stored."""
    junk = tmp_path / "limits.sqlite3"
    junk.write_bytes(b"not a database " * 1000)
    place = junk if "file" in request.param else "/proc/nowhere/limits.sqlite3"
    yield from opened(
        settings, built_world, tmp_path, LIMITS_ENABLED=True, LIMITER_STORAGE=f"sqlite:///{place}"
    )


def test_without_counters_no_limited_form_is_taken(uncounted):
    """LIMITED lists the forms with a rate limit; the test also fails for a listed form that has none."""
    _give_password(uncounted)
    hidden = {
        audience: hidden_fields(uncounted, audience, "") for audience in (VISITOR, PERSON, ADMIN, HANDLER)
    }
    of_delegation = {"page_of": hidden_fields(uncounted, PERSON, "/en/r/delegation/add")["page_of"]}
    failing = set()
    for address in sorted(addresses(uncounted, (HERE,)), key=lambda found: found.endpoint in SIGNING_OUT):
        if address.endpoint in FORMS:
            audience, data, *_ = FORMS[address.endpoint]
            before = rows(uncounted) if address.endpoint in LIMITED else {}
            sent = {**data, **hidden[audience], **(of_delegation if "/r/delegation" in address.path else {})}
            answer = uncounted.browsers[audience].post(address.path, data=sent, buffered=True)
            if answer.status_code >= 500:
                failing.add(address.endpoint)
                check_failure(answer, address.path)
                assert written(before, rows(uncounted)) == [], address.path
    assert failing == LIMITED


def _give_password(world: World) -> None:
    """Enter the right password, so that the visitor is at the second step of signing in."""
    with world.app.app_context():
        start_write(db.session)
        user = db.session.get_one(User, *world.owned[f"door of {HERE}"]["users"])
        waiting = account_links.issue(user, LinkPurpose.SECOND_FACTOR, now=NOW)
        db.session.commit()
    world.browsers[VISITOR].get("/account/sign-in")
    with world.browsers[VISITOR].session_transaction() as session:
        session[sign_ins.WAITING] = waiting


def test_insides_are_found():
    """Control: the check notices internal details, such as those that a debugger's page would show."""
    for shown in (
        "Traceback (most recent call last)",
        "no such table: users",
        "forum/web/errors.py",
        "SELECT a FROM b",
    ):
        assert INSIDES.search(shown)
