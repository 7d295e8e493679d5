"""Pages, files, feeds, mails, log and cache show a text only to audiences that tests/guards/seen.py allows (S14)."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from sqlalchemy import select, update

from forum.accounts.access import AUDIENCES, OPEN_FACES
from forum.accounts.enums import Role
from forum.console.log_kinds import LogPurpose
from forum.database import start_write
from forum.delegations import mails as substitutes
from forum.delegations import queries as delegations
from forum.extensions import db
from forum.logs import JsonLines
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.privacy import mails as privacy_mails
from forum.questions.queries import list_answers
from forum.registration import mails, reinstating, reviewing, separating, uniting
from forum.registration.enums import TokenPurpose
from forum.registration.models import Registration
from tests.factories.events import NOW
from tests.guards import secret_settings, seen, texts
from tests.guards.addresses import Address, readable
from tests.guards.conftest import BOTH, opened
from tests.guards.refusals import refused_briefly
from tests.guards.test_access_matrix import csrf_token, expected
from tests.guards.world import (
    ADMIN,
    DECLINED,
    ELSEWHERE,
    HERE,
    PERSON,
    UNSEEN,
    VISITOR,
    World,
    find_registration,
)
from tests.registration.reading import read

SLUGS = (HERE, ELSEWHERE, UNSEEN)
LANGUAGES = ("en", "sv")
THOROUGH = {VISITOR, PERSON, ADMIN, f"{Role.ORGANISER} of {HERE}"}
WORDS = re.compile(r"zq\d+x")
FILE = {"purpose": "everything", "recipient": "office", "shape": "csv"}
LOG_FILE = {"purpose": LogPurpose.REQUEST, "recipient": "office"}
OF_REVIEW = ("change-in-review", "approved", "approved-waiting", "change-approved", "declined")
SECRET_COLUMNS = {
    "protected_identities.answer",
    "care_answers.answer",
    "users.password_hash",
    "submissions.key",
    "submissions.fingerprint",
    "submissions.answers",
    "submissions.given",
    "registration_tokens.digest",
    "sign_ins.digest",
    *("mailing_recipients.leave_digest", "mail_refusals.digest", "follower_links.digest"),
    *("leave_links.digest", "leave_links.address_digest"),
    "invitations.link_digest",
    "invitations.reminder_digest",
    "one_time_links.digest",
    "recovery_codes.digest",
    "kept_words.digest",
    "kept_words.words",
    "kept_answers.digest",
    *("autosaves.document", "autosaves.version", "autosaves.words"),
    "saved_views.columns",
    "list_columns.names",  # this column contains only names from a fixed list
    # These columns determine the content of a file that only the organiser who asked for it can read.
    *(
        "kept_exports.columns",
        "kept_exports.headings",
        "kept_exports.people",
    ),
}


@pytest.fixture(scope="module", params=BOTH)
def world_kind(request):
    return request.param


@pytest.fixture(scope="module")
def world(settings, built_world, tmp_path_factory) -> Iterator[World]:
    """Give the test data with an app whose settings hold all kinds of secrets."""
    yield from opened(settings, built_world, tmp_path_factory.mktemp("world"), **secret_settings.GIVEN)


def found_in(world: World, text: str) -> set[str]:
    """Return which keys of `world.canaries` a text contains: unique words, and secrets such as stored digests."""
    words = {word for word in WORDS.findall(text) if word in world.canaries}
    whole = {key for key in world.canaries if not key.startswith("zq") and key in text}
    return words | whole


def answers(world: World, audience: str):
    """Yield all pages, JSON and CSV files that the audience can get; only two audiences read the public ones.

    Organisers also open the page of a person who was declined, because their other pages are about the person with
    protected identity.
    """
    browser, reads_public = browser_of(world, audience), audience in {VISITOR, ADMIN}
    for lang in LANGUAGES if audience in THOROUGH else ("en",):
        listed = [
            address
            for address in readable(world, SLUGS, lang=lang)
            if reads_public or AUDIENCES[address.endpoint] not in OPEN_FACES
        ]
        for address in given(world, audience, listed) if audience in world.browsers else listed:
            answer = browser.get(address.path)
            # The access matrix expects a status only for the audiences of `world.browsers`, so only theirs is checked.
            if audience in world.browsers:
                assert answer.status_code in expected(world, audience, address, "GET"), address.path
            yield address.path, answer
    yield "own data", browser.get("/en/r/own-data?format=json")
    if audience in world.held:
        declined = f"/console/{HERE}/registrations/{world.references[DECLINED]}"
        yield declined, browser.get(declined)
        token = csrf_token(browser)
        for slug in SLUGS:
            yield (
                f"{slug}.csv",
                browser.post(f"/console/{slug}/attendees/export", data={**FILE, "csrf_token": token}),
            )
        for log in (f"/console/{HERE}/log", "/console/log"):
            yield f"{log}.csv", browser.post(f"{log}/export", data={**LOG_FILE, "csrf_token": token})


def given(world: World, audience: str, listed: list[Address]) -> Iterator[Address]:
    """Yield the addresses whose page the audience gets, and one refused address for each status, event and layout.

    The access matrix requests all addresses; an error page shows nothing of its view (tests/guards/refusals.py).
    """
    refused = set()
    for address in listed:
        wanted = frozenset(expected(world, audience, address, "GET"))
        kind = (wanted, address.event, address.path.split("/")[1])
        if 200 in wanted or kind not in refused:
            yield address
        if 200 not in wanted:
            refused.add(kind)


def browser_of(world: World, audience: str) -> FlaskClient:
    """Return the audience's browser; for the person who was declined, one that has opened their link."""
    if audience != DECLINED:
        return world.browsers[audience]
    browser = world.app.test_client()
    browser.get(f"/en/r/{world.tokens[DECLINED]}")
    return browser


@dataclass
class Harvest:
    """The result of a crawl: by audience, the columns shown and the texts that it must not see; and the log."""

    shown: dict[str, set[str]]
    leaks: dict[str, set[str]]
    log: str


def crawl(world: World) -> Harvest:
    """Request every page as every audience; return which texts each audience saw, and the log."""
    found, lines = Harvest({}, {}, ""), []
    handler, log = logging.Handler(), logging.getLogger()
    handler.emit = lambda record: lines.append(JsonLines().format(record))
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    for audience in (*world.browsers, DECLINED):
        found.shown[audience], leaks = set(), set()
        for path, answer in answers(world, audience):
            text = answer.get_data().decode(errors="replace") + str(
                [pair for pair in answer.headers if pair[0] != "Set-Cookie"]
            )
            words = found_in(world, text)
            found.shown[audience] |= {world.canaries[word].column for word in words}
            leaks |= leaked(world, audience, path, words)
            leaks |= {
                f"token of {name} in {path}"
                for name, token in world.tokens.items()
                if token in text and token not in path
            }
            leaks |= {f"{secret} in {path}" for secret in secret_settings.shown_in(world.app, text)}
        if leaks:
            found.leaks[audience] = leaks
    log.removeHandler(handler)
    log.setLevel(level)
    found.log = "\n".join(lines)
    return found


def leaked(world: World, audience: str, path: str, words: set[str]) -> set[str]:
    """Return the texts in an answer that the audience may not see, except those that were in the requested URL."""
    seen_here = {word: world.canaries[word] for word in words if word not in path}
    return {
        f"{canary.column} of {canary.event or 'none'} in {path}"
        for canary in seen_here.values()
        if not (
            _opens(path, canary)
            or seen.is_listed(world, path, canary)
            or seen.may_see(world, audience, canary)
            or seen.is_own_everything(world, audience, path, canary)
        )
    }


@pytest.mark.long
def test_nobody_gets_what_they_may_not_see(world):
    """One crawl checks pages, files and feeds, the log lines that they cause, and the filled page cache.

    An answer to a question of the event is shown on no page for visitors and in no list of participants (P27). No page,
    file, export or log line has a secret of the settings (S44).
    """
    with refused_briefly():
        harvest = crawl(world)
    assert harvest.leaks == {}
    _check_log(world, harvest.log)
    _check_page_cache(world)
    _check_that_the_search_finds(harvest)


def _check_log(world: World, log: str) -> None:
    """Check that the log contains no name, no token and no secret of the settings."""
    assert log.count("/console/") > 100
    assert secret_settings.shown_in(world.app, log) == []
    assert found_in(world, log) - set(world.references.values()) == set()
    assert [owner for owner, token in world.tokens.items() if token in log] == []


def _check_page_cache(world: World) -> None:
    """Check that the page cache contains nothing that visitors may not see."""
    cache = world.app.extensions["page_cache"]
    assert len(cache._pages) > 10
    for key, page in cache._pages.items():
        body = b"".join(page.give({"REQUEST_METHOD": "GET"}, lambda *_: None))
        words = found_in(world, body.decode(errors="replace"))
        assert leaked(world, VISITOR, key, words) == set()
    assert not [key for key in cache._pages if any(part in key for part in ("/console", "/r/", "/account"))]


def _check_that_the_search_finds(harvest: Harvest) -> None:
    """Control: the same crawl finds the texts that an organiser, a person and a visitor may see."""
    assert seen.ORGANISERS - harvest.shown[f"{Role.ORGANISER} of {HERE}"] == set()
    assert seen.ADMINS - harvest.shown[ADMIN] == set()
    assert (seen.PERSONS_OWN | seen.KEPT_APART) - harvest.shown[PERSON] == seen.OF_DECLINED
    assert seen.OF_DECLINED - harvest.shown[DECLINED] == set()
    assert (seen.PUBLIC | seen.LISTED) - harvest.shown[VISITOR] == set()


def test_a_leak_is_found(world):
    """Control: a person of another event, a protected real name and a draft are noticed on an organiser's page."""
    organiser = f"{Role.ORGANISER} of {HERE}"
    for column, event in (
        ("registrations.email", ELSEWHERE),
        ("protected_identities.answer", HERE),
        ("care_answers.answer", HERE),
    ):
        words = {
            word
            for word, canary in world.canaries.items()
            if (canary.column, canary.event) == (column, event)
        }
        assert len(leaked(world, organiser, "/console/nf27/", words)) == 1, column
    drafts = {
        word
        for word, canary in world.canaries.items()
        if canary.table == "post_texts" and canary.row[0] in world.unpublished
    }
    assert len(leaked(world, VISITOR, "/en/news/", drafts)) > 3


def test_secret_columns_are_in_the_world_and_seen_by_nobody(world):
    columns = {canary.column for canary in world.canaries.values()}
    assert SECRET_COLUMNS - columns == set()
    assert set() == SECRET_COLUMNS & (seen.PUBLIC | seen.ORGANISERS | seen.PERSONS_OWN | seen.OWN_ACCOUNT)


def test_mails_hold_nothing_of_the_person_and_begin_with_nothing_of_the_event(fresh_world):
    """No mail begins with a word of the event, and none has private data in its text (P26)."""
    with fresh_world.app.app_context():
        queue_every_mail(fresh_world)
        rows = db.session.scalars(select(OutboxMessage).where(OutboxMessage.subject.not_like("zq%")))
        checked = set()
        for row in rows:
            mail = read(row)
            opening = f"{mail.subject}\n{mail.text.splitlines()[0]}"
            assert found_in(fresh_world, opening) == set(), row.kind
            body = found_in(fresh_world, mail.text + mail.html) - set(fresh_world.references.values())
            told = {fresh_world.canaries[word] for word in body}
            assert {canary.column for canary in told} <= seen.PUBLIC, row.kind
            assert {canary.event for canary in told} <= {HERE}, row.kind
            checked.add(row.kind)
    assert len(checked) >= 9


def test_mails_of_protected_person_and_twin_are_the_same(fresh_world):
    """All mails to the protected person and to the twin with equal data are the same, word for word (P26)."""
    with fresh_world.app.app_context():
        queue_every_mail(fresh_world)
        told = {}
        for name in (PERSON, "twin"):
            person = find_registration(fresh_world, name)
            rows = select(OutboxMessage).where(
                OutboxMessage.registration_id == person.id, OutboxMessage.subject.not_like("zq%")
            )
            found = [read(row) for row in db.session.scalars(rows.order_by(OutboxMessage.id))]
            told[name] = [
                (
                    mail.row.kind,
                    mail.subject,
                    mail.files,
                    *(_without_own(text, person) for text in (mail.text, mail.html)),
                )
                for mail in found
            ]
    assert told[PERSON] == told["twin"]
    assert len(told[PERSON]) >= 9
    assert [mail[2] for mail in told["twin"]] == [{}] * len(told["twin"])


PLACES = (
    "",
    "attendees",
    "attendees?sort=-registered",
    "attendees?sector=ngo",
    "waiting",
    "attendees/export",
    "mail",
)


@pytest.mark.parametrize("role", ["organiser of nf27", "protected_handler of nf27", "admin"])
def test_protected_person_is_like_the_twin(fresh_world, role):
    """The pages and rows of both people are equal once ids, names and links are replaced by the same words (P21)."""
    browser = fresh_world.browsers[role]
    _make_alike(fresh_world)
    found = {}
    for name in (PERSON, "twin"):
        own = _own_words(fresh_world, name)
        pages = [f"registrations/{own[0]}", f"registrations/{own[0]}/cancel", *PLACES]
        told = []
        for page in pages:
            answer = browser.get(f"/console/{HERE}/{page}")
            told.append((answer.status_code, _rows_of(answer.text, own)))
        file = browser.post(
            f"/console/{HERE}/attendees/export", data={**FILE, "csrf_token": csrf_token(browser)}
        )
        told.append((file.status_code, _rows_of(file.text, own)))
        found[name] = told
    assert found[PERSON] == found["twin"]
    is_shown = role != "protected_handler of nf27"
    assert any(rows for _status, rows in found["twin"][2:]) == is_shown


def test_a_difference_between_the_twins_is_seen(fresh_world):
    """Control: the comparison notices an additional word in the row of one of two people with equal data."""
    _make_alike(fresh_world)
    person, twin = (_own_words(fresh_world, name) for name in (PERSON, "twin"))
    with fresh_world.app.app_context():
        start_write(db.session)
        find_registration(fresh_world, PERSON).organisation = "Protected"
        db.session.commit()
    page = fresh_world.browsers["admin"].get(f"/console/{HERE}/attendees").text
    assert _rows_of(page, person) != _rows_of(page, twin)


def queue_every_mail(world: World) -> None:
    """Queue each kind of mail for the protected person and for the other person with equal data."""
    start_write(db.session)
    for name in (PERSON, "twin"):
        person = find_registration(world, name)
        person.offer_expires_at = person.confirm_by
        for queue in (
            # This mail comes first, because queueing it cancels mails that are already queued.
            mails.queue_cancelled,
            mails.queue_offer_declined,
            mails.queue_received,
            mails.queue_already_registered,
            mails.queue_in_review,
            *(partial(mails.queue_about_review, kind=kind, words="Sorry.") for kind in OF_REVIEW),
            mails.queue_waiting,
            partial(mails.queue_offered, why={"because": "time"}),
            *(partial(mails.queue_about_offer, kind=kind) for kind in ("offer-reminder", "offer-extended")),
            partial(mails.queue_about_offer, kind="offer-withdrawn", words="Sorry."),
            mails.queue_offer_lapsed,
            mails.queue_confirmed,
            partial(reinstating.tell, words="Sorry."),
            mails.queue_link,
            privacy_mails.queue_own_data,
            partial(privacy_mails.queue_erasure_refused, reason="Sorry."),
            privacy_mails.queue_restriction_granted,
            partial(privacy_mails.queue_restriction_declined, reason="Sorry."),
            partial(privacy_mails.queue_restriction_ending, reason="Sorry.", ends_at=NOW),
            partial(privacy_mails.queue_erased, stays=False),
        ):
            queue(person, now=NOW)
        mails.queue_address_leaving(person, now=NOW)
        mails.queue_about_review(person, substitutes.REVIEWED, now=NOW)
        mails.queue_about_review(person, reviewing.ENDED, now=NOW)
        holds = {"until": None, "is_change_reviewed": False, "consents_to_list": False}
        mails.queue(person, separating.MAIL_OF_KEPT, NOW, leads_to=TokenPurpose.MANAGE, **holds)
        for by_contact in (False, True):
            mails.queue(person, substitutes.REPLACED, NOW, by_contact=by_contact)
        if delegation := delegations.find_of(person):
            for kind in substitutes.TO_CONTACT:
                substitutes.queue_to_contact(delegation, kind, "x" * 43, now=NOW)
        mails.queue(person, uniting.MAIL, NOW, leads_to=TokenPurpose.MANAGE, stays=True)
        mails.queue(person, uniting.MAIL, NOW, stays=False)
        substitutes.queue_registered(person, now=NOW)
        substitutes.queue_asked(person, person.email, "x" * 43, until=NOW, now=NOW)
        mails.queue_new_address(person, person.email, "z" * 43, until=NOW, now=NOW)
        mails.queue_changed(person, [mails.SECTOR], words="One line.\n\nAnother.", now=NOW)
    db.session.commit()


def _opens(path: str, canary: texts.Canary) -> bool:
    """Return whether the URL has the token of a personal link whose owner may see this text."""
    if path.startswith(("/en/r/confirm/", "/sv/r/confirm/")):
        return canary.table == "registrations" and canary.column in seen.PERSONS_OWN
    if path.startswith(("/en/r/address/", "/sv/r/address/")):
        return canary.column in {"address_changes.email", "registrations.reference"}
    if path.startswith(("/en/r/invitation/", "/sv/r/invitation/")):
        names = ("given_name", "family_name", "email", "organisation")
        return canary.column in {f"invitations.{name}" for name in names}
    if path.startswith(("/en/r/news/", "/sv/r/news/")):
        return canary.column == "followers.email"
    if path.startswith(("/en/r/instead/", "/sv/r/instead/")):
        return canary.column in {"substitutions.email", "registrations.organisation"}
    if path.startswith(("/en/r/delegation/confirm/", "/sv/r/delegation/confirm/")):
        return canary.table in {"delegations", "delegates"}
    return canary.column == "users.email" and path.startswith(("/account/reset/", "/account/welcome/"))


def _make_alike(world: World) -> None:
    """Give `person` and `twin` the same times, answers and history, so that they differ only in the protection."""
    with world.app.app_context():
        start_write(db.session)
        person, twin = (find_registration(world, name) for name in (PERSON, "twin"))
        for name in ("requested_at", "confirmed_at", "confirm_by"):
            setattr(twin, name, getattr(person, name))
        for each in (person, twin):
            own = update(OutboxMessage).where(OutboxMessage.registration_id == each.id)
            alike = {"status": MessageStatus.QUEUED, "last_error": None, "attempts": 0}
            db.session.execute(own.values(recipient=each.email, **alike))
        db.session.commit()


def _own_words(world: World, name: str) -> list[str]:
    with world.app.app_context():
        person = find_registration(world, name)
        return [
            person.reference,
            *(
                getattr(person, column)
                for column in ("given_name", "family_name", "organisation", "title", "email", "phone")
            ),
            *list_answers(person.id).values(),
        ]


def _rows_of(text: str, own: list[str]) -> list[str]:
    """Return the parts of a page or file that hold data of the person, with each datum replaced by a placeholder."""
    text = re.sub(r'name="csrf_token"[^>]*>', "TOKEN", text)
    soup = BeautifulSoup(text, "html.parser")
    parts = soup.select("main tr, main li, main dl, main h1, main p") if soup.main else text.splitlines()
    told = []
    for part in map(str, parts):
        if any(word and word in part for word in own):
            for number, word in enumerate(own):
                part = part.replace(word, f"OWN{number}") if word else part
            # Ignore the delegation: whether a person belongs to one is not secret, and its number is an id.
            part = re.sub(r"\bdelegation=\d+|zq\d+x, delegation \d+", "DELEGATION", part)
            told.append(re.sub(r"/mail/\d+/", "/mail/ID/", part))
    return told


def _without_own(text: str, person: Registration) -> str:
    text = re.sub(
        r"/r/((confirm|everything|invitation|delegation|delegation/confirm)/)?[A-Za-z0-9_-]{43}",
        "/r/TOKEN",
        text,
    )
    return text.replace(person.reference, "REFERENCE").replace(person.email, "ADDRESS")
